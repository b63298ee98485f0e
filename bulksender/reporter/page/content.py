"""What a run's page says, as its caller gives it: numbers and our own words, nobody's number.

Rows and messages are counts; prices and amounts are in `currency` (ISO 4217), never rounded here.
"""

from __future__ import annotations

from msgspec import Struct


class CountryLine(Struct, frozen=True, kw_only=True):
    """One country's messages and what they cost.

    `country` is ISO 3166-1 alpha-2, or "" where it is not known; `name` in English ("": the code
    is shown). `lowest` and `dearest` are prices a part; None, like `amount`: not known.
    """

    country: str
    messages: int
    parts: int
    lowest: float | None
    dearest: float | None
    amount: float | None
    currency: str | None
    name: str = ""


class HourLine(Struct, frozen=True):
    """The messages of one hour, which begins at `hour`: `2026-11-01 09:00`, local time."""

    hour: str
    messages: int


class VariantLine(Struct, frozen=True):
    """The messages of one of several texts that are tried; `counts` is status → rows."""

    name: str
    messages: int
    counts: dict[str, int]


class ProblemLine(Struct, frozen=True):
    """A problem that `rows` rows share; `first` are the numbers of the first of them."""

    status: str
    detail: str
    rows: int
    first: tuple[int, ...]


class PageContent(Struct, frozen=True, kw_only=True):
    """A run as its page shows it.

    `title` is the campaign's name or the sheet's, `period` such as `2026-11`, `2026-W45` or
    `2026-11-01`. `rehearsal`: it went to a simulator, and nobody was reached. `outcome` is one
    plain sentence, `next` the command to type next or "". Times are ISO 8601 in UTC and are shown
    in `timezone` (IANA); the hours of `hours` are local to it already. `counts` is status → rows,
    `encodings` GSM7/UCS2 → rows, `parts` SMS parts planned, `cost` their price. `more_problems`
    says that there are other problems than those in `problems`.
    """

    title: str
    period: str | None
    run: str
    sheet: str
    output: str | None
    rehearsal: bool
    outcome: str
    next: str
    planned_at: str
    started_at: str | None
    ended_at: str | None
    timezone: str
    rows: int
    counts: dict[str, int]
    parts: int
    encodings: dict[str, int]
    batches: int
    cost: float | None
    currency: str | None
    cost_note: str
    countries: list[CountryLine]
    hours: list[HourLine]
    variants: list[VariantLine]
    problems: list[ProblemLine]
    more_problems: bool
