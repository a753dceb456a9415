"""JSON files and tables -> frozen dataclasses, every fault named. The one way in which a config or a plan is read.

A record's annotations say what its fields are; an unknown key, a missing one and a value of another type are refused
by name. What a value may be beyond its type stands in the record's own `__post_init__`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from inspect import signature
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from bertsim.data.atomic import write_atomically
from bertsim.errors import BertsimError, CheckpointError, InputError

_T = TypeVar("_T")
_LARGEST = sys.float_info.max
_EXPECTED: Mapping[Any, tuple[Any, str]] = {
    str: (str, "a text"),
    Path: (str, "a path"),
    bool: (bool, "true or false"),
    int: (int, "a whole number"),
    float: (int | float, "a finite number"),
    tuple: (list | tuple, "a list"),
    dict: (dict, "a table"),
    Mapping: (dict, "a table"),
}
"""What stands in a table for a field of this type, and what messages call it."""


def read_json(path: Path, kind: type = dict) -> Any:
    """Parse a JSON file. Raises: CheckpointError, if it is missing, not UTF-8 JSON, or its top is no `kind`."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing.") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}); check the file.") from None
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not valid JSON: {error}.") from None
    if not isinstance(value, kind):
        raise CheckpointError(f"{path} holds a {type(value).__name__}; a {kind.__name__} was expected.")
    return value


def read_field(path: Path, raw: Mapping[str, Any], key: str, kind: type[_T], default: _T) -> _T:
    """A field of a JSON file; `default` where it is missing or null. Raises: CheckpointError, if it is no `kind`."""
    value = raw.get(key)
    if value is None:
        return default
    if not isinstance(value, kind):
        raise CheckpointError(f"{path}: {key} is {value!r:.60}; a {kind.__name__} was expected.")
    return value


def write_json(path: Path, value: object) -> None:
    """Write a value, dataclasses in it as tables, as indented JSON in UTF-8; the file appears whole."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=asdict) + "\n"
    write_atomically(path, lambda new: new.write_text(text, encoding="utf-8"))


def record_from(
    record: type[_T], table: object, where: str, *, error: type[BertsimError] = InputError, advice: str = ""
) -> _T:
    """A frozen dataclass from a table of JSON or TOML; lists become tuples, tables in it records.

    Args:
        record: whose fields are the keys.
        table: what was read.
        where: what messages call it: a file, or a file and a key.
        error: which error its faults are.
        advice: what is to be done, put behind every message.

    Raises: BertsimError, which is `error`, naming `where`, the key and what was expected.

    Example: BertConfig, {"vocab_size": "x"}, "config.json" -> "config.json: vocab_size is 'x'; a whole number was
        expected."
    """
    try:
        return record(**_values(record, table))
    except InputError as found:
        text = f"{where}: {found}"
        raise error(f"{text.removesuffix('.')}; {advice}." if advice else text) from None


def _values(record: type, table: object) -> dict[str, Any]:
    """A table's values as the fields of a record hold them."""
    if not isinstance(table, dict):
        raise InputError(f"{table!r:.60} was found where a table was expected.")
    known = signature(record).parameters
    for key in table:
        if key not in known:
            raise InputError(f"{key} is not known; known are {', '.join(sorted(known))}.")
    for name, field in known.items():
        if name not in table and field.default is field.empty:
            raise InputError(f"{name} is missing.")
    hints = get_type_hints(record)
    return {key: _value(hints[key], value, key) for key, value in table.items()}


def _value(hint: Any, value: Any, key: str) -> Any:
    """A value as a field of this type holds it."""
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, UnionType):
        return None if value is None and NoneType in inner else _value(inner[0], value, key)
    if is_dataclass(kind):
        return record_from(kind, value, key)  # type: ignore[arg-type]
    if kind not in _EXPECTED:
        return value
    types, expected = _EXPECTED[kind]
    is_good = isinstance(value, types) and (kind is bool or not isinstance(value, bool))
    if not is_good or (kind is float and not -_LARGEST <= value <= _LARGEST):  # as nan is not, either
        raise InputError(f"{key} is {value!r:.80}; {expected} was expected.")
    if kind in (dict, Mapping):
        return {name: _value(inner[1], each, f"{key}.{name}") for name, each in value.items()}
    if kind is not tuple:
        return value if kind is bool else kind(value)
    kinds = inner[:1] * len(value) if inner[1:] == (...,) else inner
    if len(kinds) != len(value):
        raise InputError(f"{key} is {value!r:.80}; a list of {len(kinds)} was expected.")
    return tuple(_value(kinds[place], each, f"{key}[{place}]") for place, each in enumerate(value))
