"""The guardrails: what a campaign's owner has laid down refuses a run before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from bulksender.errors import Refused
from bulksender.ledger import Ledger, Run, previous_run, texted_since
from bulksender.model import RowStatus
from bulksender.prices import Balance, Costs
from bulksender.rules import Guardrails


class GuardrailTripped(Refused):
    """One or several guardrails refuse the run; each is named with its numbers."""


def guard(
    run: Run,
    rules: Guardrails,
    history: Ledger,
    *,
    costs: Costs | None,
    balance: Balance | None = None,
    exported_at: datetime | None = None,
) -> None:
    """Raise GuardrailTripped where one of the rules refuses a planned run; it names all that do.

    `history` is the ledger of earlier runs, which may be another than the plan's own. `costs` are
    None where no prices are known, `balance` where the account is not prepaid or nobody could be
    asked, `exported_at` where nobody knows when the sheet was made.
    """
    tripped = [
        *_too_many(run, rules),
        *_too_dear(rules, costs),
        *_above_balance(costs, balance),
        *_too_broken(run, rules),
        *_too_different(run, rules, history),
        *_too_old(rules, history, exported_at),
        *_too_soon(run, rules, history),
    ]
    if tripped:
        raise GuardrailTripped(" ".join(tripped))


def planned_messages(run: Run) -> int:
    """How many messages a run was planned to send, or has sent."""
    return sum(rows for rows, _ in run.planned().values())


def _too_many(run: Run, rules: Guardrails) -> Iterator[str]:
    messages = planned_messages(run)
    if rules.max_recipients is not None and messages > rules.max_recipients:
        yield (
            f"{messages:,} people would be texted, more than max_recipients = "
            f"{rules.max_recipients:,}."
        )


def _too_dear(rules: Guardrails, costs: Costs | None) -> Iterator[str]:
    if rules.max_cost is None:
        return
    limit = f"max_cost = {rules.max_cost:,}"
    if costs is None:
        yield (
            f"{limit} cannot be kept: no prices are known. Name account.account (8x8's account id) "
            "or account.prices (a prices.csv)."
        )
    elif costs.unpriced:
        names = ", ".join(country or "numbers of no country" for country in costs.unpriced)
        yield f"{limit} cannot be kept: there is no price for {names}."
    else:
        for currency, (_, amount) in costs.totals.items():
            if amount > Decimal(str(rules.max_cost)):
                yield f"It may cost {money(amount)} {currency}, more than {limit}."
        if len(costs.totals) > 1:
            yield f"{limit} cannot be kept: the prices are in {', '.join(costs.totals)}."


def _above_balance(costs: Costs | None, balance: Balance | None) -> Iterator[str]:
    if costs is None or balance is None:
        return
    for currency, (_, amount) in costs.totals.items():
        if currency == balance.currency and amount > balance.amount:
            yield (
                f"It may cost {money(amount)} {currency}, and the account's balance is "
                f"{money(balance.amount)}. Top it up at 8x8."
            )


def _too_broken(run: Run, rules: Guardrails) -> Iterator[str]:
    if rules.max_invalid is None:
        return
    counts = run.counts()
    rows, bad = sum(counts.values()), counts.get(RowStatus.INVALID, 0)
    if bad * 100 > rules.max_invalid * rows:
        yield (
            f"{bad:,} of {rows:,} rows cannot be used ({_percent(bad, rows)}), more than "
            f"max_invalid = {rules.max_invalid:g} percent. Is it the right sheet?"
        )


def _too_different(run: Run, rules: Guardrails, history: Ledger) -> Iterator[str]:
    job = run.job
    if rules.max_change is None or job.campaign is None:
        return
    before = previous_run(history, job.campaign, job.period, job.pretended)
    if before is None:
        return
    then, now = planned_messages(before), planned_messages(run)
    if abs(now - then) * 100 > rules.max_change * then:
        more = "more" if now > then else "fewer"
        change = f" ({_percent(abs(now - then), then)} {more})" if then else ""
        yield (
            f"{now:,} people would be texted, and {then:,} were in {before.job.period}{change}: "
            f"more than max_change = {rules.max_change:g} percent. Is the export whole?"
        )


def _too_old(rules: Guardrails, history: Ledger, exported_at: datetime | None) -> Iterator[str]:
    if rules.max_age is None:
        return
    if exported_at is None:
        yield "Nobody says when the export was made, so max_age cannot be kept."
    elif history.clock() - exported_at > rules.max_age:
        yield (
            f"The export was made at {exported_at:%Y-%m-%d %H:%M} UTC, longer ago than max_age = "
            f"{_length(rules.max_age)}. Make a new one."
        )


def _too_soon(run: Run, rules: Guardrails, history: Ledger) -> Iterator[str]:
    if rules.min_gap is None:
        return
    messages = texted_since(run, history, history.clock() - rules.min_gap)
    if messages:
        yield (
            f"{messages:,} of these people were texted within min_gap = {_length(rules.min_gap)}, "
            "or are going to be."
        )


def money(amount: Decimal) -> str:
    """An amount for people: two digits behind the point, more where they say something."""
    rounded = amount.quantize(Decimal("0.01"))
    return f"{rounded:,}" if rounded == amount or amount >= 1 else f"{amount.normalize():,f}"


def _percent(part: int, whole: int) -> str:
    return f"{part * 100 / whole:.1f}%"


def _length(length: timedelta) -> str:
    """A length of time as it is written in a campaign's file."""
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if length >= timedelta(seconds=seconds) and not length.total_seconds() % seconds:
            return f"{length.total_seconds() / seconds:g}{unit}"
    return f"{length.total_seconds():g}s"
