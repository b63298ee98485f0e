"""A run's report as one page, from what the ledger says of it."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

from bulksender import delivering
from bulksender.errors import ReportError
from bulksender.ledger import Run
from bulksender.model import ACCEPTED, RowStatus
from bulksender.prices import CountryCost
from bulksender.pricing import parts_by_country
from bulksender.regions import country_name
from bulksender.reporter import Summary
from bulksender.reporter.page import (
    CountryLine,
    HourLine,
    PageContent,
    ProblemLine,
    VariantLine,
    write_page,
)

MOST_PROBLEMS = 30
"""How many kinds of problems the page lists."""


def write_run_page(
    run: Run, summary: Summary, path: Path, *, outcome: str = "", following: str = ""
) -> Path:
    """Write a run's page to `path`, whose folder is made; returns where it went.

    `outcome` is a sentence for people, made of the counts where it is blank; `following` the
    command to type next. Raises ReportError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(
            f"The report page could not be written to {path}: {error.strerror}."
        ) from error
    write_page(content_of(run, summary, outcome or outcome_of(run), following), path)
    return path


def outcome_of(run: Run) -> str:
    """How a run stands, in a sentence for the sheet's owner."""
    counts = run.counts()
    accepted = sum(counts.get(status, 0) for status in ACCEPTED - {RowStatus.CANCELLED})
    planned = sum(rows for rows, _ in run.planned().values())
    who = "The simulator" if run.job.pretended else "8x8"
    if not planned:
        return "There was nobody to text."
    all_of_them = f"all {planned:,} messages" if planned > 1 else "the one message"
    some = f"{accepted:,} of {planned:,} messages"
    said = f"{who} accepted {all_of_them if accepted == planned else some}."
    others = {
        RowStatus.REJECTED: "rejected",
        RowStatus.UNKNOWN: "not known to be sent or not",
        RowStatus.CANCELLED: "cancelled",
        RowStatus.READY: "waiting still",
    }
    more = [f"{counts[status]:,} {what}" for status, what in others.items() if status in counts]
    return f"{said} The others: {', '.join(more)}." if more else said


def content_of(run: Run, summary: Summary, outcome: str, following: str) -> PageContent:
    """What the page says of a run."""
    job = run.job
    problems = run.problem_groups(MOST_PROBLEMS + 1)
    costs = run.costs
    return PageContent(
        title=job.campaign or Path(job.sheet.path).name,
        period=job.period or None,
        run=run.id,
        sheet=job.sheet.path,
        output=summary.output,
        rehearsal=job.pretended,
        outcome=outcome,
        next=following,
        planned_at=run.created_at,
        started_at=run.approved_at,
        ended_at=run.ended_at,
        timezone=job.timezone,
        rows=summary.rows,
        counts=summary.counts,
        parts=summary.parts,
        encodings=summary.encodings,
        batches=summary.batches,
        cost=summary.cost.amount if summary.cost else None,
        currency=summary.cost.currency if summary.cost else None,
        cost_note="" if costs is None else "by the dearest operator of each country",
        countries=_countries(run),
        hours=[HourLine(each.hour, each.messages) for each in delivering.hours(run)],
        variants=_variants(run),
        problems=[ProblemLine(*group) for group in problems[:MOST_PROBLEMS]],
        more_problems=len(problems) > MOST_PROBLEMS,
    )


def _countries(run: Run) -> list[CountryLine]:
    if run.costs is not None:
        return [_country(line) for line in run.costs.lines]
    counted = parts_by_country(run)
    lines = [
        CountryCost(country, messages, parts, None, None, None)
        for country, (messages, parts) in counted.items()
    ]
    return [_country(line) for line in sorted(lines, key=lambda line: -line.messages)]


def _country(line: CountryCost) -> CountryLine:
    price = line.price
    return CountryLine(
        country=line.country,
        name=country_name(line.country),
        messages=line.messages,
        parts=line.parts,
        lowest=_number(price.lowest if price else None),
        dearest=_number(price.dearest if price else None),
        amount=_number(line.amount),
        currency=price.currency if price else None,
    )


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _variants(run: Run) -> list[VariantLine]:
    if not run.job.variants:
        return []
    counted: Counter[tuple[str, str]] = Counter()
    for columns in run.result_pages():
        statuses, encodings, variants = columns[2], columns[6], columns[-1]
        counted.update(
            (variant, status.value)
            for variant, status, encoding in zip(variants, statuses, encodings, strict=True)
            if encoding
        )
    lines = []
    for each in run.job.variants:
        counts = {status: rows for (name, status), rows in counted.items() if name == each.name}
        lines.append(VariantLine(each.name, sum(counts.values()), counts))
    return lines
