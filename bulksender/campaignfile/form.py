"""A campaign's file as it is written: its tables and keys, and what is wrong with one's form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import Struct

from bulksender.errors import did_you_mean
from bulksender.rules import WEEKDAYS, PeriodKind

NEWS = ("finished", "refused", "rejected", "unknown")
"""What an owner may be told of."""


class FormError(Exception):
    """Something is wrong in the file: `key` is its path there, `str()` says what."""

    def __init__(self, key: str, problem: str):
        super().__init__(problem)
        self.key = key


class RecipientsTable(Struct, frozen=True):
    """Where the recipients come from, and which columns are what."""

    path: str | None = None
    newest: Literal["name", "time"] = "name"
    query: str | None = None
    database: str | None = None
    sheet: str | None = None
    phone_columns: tuple[str, ...] = ()
    text_column: str | None = None
    id_column: str | None = None
    opt_out_columns: tuple[str, ...] | None = None
    opt_in_columns: tuple[str, ...] | None = None
    require_opt_in: bool = False
    include_hidden: bool = False


class MessageTable(Struct, frozen=True):
    """The text, and who it is from."""

    template: str | None = None
    text: str | None = None
    source: str | None = None
    source_by_country: dict[str, str] = {}
    encoding: Literal["AUTO", "GSM7", "UCS2"] = "AUTO"
    max_parts: int = 10
    plain_punctuation: bool = False


class VariantTable(Struct, frozen=True):
    """One of several texts."""

    name: str
    template: str | None = None
    text: str | None = None
    weight: int = 1


class OutputTable(Struct, frozen=True):
    """Where result and report go."""

    sheet: str = "results/{campaign}-{period}"
    report: str = "results/{campaign}-{period}.html"
    in_place: bool = False


class ScheduleTable(Struct, frozen=True):
    """When the campaign is due."""

    time: str
    day: int = 1
    weekday: str = "mon"
    date: date | None = None
    grace: str = "1d"


class DeliveryTable(Struct, frozen=True):
    """When people may get it."""

    window: str | None = None
    days: tuple[str, ...] = WEEKDAYS
    holidays: bool = False
    closed: tuple[date, ...] = ()
    pace: str | None = None


class GuardrailsTable(Struct, frozen=True):
    """What refuses a run."""

    max_recipients: int | None = None
    max_cost: float | None = None
    max_invalid: float | None = None
    max_change: float | None = None
    max_age: str | None = None
    min_gap: str | None = None
    require_approval: bool = False


class NotifyTable(Struct, frozen=True):
    """Who is told."""

    urls: tuple[str, ...] = ()
    on: tuple[str, ...] = NEWS


class AccountNames(Struct, frozen=True, kw_only=True):
    """Which 8x8 account; what is not named comes from the environment or `bulksender.toml`."""

    subaccount: str | None = None
    region: str | None = None
    base_url: str | None = None
    account: str | None = None
    api_key_file: str | None = None
    prices: str | None = None


class SendingTable(Struct, frozen=True):
    """How it is sent."""

    batch_size: int = 1_000
    concurrency: int = 4
    resend_absent: bool = False


class FileForm(Struct, frozen=True):
    """The whole file."""

    period: PeriodKind
    timezone: str
    recipients: RecipientsTable
    name: str | None = None
    country: str | None = None
    message: MessageTable = MessageTable()
    variants: tuple[VariantTable, ...] = ()
    output: OutputTable = OutputTable()
    schedule: ScheduleTable | None = None
    delivery: DeliveryTable | None = None
    guardrails: GuardrailsTable = GuardrailsTable()
    notify: NotifyTable = NotifyTable()
    account: AccountNames = AccountNames()
    sending: SendingTable = SendingTable()


def parsed(raw: Mapping[str, Any]) -> FileForm:
    """The file's tables. Raises FormError for an unknown key, a missing one, and a wrong type."""
    _refuse_unknown(raw, FileForm, "")
    try:
        return msgspec.convert(_texts(raw), FileForm)
    except msgspec.ValidationError as error:
        raise FormError(*_place_and_problem(str(error))) from error


def _texts(value: Any) -> Any:
    """The same with TOML's own times of day as texts, as which most people write them."""
    if isinstance(value, dict):
        return {key: _texts(each) for key, each in value.items()}
    return value.isoformat() if isinstance(value, time) else value


def _refuse_unknown(raw: Mapping[str, Any], kind: Any, above: str) -> None:
    known = get_type_hints(kind)
    for key, value in raw.items():
        path = f"{above}.{key}" if above else key
        if key not in known:
            raise FormError(path, f"there is no such key.{_nearest(key, known)}")
        inner = _struct_in(known[key])
        if inner is not None and isinstance(value, dict):
            _refuse_unknown(value, inner, path)
        elif inner is not None and isinstance(value, list):
            for place, each in enumerate(value, 1):
                if isinstance(each, dict):
                    _refuse_unknown(each, inner, f"{path}[{place}]")


def _struct_in(annotation: Any) -> Any:
    """The struct that a field's annotation names, if there is one."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, Struct):
            return kind
    return None


def _places() -> dict[str, str]:
    """Key → its table, for every key in a table of the file."""
    found = {}
    for table, annotation in get_type_hints(FileForm).items():
        inner = _struct_in(annotation)
        found.update(dict.fromkeys(get_type_hints(inner) if inner else (), table))
    return found


def _nearest(key: str, known: Mapping[str, Any]) -> str:
    """What somebody meant: a key that belongs elsewhere, else the nearest one."""
    elsewhere = _places()
    if key in elsewhere:
        return f" It belongs in [{elsewhere[key]}]: {elsewhere[key]}.{key}."
    if key in get_type_hints(FileForm):
        return " It stands at the beginning of the file, before any [table]."
    near = did_you_mean(key, known) or did_you_mean(key, elsewhere)
    return f"{near} Known here: {', '.join(known)}."


def _place_and_problem(error: str) -> tuple[str, str]:
    """A msgspec message as a path in the file, and what is wrong there.

    `Expected `int`, got `str` - at `$.guardrails.max_cost`` and its like.
    """
    problem, _, place = error.partition(" - at `")
    path = re.sub(r"\[\.\.\.\]", "", place.rstrip("`").removeprefix("$").lstrip("."))
    missing = re.fullmatch(r"Object missing required field `(\w+)`", problem)
    if missing:
        return (f"{path}.{missing[1]}" if path else missing[1]), "this key is missing."
    words = {"`str`": "a text", "`int`": "a whole number", "`bool`": "true or false",
             "`array`": "a list [ … ]", "`object`": "a table", "`float`": "a number",
             "`date`": "a date like 2026-12-24", "`null`": "nothing"}  # fmt: skip
    for word, plain in words.items():
        problem = problem.replace(word, plain)
    return path, problem.replace("Expected", "expected", 1).replace("`", '"') + "."
