"""From a run's content to what its template prints: words, figures, plots, rows of tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from math import fsum

from markupsafe import Markup
from msgspec import Struct

from bulksender.reporter.page import charts, words
from bulksender.reporter.page.charts import Bar, Piece, Slot
from bulksender.reporter.page.content import CountryLine, PageContent, VariantLine
from bulksender.reporter.page.states import (
    TONES,
    State,
    Tone,
    accepted,
    in_order,
    problems,
    state_of,
)

MOST_COUNTRIES = 12
"""How many countries are drawn; the others are one bar together, and all are in the table."""


class Moment(Struct, frozen=True):
    """A time: as it came, for `datetime`, and as it is shown."""

    iso: str
    shown: str


class StateRow(Struct, frozen=True):
    """A line of the table of states."""

    status: str
    state: State
    rows: int
    share: str


class Total(Struct, frozen=True):
    """What all countries make together; no amount where none is known, or in two currencies."""

    messages: int
    parts: int
    amount: float | None
    currency: str | None
    without: int


class ProblemRow(Struct, frozen=True):
    """A line of the table of problems."""

    status: str
    state: State
    detail: str
    rows: int
    first: str


class View(Struct, frozen=True, kw_only=True):
    """Everything beside the content itself that the template prints."""

    outcome: str
    tone: Tone
    provider: str
    period: str
    accepted: int
    problems: int
    longest_figure: float
    zone: str
    planned: Moment
    started: Moment | None
    ended: Moment | None
    took: str
    states: list[StateRow]
    states_plot: Markup
    countries_plot: Markup
    priced: bool
    price_digits: int
    total: Total
    hours_plot: Markup
    hours_by_day: bool
    variants_plot: Markup
    variant_statuses: list[str]
    legend: list[tuple[Tone, str]]
    problem_rows: list[ProblemRow]


def view_of(content: PageContent) -> View:
    """What the page of this run shows."""
    name, where = words.zone(content.timezone)
    slots, by_day = charts.slots(content.hours)
    prices = [price for line in content.countries for price in (line.lowest, line.dearest)]
    amounts = [line.amount for line in content.countries]
    tones = {state_of(status).tone for line in content.variants for status in line.counts}
    return View(
        outcome=words.redacted(content.outcome),
        tone=_tone(content),
        provider="the simulator" if content.rehearsal else "8x8",
        period=words.period(content.period) if content.period else "",
        accepted=accepted(content.counts),
        problems=problems(content.counts),
        longest_figure=_longest_figure(content),
        zone=name,
        planned=_moment(content.planned_at, where),
        started=_moment(content.started_at, where) if content.started_at else None,
        ended=_moment(content.ended_at, where) if content.ended_at else None,
        took=_took(content, where),
        states=_states(content),
        states_plot=_states_plot(content),
        countries_plot=_countries_plot(content.countries),
        priced=any(known is not None for known in [*prices, *amounts]),
        price_digits=words.price_digits(prices),
        total=_total(content.countries),
        hours_plot=_hours_plot(slots, by_day),
        hours_by_day=by_day,
        variants_plot=_variants_plot(content),
        variant_statuses=_variant_statuses(content.variants),
        legend=[(tone, said) for tone, said in TONES.items() if tone in tones],
        problem_rows=_problem_rows(content),
    )


def country_label(line: CountryLine) -> str:
    """A country's name, its code where there is no name, or that it is not known."""
    return line.name or line.country or "Not known"


def _tone(content: PageContent) -> Tone:
    """The colour of the outcome: the gravest thing that has happened."""
    here = {state_of(status).tone for status, rows in content.counts.items() if rows}
    worst: tuple[Tone, ...] = ("unsure", "bad", "wait", "good")
    return next((tone for tone in worst if tone in here), "off")


def _longest_figure(content: PageContent) -> float:
    """How wide the widest of the big figures is, in digits; all are set in one size."""
    cost = "" if content.cost is None else words.money(content.cost, None)
    unit = 0.75 * len(content.currency or "") if cost else 0.0
    counts = (accepted(content.counts), problems(content.counts), content.parts)
    return max(len(cost) + unit, *(len(words.count(number)) for number in counts))


def _moment(iso: str, where: tzinfo) -> Moment:
    read = words.moment(iso, where)
    return Moment(iso, iso) if read is None else Moment(iso, words.day_and_time(read))


def _took(content: PageContent, where: tzinfo) -> str:
    began: datetime | None = words.moment(content.started_at or "", where)
    ended = words.moment(content.ended_at or "", where)
    return words.duration(ended - began) if began and ended else ""


def _states(content: PageContent) -> list[StateRow]:
    return [
        StateRow(status, state_of(status, content.rehearsal), rows, words.share(rows, content.rows))
        for status, rows in in_order(content.counts)
    ]


def _states_plot(content: PageContent) -> Markup:
    drawn = [_plain_bar(row.state.short, row.rows, row.state.tone) for row in _states(content)]
    return charts.bars(_read_out("Rows by state", drawn), drawn)


def _countries_plot(lines: Sequence[CountryLine]) -> Markup:
    ordered = sorted(lines, key=lambda line: -line.messages)
    shown = ordered if len(ordered) <= MOST_COUNTRIES + 1 else ordered[:MOST_COUNTRIES]
    drawn = [_plain_bar(country_label(line), line.messages, "good") for line in shown]
    if others := ordered[len(shown) :]:
        messages = sum(line.messages for line in others)
        drawn.append(_plain_bar(f"{len(others)} others", messages, "off"))
    return charts.bars(_read_out("Messages by country", drawn), drawn)


def _plain_bar(name: str, amount: int, tone: Tone) -> Bar:
    return Bar(name, f"{amount:,}", (Piece(amount, tone, f"{name}: {amount:,}"),))


def _total(lines: Sequence[CountryLine]) -> Total:
    priced = [line for line in lines if line.amount is not None]
    currencies = {line.currency for line in priced}
    return Total(
        messages=sum(line.messages for line in lines),
        parts=sum(line.parts for line in lines),
        amount=fsum(line.amount or 0.0 for line in priced) if len(currencies) == 1 else None,
        currency=currencies.pop() if len(currencies) == 1 else None,
        without=len(lines) - len(priced) if priced else 0,
    )


def _hours_plot(slots: Sequence[Slot], by_day: bool) -> Markup:
    if not slots:
        return Markup("")
    highest = max(slots, key=lambda slot: slot.messages)
    first, last = (charts.when(slot.begin, by_day) for slot in (slots[0], slots[-1]))
    label = (
        f"Messages by {'day' if by_day else 'hour'}, from {first} to {last}; the most, "
        f"{highest.messages:,}, on {charts.when(highest.begin, by_day)}"
    )
    return charts.columns(label, slots, by_day)


def _problem_rows(content: PageContent) -> list[ProblemRow]:
    return [
        ProblemRow(
            found.status,
            state_of(found.status, content.rehearsal),
            words.reason(found.detail),
            found.rows,
            words.first_rows(found.first, found.rows),
        )
        for found in content.problems
    ]


def _variants_plot(content: PageContent) -> Markup:
    drawn = []
    for line in content.variants:
        rows: dict[Tone, int] = {}
        for status, number in line.counts.items():
            tone = state_of(status).tone
            rows[tone] = rows.get(tone, 0) + number
        pieces = tuple(
            Piece(rows[tone], tone, f"{line.name}, {said}: {rows[tone]:,}")
            for tone, said in TONES.items()
            if tone in rows
        )
        drawn.append(Bar(line.name, f"{line.messages:,}", pieces))
    return charts.bars(_read_out("Messages by text", drawn), drawn)


def _variant_statuses(lines: Sequence[VariantLine]) -> list[str]:
    together: dict[str, int] = {}
    for line in lines:
        for status, rows in line.counts.items():
            together[status] = together.get(status, 0) + rows
    return [status for status, _ in in_order(together)]


def _read_out(what: str, drawn: Sequence[Bar]) -> str:
    """What is read out instead of a plot."""
    return f"{what}: " + ", ".join(f"{bar.name} {bar.value}" for bar in drawn)
