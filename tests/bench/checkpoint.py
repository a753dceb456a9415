"""The checkpoint and the sentences that every engine of the benchmark is given.

Ours are given the bundled encoder as it is; the peers a folder in sentence-transformers' layout with its values widened
to float32. The sentences are words of its vocabulary, drawn from one seed: the same on every machine.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random
from typing import Any

from safetensors.numpy import save_file
from tokenizers import Tokenizer

from bertsim.bert.checkpoint import WEIGHTS, read_checkpoint
from bertsim.bert.config import BertConfig
from bertsim.bert.folder import encoder_sha256
from bertsim.model.loading import BUNDLED

SEED = 7
SENTENCES = 2_000
TOKENS = (8, 40)
PAIRS = 200
PAIR_WORDS = 12
LAST = "modules.json"
COPIED = (
    *("config.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"),
    *("1_Pooling/config.json", "sentence_bert_config.json", LAST),
)


def widen_checkpoint(cache: Path) -> Path:
    """Write the bundled encoder with float32 values into a folder of `cache`, once; return that folder.

    Its tokenizer neither pads nor cuts. modules.json is written last and marks the folder complete.
    """
    folder = cache / f"float32-{encoder_sha256(BUNDLED)[:12]}"
    if (folder / LAST).exists():
        return folder
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    tensors = read_checkpoint(BUNDLED, BertConfig.from_folder(BUNDLED))
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    _tokenizer().save(str(folder / "tokenizer.json"))
    for name in COPIED:
        shutil.copy(BUNDLED / name, folder / name)
    return folder


def draw_texts() -> dict[str, list[Any]]:
    """The sentences of the run, all of words of the encoder's vocabulary; one word in eight is a compound.

    Returns:
        "sentences": 2,000 strings, their lengths uniform in 8..40 tokens with [CLS] and [SEP].
        "pairs": 200 pairs of strings of 12 words.
    """
    draw, tokenizer = Random(SEED), _tokenizer()
    words = sorted(entry for entry in tokenizer.get_vocab() if len(entry) > 2 and entry.isascii() and entry.isalpha())

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
        "pairs": [[words_of(PAIR_WORDS), words_of(draw.randint(PAIR_WORDS - 2, PAIR_WORDS + 2))] for _ in range(PAIRS)],
    }


def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(BUNDLED / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
