"""A run as it is told: counts, problems, batches, and each row's result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from heapq import nsmallest
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from bulksender.errors import LedgerError, Refused
from bulksender.ledger import sql
from bulksender.ledger.records import (
    Attempt,
    BatchLine,
    BatchState,
    Group,
    Inquiry,
    Result,
    RunState,
)
from bulksender.model import CHUNK_ROWS, Encoding, Message, RowStatus
from bulksender.notices import MOST_ROWS, Notice
from bulksender.prices import Costs
from bulksender.rules import variant_of
from bulksender.settings import Job
from bulksender.source import SheetFacts

if TYPE_CHECKING:
    from bulksender.ledger.store import Ledger

ResultColumns = Sequence[Sequence[Any]]
"""The fields of several Results, each of them for all."""


class Telling:
    """What a run's rows of the ledger say; nothing here changes them."""

    def __init__(self, ledger: Ledger, found: Any):
        self._ledger = ledger
        self.no: int = found.no
        self.id: str = found.id
        self.created_at: str = found.created_at
        self.state = RunState(found.state)
        self.job: Job = msgspec.json.decode(found.job, type=Job)
        self.hash: str | None = found.hash
        self.old_hash: str | None = None  # of schema 1, once this process has planned the run
        self._facts: str | None = found.facts
        self.approved_at: str | None = found.approved_at
        self.ended_at: str | None = found.ended_at
        self.parent: str | None = found.parent
        self.purged_at: str | None = found.purged_at
        self.consent_at: str | None = found.consent_at
        self.last_end = ""  # when this process last recorded that a batch had ended
        self._tallied: tuple[object, Sequence[Any]] | None = None
        self.notices: tuple[Notice, ...] = ()
        """What planning has noticed; they may show a number, and are not kept."""
        self.costs: Costs | None = found.costs and msgspec.json.decode(found.costs, type=Costs)
        """What it was reckoned to cost; None where no prices are known."""

    @property
    def kept(self) -> bool:
        """Whether the run can be named later; a plan that is only looked at cannot."""
        return self._ledger.kept

    @property
    def ledger(self) -> Ledger:
        """The ledger that it is in."""
        return self._ledger

    @property
    def ledger_path(self) -> Path:
        """The ledger's file."""
        return self._ledger.path

    def writes_of_others(self) -> int:
        """What differs once another process has written to the ledger."""
        with self._ledger.reading():
            return self._ledger.writes_of_others()

    @property
    def facts(self) -> SheetFacts:
        """What was found in the sheet. Raises LedgerError where planning never ended."""
        if self._facts is None:
            raise LedgerError(f"Run {self.id} was never planned to its end; nothing was sent.")
        return msgspec.json.decode(self._facts, type=SheetFacts)

    def refuse_purged(self) -> None:
        """Raise Refused where the run's texts and numbers were removed."""
        if self.purged_at is not None:
            raise Refused(
                f"The texts and numbers of run {self.id} were removed on {self.purged_at[:10]}; "
                f"its counts are left: bulksender show {self.id}"
            )

    def counts(self) -> dict[RowStatus, int]:
        """Status → rows, for the states that occur."""
        counts: dict[RowStatus, int] = {}
        for status, _, rows, _ in self._tally():
            known = RowStatus.UNKNOWN if status == _HELD else RowStatus(status)
            counts[known] = counts.get(known, 0) + rows
        return counts

    def planned(self) -> dict[Encoding, tuple[int, int]]:
        """Encoding → (rows, SMS parts) of what was planned to go out."""
        planned: dict[Encoding, tuple[int, int]] = {}
        for status, name, rows, parts in self._tally():
            if name and status not in _NEVER_PLANNED:
                before = planned.get(Encoding(name), (0, 0))
                planned[Encoding(name)] = before[0] + rows, before[1] + parts
        return planned

    def _tally(self) -> Sequence[Any]:
        """(state, encoding, rows, parts), in the words of STATES.

        Every row is looked at, so it is kept until something changes.
        """
        tallied = self._kept_tally()
        if tallied is None:
            with self._ledger.snapshot():
                version = self._ledger.version()
                tallied = [*self._counted(), *self._tuples(sql.PURGED_STATES, (self.no,))]
            self._tallied = version, tallied
        return tallied

    def _counted(self) -> list[tuple[str, str, int, int]]:
        highest = self._all(sql.HIGHEST_OWN_ROW, self.no)[0][0]
        said: Counter[str] = Counter()
        usual = ""  # what most rows are, so far
        for first, last in _pages(highest):
            place = {"run": self.no, "first": first, "last": last, **_state(usual)}
            [(rows, others)] = self._tuples(sql.STATES, place)
            unlike = others.split(",") if others else []
            said.update(unlike)
            said[usual] += rows - len(unlike)
            usual = max(said, key=said.__getitem__)
        return [
            (state["status"], state["encoding"], rows, rows * state["parts"])
            for state, rows in ((_state(words), rows) for words, rows in said.items() if rows)
        ]

    def _kept_tally(self) -> Sequence[Any] | None:
        """The same, where it is known and nothing has changed."""
        if self._tallied is None or self._tallied[0] != self._ledger.version():
            return None
        return self._tallied[1]

    def problems(self, most: int) -> list[tuple[int, str, str]]:
        """(row, status, detail) of the first rows that did not go out as they should."""
        return [
            (row, status, detail) for row, status, detail in self._all(sql.PROBLEMS, self.no, most)
        ]

    def problem_groups(self, most: int) -> list[Group]:
        """The problems, the commonest first."""
        return [_group(*found) for found in self._all(sql.PROBLEM_GROUPS, self.no, most)]

    def notes(self, most: int) -> list[Group]:
        """What is worth knowing about rows that go out: what forced them into UCS-2."""
        return [_group("", *found) for found in self._all(sql.NOTES, self.no, most)]

    def oddities(self) -> Iterator[tuple[int, int, int]]:
        """(row, oddities, saving) of the rows that go out and have any."""
        yield from map(tuple, self._all(sql.ODDITIES, self.no))

    def batches(self) -> int:
        """How many batches left, but for those that were certainly not accepted."""
        statement = "SELECT count(*) FROM batch WHERE run = ? AND state <> 'NOT_ACCEPTED'"
        return int(self._all(statement, self.no)[0][0])

    def previews(self, most: int) -> list[Message]:
        """The first messages that would go out."""
        return self._ready_after(0, most)

    def _ready_after(self, row: int, most: int, due: str | None = None) -> list[Message]:
        """Messages that are still to be sent, of the first rows behind `row`.

        Those that are `due` at one time ("": at once); None takes all.
        """
        statement = sql.READY_PAGE
        if due is not None:
            statement = sql.DUE_PAGE if due else sql.AT_ONCE_PAGE
        values = (self.no, row, due, most) if due else (self.no, row, most)
        *planned, attempts = self._columns(statement, values, _READY)
        return [*map(Message, *planned, repeat(0), repeat(0), attempts, repeat(due or ""))]

    def outcomes(self) -> Iterator[Result]:
        """Every row's result, in the sheet's order; read a page at a time.

        Of a run whose rows were tried again, or that tries some again, each row's latest result.
        """
        for columns in self.result_pages():
            yield from map(Result, *columns)

    def results(self, first: int, last: int) -> list[Result]:
        """The latest results of the rows `first` to `last`."""
        return [*map(Result, *self._result_columns(first, last))]

    def result_pages(
        self, before_each: Callable[[int, int], None] | None = None
    ) -> Iterator[ResultColumns]:
        """What `outcomes` yields, up to 10,000 rows at a time, as the columns of their Results.

        `before_each` is called with a page's first and last row before it is read.
        """
        highest = self._all(sql.HIGHEST_ROW, {"family": self.family_json()})[0][0]
        for first, last in _pages(highest):
            if before_each is not None:
                before_each(first, last)
            columns = self._result_columns(first, last)
            if columns[0]:
                yield columns

    def waits_between(self, first: int, last: int) -> bool:
        """Whether a row from `first` to `last` is still to be sent, or on its way."""
        return bool(self._all(sql.WAITS_BETWEEN, {"run": self.no, "first": first, "last": last}))

    def _result_columns(self, first: int, last: int) -> ResultColumns:
        columns = self._plain_result_columns(first, last)
        if not self.job.variants:
            return columns
        variants = [
            variant_of(number, self.job.variants).name if number else "" for number in columns[4]
        ]
        return [*columns, variants]

    def _plain_result_columns(self, first: int, last: int) -> ResultColumns:
        """The same without variants."""
        place: dict[str, Any] = {"first": first, "last": last}
        if len(self.family()) > 1:
            found = self._tuples(sql.RESULT_PAGE, place | {"family": self.family_json()})
            columns = list(zip(*found, strict=True)) or [()] * _PLAIN_FIELDS
            rows, umids, statuses, *others = columns
            return [rows, umids, [*map(_STATUSES.__getitem__, statuses)], *others]
        place["run"] = self.no
        *known, numbers = self._columns(sql.RESULT_PAGE_ALONE, place, _RESULTS)
        sent = {number for number in numbers if number is not None} or {0}
        ids: dict[int | None, str] = {None: ""}
        times: dict[int | None, str] = {None: ""}
        between = (self.no, min(sent), max(sent))
        for number, batch_id, claimed_at in self._tuples(sql.BATCH_IDS, between):
            ids[number], times[number] = batch_id, claimed_at
        return [
            *known,
            [*map(ids.__getitem__, numbers)],
            [*map(times.__getitem__, numbers)],
            [self.id] * len(numbers),
        ]

    def family(self) -> list[str]:
        """The ids of all runs that are about the same rows, the first one first.

        They are the tries again of one run, and theirs; those that nobody approved do not count.
        """
        return [found.id for found in self._all(sql.FAMILY, {"run": self.no})]

    def first_of_family(self) -> int:
        """The number of the first of them."""
        return int(self._all(sql.FAMILY, {"run": self.no})[0].no)

    def family_json(self) -> str:
        """The numbers of the same runs, as the statements take them."""
        numbers = [found.no for found in self._all(sql.FAMILY, {"run": self.no})]
        return msgspec.json.encode(numbers).decode()

    def batch_lines(self) -> Iterator[BatchLine]:
        """Every batch with its attempts, in order."""
        attempts: dict[int, list[Attempt]] = {}
        for batch, *attempt in self._all(sql.ATTEMPTS, self.no):
            attempts.setdefault(batch, []).append(Attempt(*attempt))
        for number, state, *line in self._all(sql.BATCHES, self.no):
            yield BatchLine(number, BatchState(state), tuple(attempts.get(number, ())), *line)

    def inquiries(self) -> list[Inquiry]:
        """The looks into 8x8's log, in order."""
        return [Inquiry(*found) for found in self._all(sql.INQUIRIES, self.no)]

    def _columns(
        self, statement: str, values: Any, kinds: Sequence[msgspec.json.Decoder[Any]]
    ) -> list[Any]:
        """The columns of a statement that makes a JSON array of each."""
        [found] = self._tuples(statement, values)
        return [kind.decode(column) for kind, column in zip(kinds, found, strict=True)]

    def _tuples(self, statement: str, values: Any) -> Sequence[Any]:
        """All rows of a statement, as the driver's own tuples."""
        with self._ledger.reading() as connection:
            return connection.exec_driver_sql(statement, values).cursor.fetchall()

    def _all(self, statement: str, *values: Any) -> Sequence[Any]:
        """All rows of a statement, with its values in order or as one dict of names."""
        named = len(values) == 1 and isinstance(values[0], dict)
        with self._ledger.reading() as connection:
            return connection.exec_driver_sql(statement, values[0] if named else values).all()


def _pages(highest: int) -> Iterator[tuple[int, int]]:
    """The first and last row of each page of the rows up to `highest`."""
    for first in range(1, highest + 1, CHUNK_ROWS):
        yield first, first + CHUNK_ROWS - 1


def _state(words: str) -> dict[str, Any]:
    """The status, encoding and parts of a word of STATES; of none, what no row has."""
    status, encoding, parts = words.split(" ") if words else ("", "", "0")
    return {"status": status, "encoding": encoding, "parts": int(parts)}


_HELD = "HELD"
_NEVER_PLANNED = frozenset({_HELD, "INVALID", "DUPLICATE", "OPTED_OUT", "ALREADY_SENT"})
_PLAIN_FIELDS = Result._fields.index("variant")
_STATUSES = {status.value: status for status in RowStatus}

_WORDS, _NUMBERS = msgspec.json.Decoder(list[str]), msgspec.json.Decoder(list[int])
_ENCODINGS = msgspec.json.Decoder(list[Encoding])
_READY = (_NUMBERS, _WORDS, _WORDS, _NUMBERS, _ENCODINGS, _WORDS, _WORDS, _NUMBERS)
"""What the columns of READY_PAGE hold."""
_RESULTS = (
    *(_NUMBERS, _WORDS, msgspec.json.Decoder(list[RowStatus]), _WORDS, _WORDS, _NUMBERS, _WORDS),
    msgspec.json.Decoder(list[int | None]),
)
"""What those of RESULT_PAGE_ALONE hold."""


def _group(status: str, detail: str, rows: int, numbers: str) -> Group:
    first = nsmallest(MOST_ROWS, map(int, numbers.split(",")))
    return Group(status, detail, rows, tuple(first))
