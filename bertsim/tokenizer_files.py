"""`tokenizer.json`, or `vocab.txt`, and the settings beside it -> a `tokenizers.Tokenizer`, as transformers makes it.

For BERT's own tokenizer, tokenizer_config.json counts for more than tokenizer.json: whether it lower-cases, say.

Source: transformers' `BertTokenizer`; sentence-transformers' `do_lower_case`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tokenizers import AddedToken
from tokenizers import Tokenizer as FastTokenizer
from tokenizers.decoders import WordPiece as WordPieceDecoder
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer, Lowercase, Sequence
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from bertsim.config import read_json
from bertsim.errors import CheckpointError

_OWN = (None, "BertTokenizer", "BertTokenizerFast")
_SPECIALS = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def read_fast(folder: Path) -> tuple[FastTokenizer, Path]:
    """The tokenizer of a folder as `tokenizers` knows it, and the file that its vocabulary was read from.

    Raises:
        CheckpointError: there is none, or it cannot be read.
    """
    path = next((path for name in ("tokenizer.json", "vocab.txt") if (path := folder / name).exists()), None)
    if path is None:
        raise CheckpointError(f"{folder} has neither tokenizer.json nor vocab.txt; one of them is needed.")
    said = _settings(folder)
    try:
        return _read(path, said), path
    except Exception as error:  # noqa: BLE001 - tokenizers raises bare Exception for a damaged file
        raise CheckpointError(
            f"{path} cannot be read as a tokenizer, with the settings beside it: {error}."
        ) from None


def _settings(folder: Path) -> dict[str, Any]:
    """What the files beside the vocabulary say, in the order in which transformers reads them."""
    said = _table(folder / "tokenizer_config.json")
    if "added_tokens_decoder" not in said:  # as older versions wrote it
        said |= _table(folder / "special_tokens_map.json")
        added = _table(folder / "added_tokens.json")
        said["added_tokens_decoder"] = {number: {"content": token} for token, number in added.items()}
    said["lowers_text"] = _table(folder / "sentence_bert_config.json").get("do_lower_case")
    return said


def _table(path: Path) -> dict[str, Any]:
    return read_json(path) if path.exists() else {}


def _read(path: Path, said: dict[str, Any]) -> FastTokenizer:
    names = {key: said.get(key) or default for key, default in _SPECIALS.items()}
    special = {key: name["content"] if isinstance(name, dict) else name for key, name in names.items()}
    if path.suffix == ".json":
        fast = FastTokenizer.from_file(str(path))
    else:
        fast = FastTokenizer(WordPiece.from_file(str(path), unk_token=special["unk_token"]))
        fast.add_special_tokens([name for name in special.values() if fast.token_to_id(name) is not None])
    if isinstance(fast.model, WordPiece):
        _id(fast, fast.model.unk_token)
    if isinstance(fast.model, WordPiece) and said.get("tokenizer_class") in _OWN:
        fast.normalizer = BertNormalizer(
            handle_chinese_chars=said.get("tokenize_chinese_chars", True),
            strip_accents=said.get("strip_accents"),
            lowercase=said.get("do_lower_case", True),
        )
        fast.pre_tokenizer = BertPreTokenizer()
        fast.decoder = WordPieceDecoder()
        fast.post_processor = fast.post_processor or _packing(
            fast, special["cls_token"], special["sep_token"]
        )
    if said["lowers_text"]:
        fast.normalizer = Sequence([Lowercase(), *([fast.normalizer] if fast.normalizer else [])])
    added = said["added_tokens_decoder"]
    fast.add_tokens([AddedToken(**added[number]) for number in sorted(added, key=int)])
    return fast


def _packing(fast: FastTokenizer, cls: str, sep: str) -> TemplateProcessing:
    return TemplateProcessing(
        single=f"{cls} $A {sep}",
        pair=f"{cls} $A {sep} $B:1 {sep}:1",
        special_tokens=[(token, _id(fast, token)) for token in (cls, sep)],
    )


def _id(fast: FastTokenizer, token: str) -> int:
    number = fast.token_to_id(token)
    if number is None:
        raise ValueError(f"it has no {token}")
    return number
