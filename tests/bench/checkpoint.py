"""The checkpoint and the sentences that every engine of the benchmark is given.

Out comes a folder in sentence-transformers' layout: a BERT of all-MiniLM-L6-v2's shape with random weights
(speed does not depend on their values) and a vocabulary of made-up words, and sentences of made-up words.
Everything is drawn from one seed: the same bytes on every machine. No external data, no torch.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from string import ascii_lowercase
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

SEED = 7
SENTENCES = 2_000
TOKENS = (8, 40)
PAIRS = 200
PAIR_WORDS = 12

CONFIG: dict[str, Any] = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "hidden_size": 384,
    "num_hidden_layers": 6,
    "num_attention_heads": 12,
    "intermediate_size": 1536,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "initializer_range": 0.02,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "vocab_size": 30_522,
    "pad_token_id": 0,
    "position_embedding_type": "absolute",
}
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = 24_500  # entries up to the last whole word; "##" pieces follow, about BERT's own share
VOWELS = "aeiou"
CONSONANTS = "".join(letter for letter in ascii_lowercase if letter not in VOWELS)


def make_checkpoint(folder: Path) -> Path:
    """Write the checkpoint into `folder`, unless it is complete already; return the folder.

    Files: config.json, model.safetensors, tokenizer.json, tokenizer_config.json, vocab.txt, modules.json,
    1_Pooling/config.json, sentence_bert_config.json. modules.json is written last and marks the folder complete.
    """
    last = folder / "modules.json"
    if last.exists():
        return folder
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    vocabulary = draw_vocabulary()
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    build_tokenizer(vocabulary).save(str(folder / "tokenizer.json"))
    save_file(
        draw_tensors(np.random.default_rng(SEED)), folder / "model.safetensors", metadata={"format": "pt"}
    )
    module = "sentence_transformers.models."
    records: dict[str, object] = {
        "config.json": CONFIG,
        "tokenizer_config.json": {
            "tokenizer_class": "BertTokenizer",
            "do_lower_case": True,
            "model_max_length": CONFIG["max_position_embeddings"],
            "pad_token": "[PAD]",
            "unk_token": "[UNK]",
            "cls_token": "[CLS]",
            "sep_token": "[SEP]",
            "mask_token": "[MASK]",
        },
        "1_Pooling/config.json": {
            "word_embedding_dimension": CONFIG["hidden_size"],
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
        "sentence_bert_config.json": {"max_seq_length": 256, "do_lower_case": False},
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": module + "Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": module + "Pooling"},
        ],
    }
    for name, record in records.items():
        (folder / name).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return folder


def draw_vocabulary() -> list[str]:
    """30,522 distinct entries: special tokens, letters, punctuation, made-up words, "##" pieces."""
    draw = Random(SEED)
    entries = dict.fromkeys(
        [*SPECIAL, *".,", *ascii_lowercase, *(f"##{letter}" for letter in ascii_lowercase)]
    )
    while len(entries) < WORDS:
        entries["".join(draw.choice(CONSONANTS) + draw.choice(VOWELS) for _ in range(draw.randint(2, 4)))] = (
            None
        )
    while len(entries) < CONFIG["vocab_size"]:
        entries[
            "##" + "".join(draw.choice(CONSONANTS) + draw.choice(VOWELS) for _ in range(draw.randint(1, 3)))
        ] = None
    return list(entries)


def build_tokenizer(vocabulary: list[str]) -> Tokenizer:
    """The BERT tokenizer of `vocabulary`, lower-casing."""
    ids = {token: index for index, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    return tokenizer


def draw_tensors(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Every tensor of `BertModel`, float32, under its Hugging Face name.

    Matrices are normal with deviation 0.02, BERT's own; word vectors 0.05, so that sentences differ as a trained
    model's do and a peer that mixes rows up is caught.
    """
    hidden, inner = CONFIG["hidden_size"], CONFIG["intermediate_size"]

    def normal(*shape: int, deviation: float = 0.02) -> np.ndarray:
        return random.standard_normal(shape, dtype=np.float32) * np.float32(deviation)

    tensors = {
        "embeddings.word_embeddings.weight": normal(CONFIG["vocab_size"], hidden, deviation=0.05),
        "embeddings.position_embeddings.weight": normal(CONFIG["max_position_embeddings"], hidden),
        "embeddings.token_type_embeddings.weight": normal(CONFIG["type_vocab_size"], hidden),
    }
    norms, dense = ["embeddings.LayerNorm"], {"pooler.dense": (hidden, hidden)}
    for index in range(CONFIG["num_hidden_layers"]):
        layer = f"encoder.layer.{index}"
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            dense[f"{layer}.attention.{name}"] = (hidden, hidden)
        dense[f"{layer}.intermediate.dense"] = (inner, hidden)
        dense[f"{layer}.output.dense"] = (hidden, inner)
    for name, shape in dense.items():
        tensors |= {f"{name}.weight": normal(*shape), f"{name}.bias": normal(shape[0])}
    for name in norms:
        tensors |= {f"{name}.weight": np.ones(hidden, np.float32), f"{name}.bias": normal(hidden)}
    return tensors


def draw_texts(folder: Path) -> dict[str, list[Any]]:
    """The sentences of the run, all of words of the checkpoint's vocabulary; one word in eight is a compound.

    Returns:
        "sentences": 2,000 strings, their lengths uniform in 8..40 tokens with [CLS] and [SEP].
        "pairs": 200 pairs of strings of 12 words.
    """
    draw = Random(SEED)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    words = [entry for entry in tokenizer.get_vocab() if len(entry) > 2 and entry.isalpha()]
    words.sort()

    def sentence(tokens: int) -> str:
        chosen: list[str] = []
        room = tokens - 3  # [CLS], [SEP] and the full stop
        while room:
            word = draw.choice(words) + (draw.choice(words) if draw.random() < 1 / 8 else "")
            pieces = len(tokenizer.encode(word, add_special_tokens=False).ids)
            if pieces <= room:
                chosen.append(word)
                room -= pieces
        return " ".join(chosen).capitalize() + "."

    def words_of(count: int) -> str:
        return " ".join(draw.choice(words) for _ in range(count)).capitalize() + "."

    return {
        "sentences": [sentence(draw.randint(*TOKENS)) for _ in range(SENTENCES)],
        "pairs": [
            [words_of(PAIR_WORDS), words_of(draw.randint(PAIR_WORDS - 2, PAIR_WORDS + 2))]
            for _ in range(PAIRS)
        ],
    }
