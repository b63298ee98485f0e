"""A run's rows are counted as of one moment, whoever writes meanwhile."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bulksender.ledger import telling
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


@pytest.mark.parametrize("seed", range(20))
def test_every_row_is_counted_whatever_most_rows_are(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(telling, "CHUNK_ROWS", 7)
    run = desk.plan(100)
    chance = random.Random(seed)
    kinds = [
        (chance.choice(list(RowStatus)), chance.choice(list(Encoding)), chance.choice([1, 2]), own)
        for own in (None, 1, None, 1)
    ]
    kinds += [(RowStatus.UNKNOWN, Encoding.GSM7, 1, own) for own in (None, 1)]
    usual = [chance.choice(kinds) for _ in range(3)]
    rows = {row: chance.choice(usual if row % 4 else kinds) for row in range(2, 102)}
    with closing(sqlite3.connect(desk.path)) as other, other:
        other.executemany(
            "UPDATE message SET status = ?, encoding = ?, parts = ?, batch = ? WHERE row = ?",
            [(*kind, row) for row, kind in rows.items()],
        )

    assert run.counts() == Counter(status for status, *_ in rows.values())
    never = {RowStatus(name) for name in ("INVALID", "DUPLICATE", "OPTED_OUT", "ALREADY_SENT")}
    planned = [
        (encoding, parts)
        for status, encoding, parts, own in rows.values()
        if status not in never and not (status is RowStatus.UNKNOWN and own is None)
    ]
    assert run.planned() == {
        encoding: (
            sum(e is encoding for e, _ in planned),
            sum(p for e, p in planned if e is encoding),
        )
        for encoding in {encoding for encoding, _ in planned}
    }
