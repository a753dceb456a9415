"""The state of the page in other words: as Python, as a command, and as calls of a running app.

In: a `Pair` and the positions of the tokens that are hidden. Out: text to copy; what it prints is what the page shows.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence

from bertsim.model.loading import BUNDLED_NAME
from bertsim.ui.pairs import Pair

ORIGIN = "http://127.0.0.1:7860/"
"""Where an app is found; the page has its own address in that place."""


def in_other_words(pair: Pair, hidden: Sequence[Sequence[int]]) -> Mapping[str, tuple[str, str]]:
    """By the name of a way in: the text to copy, and what of the page it leaves out.

    Args:
        pair: as it is shown.
        hidden: positions of the tokens that are hidden, in A and in B.
    """
    options, encoder, is_masked = _options(pair), pair.model.name, any(hidden)
    loaded = {"encoder": encoder if encoder != BUNDLED_NAME else None, "revision": pair.model.revision}
    a, b = pair.comparison.sentence_a, pair.comparison.sentence_b
    arguments = {"sentence_a": a, "sentence_b": b} | ({"encoder": encoder} if encoder != BUNDLED_NAME else {})
    masked = "The command hides no token: its scores are of all of them." if is_masked else ""
    own = "Calls of the app take the encoder's own settings and every token." if is_masked or options else ""
    call = {"name": "compare", "arguments": arguments}
    server = {"mcpServers": {"bertsim": {"url": f"{ORIGIN}gradio_api/mcp/"}}}
    mcp = "\n".join(["// the server, for your agent's settings", _json(server), "", "// the call", _json(call)])
    return {
        "Python": (_as_python(pair, hidden, options), ""),
        "Command line": (_as_command(loaded | options, a, b), masked),
        "curl": (_as_curl(arguments), own),
        "MCP": (mcp, own),
    }


def _options(pair: Pair) -> dict[str, object]:
    """What of the pair's settings is not the encoder's own."""
    model = pair.model
    own = {"pooling": model.default_pooling, "layers": None, "combine": "concat", "max_length": model.max_length}
    return {name: value for name, value in pair.options.items() if value != own[name]}


def _as_python(pair: Pair, hidden: Sequence[Sequence[int]], options: Mapping[str, object]) -> str:
    tokens, model = pair.comparison.tokens, pair.model
    encoder = "" if model.name == BUNDLED_NAME else repr(model.name)
    encoder += f", revision={model.revision!r}" if model.revision else ""
    more = "".join(f", {name}={value!r}" for name, value in options.items())
    sentences = f"{pair.comparison.sentence_a!r}, {pair.comparison.sentence_b!r}"
    lines = ["import bertsim", "", f"model = bertsim.load({encoder})", f"pair = model.compare({sentences}{more})"]
    if any(hidden):
        lines.append("mask = pair.tokens.attention_mask.copy()")
        for row, places in enumerate(hidden):
            names = " ".join(tokens.tokens[row][place] for place in places)
            lines += [f"mask[{row}, {list(places)}] = 0  # hides {names}"] * bool(places)
        lines.append(f"pair = model.rescore(pair, mask{more})")
    return "\n".join([*lines, "for score in pair.scores:", "    print(score)", "print(model.verdict(pair))"])


def _as_command(options: Mapping[str, object], a: str, b: str) -> str:
    words = ["python", "-m", "bertsim", "score", "--json"]
    for name, value in options.items():
        if value is not None:
            written = ",".join(map(str, value)) if isinstance(value, tuple) else value
            words.append(f"--{name.replace('_', '-')}={written}")
    return shlex.join([*words, "--", a, b])


def _as_curl(arguments: Mapping[str, str]) -> str:
    """Two calls: Gradio queues the first, and the second waits for its answer."""
    url, sent = f"{ORIGIN}gradio_api/call/v2/compare", shlex.quote(json.dumps(arguments, ensure_ascii=False))
    asks = f"event=$(curl -s {url} -H 'Content-Type: application/json' -d {sent} | cut -d'\"' -f4)"
    return f"{asks}\ncurl -s {url}/$event | grep data"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
