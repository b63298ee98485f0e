"""A run's rows are counted as of one moment, whoever writes meanwhile."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from bulksender.model import Batch, Encoding, Outcome, RejectedRow, RowStatus

if TYPE_CHECKING:
    from conftest import Desk


def test_rows_are_counted_as_of_one_moment(desk: Desk) -> None:
    run = desk.plan(5)

    with desk.ledger.snapshot():
        assert run.counts() == {RowStatus.READY: 5}
        with closing(sqlite3.connect(desk.path, isolation_level=None)) as other:
            other.execute("UPDATE message SET status = 'REJECTED' WHERE row = 3")
        assert [found.status for found in run.results(3, 3)] == [RowStatus.READY]

    assert run.counts() == {RowStatus.READY: 4, RowStatus.REJECTED: 1}


def test_rows_are_counted_as_the_transaction_sees_them(desk: Desk) -> None:
    run = desk.plan(5)
    batch = Batch(run.id, 1, list(run.ready()))

    with run.together():
        run.claim(batch)
        assert run.counts() == {RowStatus.SENDING: 5}

    assert run.counts() == {RowStatus.SENDING: 5}


def test_pages_without_a_row_are_passed_over(desk: Desk) -> None:
    rows = [2, 3, 40_000, 70_001]
    refused = [RejectedRow(90_000, RowStatus.INVALID, "no number")]

    run = desk.plan([desk.message(row, parts=row % 3 + 1) for row in rows], refused)

    assert run.counts() == {RowStatus.READY: 4, RowStatus.INVALID: 1}
    assert run.planned() == {Encoding.GSM7: (4, 3 + 1 + 2 + 3)}


def test_what_another_run_has_to_settle_is_unknown_and_not_planned(desk: Desk) -> None:
    first = desk.plan(3)
    batch = Batch(first.id, 1, list(first.ready()))
    first.claim(batch)
    lost = [
        Outcome(message.row, RowStatus.UNKNOWN, detail="no answer") for message in batch.messages
    ]
    first.settle(batch, lost, [], "")

    second = desk.plan(4, again=False)

    assert first.counts() == {RowStatus.UNKNOWN: 3}
    assert first.planned() == {Encoding.GSM7: (3, 3)}
    assert second.counts() == {RowStatus.UNKNOWN: 3, RowStatus.READY: 1}
    assert second.planned() == {Encoding.GSM7: (1, 1)}
