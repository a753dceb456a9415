"""The mask, live: tokens as switches, and what hiding them does to every score.

In: `Comparison`, the hidden positions, the scores without them. Out: HTML whose buttons report what was pressed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bertsim.records import Comparison, PairScore, TokenBatch
from bertsim.views.anatomy import LETTERS, words
from bertsim.views.markup import attributes, caption, counted, downloads, number, plain, text

# Words that carry grammar rather than content.
# Source: the closed classes of English (articles, pronouns, prepositions, conjunctions, auxiliaries).
_CLOSED_CLASSES = """
a an the this that these those i you he she it we they me him her us them my your his its our their
who whom which what there here of in on at by for with from to into onto over under about as than
then and or but nor so if because while when where is am are was were be been being do does did have
has had will would shall should can could may might must s t d m re ve ll
"""
FUNCTION_WORDS = frozenset(_CLOSED_CLASSES.split())


def function_positions(tokens: TokenBatch, row: int) -> list[int]:
    """Positions of a sentence's ordinary tokens that are function words or punctuation."""
    found = []
    for group in words(tokens, row):
        word = "".join(tokens.tokens[row][position].removeprefix("##") for position in group)
        if not tokens.is_special[row, group[0]] and (word in FUNCTION_WORDS or not re.search(r"\w", word)):
            found += group
    return found


def special_positions(tokens: TokenBatch, row: int) -> list[int]:
    """Positions of [CLS] and [SEP] of a sentence."""
    return [p for p in range(int(tokens.attention_mask[row].sum())) if tokens.is_special[row, p]]


def _switches(tokens: TokenBatch, row: int, masked: Sequence[int]) -> str:
    """One sentence's tokens as buttons; pressed = its attention_mask is 1."""
    letter, hidden = LETTERS[row], set(masked)
    groups = []
    for group in words(tokens, row):
        cells = []
        for position in group:
            token = tokens.tokens[row][position]
            is_on = position not in hidden
            special = bool(tokens.is_special[row, position])
            classes = "bs-switch" + " is-special" * special + " is-off" * (not is_on)
            is_piece = token.startswith("##") and not special
            shown = f'<i class="bs-join">##</i>{text(token[2:])}' if is_piece else text(token)
            names = {"data_pick": f"{letter.lower()}{position}", "aria_pressed": str(is_on).lower()}
            label = f"{plain(token)}, attention mask {int(is_on)}"
            cells.append(
                f'<button type="button" class="{classes}"{attributes(aria_label=label, **names)}>'
                f"<bdi>{shown}</bdi><span>{int(is_on)}</span></button>"
            )
        groups.append(f'<span class="bs-word">{"".join(cells)}</span>')
    status = f"{counted(len(hidden), 'token')} masked" if hidden else "every token counts"
    return (
        f'<figure class="bs-sentence bs-{letter.lower()}"><figcaption><span class="bs-letter">{letter}</span> {status}'
        f'</figcaption><div class="bs-strip" role="group" aria-label="Tokens of sentence {letter}">'
        f"{''.join(groups)}</div></figure>"
    )


def _changes(before: Sequence[PairScore], after: Sequence[PairScore]) -> str:
    """Every scorer as it was, as it is now, and the difference; those left out that a mask cannot be given to."""
    rows, now = [], {score.scorer: score for score in after}
    for old in before:
        if old.scorer not in now:
            continue
        new = now[old.scorer]
        change = new.value - old.value
        nearer = new.score - old.score
        words_ = "no change" if abs(change) < 0.0005 else "more similar" if nearer > 0 else "less similar"
        rows.append(
            f'<tr data-scorer="{text(old.scorer)}"><th scope="row">{text(old.scorer)}</th><td>{number(old.value)}</td>'
            f"<td><strong>{number(new.value)}</strong></td><td>{number(change, signed=True)}</td><td>{words_}</td></tr>"
        )
    return (
        '<table class="bs-changes"><thead><tr><th scope="col">scorer</th><th scope="col">all tokens</th>'
        '<th scope="col">with this mask</th><th scope="col">change</th><th scope="col"></th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def mask_view(comparison: Comparison, masked: Sequence[Sequence[int]], after: Sequence[PairScore]) -> str:
    """The switches of both sentences and the scores before and after.

    Args:
        comparison: the pair with every token.
        masked: hidden positions of A, of B.
        after: the scores with these hidden, of `comparison.scores` or of some of them.
    """
    tokens = comparison.tokens
    actions = (("reset", "Reset"), ("content", "Only content words"), ("special", "Drop [CLS] and [SEP]"))
    buttons = "".join(
        f'<button type="button"{attributes(data_pick=key)}>{text(label)}</button>' for key, label in actions
    )
    data = {
        "masked_a": list(masked[0]),
        "masked_b": list(masked[1]),
        "before": {score.scorer: score.value for score in comparison.scores},
        "after": {score.scorer: score.value for score in after},
    }
    return (
        '<section class="bs-view">'
        + caption(
            "Press a token to hide it: its attention_mask becomes 0, no other token can attend to it and pooling "
            "leaves it out.",
            "Hiding is not deleting: the other tokens keep their positions.",
        )
        + f'<div class="bs-chips" role="group" aria-label="Masks at one click">{buttons}</div>'
        + _switches(tokens, 0, masked[0])
        + _switches(tokens, 1, masked[1])
        + f'<div class="bs-scroll" tabindex="0" role="region" aria-label="Scores under this mask">'
        f"{_changes(comparison.scores, after)}</div>" + downloads("mask", data) + "</section>"
    )
