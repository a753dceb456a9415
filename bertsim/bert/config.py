"""What a checkpoint folder says of itself: `config.json` and sentence-transformers' own files -> records.

Keys are transformers' `BertConfig`; what the encoder cannot represent is refused by name.

Source: transformers `BertConfig`; sentence-transformers `models.Pooling`, `models.Normalize`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bertsim.bert.pooling import pooled_size
from bertsim.data.json_files import read_field, read_json, record_from
from bertsim.errors import CheckpointError, InputError

TEXT_FILES = (
    *("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.txt", "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"),
    "*_Pooling/config.json",
)
"""Patterns of the files beside the weights that a checkpoint folder may hold."""
# What the encoder can represent of what a config.json may say.
_REPRESENTED: dict[str, tuple[object, ...]] = {
    "model_type": ("bert",),
    "hidden_act": ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "swish", "tanh"),
    "position_embedding_type": ("absolute",),
    "is_decoder": (False,),
    "add_cross_attention": (False,),
}
# sentence-transformers' older flags, in the order in which it concatenates them.
_POOLING_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


@dataclass(frozen=True)
class BertConfig:
    """The shape of a BERT, in transformers' names; defaults are those of transformers."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    hidden_act: str = "gelu"
    layer_norm_eps: float = 1e-12
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    pad_token_id: int = 0

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be; names it."""
        for key, value in vars(self).items():
            least = int(key != "pad_token_id")
            if isinstance(value, int) and value < least:
                raise InputError(f"{key} is {value}; a whole number of at least {least} was expected.")
            if isinstance(value, float) and not 0 <= value < 1:
                raise InputError(f"{key} is {value}; a number in [0, 1) was expected.")
        if self.pad_token_id >= self.vocab_size:
            raise InputError(
                f"pad_token_id is {self.pad_token_id}; one below vocab_size {self.vocab_size} was expected."
            )
        if self.hidden_size % self.num_attention_heads:
            raise InputError(
                f"hidden_size {self.hidden_size} is not a multiple of num_attention_heads {self.num_attention_heads}."
            )

    @property
    def num_parameters(self) -> int:
        """Number of weights, the pooler left out."""
        hidden, inner = self.hidden_size, self.intermediate_size
        rows = self.vocab_size + self.max_position_embeddings + self.type_vocab_size
        block = 4 * hidden * (hidden + 1) + 2 * hidden * inner + inner + hidden + 4 * hidden
        return rows * hidden + 2 * hidden + self.num_hidden_layers * block

    @classmethod
    def from_folder(cls, folder: Path) -> BertConfig:
        """Read `config.json`.

        Raises:
            CheckpointError: the file is missing, or a value is or cannot be represented; names file and key.
        """
        path = folder / "config.json"
        raw = read_json(path)
        for key, represented in _REPRESENTED.items():
            if raw.get(key) not in (None, *represented):
                can = ", ".join(map(repr, represented))
                raise CheckpointError(f"{path}: {key} is {raw[key]!r}; only {can} can be represented by this encoder.")
        # transformers writes null for a field that has its default
        known = {key: raw[key] for key in cls.__dataclass_fields__ if raw.get(key) is not None}
        return record_from(cls, known, str(path), error=CheckpointError)


@dataclass(frozen=True)
class EmbeddingConfig:
    """How a checkpoint turns tokens into a sentence embedding by default.

    Attributes:
        pooling: one of `bertsim.bert.pooling.POOLINGS`, or several joined by "+".
        normalize: whether the embedding is scaled to Euclidean length 1.
        max_length: tokens read of a sequence, special ones included.
    """

    pooling: str
    normalize: bool
    max_length: int

    @classmethod
    def from_folder(cls, folder: Path, config: BertConfig) -> EmbeddingConfig:
        """Read sentence-transformers' files; without them: mean pooling, all positions, no scaling.

        Raises:
            CheckpointError: a module, pooling mode, prompt or length that cannot be represented; names file and key.
        """
        _refuse_prompt(folder / "config_sentence_transformers.json")
        pooling, normalize, length = "mean", False, config.max_position_embeddings
        modules = folder / "modules.json"
        if not modules.exists():
            return cls(pooling, normalize, length)
        for module in read_json(modules, list):
            if not isinstance(module, dict) or not isinstance(module.get("type"), str):
                raise CheckpointError(f"{modules}: {module!r} is not a module with a type.")
            kind = module["type"].rpartition(".")[2]
            if kind not in ("Transformer", "Pooling", "Normalize"):
                raise CheckpointError(
                    f"{modules} has a module of type {module['type']}; "
                    "only Transformer, Pooling and Normalize can be represented."
                )
            if kind == "Pooling":
                place = folder / read_field(modules, module, "path", str, "1_Pooling")
                pooling = _read_pooling(place / "config.json", config.hidden_size)
            normalize = normalize or kind == "Normalize"
        path = folder / "sentence_bert_config.json"
        said = read_json(path).get("max_seq_length") if path.exists() else None
        if said is not None and (type(said) is not int or said < 1):
            raise CheckpointError(f"{path}: max_seq_length is {said!r}; a whole number of at least 1 was expected.")
        return cls(pooling, normalize, min(said or length, length))


def _refuse_prompt(path: Path) -> None:
    """Raise CheckpointError where sentence-transformers would put a prompt before every sentence."""
    raw = read_json(path) if path.exists() else {}
    name = read_field(path, raw, "default_prompt_name", str, "")
    if name and read_field(path, raw, "prompts", dict, {}).get(name) != "":
        raise CheckpointError(
            f"{path}: default_prompt_name is {name!r}; prompts are not put before sentences here, set it to null to do "
            "without."
        )


def _read_pooling(path: Path, hidden_size: int) -> str:
    """One "+"-joined pooling from either form of the file: flags, or a `pooling_mode` of one or more names."""
    raw = read_json(path)
    mode = raw.get("pooling_mode")
    if mode is None:
        unknown = [key for key in raw if key.startswith("pooling_mode_") and raw[key] and key not in _POOLING_FLAGS]
        if unknown:
            raise CheckpointError(f"{path} sets {', '.join(unknown)}, which is not known here.")
        mode = [name for flag, name in _POOLING_FLAGS.items() if raw.get(flag)]
    if not isinstance(mode, str | list):
        raise CheckpointError(f"{path}: pooling_mode is {mode!r:.60}; a name, or a list of names, was expected.")
    pooling = mode if isinstance(mode, str) else "+".join(map(str, mode))
    if pooling == "pooler":
        raise CheckpointError(f"{path}: pooling_mode is 'pooler'; one over tokens, as mean, was expected.")
    try:
        pooled = pooled_size(pooling, hidden_size)
    except InputError as error:
        raise CheckpointError(f"{path}: {error}") from None
    size = raw.get("word_embedding_dimension", raw.get("embedding_dimension", hidden_size))
    if size not in (hidden_size, pooled):
        raise CheckpointError(f"{path}: the embedding dimension is {size}, hidden_size {hidden_size}.")
    return pooling
