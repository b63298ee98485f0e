"""A campaign's file as it is written: its tables and keys."""

from __future__ import annotations

from datetime import date
from typing import Literal

from msgspec import Struct

from bulksender.rules import WEEKDAYS, PeriodKind

News = Literal["finished", "refused", "rejected", "unknown"]
"""What an owner may be told of."""

RESULTS = "results/{campaign}-{period}"
"""Where a result goes unless the file says otherwise."""

NEWS: tuple[News, ...] = ("finished", "refused", "rejected", "unknown")
"""All of it."""


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

    sheet: str | None = None
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
    on: tuple[News, ...] = NEWS


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
