"""A run in numbers: what `--json` prints, and the same in lines for people."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from bulksender.ledger import Group, Run
from bulksender.model import Encoding, Message, RowStatus
from bulksender.notices import Notice
from bulksender.prices import Costs

MOST_PROBLEMS = 100


class Cost(Struct, frozen=True):
    """What a run costs."""

    amount: float
    currency: str


class Problem(Struct, frozen=True):
    """A row that did not go out as it should."""

    row: int
    status: str
    detail: str


class Summary(Struct, frozen=True, kw_only=True):
    """The object that `--json` prints. `parts` are SMS parts planned; `seconds` wall time."""

    run: str | None
    campaign: str | None
    sheet: str
    output: str | None
    rows: int
    counts: dict[str, int]
    batches: int
    parts: int
    encodings: dict[str, int]
    cost: Cost | None
    seconds: float
    rows_per_second: float
    problems: list[Problem]


class Details(Struct, frozen=True):
    """What people see beside the numbers: grouped problems, notes, notices, the first messages.

    `more_problems` and `more_notes` say that there are other groups than those listed.
    """

    problems: list[Group]
    notes: list[Group]
    previews: list[Message]
    notices: tuple[Notice, ...] = ()
    more_problems: bool = False
    more_notes: bool = False


def summarise(run: Run, *, seconds: float, output: Path | None = None) -> Summary:
    """A run's summary; a plan that is only looked at has no id."""
    counts = run.counts()
    rows = sum(counts.values())
    planned = run.planned()
    return Summary(
        run=run.id if run.kept else None,
        campaign=run.job.campaign,
        sheet=run.job.sheet.path,
        output=str(output) if output else None,
        rows=rows,
        counts={status.value: counts[status] for status in RowStatus if status in counts},
        batches=run.batches(),
        parts=sum(parts for _, parts in planned.values()),
        encodings={name.value: planned.get(name, (0, 0))[0] for name in Encoding},
        cost=_cost(run.costs),
        seconds=round(seconds, 3),
        rows_per_second=round(rows / seconds, 1) if seconds > 0 else 0.0,
        problems=[Problem(*found) for found in run.problems(MOST_PROBLEMS)],
    )


def _cost(costs: Costs | None) -> Cost | None:
    """The most that it costs; None where a price is missing, or there are several currencies."""
    if costs is None or costs.amount is None or costs.currency is None:
        return None
    return Cost(float(costs.amount), costs.currency)


def details(run: Run, most: int = 8) -> Details:
    """The commonest problems and notes, and three previews."""
    problems, notes = run.problem_groups(most + 1), run.notes(most + 1)
    return Details(
        problems[:most],
        notes[:most],
        run.previews(3),
        run.notices,
        more_problems=len(problems) > most,
        more_notes=len(notes) > most,
    )
