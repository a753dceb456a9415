"""`tokenizer.json`, or `vocab.txt`, and the settings beside it -> a `tokenizers.Tokenizer`, as transformers makes it.

For BERT's own tokenizer, tokenizer_config.json counts for more than tokenizer.json: whether it lower-cases, say. Where
the two differ, and where there is `vocab.txt` alone, transformers puts them together; else nobody waits for its import.

Source: transformers' `BertTokenizer`; sentence-transformers' `do_lower_case`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer as FastTokenizer
from tokenizers.models import Unigram, WordPiece
from tokenizers.normalizers import Lowercase, Sequence

from bertsim.data.json_files import read_json
from bertsim.errors import CheckpointError

_OWN = (None, "BertTokenizer", "BertTokenizerFast")
# What tokenizer_config.json says, and transformers without it -> its name in tokenizer.json
_SETTINGS = {
    "do_lower_case": ("lowercase", True),
    "strip_accents": ("strip_accents", None),
    "tokenize_chinese_chars": ("handle_chinese_chars", True),
}


def read_fast(folder: Path) -> tuple[FastTokenizer, Path]:
    """The tokenizer of a folder, and its vocabulary's file. Raises: CheckpointError, if none can be read."""
    path = next((path for name in ("tokenizer.json", "vocab.txt") if (path := folder / name).exists()), None)
    if path is None:
        raise CheckpointError(f"{folder} has neither tokenizer.json nor vocab.txt; one of them is needed.")
    said = _table(folder / "tokenizer_config.json")
    added = said.get("added_tokens_decoder", _table(folder / "added_tokens.json"))
    _table(folder / "special_tokens_map.json")  # transformers would say no file where it is no JSON
    try:
        fast = FastTokenizer.from_file(str(path)) if path.suffix == ".json" else None
        if fast is None or not _agrees(fast, said, added):
            from transformers import BertTokenizer

            made = BertTokenizer.from_pretrained(folder, local_files_only=True).backend_tokenizer
            fast = FastTokenizer.from_str(made.to_str())
        if isinstance(fast.model, WordPiece) and fast.model.token_to_id(fast.model.unk_token) is None:
            raise ValueError(f"it has no {fast.model.unk_token}")
        if not (fast.encode("a").ids and fast.encode("a", "a").ids):
            raise ValueError("it makes no tokens of the letter a")
    except BaseException as error:
        # of a damaged file tokenizers raises a bare Exception, or a panic, which is none and has no class to import
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise CheckpointError(f"{path} cannot be read as a tokenizer, with the settings beside it: {error}.") from None
    if _table(folder / "sentence_bert_config.json").get("do_lower_case"):
        fast.normalizer = Sequence([Lowercase(), *([fast.normalizer] if fast.normalizer else [])])
    return fast, path


def find_unknown_id(fast: FastTokenizer) -> int:
    """The token that stands for all that the vocabulary lacks; -1 where there is none, as with byte-level BPE."""
    if isinstance(fast.model, Unigram):  # the only one that does not tell
        found = json.loads(fast.to_str())["model"]["unk_id"]
    else:
        name = fast.model.unk_token
        found = None if name is None else fast.token_to_id(name)
    return -1 if found is None else int(found)


def _table(path: Path) -> dict[str, Any]:
    return read_json(path) if path.exists() else {}


def _agrees(fast: FastTokenizer, said: dict[str, Any], added: dict[str, Any]) -> bool:
    """Whether tokenizer.json does all that the settings beside it say, where these count."""
    if not isinstance(fast.model, WordPiece) or said.get("tokenizer_class") not in _OWN:
        return True
    if fast.post_processor is None:
        return False
    return {int(number) for number in added} <= fast.get_added_tokens_decoder().keys() and all(
        getattr(fast.normalizer, name, default) == said.get(key, default) for key, (name, default) in _SETTINGS.items()
    )
