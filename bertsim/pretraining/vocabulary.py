"""Lines of text -> a WordPiece vocabulary, by `tokenizers`; and the tokenizer of an existing checkpoint.

Lower case, accents taken off, split as BERT splits; `[PAD]` is 0. Writing it into a folder is `output`'s.

Source: Devlin et al. 2019; the normaliser, pre-tokenizer and template of transformers' `BertTokenizer`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from tokenizers import Tokenizer as FastTokenizer
from tokenizers.decoders import WordPiece as WordPieceDecoder
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import WordPieceTrainer

from bertsim.errors import CheckpointError, InputError
from bertsim.tokenizer_files import read_fast

PAD, UNKNOWN, CLS, SEP, MASK = SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
SMALLEST = 64
CONTINUES = "##"
_ALPHABET = 1000  # characters kept; the rarest others become [UNK]
_MIN_FREQUENCY = 2
_RAREST = 1e-7  # share of all characters below which one is [UNK]
TYPESET = {
    "\u2019": "'",
    "\u2018": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u2013": "-",
    "\u2014": "-",
    "\u2026": ".",
}
"""Punctuation that phones and word processors write, by what plain text has in its place."""


def train_vocabulary(lines: Callable[[], Iterable[str]], size: int) -> FastTokenizer:
    """Learn `size` WordPieces; the same lines give the same pieces, with the same ids.

    The last of them are marks of `TYPESET` that the text hardly has, unlike their plain marks.

    Args:
        lines: gives the text anew, one sentence each; called twice.
        size: of the vocabulary, special tokens included; at least 64.

    Raises:
        InputError: the text has fewer pieces than that, or `size` is too small.

    Example: 1,000 lines of English and size 2,000 -> "playing" is ["playing"] or ["play", "##ing"]
    """
    if size < SMALLEST:
        raise InputError(f"--vocab-size is {size}; at least {SMALLEST} was expected.")
    alphabet = _alphabet(lines(), size)
    typeset = [mark for mark, plain in TYPESET.items() if mark not in alphabet and plain in alphabet]
    # Left to itself, the trainer numbers these in the order of a hash table, and settles ties by number.
    inside = [f"{CONTINUES}{character}" for character in alphabet if _is_inside(character)]
    fast = _tokenizer(WordPiece(unk_token=UNKNOWN, continuing_subword_prefix=CONTINUES))
    trainer = WordPieceTrainer(
        vocab_size=size - len(typeset),
        min_frequency=_MIN_FREQUENCY,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        special_tokens=[*SPECIALS, *inside],
        continuing_subword_prefix=CONTINUES,
        show_progress=False,
    )
    fast.train_from_iterator(lines(), trainer)
    vocab = fast.get_vocab()
    vocab |= {mark: len(vocab) + number for number, mark in enumerate(typeset)}
    found = len(vocab)
    if found < size:
        raise InputError(
            f"--vocab-size is {size:,}, but the text has {found:,} different pieces that occur twice or more; "
            "give more text, or a smaller size."
        )
    fast = _tokenizer(WordPiece(vocab, unk_token=UNKNOWN, continuing_subword_prefix=CONTINUES))
    fast.add_special_tokens(list(SPECIALS))
    ids = special_ids(fast)
    fast.post_processor = TemplateProcessing(
        single=f"{CLS} $A {SEP}",
        pair=f"{CLS} $A {SEP} $B:1 {SEP}:1",
        special_tokens=[(token, ids[token]) for token in (CLS, SEP)],
    )
    return _plain(fast)


def _tokenizer(model: WordPiece) -> FastTokenizer:
    fast = FastTokenizer(model)
    fast.normalizer = BertNormalizer(lowercase=True)
    fast.pre_tokenizer = BertPreTokenizer()
    fast.decoder = WordPieceDecoder(prefix=CONTINUES)
    return fast


def _alphabet(lines: Iterable[str], size: int) -> list[str]:
    """The characters that pieces are made of, as the normaliser leaves them: the most frequent, in their order."""
    raw: Counter[str] = Counter()
    for line in lines:
        raw.update(line)
    normalizer = BertNormalizer(lowercase=True)
    counts: Counter[str] = Counter()
    for character, count in raw.items():
        for made in normalizer.normalize_str(character).split():
            counts.update(dict.fromkeys(made, count))
    least = max(_MIN_FREQUENCY, _RAREST * counts.total())
    often = sorted((c for c, n in counts.items() if n >= least), key=lambda c: (-counts[c], c))
    return sorted(often[: min(_ALPHABET, size // 3)])


def _is_inside(character: str) -> bool:
    """Whether BERT's pre-tokenizer lets a character stand inside a word: no punctuation, no Chinese."""
    words = BertPreTokenizer().pre_tokenize_str(BertNormalizer(lowercase=True).normalize_str(f"a{character}"))
    return len(words) == 1 and words[0][0] == f"a{character}"


def read_vocabulary(folder: Path) -> FastTokenizer:
    """The tokenizer of a folder: its `tokenizer.json`, or its `vocab.txt`.

    Raises:
        CheckpointError: neither is there or can be read, or it is no WordPiece tokenizer with BERT's special tokens.
    """
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is no folder; a folder with a tokenizer.json was expected.")
    fast, _ = read_fast(folder)
    if not isinstance(fast.model, WordPiece):
        raise CheckpointError(
            f"{folder}: the tokenizer is a {type(fast.model).__name__}; BERT's WordPiece was expected."
        )
    missing = [token for token in SPECIALS if fast.token_to_id(token) is None]
    if missing:
        raise CheckpointError(
            f"{folder}: the tokenizer has no {', '.join(missing)}; masked language modelling needs "
            f"{', '.join(SPECIALS)}."
        )
    return _plain(fast)


def special_ids(fast: FastTokenizer) -> dict[str, int]:
    """Id of each special token."""
    return {token: number for token in SPECIALS if (number := fast.token_to_id(token)) is not None}


def _plain(fast: FastTokenizer) -> FastTokenizer:
    """No row is cut or padded here, and a typed "[SEP]" is text."""
    fast.no_truncation()
    fast.no_padding()
    fast.encode_special_tokens = True
    return fast


def pieces(fast: FastTokenizer) -> list[str]:
    """Every WordPiece in the order of its id; ids that have none are named `[unusedN]`."""
    by_id = {index: piece for piece, index in fast.get_vocab(with_added_tokens=True).items()}
    return [by_id.get(index, f"[unused{index}]") for index in range(max(by_id) + 1)]
