"""Small BERT checkpoints with random weights, in every layout that a folder or a Hub repository can have.

`make_checkpoint` writes what transformers' `BertModel.save_pretrained` (and sentence-transformers' `save`)
would: config.json, safetensors, tokenizer. numpy only; one seed gives the same bytes on every machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = (
    *("the", "a", "is", "are", "not", "no", "on", "in", "of", "and", "to", "it", "who", "that", "with", "by"),
    *("man", "woman", "child", "dog", "cat", "mat", "guitar", "piano", "river", "bank", "money", "train", "house"),
    *("plays", "playing", "sat", "sleeps", "runs", "late", "loud", "red", "old", "very", "long", "sentence"),
)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
PUNCTUATION = ".,!?'\"-()[]:;&<>/"
VOCABULARY = tuple(
    dict.fromkeys([*SPECIAL, *PUNCTUATION, *LETTERS, *(f"##{c}" for c in LETTERS), *WORDS, "##ing", "##ed", "##s"])
)
DTYPES: Mapping[str, type] = {"float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}


def make_checkpoint(
    folder: Path,
    *,
    hidden_size: int = 48,
    num_hidden_layers: int = 3,
    num_attention_heads: int = 4,
    intermediate_size: int = 96,
    max_position_embeddings: int = 64,
    type_vocab_size: int = 2,
    hidden_act: str = "gelu",
    vocabulary: Sequence[str] = VOCABULARY,
    config: Mapping[str, object] | None = None,
    prefix: str = "",
    gamma_beta: bool = False,
    pooler: bool = True,
    pretraining_heads: bool = False,
    labels: Sequence[str] = (),
    sentence_transformers: Mapping[str, object] | None = None,
    normalize: bool = False,
    max_seq_length: int | None = None,
    sharded: bool = False,
    dtype: str = "float32",
    vocab_only: bool = False,
    lowercase: bool = True,
    tokenizer: str = "wordpiece",
    seed: int = 0,
) -> Path:
    """Write one checkpoint and return its folder.

    Args:
        folder: made if it is not there.
        hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, max_position_embeddings,
            type_vocab_size, hidden_act: as in config.json.
        vocabulary: the WordPieces; the five special tokens come first.
        config: keys that config.json gets besides, or instead.
        prefix: put before every tensor's name: "bert." as in files of pre-training and classification models.
        gamma_beta: LayerNorm's tensors are named as in TensorFlow 1.
        pooler: the file has the pooler's two tensors.
        pretraining_heads: the file also has `cls.predictions.*` and `cls.seq_relationship.*`.
        labels: the file is one of BertForSequenceClassification, with these in `id2label`.
        sentence_transformers: keys of 1_Pooling/config.json, {"pooling_mode_cls_token": True} say; writes
            modules.json and sentence_bert_config.json.
        normalize: modules.json ends with a Normalize module.
        max_seq_length: written to sentence_bert_config.json; None = max_position_embeddings.
        sharded: two files and an index rather than one file.
        dtype: of the stored tensors: "float32", "float16" or "bfloat16".
        vocab_only: vocab.txt and tokenizer_config.json, no tokenizer.json.
        lowercase: the tokenizer lower-cases.
        tokenizer: "wordpiece", or as multilingual checkpoints have it: "unigram" (XLM-R's, with <s> and </s>), "bpe"
            (of bytes); these have tokenizer.json and no vocab.txt, and as many ids.
        seed: of every random value.
    """
    folder.mkdir(parents=True, exist_ok=True)
    described: dict[str, object] = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": len(vocabulary),
        "hidden_size": hidden_size,
        "num_hidden_layers": num_hidden_layers,
        "num_attention_heads": num_attention_heads,
        "intermediate_size": intermediate_size,
        "hidden_act": hidden_act,
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "max_position_embeddings": max_position_embeddings,
        "type_vocab_size": type_vocab_size,
        "initializer_range": 0.02,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
        **(_classification(labels) if labels else {}),
        **(config or {}),
    }
    _write(folder / "config.json", described)
    shapes = _encoder_shapes(hidden_size, num_hidden_layers, intermediate_size, pooler=pooler)
    shapes |= {
        "embeddings.word_embeddings.weight": (len(vocabulary), hidden_size),
        "embeddings.position_embeddings.weight": (max_position_embeddings, hidden_size),
        "embeddings.token_type_embeddings.weight": (type_vocab_size, hidden_size),
    }
    tensors = {("bert." if labels else prefix) + name: tensor for name, tensor in _draw(shapes, seed).items()}
    if labels:
        top = {"classifier.weight": (len(labels), hidden_size), "classifier.bias": (len(labels),)}
        tensors |= _draw(top, seed + 2)
    if pretraining_heads:
        tensors |= _draw(_pretraining_shapes(hidden_size, len(vocabulary)), seed + 1)
    if gamma_beta:
        tensors = {_old_name(name): tensor for name, tensor in tensors.items()}
    _save_tensors(folder, {name: tensor.astype(DTYPES[dtype]) for name, tensor in tensors.items()}, sharded=sharded)
    if tokenizer == "wordpiece":
        _save_tokenizer(folder, vocabulary, lowercase=lowercase, vocab_only=vocab_only)
    else:
        _save_multilingual(folder, tokenizer)
    if sentence_transformers is not None:
        length = max_seq_length or max_position_embeddings
        _save_modules(folder, {"word_embedding_dimension": hidden_size, **sentence_transformers}, length, normalize)
    return folder


def _classification(labels: Sequence[str]) -> dict[str, object]:
    """What config.json of a classifier says besides."""
    return {
        "architectures": ["BertForSequenceClassification"],
        "id2label": {str(index): label for index, label in enumerate(labels)},
        "label2id": {label: index for index, label in enumerate(labels)},
    }


def build_tokenizer(vocabulary: Sequence[str] = VOCABULARY, *, lowercase: bool = True) -> Tokenizer:
    """Make BERT's fast tokenizer of `vocabulary`, as transformers converts it from vocab.txt."""
    ids = {token: index for index, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    return tokenizer


def _encoder_shapes(hidden: int, layers: int, inner: int, *, pooler: bool) -> dict[str, tuple[int, ...]]:
    """Shapes of every tensor but the embedding tables, [out, in] as PyTorch stores them."""
    dense, norms = {}, ["embeddings.LayerNorm"]
    for index in range(layers):
        layer = f"encoder.layer.{index}"
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            dense[f"{layer}.attention.{name}"] = (hidden, hidden)
        dense[f"{layer}.intermediate.dense"] = (inner, hidden)
        dense[f"{layer}.output.dense"] = (hidden, inner)
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    if pooler:
        dense["pooler.dense"] = (hidden, hidden)
    shapes: dict[str, tuple[int, ...]] = {}
    for name, (rows, columns) in dense.items():
        shapes |= {f"{name}.weight": (rows, columns), f"{name}.bias": (rows,)}
    for name in norms:
        shapes |= {f"{name}.weight": (hidden,), f"{name}.bias": (hidden,)}
    return shapes


def _pretraining_shapes(hidden: int, vocabulary: int) -> dict[str, tuple[int, ...]]:
    """Shapes of the heads of `BertForPreTraining`."""
    return {
        "cls.predictions.bias": (vocabulary,),
        "cls.predictions.transform.dense.weight": (hidden, hidden),
        "cls.predictions.transform.dense.bias": (hidden,),
        "cls.predictions.transform.LayerNorm.weight": (hidden,),
        "cls.predictions.transform.LayerNorm.bias": (hidden,),
        "cls.seq_relationship.weight": (2, hidden),
        "cls.seq_relationship.bias": (2,),
    }


def _draw(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, np.ndarray]:
    """Random float32 tensors, wide enough (0.12; gains around 1) that every part of the network counts."""
    random = np.random.default_rng(seed)
    tensors = {}
    for name, shape in sorted(shapes.items()):
        drawn = random.standard_normal(shape) * 0.12
        if name.endswith("LayerNorm.weight"):
            drawn = 1 + drawn / 2
        tensors[name] = drawn.astype(np.float32)
    return tensors


def _old_name(name: str) -> str:
    """Name a LayerNorm's tensors as TensorFlow 1 did."""
    return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")


def _save_tensors(folder: Path, tensors: dict[str, np.ndarray], *, sharded: bool) -> None:
    metadata = {"format": "pt"}
    if not sharded:
        save_file(tensors, folder / "model.safetensors", metadata=metadata)
        return
    names = sorted(tensors)
    shards = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for shard, held in shards.items():
        save_file({name: tensors[name] for name in held}, folder / shard, metadata=metadata)
    total = sum(tensor.nbytes for tensor in tensors.values())
    weight_map = {name: shard for shard, held in shards.items() for name in held}
    _write(folder / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": weight_map})


def _save_tokenizer(folder: Path, vocabulary: Sequence[str], *, lowercase: bool, vocab_only: bool) -> None:
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    special = dict(zip(names, SPECIAL, strict=True))
    described = {"tokenizer_class": "BertTokenizer", "do_lower_case": lowercase, "model_max_length": int(1e30)}
    _write(folder / "tokenizer_config.json", described | special)
    _write(folder / "special_tokens_map.json", special)
    if not vocab_only:
        build_tokenizer(vocabulary, lowercase=lowercase).save(str(folder / "tokenizer.json"))


def _save_multilingual(folder: Path, kind: str) -> None:
    """Write a tokenizer.json that is no WordPiece, and what AutoTokenizer needs beside it."""
    special = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    if kind == "unigram":
        words = [*(f"\u2581{word}" for word in WORDS), *"\u2581", *LETTERS, *PUNCTUATION]
        pieces = [(piece, -1.0) for piece in special] + [(word, -5.0 - len(words) / 9) for word in words]
        made = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
        made.normalizer = normalizers.NFKC()
        made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always")
        made.decoder = decoders.Metaspace()
    else:
        letters = sorted("abcdefghijklmnopqrstuvwxyz.,!?\u0120")
        merges = [("t", "h"), ("th", "e"), ("\u0120", "the")]
        tokens = [*special, *letters, *("".join(pair) for pair in merges)]
        made = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges, unk_token="<unk>"))
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        made.decoder = decoders.ByteLevel()
    made.add_special_tokens(list(special))
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    made.save(str(folder / "tokenizer.json"))
    names = ("bos_token", "pad_token", "eos_token", "unk_token", "mask_token")
    described = {"tokenizer_class": "PreTrainedTokenizerFast", "cls_token": "<s>", "sep_token": "</s>"}
    _write(folder / "tokenizer_config.json", described | dict(zip(names, special, strict=True)))


def _save_modules(folder: Path, pooling: Mapping[str, object], max_seq_length: int, normalize: bool) -> None:
    """Write what makes a folder one of sentence-transformers."""
    names = ["Transformer", "Pooling", *(["Normalize"] if normalize else [])]
    paths = ["", "1_Pooling", "2_Normalize"]
    modules = [
        {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{name}"}
        for index, (name, path) in enumerate(zip(names, paths, strict=False))
    ]
    for module in modules[1:]:
        (folder / str(module["path"])).mkdir(exist_ok=True)
    _write(folder / "1_Pooling" / "config.json", pooling)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": max_seq_length, "do_lower_case": False})
    _write(folder / "modules.json", modules)


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
