"""Text to sentence embeddings: composes tokenizer, engine and pooling; holds no maths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict, Unpack

import numpy as np

from bertsim.bert.folder import CheckpointFolder
from bertsim.bert.pooling import check_combine, combine_layers, parse_layers, parse_pooling, pool, scale_to_unit
from bertsim.engines.base import Engine, Progress, run_batches
from bertsim.errors import InputError
from bertsim.model.scorers import APART, Entries, Reader, in_order
from bertsim.records import ALIGNMENT, EncoderOutput, Float, Row, TokenBatch, TokenCounts, Unread
from bertsim.score.measures import WeighedTokens, weigh_tokens
from bertsim.text.lists import list_pairs, list_sentences
from bertsim.text.tokenizer import own_tokens
from bertsim.version import __version__

_ANY = Row((0,), (0,), ((0, 1),))  # what is run where only shapes are asked for


class Options(TypedDict, total=False):
    """What every method that embeds can be told; what is left out, or None, is the checkpoint's own.

    pooling: one of `pooling.POOLINGS`, or several joined by "+".
    layers: indices into the hidden states, 0 = embeddings, negative ones from the end; by default the last.
    combine: how several layers are joined: "concat" (the default), "sum" or "mean".
    max_length: tokens read of a sequence, special ones included.
    """

    pooling: str | None
    layers: Sequence[int] | None
    combine: str
    max_length: int | None


@dataclass(frozen=True)
class ResolvedOptions:
    """Options, every one of them known.

    Attributes:
        pooling, combine, max_length: as in `Options`.
        layers: indices into `hidden_states`, 0 = embeddings.
        is_default: whether pooling and layers are what the checkpoint itself asks for.
    """

    pooling: str
    layers: tuple[int, ...]
    combine: str
    max_length: int
    is_default: bool

    @property
    def layer_key(self) -> tuple[tuple[int, ...], str]:
        """What tells vectors of tokens from others: of a single layer, how several are joined says nothing."""
        return self.layers, self.combine if len(self.layers) > 1 else ""


class SentenceEmbedder:
    """One encoder, ready to embed. Safe to share between threads.

    Wherever they are arguments, `options` are `Options`, and `progress` is told after every batch.

    Attributes:
        name: of the bundled encoder, the folder or the repository.
        revision: the commit of a repository of the Hub, else None.
        config: the encoder's shape.
        max_length: tokens read of a sequence where a call says nothing else.
        default_pooling: the checkpoint's own.
        engine: which engine serves: "litert" or "tensorflow".
        heads_source: where trained heads are from, where they are not the encoder's own: a folder, or
            "user/name@commit".
    """

    heads_source: str | None = None

    def __init__(self, checkpoint: CheckpointFolder, engine: Engine) -> None:
        self.name, self.revision, self.config = checkpoint.name, checkpoint.revision, checkpoint.config
        self.max_length, self.default_pooling = checkpoint.embedding.max_length, checkpoint.embedding.pooling
        self.engine = engine.name
        self._normalize = checkpoint.embedding.normalize
        self._engine, self._tokenizer = engine, checkpoint.tokenizer
        self._own_options = self.resolve()
        self._own_reader = self._embedding(self._own_options)

    @cached_property
    def has_pooler(self) -> bool:
        """Whether the checkpoint has a trained pooler, so that the pooling "pooler" can be asked for."""
        return self._engine.encode(*self._tokenizer.pad([_ANY])).pooler_output is not None

    def check(self, sentence: str, name: str = "the sentence") -> None:
        """Raise InputError, which calls it by that name, where scoring this sentence would."""
        self._tokenizer.check_sentence(sentence, name)

    def count_tokens(self, sentences: Iterable[str], max_length: int | None = None) -> list[TokenCounts]:
        """How many tokens of each sentence are beyond `max_length`, are unknown, and are read by `embed`.

        Raises: InputError, for one string, no iterable, or a member that is no string; names it.
        """
        listed, length = list_sentences(sentences), self.resolve(max_length=max_length).max_length
        return self._tokenizer.count_tokens(listed, length, name_by_place(listed))

    def unread(self, sentences: Iterable[str], max_length: int | None = None) -> list[Unread]:
        """What of each sentence `embed` would not read, to the letter; of many, `count_tokens` is faster.

        Raises: InputError, for a sentence that `check` refuses, or no list of them.
        """
        listed, length = list_sentences(sentences), self.resolve(max_length=max_length).max_length
        return [each for (each,) in self._tokenizer.unread([(text,) for text in listed], length, name_by_place(listed))]

    def partly_unread(self, sentences: Iterable[str], max_length: int | None = None) -> dict[str, Unread]:
        """What of sentences `embed` would not read, by sentence; only those of which there is such a thing."""
        listed = list_sentences(sentences)
        counts = dict(zip(listed, self.count_tokens(listed, max_length), strict=True))
        partly = [text for text, count in counts.items() if count.cut or count.unknown]
        return dict(zip(partly, self.unread(partly, max_length), strict=True)) if partly else {}

    def unread_of_pairs(
        self, pairs: Iterable[Sequence[str]], max_length: int | None = None, *, packed: bool = False
    ) -> dict[tuple[str, str], tuple[Unread, Unread]]:
        """What of A and of B is not read, by pair; only those of which there is such a thing.

        packed: by what reads the two as one sequence, of whose length each has a part; else by what reads each alone.
        """
        listed, length = list(dict.fromkeys(list_pairs(pairs))), self.resolve(max_length=max_length).max_length
        texts = list(dict.fromkeys(text for pair in listed for text in pair))
        counts, partly = dict(zip(texts, self.count_tokens(texts, length), strict=True)), []
        for pair in listed:
            a, b = (counts[text] for text in pair)
            is_cut = a.cut or b.cut or (packed and not self._tokenizer.fits(sum(a) + sum(b), length))
            if is_cut or a.unknown or b.unknown:
                partly.append(pair)
        if packed:
            return {pair: (a, b) for pair, (a, b) in zip(partly, self._tokenizer.unread(partly, length), strict=True)}
        sides = iter(self.unread([text for pair in partly for text in pair], length))
        return {pair: (next(sides), next(sides)) for pair in partly}

    def embed(self, sentences: Iterable[str], *, progress: Progress | None = None, **options: Unpack[Options]) -> Float:
        """Embed sentences, each distinct one once, in batches of similar length: float32 [n, dim], in the order given.

        They are any number of texts, in any iterable: a list, a generator, an array, a series.

        Raises: InputError, for a sentence or an option that cannot be used; names it.
        """
        listed, resolved = list_sentences(sentences), self.resolve(**options)
        rows = self._tokenizer.encode([(sentence,) for sentence in listed], resolved.max_length, name_by_place(listed))
        reader = self._embedding(resolved)
        read = self._read([(rows or [_ANY], [reader])], progress)  # of none, `dim` must be known too
        embeddings: Float = read[reader]
        return embeddings[: len(rows)]

    def tokenize(self, sentences: Iterable[str], max_length: int | None = None) -> TokenBatch:
        """The tokens of sentences, each alone, as `encode` takes them. Raises as `embed`."""
        listed, length = list_sentences(sentences), self.resolve(max_length=max_length).max_length
        return self._tokenizer.batch([(sentence,) for sentence in listed], length, name_by_place(listed))

    def encode(self, tokens: TokenBatch) -> EncoderOutput:
        """Run the encoder on tokens, as they stand, and return every array."""
        return self._engine.encode(tokens.input_ids, tokens.attention_mask, tokens.token_type_ids)

    def settings(self, **options: Unpack[Options]) -> dict[str, object]:
        """Everything that a figure depends on, for the line printed beside it."""
        resolved = self.resolve(**options)
        return {
            "encoder": self.name,
            "revision": self.revision,
            "engine": self.engine,
            "pooling": resolved.pooling,
            "layers": list(resolved.layers),
            "combine": resolved.combine,
            "max_length": resolved.max_length,
            "version": __version__,
            **({"heads": self.heads_source} if self.heads_source else {}),
        }

    def resolve(self, **options: Unpack[Options]) -> ResolvedOptions:
        """What options come to for this model. Raises: InputError, for one that it cannot follow; names it."""
        if unknown := options.keys() - Options.__annotations__:
            known = ", ".join(Options.__annotations__)
            raise InputError(f"there is no option {min(unknown)!r}; there are {known}.")
        pooling, layers, length = options.get("pooling"), options.get("layers"), options.get("max_length")
        if pooling is None:
            pooling = self.default_pooling
        parse_pooling(pooling)
        if pooling == "pooler" and layers is not None:
            raise InputError("the pooler reads the last layer alone; leave out layers, or choose another pooling.")
        last = self.config.num_hidden_layers
        resolved = parse_layers(layers, last)
        return ResolvedOptions(
            pooling,
            resolved,
            check_combine(options.get("combine", "concat")),
            self.max_length if length is None else self._tokenizer.check_length(length),
            is_default=pooling == self.default_pooling and resolved == (last,),
        )

    def _read(
        self, ways: Sequence[tuple[Sequence[Row], Sequence[Reader]]], progress: Progress | None
    ) -> dict[Reader, Entries]:
        """What readers keep of their rows, in these rows' order; each distinct row of theirs is encoded once."""

        def run(number: int, batch: Sequence[Row]) -> list[Entries]:
            arrays, readers = self._tokenizer.pad(batch), ways[number][1]
            if readers == [self._own_reader]:  # for which the engine needs no hidden states
                return [self._engine.embed(*arrays)]
            fields = {field for reader in readers for field in reader.fields}
            output, is_own = self._engine.encode(*arrays, fields=fields), own_tokens(batch, arrays[1])
            return [reader.read(output, arrays[1], is_own) for reader in readers]

        found: dict[Reader, Entries] = {}
        read = run_batches(self._engine, [rows for rows, _ in ways], run, progress)
        for (_, readers), (parts, index) in zip(ways, read, strict=True):
            for reader, part in zip(readers, zip(*parts, strict=True), strict=True):
                found[reader] = in_order(part, index)
        return found

    def _embedding(self, options: ResolvedOptions) -> Reader:
        """What reads sentence embeddings, float32 [batch, dim]; it raises InputError for a pooler that is not there."""

        def read(output: EncoderOutput, attention_mask: np.ndarray, is_own: np.ndarray) -> Float:
            if options.pooling == "pooler":
                if output.pooler_output is None:
                    raise InputError(f"{self.name} has no pooler; choose another pooling.")
                return scale_to_unit(output.pooler_output) if self._normalize else output.pooler_output
            hidden = combine_layers(output.hidden_states, options.layers, options.combine)
            return pool(hidden, attention_mask.astype(np.float32), options.pooling, normalize=self._normalize)

        fields = ("pooler_output",) if options.pooling == "pooler" else ("hidden_states",)
        return Reader(APART, ("embedding", options.pooling, options.layer_key), read, fields)

    def _tokens(self, options: ResolvedOptions) -> Reader:
        """What reads the vectors of a sentence's own tokens, a list of `WeighedTokens`; they are not pooled."""

        def read(output: EncoderOutput, attention_mask: np.ndarray, is_own: np.ndarray) -> list[WeighedTokens]:
            return weigh_tokens(combine_layers(output.hidden_states, options.layers, options.combine), is_own)

        return Reader(APART, (ALIGNMENT, options.layer_key), read, keeps_tokens=True)


def name_by_place(sentences: Sequence[str], name: str = "sentence") -> Callable[[int], str]:
    """What errors call these sentences. Example: of several, 1 -> "sentence 2"; of one, 0 -> "the sentence"."""
    return lambda index: f"the {name}" if len(sentences) == 1 else f"{name} {index + 1}"
