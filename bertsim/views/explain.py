"""What happens between two sentences and their score: the arrays behind the views. numpy only.

In: `Comparison` (the arrays that were scored). Out: small frozen records of arrays. No HTML here, and no model:
hiding tokens scores again by a function that is handed in, everything else reads what is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bertsim.bert.pooling import pool, scale_to_unit
from bertsim.errors import InputError
from bertsim.records import Comparison, EncoderOutput, Float, Int, TokenBatch
from bertsim.score.measures import align_tokens, cosine, weigh_tokens

TRIED = 2048  # tokens of a sentence that `occlude` has read, in all its tries
MOST = 0.5  # of a head's attention: from here on it has a tag
TAGS = ("previous token", "next token", "same word", "sink")


# Words that carry grammar rather than content.
# Source: the closed classes of English (articles, pronouns, prepositions, conjunctions, auxiliaries).
_CLOSED_CLASSES = """
a an the this that these those i you he she it we they me him her us them my your his its our their
who whom which what there here of in on at by for with from to into onto over under about as than
then and or but nor so if because while when where is am are was were be been being do does did have
has had will would shall should can could may might must s t d m re ve ll
"""
FUNCTION_WORDS = frozenset(_CLOSED_CLASSES.split())


def is_piece(tokens: TokenBatch, row: int, position: int) -> bool:
    """Whether a token continues the word before it."""
    return tokens.tokens[row][position].startswith("##") and not tokens.is_special[row, position]


def words(tokens: TokenBatch, row: int) -> list[list[int]]:
    """Positions of a row's real tokens, grouped into words: a `##` piece belongs to the token before it."""
    groups: list[list[int]] = []
    for position in range(int(tokens.attention_mask[row].sum())):
        if not groups or not is_piece(tokens, row, position):
            groups.append([])
        groups[-1].append(position)
    return groups


def content_words(tokens: TokenBatch, row: int) -> list[list[int]]:
    """Those words of a sentence that are neither function words nor punctuation."""

    def is_content(places: list[int]) -> bool:
        word = "".join(tokens.tokens[row][position].removeprefix("##") for position in places)
        return word not in FUNCTION_WORDS and re.search(r"\w", word) is not None

    return [places for places in words(tokens, row) if not tokens.is_special[row, places[0]] and is_content(places)]


def token_cosines(comparison: Comparison, layer: int) -> Float:
    """The cosine of every position of A with every one of B, padding too, at a layer: float32 [seq, seq]."""
    a, b = scale_to_unit(comparison.output.hidden_states[layer])
    return np.clip(a @ b.T, -1.0, 1.0)


class BertScore(NamedTuple):
    """BERTScore of A as the candidate against B as the reference, at one layer.

    In `weighted_f1` tokens are weighed by their vectors' lengths; at the last layer it is the scorer "alignment".
    """

    precision: float
    recall: float
    f1: float
    weighted_f1: float


def align(comparison: Comparison, layer: int = -1) -> BertScore:
    """Compare every token of A with every token of B at a layer, an index into `hidden_states`.

    Source: Zhang et al., BERTScore (2020), and its reference code without idf: a token may be matched with a
    special one, but special tokens have no weight in the averages.
    """
    tokens = comparison.tokens
    weighted = float(align_tokens(*weigh_tokens(comparison.output.hidden_states[layer], tokens.is_own))[2])
    cosines = token_cosines(comparison, layer)
    read_a, read_b = tokens.attention_mask == 1
    precision = float(cosines[tokens.is_own[0]][:, read_b].max(axis=1).mean())
    recall = float(cosines[read_a][:, tokens.is_own[1]].max(axis=0).mean())
    f1 = 2 * precision * recall / (precision + recall) if abs(precision + recall) > 1e-9 else 0.0
    return BertScore(precision, recall, f1, weighted)


def layer_profile(output: EncoderOutput, attention_mask: Int, poolings: Sequence[str]) -> Float:
    """The cosine of every pair at every layer, for poolings of `pooling.POOLINGS` but "pooler".

    Args:
        output: of 2n sentences apart, A's and B's by turns.
        attention_mask: int32 [2n, seq].
        poolings: their names.

    Returns:
        float32 [poolings, pairs, layers + 1]; column 0 is the embeddings.
    """
    mask = attention_mask.astype(np.float32)
    found = []
    for name in poolings:
        vectors = [pool(hidden, mask, name) for hidden in output.hidden_states]
        found.append(np.stack([cosine(each[0::2], each[1::2]) for each in vectors], axis=1))
    return np.array(found, np.float32)


def trace_tokens(comparison: Comparison, position_a: int, position_b: int) -> Float:
    """The cosine of a token of A and a token of B at every layer: float32 [layers + 1]."""
    hidden = comparison.output.hidden_states
    return cosine(hidden[:, 0, position_a], hidden[:, 1, position_b])


def choose_trace(comparison: Comparison) -> tuple[int, int]:
    """The positions of a content word that both sentences have, in A and in B, whose cosine falls most on the way up.

    Where they share none, of the two content words that are most alike; where either has none, of any two tokens.
    """
    tokens, last = comparison.tokens, token_cosines(comparison, -1)
    own = np.outer(*tokens.is_own)
    content = np.zeros_like(own)
    content[np.ix_(*([word[0] for word in content_words(tokens, row) if len(word) == 1] for row in (0, 1)))] = True
    among = content if content.any() else own
    names = np.array(tokens.tokens)
    shared = content & (names[0][:, None] == names[1])
    fall = np.where(shared, last - token_cosines(comparison, 0), np.inf)
    alike = np.where(among, -last, np.inf)
    a, b = np.unravel_index((fall if shared.any() else alike).argmin(), last.shape)
    return int(a), int(b)


def mates(cosines: Float) -> list[tuple[int, int]]:
    """Rows and columns that choose each other: each is the other's best. Example: [[.9, .2], [.8, .1]] -> [(0, 0)]."""
    if not cosines.size:
        return []
    best_b, best_a = cosines.argmax(axis=1), cosines.argmax(axis=0)
    return [(a, b) for a, b in enumerate(best_b.tolist()) if best_a[b] == a]


def mean_across(attention: Float, a: Sequence[int], b: Sequence[int]) -> Float:
    """What two sentences take from each other: of each token pair, the mean of A's look at B and B's at A.

    Args:
        attention: float32 [..., seq, seq] of the packed pair; rows look at columns.
        a, b: positions of A's tokens and of B's.

    Returns:
        float32 [..., a, b].
    """
    rows, columns = np.array(a, int)[:, None], np.array(b, int)[:, None]
    there, back = attention[..., rows, columns[:, 0]], attention[..., columns, rows[:, 0]]
    return np.asarray((there + np.swapaxes(back, -1, -2)) / 2, np.float32)


def own_places(tokens: TokenBatch) -> tuple[list[int], list[int]]:
    """Positions of A's own tokens and of B's in a packed pair."""
    a, b = (list(range(*each)) for each in tokens.own[0])
    return a, b


def shares_across(attentions: Float, tokens: TokenBatch) -> Float:
    """How much of what the sentences' own tokens look at is in the other sentence: float32 [layers, heads], 0 to 1.

    Args:
        attentions: float32 [layers, heads, seq, seq].
        tokens: the packed pair that they are of.
    """
    a, b = own_places(tokens)
    return 2 * mean_across(attentions, a, b).sum(axis=(-2, -1)) / max(len(a) + len(b), 1)


def tag_heads(attentions: Float, tokens: TokenBatch) -> list[list[str]]:
    """What each head mostly does with this pair: one of `TAGS`, or "".

    A head has a tag where more than half of the attention of the sentences' own tokens goes to the token before (or
    behind), where tokens that the other sentence has too give more than half to these ("same word"), or where more
    than half goes to [CLS] and [SEP] ("sink"); the first that holds.

    Source: Clark et al., What Does BERT Look At? (2019), section 3: heads with more than 50 % on the previous or the
    next token, and on [SEP]; the half for the same word is ours.

    Args:
        attentions: float32 [layers, heads, seq, seq] of the packed pair.
        tokens: the pair in row 0.

    Returns:
        [layers][heads].
    """
    a, b = own_places(tokens)
    own, names = [*a, *b], np.array(tokens.tokens[0])[[*a, *b]]
    is_b = np.arange(len(own)) >= len(a)
    same = (names[:, None] == names) & (is_b[:, None] != is_b)
    rows = attentions[:, :, own]
    across = (rows[..., own] * same).sum(axis=-1)[..., same.any(axis=1)]
    special = np.flatnonzero(tokens.is_special[0] & (tokens.attention_mask[0] == 1))
    shares = np.stack(
        [
            np.stack([attentions[:, :, i, i - 1] for i in own]).mean(axis=0),
            np.stack([attentions[:, :, i, i + 1] for i in own]).mean(axis=0),
            across.mean(axis=-1) if across.size else np.zeros(attentions.shape[:2]),
            rows[..., special].sum(axis=-1).mean(axis=-1),
        ]
    )
    first = np.concatenate([shares > MOST, np.ones_like(shares[:1], bool)]).argmax(axis=0)
    return [[(*TAGS, "")[kind] for kind in layer] for layer in first.tolist()]


def check_masks(attention_mask: Int) -> None:
    """Refuse a mask, int32 [2, seq], A in row 0, B in row 1, that leaves nothing of a sentence.

    Raises:
        InputError: no token of a sentence is left.
    """
    for name, mask in zip("AB", attention_mask, strict=False):
        if not mask.any():
            raise InputError(f"every token of sentence {name} is masked: leave at least one.")


@dataclass(frozen=True)
class Occlusion:
    """The score of a pair with each token hidden in turn.

    Attributes:
        scorer: whose score.
        score: of the whole pair; higher = more similar.
        changes_a, changes_b: float32 [a], [b]; score without the token minus `score`, NaN where not tried.
    """

    scorer: str
    score: float
    changes_a: Float
    changes_b: Float


def occlude(comparison: Comparison, scorer: str, score_masked: Callable[[Int], Float]) -> Occlusion:
    """Hide each token of both sentences in turn; the other sentence stays whole.

    Of long sentences the first positions alone are tried, all in one call of `score_masked`, which makes of masks,
    int32 [n, 2, seq], the scores of that scorer, float32 [n].
    """
    tokens = comparison.tokens
    ordinary = tokens.is_own
    ordinary[:, max(TRIED // ordinary.shape[1], 2) :] = False
    rows, positions = np.nonzero(ordinary)
    masks = np.repeat(tokens.attention_mask[None], len(rows) + 1, axis=0)  # the first hides nothing
    masks[np.arange(len(rows)) + 1, rows, positions] = 0
    scores = score_masked(masks)
    changes = np.full(ordinary.shape, np.nan, np.float32)
    changes[rows, positions] = scores[1:] - scores[0]
    changes_a, changes_b = (changes[row, : int(tokens.attention_mask[row].sum())] for row in (0, 1))
    return Occlusion(scorer, comparison[scorer].score, changes_a, changes_b)
