"""What is shared of the page: a card, and its state in other words, as Python, as a command, as calls of a running app.

In: a `Pair` and what is hidden of it. Out: SVG, and text to copy; what it prints is what the page shows.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence

from bertsim.model.loading import BUNDLED_NAME
from bertsim.score.verdict import Verdict
from bertsim.ui.pairs import Pair
from bertsim.ui.tabs import hidden_tokens
from bertsim.views.card import card
from bertsim.views.markup import Html

ORIGIN = "http://127.0.0.1:7860/"
"""Where an app is found; the page has its own address in that place."""


def pictured_and_told(
    pair: Pair, said: Verdict | None, mask: Sequence[str], scorer: str
) -> tuple[Html, Mapping[str, tuple[str, str]]]:
    """The card of a pair with some tokens hidden, and `in_other_words` of that.

    Args:
        pair: as it is shown.
        said: its verdict; under a mask, the pair's own encoder gives one anew.
        mask: keys of the hidden tokens, such as "a3".
        scorer: that which reads the two together; any other name: none does.
    """
    hidden, attention_mask = hidden_tokens(pair, mask)
    under = pair.rescore(attention_mask)
    if under is not pair.comparison:
        said = pair.model.verdict(under)
    together = scorer if scorer in pair.model.scorers else None
    return card(pair.comparison, under, said, together, pair.model.name), in_other_words(pair, hidden)


def in_other_words(pair: Pair, hidden: Sequence[Sequence[int]]) -> Mapping[str, tuple[str, str]]:
    """By the name of a way in: the text to copy, and what of the page it leaves out.

    Args:
        pair: as it is shown.
        hidden: positions of the tokens that are hidden, in A and in B.
    """
    model, both = pair.model, (pair.comparison.sentence_a, pair.comparison.sentence_b)
    usual = {"pooling": model.default_pooling, "layers": None, "combine": "concat", "max_length": model.max_length}
    options = {name: value for name, value in pair.options.items() if value != usual[name]}
    sent = dict(zip(("sentence_a", "sentence_b"), both, strict=True)) | {"encoder": pair.settings.encoder}
    own = "Calls of the app take the encoder's own settings and every token." if any(hidden) or options else ""

    encoder = [] if model.name == BUNDLED_NAME else [model.name]
    loaded = {"revision": model.revision} if model.revision else {}
    if "@" in (heads := model.heads_source or ""):  # of the Hub; a folder is the host's own
        loaded["heads"] = heads
    words = ["python", "-m", "bertsim", "score", "--json", *(f"--encoder={name}" for name in encoder)]
    for name, value in (loaded | options).items():
        written = ",".join(map(str, value)) if isinstance(value, tuple) else value
        words.append(f"--{name.replace('_', '-')}={written}")
    masked = "The command hides no token: its scores are of all of them." if any(hidden) else ""

    url, body = f"{ORIGIN}gradio_api/call/v2/compare", shlex.quote(json.dumps(sent, ensure_ascii=False))
    asks = f"event=$(curl -s {url} -H 'Content-Type: application/json' -d {body} | cut -d'\"' -f4)"
    calls = {"mcpServers": {"bertsim": {"url": f"{ORIGIN}gradio_api/mcp/"}}}, {"name": "compare", "arguments": sent}
    server, call = (json.dumps(each, ensure_ascii=False, indent=2) for each in calls)
    return {
        "Python": (_as_python(pair, hidden, [*map(repr, encoder), *_named(loaded)], _named(options)), ""),
        "Command line": (shlex.join([*words, "--", *both]), masked),
        "curl": (f"{asks}\ncurl -s {url}/$event | grep data", own),
        "MCP": (f"// the server, for your agent's settings\n{server}\n\n// the call\n{call}", own),
    }


def _named(arguments: Mapping[str, object]) -> list[str]:
    """Arguments as Python has them."""
    return [f"{name}={value!r}" for name, value in arguments.items()]


def _as_python(pair: Pair, hidden: Sequence[Sequence[int]], loaded: Sequence[str], options: Sequence[str]) -> str:
    own, tokens = pair.comparison, pair.comparison.tokens.tokens
    more = "".join(f", {each}" for each in options)
    lines = ["import bertsim", "", f"model = bertsim.load({', '.join(loaded)})"]
    lines.append(f"pair = model.compare({own.sentence_a!r}, {own.sentence_b!r}{more})")
    if any(hidden):
        lines.append("mask = pair.tokens.attention_mask.copy()")
        for row, places in enumerate(hidden):
            names = " ".join(tokens[row][place] for place in places)
            lines += [f"mask[{row}, {list(places)}] = 0  # hides {names}"] * bool(places)
        lines.append(f"pair = model.rescore(pair, mask{more})")
    return "\n".join([*lines, "for score in pair.scores:", "    print(score)", "print(model.verdict(pair))"])
