"""Raw TOML → the file's form. What is not as it should be is told with its path and its cure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from difflib import get_close_matches
from math import isfinite
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo

from bulksender.campaignfile.form import FileForm
from bulksender.errors import did_you_mean
from bulksender.settings import Defaults

_KINDS = {
    str: "a text in quotes",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    datetime: "a date with a time",
    date: "a date such as 2026-12-24",
    list: "a list [ … ]",
    dict: "a table",
}
_SUCH = {
    "period": 'period = "monthly"',
    "timezone": 'timezone = "Asia/Singapore"',
    "time": 'time = "09:00"',
    "name": 'name = "A"',
}
"""How a key that must be there is written."""


class FormError(Exception):
    """Something is wrong in the file: `key` is its path there, `str()` says what."""

    def __init__(self, key: str, problem: str):
        super().__init__(problem)
        self.key = key


def parsed(raw: Mapping[str, Any]) -> FileForm:
    """The file's tables. Raises FormError for an unknown key, a missing one, and a wrong value."""
    texts = _texts(raw)
    _check_table(texts, FileForm, "")
    return msgspec.convert(texts, FileForm)


def _texts(value: Any) -> Any:
    """The same with TOML's own times of day as texts, as which most people write them."""
    if isinstance(value, dict):
        return {key: _texts(each) for key, each in value.items()}
    return value.isoformat() if isinstance(value, time) else value


def _check_table(raw: Mapping[str, Any], kind: type[Struct], above: str) -> None:
    """Check a table's keys and their values; lists are counted from 1 in paths."""
    known = _fields(kind)
    for key, value in raw.items():
        path = _path(above, key)
        if key not in known:
            raise FormError(path, f"there is no such key.{_hint(key, known)}")
        _check(value, _meant(known[key].type), path)
    for key, field in known.items():
        if field.required and key not in raw:
            table = _struct_in(field.type) is not None
            such = f"[{key}]" if table else _SUCH[key]
            what = "table" if table else "key"
            raise FormError(_path(above, key), f"this {what} is missing. Write it like {such}.")


def _check(value: Any, kind: Any, path: str) -> None:
    """Raise FormError unless a value of TOML is of a field's kind."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        _check(value, str, path)
        if value not in inner:
            near = did_you_mean(value, inner)
            raise FormError(path, f'"{value}" is not known.{near} There are: {", ".join(inner)}.')
    elif origin is tuple:
        _check_list(value, inner[0], path)
    elif origin is dict:
        _require(isinstance(value, dict), value, path, 'a table such as { US = "MyShop" }')
        for key, each in value.items():
            _check(each, str, _path(path, key))
    elif issubclass(kind, Struct):
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            raise FormError(path, f"there is only one: write [{path}], in single brackets.")
        _require(isinstance(value, dict), value, path, f"a table: [{path}]")
        _check_table(value, kind, path)
    else:
        _check_single(value, kind, path)


def _check_list(value: Any, kind: Any, path: str) -> None:
    tables = _struct_in(kind) is not None
    if tables and (not isinstance(value, list) or any(type(each) is not dict for each in value)):
        raise FormError(path, f"there may be several tables: write [[{path}]] above each of them.")
    such = "dates: [2026-12-24]" if kind is date else 'texts: ["…"]'
    _require(isinstance(value, list), value, path, f"a list of {such}")
    for place, each in enumerate(value, 1):
        _check(each, kind, f"{path}[{place}]")


def _check_single(value: Any, kind: Any, path: str) -> None:
    """Check a text, a number, a date, or true and false."""
    if kind is date and isinstance(value, str):
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII) or not _is_date(value):
            raise FormError(path, f'"{value}" is not a date; write it like 2026-12-24.')
        return
    _require(type(value) in ((int, float) if kind is float else (kind,)), value, path, _KINDS[kind])
    if kind is str and not value.strip():
        raise FormError(path, "it is empty: give it a value, or take the line away.")
    if kind is str and "\0" in value:
        raise FormError(path, "it holds a character that no text has (U+0000).")
    if type(value) is int and not -(2**63) <= value < 2**63:
        raise FormError(path, "the number is too large.")
    if type(value) is float and not isfinite(value):
        raise FormError(path, f"{value} is not a number to compare with; write one like 20.")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _require(fits: bool, value: Any, path: str, wanted: str) -> None:
    if not fits:
        got = _KINDS.get(type(value), "something else")
        raise FormError(path, f"expected {wanted}, got {got}.")


def _fields(kind: type[Struct]) -> dict[str, FieldInfo]:
    return {field.name: field for field in msgspec.structs.fields(kind)}


def _meant(annotation: Any) -> Any:
    """What a field holds where it holds anything: `str` of `str | None`."""
    kinds = [each for each in get_args(annotation) if each is not NoneType]
    return kinds[0] if NoneType in get_args(annotation) else annotation


def _struct_in(annotation: Any) -> type[Struct] | None:
    """The struct that a field's annotation names, if there is one."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, Struct):
            return kind
    return None


def _path(above: str, key: str) -> str:
    """A key's path as TOML writes it: what is no plain word stands in quotes."""
    plain = key if re.fullmatch(r"[\w-]+", key) else json.dumps(key, ensure_ascii=False)
    return f"{above}.{plain}" if above else plain


def _homes() -> dict[str, list[str]]:
    """Key → where it belongs, in words, for every key of the file."""
    homes: dict[str, list[str]] = {}
    for name, field in _fields(FileForm).items():
        table = _struct_in(field.type)
        bracketed = f"[[{name}]]" if get_origin(field.type) is tuple else f"[{name}]"
        top = "at the beginning of the file, before any [table]"
        homes.setdefault(name, []).append(f"to the tables: {bracketed}" if table else top)
        for key in _fields(table) if table else ():
            homes.setdefault(key, []).append(f"in {bracketed}: {name}.{key}")
    for key in _fields(Defaults).keys() - homes.keys():
        homes[key] = ["in bulksender.toml"]
    return homes


def _hint(key: str, known: Mapping[str, object]) -> str:
    """What somebody meant: a key that belongs elsewhere, else the nearest one."""
    homes = _homes()
    if key in homes:
        return f" It belongs {', or '.join(homes[key])}."
    near = did_you_mean(key, known)
    elsewhere = get_close_matches(key.lower(), homes, 1)
    if elsewhere and not near:
        found = elsewhere[0]
        return f' Did you mean "{found}"? It belongs {", or ".join(homes[found])}.'
    return f"{near} Known here: {', '.join(known)}."
