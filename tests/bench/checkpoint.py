"""The checkpoint and the sentences that every engine of the benchmark is given.

Ours are given the bundled encoder as it is; the peers a folder in sentence-transformers' layout with its values widened
to float32. The sentences are words of its vocabulary, drawn from one seed: the same on every machine.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

from safetensors.numpy import save_file
from tokenizers import Tokenizer

from bertsim.bert.checkpoint import WEIGHTS, read_checkpoint, read_tensors
from bertsim.bert.config import BertConfig
from bertsim.bert.folder import encoder_sha256
from bertsim.model.loading import BUNDLED

SEED = 7
SENTENCES = 2_000
TOKENS = (8, 40)
PAIRS = 200
PAIR_WORDS = 12
MANY = 100_000
MANY_WORDS = (5, 9)
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


def join_cross_encoder(cache: Path, widened: Path) -> Path:
    """Write the widened encoder and the bundled head `pooled` as one classifier of transformers, once; its folder.

    It is that head to the letter: a dense layer with one label on the pooler's output, which a sigmoid goes behind.
    """
    head = BUNDLED / "heads" / "pooled"
    folder = cache / f"cross-encoder-{encoder_sha256(BUNDLED)[:6]}-{encoder_sha256(head)[:6]}"
    if (folder / "config.json").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    encoder = {f"bert.{name}": tensor for name, tensor in read_tensors(widened).items()}
    save_file(encoder | read_tensors(head), folder / WEIGHTS, metadata={"format": "pt"})
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copy(widened / name, folder / name)
    config = json.loads((widened / "config.json").read_text(encoding="utf-8"))
    config |= {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "similar"}}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def draw_texts() -> dict[str, list[Any]]:
    """The sentences of the run, all of words of the encoder's vocabulary; one word in eight is a compound.

    Returns:
        "sentences": 2,000 strings, their lengths uniform in 8..40 tokens with [CLS] and [SEP].
        "pairs": 200 pairs of strings of 12 words.
        "packed": 1,000 pairs of these sentences: of two that stand side by side, or of one with its words in another
            order, the first few or all of them.
        "many": 100,000 strings of 5 to 9 words; of every eighth but one word stands in the one before it.
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

    def reordered(text: str) -> str:
        chosen = text.split()
        most = draw.randint(2, len(chosen))
        return " ".join([*draw.sample(chosen[:most], most), *chosen[most:]])

    sentences = [sentence(draw.randint(*TOKENS)) for _ in range(SENTENCES)]
    pairs = [[words_of(PAIR_WORDS), words_of(draw.randint(PAIR_WORDS - 2, PAIR_WORDS + 2))] for _ in range(PAIRS)]
    couples = zip(sentences[0::2], sentences[1::2], strict=True)
    many = [words_of(draw.randint(*MANY_WORDS)) for _ in range(MANY)]
    for place in range(7, MANY, 8):
        kept = many[place - 1].split()
        kept[draw.randrange(len(kept))] = draw.choice(words)
        many[place] = " ".join(kept)
    return {
        "sentences": sentences,
        "pairs": pairs,
        "packed": [[a, reordered(a) if number % 2 else b] for number, (a, b) in enumerate(couples)],
        "many": many,
    }


def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(BUNDLED / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
