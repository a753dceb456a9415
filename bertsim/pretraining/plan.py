"""What is to be pre-trained on what, for how long: frozen records, made of command-line words.

Plain data, compared when a run is resumed. A value that cannot be is named.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from bertsim.config import BertConfig
from bertsim.errors import DataError, InputError
from bertsim.pretraining.bag import BagPlan
from bertsim.pretraining.corpus import TextSource
from bertsim.pretraining.pair_sets import PairSource

STARTS = ("random", "words")
PRECISIONS = ("auto", "float32", "bfloat16")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Budget:
    """How long to learn: so many steps, or so many seconds, the other being None."""

    steps: int | None = None
    seconds: float | None = None

    def used(self, steps: int, seconds: float) -> float:
        """The share of the budget that is used, in [0, 1]. Example: 50 of 200 steps -> 0.25."""
        if self.steps is not None:
            return min(steps / self.steps, 1.0) if self.steps else 1.0
        return min(seconds / (self.seconds or 1.0), 1.0)


def parse_budget(text: str) -> Budget:
    """`20m`, `2h`, `90s` or `5000 steps` as a `Budget`.

    Raises:
        InputError: it is none of these.

    Example: "1.5h" -> Budget(seconds=5400.0)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|h|steps?)\s*", text.lower())
    if found is None:
        raise InputError(f"--budget is {text!r}; a time (20m, 2h, 90s) or '5000 steps' was expected.")
    number, unit = found.groups()
    if unit in _SECONDS:
        seconds = float(number) * _SECONDS[unit]
        if not seconds:
            raise InputError(f"--budget is {text!r}; a time above 0 was expected.")
        return Budget(seconds=seconds)
    if not number.isdigit():
        raise InputError(f"--budget is {text!r}; a whole number of steps was expected.")
    return Budget(steps=int(number))


@dataclass(frozen=True)
class PretrainPlan:
    """A whole run.

    Attributes:
        texts: the files to learn from.
        budget: how long.
        vocab_size: WordPieces to learn; None: those of `tokenizer` or `encoder`.
        tokenizer: a folder whose vocabulary is used.
        encoder: a checkpoint to go on from; it settles the vocabulary and the sizes.
        start: "random", or "words": embeddings from co-occurrence, the layers adding nothing at first.
        pairs: with start "words", files of pairs that tune the word vectors before; bag: how.
        hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, max_length: of the BERT.
        batch_tokens: padded tokens in a step.
        learning_rate: the highest.
        warm_up: share of the budget in which the rate rises; it then falls to 0 in a line.
        weight_decay: AdamW's.
        dropout: of the encoder while it learns.
        mask_share: of the tokens, hidden.
        whole_words: hide all pieces of a word or none.
        precision: "float32", "bfloat16" (products alone; weights stay float32), or "auto".
        seed: of every random number.
    """

    texts: tuple[TextSource, ...]
    budget: Budget
    vocab_size: int | None = None
    tokenizer: str | None = None
    encoder: str | None = None
    start: str = "random"
    pairs: tuple[PairSource, ...] = ()
    bag: BagPlan = field(default_factory=BagPlan)
    hidden_size: int = 256
    num_hidden_layers: int = 4
    num_attention_heads: int = 4
    intermediate_size: int = 1024
    max_length: int = 128
    batch_tokens: int = 8192
    learning_rate: float = 5e-4
    warm_up: float = 0.05
    weight_decay: float = 0.01
    dropout: float = 0.1
    mask_share: float = 0.15
    whole_words: bool = False
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be; names it."""
        if not self.texts:
            raise InputError("there is nothing to learn from; give --text FILE.")
        given = [name for name in ("vocab_size", "tokenizer", "encoder") if getattr(self, name) is not None]
        if len(given) != 1:
            raise InputError(
                "where does the vocabulary come from? Give one of --vocab-size N (to learn it), --tokenizer FOLDER "
                f"and --encoder FOLDER; {len(given)} were given."
            )
        if self.start not in STARTS:
            raise InputError(f"start is {self.start!r}; known are {', '.join(STARTS)}.")
        if self.encoder is not None and self.start != "random":
            raise InputError("--encoder is where to start from; leave --start out.")
        if self.pairs and self.start != "words":
            raise InputError("--pairs tunes word vectors; it goes with --start words.")
        if self.precision not in PRECISIONS:
            raise InputError(f"precision is {self.precision!r}; known are {', '.join(PRECISIONS)}.")
        self._check_sizes()
        for name, low, high in (
            ("learning_rate", 0.0, 1.0),
            ("mask_share", 0.0, 0.9),
            ("warm_up", -1e-9, 0.9),
            ("weight_decay", -1e-9, 1.0),
            ("dropout", -1e-9, 0.9),
        ):
            if not low < getattr(self, name) <= high:
                raise InputError(
                    f"{name} is {getattr(self, name)}; a number from {max(low, 0):g} to {high:g} was expected."
                )
        if self.seed < 0:
            raise InputError(f"seed is {self.seed}; at least 0 was expected.")

    def _check_sizes(self) -> None:
        for name, least in (
            ("hidden_size", 4),
            ("num_hidden_layers", 1),
            ("num_attention_heads", 1),
            ("intermediate_size", 1),
            ("max_length", 8),
        ):
            if getattr(self, name) < least:
                raise InputError(f"{name} is {getattr(self, name)}; at least {least} was expected.")
        if self.batch_tokens < self.max_length:
            raise InputError(
                f"batch_tokens is {self.batch_tokens}; room for one row of {self.max_length} was expected."
            )
        if self.hidden_size % self.num_attention_heads:
            raise InputError(
                f"hidden_size {self.hidden_size} is not a multiple of num_attention_heads "
                f"{self.num_attention_heads}; change one of them."
            )

    def config(self, vocab_size: int) -> BertConfig:
        """The BERT's shape."""
        return BertConfig(
            vocab_size,
            self.hidden_size,
            self.num_hidden_layers,
            self.num_attention_heads,
            self.intermediate_size,
            max_position_embeddings=self.max_length,
            hidden_dropout_prob=self.dropout,
            attention_probs_dropout_prob=self.dropout,
        )

    def as_json(self) -> dict[str, Any]:
        """The plan as plain data, for `metrics.json` and the record of a run."""
        return asdict(self)


def read_bag_plan(path: Path, seed: int) -> BagPlan:
    """The table `[bag]` of a TOML file that `pair_sets.read_pair_list` reads too; its defaults where there is none.

    Raises:
        DataError: the file is missing or no TOML.
        InputError: a key or a value that cannot be; names it.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("bag", {})
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); give the path of a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not TOML: {error}.") from None
    known = [entry.name for entry in fields(BagPlan)]
    for key, value in table.items():
        if key not in known:
            raise InputError(f"{path}: bag has no {key}; known are {', '.join(known)}.")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{path}: {key} is {value!r}; a number was expected.")
    return BagPlan(**{"seed": seed, **table})
