"""The suppression list in the ledger: who is on it, since when, and which rows it leaves out."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from ledger_steps import START, Clock, claimed, lost, purged_all, queued

from bulksender.errors import LedgerError
from bulksender.ledger import (
    Ledger,
    Scheduled,
    Suppressed,
    anything_suppressed,
    forget,
    iso,
    scheduled_to,
    suppress,
    suppressed,
    suppressed_among,
    unsuppress,
)
from bulksender.ledger.suppression import LEAVE_OUT_SUPPRESSED, LONGEST_SOURCE
from bulksender.model import RejectedRow, RowStatus

if TYPE_CHECKING:
    from conftest import Desk

    from bulksender.ledger import Run

ADA, BOB, CEM = "+6591234567", "+6591234568", "+6591234569"
AT = iso(START)


def leave_out(desk: Desk, run: Run) -> int:
    with desk.ledger.transaction() as connection:
        return connection.exec_driver_sql(LEAVE_OUT_SUPPRESSED, {"run": run.no}).rowcount


def number_of(desk: Desk, row: int) -> str:
    return desk.message(row).destination


def test_a_new_ledger_has_an_empty_list(desk: Desk) -> None:
    assert not anything_suppressed(desk.ledger)
    assert list(suppressed(desk.ledger)) == []
    assert suppressed_among(desk.ledger, [ADA, BOB]) == {}


def test_numbers_are_put_on_the_list_once_with_their_first_source_and_date(
    timed: Desk, clock: Clock
) -> None:
    assert suppress(timed.ledger, [BOB, ADA, BOB], "typed") == 2
    clock.wait(days=1)
    assert suppress(timed.ledger, iter([ADA, CEM]), "STOP reply") == 1
    assert anything_suppressed(timed.ledger)
    assert list(suppressed(timed.ledger)) == [
        Suppressed(ADA, "typed", AT),
        Suppressed(BOB, "typed", AT),
        Suppressed(CEM, "STOP reply", iso(START + timedelta(days=1))),
    ]


def test_a_date_may_be_given_and_the_newest_stands_last(timed: Desk) -> None:
    earlier = iso(START - timedelta(days=30))
    assert suppress(timed.ledger, [ADA], "typed") == 1
    assert suppress(timed.ledger, [BOB], "STOP reply", earlier) == 1
    assert [(line.number, line.added_at) for line in suppressed(timed.ledger)] == [
        (BOB, earlier),
        (ADA, AT),
    ]


def test_numbers_are_taken_off_the_list(desk: Desk) -> None:
    suppress(desk.ledger, [ADA, BOB], "typed")
    assert unsuppress(desk.ledger, [CEM]) == 0
    assert unsuppress(desk.ledger, iter([BOB, CEM, BOB])) == 1
    assert [line.number for line in suppressed(desk.ledger)] == [ADA]
    assert unsuppress(desk.ledger, [ADA]) == 1
    assert not anything_suppressed(desk.ledger)


def test_nothing_to_add_or_to_remove_is_nothing(desk: Desk) -> None:
    assert suppress(desk.ledger, [], "typed") == 0
    assert unsuppress(desk.ledger, []) == 0
    assert not anything_suppressed(desk.ledger)


def test_a_long_list_comes_whole_page_by_page(desk: Desk) -> None:
    numbers = [f"+65{number}" for number in range(91_230_000, 91_255_000)]
    assert suppress(desk.ledger, reversed(numbers), "sheet a.csv") == 25_000
    assert suppress(desk.ledger, numbers, "sheet b.csv") == 0
    assert [line.number for line in suppressed(desk.ledger)] == numbers
    assert unsuppress(desk.ledger, numbers[:20_000]) == 20_000
    assert [line.number for line in suppressed(desk.ledger)] == numbers[20_000:]


def test_of_ten_thousand_numbers_those_on_the_list_are_told(timed: Desk) -> None:
    numbers = [f"+65{number}" for number in range(91_230_000, 91_240_000)]
    suppress(timed.ledger, [*numbers[::100], "+6581234567"], "typed")
    found = suppressed_among(timed.ledger, numbers)
    assert found == {number: Suppressed(number, "typed", AT) for number in numbers[::100]}
    assert suppressed_among(timed.ledger, ["+6581234568"]) == {}
    assert suppressed_among(timed.ledger, []) == {}


def test_a_list_that_cannot_be_added_whole_is_not_added_at_all(desk: Desk) -> None:
    numbers = [f"+65{number}" for number in range(91_230_000, 91_255_000)]
    refusal = f"WHEN new.number = '{numbers[-1]}' BEGIN SELECT RAISE(ABORT, 'no room'); END"
    desk.query(f"CREATE TRIGGER refusing BEFORE INSERT ON suppression {refusal}")
    with pytest.raises(LedgerError, match="no room") as raised:
        suppress(desk.ledger, numbers, "sheet a.csv")
    assert "9123" not in str(raised.value) + str(raised.value.__cause__)
    assert not anything_suppressed(desk.ledger)
    assert suppress(desk.ledger, numbers[:-1], "sheet a.csv") == 24_999


def test_a_locked_ledger_is_said_to_be_locked(desk: Desk) -> None:
    with (
        Ledger(desk.path, patience=0.05) as other,
        closing(sqlite3.connect(desk.path, isolation_level=None)) as writer,
    ):
        writer.execute("BEGIN IMMEDIATE").close()
        for change in (lambda: suppress(other, [ADA], "typed"), lambda: unsuppress(other, [ADA])):
            with pytest.raises(LedgerError, match="locked"):
                change()
        writer.execute("ROLLBACK").close()
        assert suppress(other, [ADA], "typed") == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  sheet\tstops\r\n.csv ", "sheet stops .csv"),
        ("bell\x07 and \udcff", "bell and"),
        ("Namen mit ü, 名", "Namen mit ü, 名"),
        ("x" * 500, "x" * LONGEST_SOURCE),
    ],
)
def test_a_source_is_kept_on_one_line(desk: Desk, given: str, kept: str) -> None:
    suppress(desk.ledger, [ADA], given)
    assert [line.source for line in suppressed(desk.ledger)] == [kept]


def test_rows_that_would_go_out_to_numbers_on_the_list_are_left_out(timed: Desk) -> None:
    invalid = RejectedRow(30, RowStatus.INVALID, "too short", number_of(timed, 2))
    run, other = timed.plan(6, [invalid]), timed.plan(3)
    queued(run, 4)
    lost(run, 5)
    suppress(timed.ledger, [number_of(timed, row) for row in (2, 3, 4, 5)], "sheet stops.csv")
    [(_, listed), *_] = suppressed_among(timed.ledger, [number_of(timed, 2)]).items()

    assert leave_out(timed, run) == 2
    assert leave_out(timed, run) == 0

    rows = timed.rows(run)
    said = "on the suppression list since 2026-03-02 (sheet stops.csv)"
    assert {row: result.status.value for row, result in rows.items()} == {
        2: "OPTED_OUT", 3: "OPTED_OUT", 4: "QUEUED", 5: "UNKNOWN", 6: "READY", 7: "READY",
        30: "INVALID",
    }  # fmt: skip
    assert rows[2].detail == rows[3].detail == said == listed.why
    assert rows[2].destination == number_of(timed, 2)
    assert rows[30].detail == "too short"
    assert [message.row for message in run.ready()] == [6, 7]
    assert timed.counts(other) == {"READY": 3}


def test_an_empty_list_leaves_nobody_out(desk: Desk) -> None:
    run = desk.plan(5)
    assert leave_out(desk, run) == 0
    assert desk.counts(run) == {"READY": 5}


def test_messages_that_8x8_is_to_send_later_are_counted_by_run(timed: Desk, clock: Clock) -> None:
    later = iso(START + timedelta(hours=2))
    first, at_once = timed.plan(6, scheduled=later), timed.plan(4)
    second, rehearsal = (
        timed.plan(4, scheduled=later),
        timed.plan(4, scheduled=later, simulate=True),
    )
    for run in (first, at_once, second, rehearsal):
        queued(run, 2, 3)
    lost(first, 4)
    claimed(first, 5)
    numbers = [number_of(timed, row) for row in (2, 4, 5, 6)]

    assert scheduled_to(timed.ledger, numbers) == [Scheduled(first.id, 1), Scheduled(second.id, 1)]
    both = [*numbers, number_of(timed, 3)]
    assert scheduled_to(timed.ledger, both) == [Scheduled(first.id, 2), Scheduled(second.id, 2)]
    assert scheduled_to(timed.ledger, [ADA]) == []
    assert scheduled_to(timed.ledger, []) == []
    clock.wait(hours=2)
    assert scheduled_to(timed.ledger, both) == [], "they have gone"


def test_who_is_forgotten_in_all_runs_stays_on_the_list(timed: Desk, clock: Clock) -> None:
    run = timed.plan(3)
    queued(run)
    run.end()
    number = number_of(timed, 2)
    suppress(timed.ledger, [number], "STOP reply")
    assert forget(timed.ledger, number).rows == 1
    assert purged_all(timed, clock).runs == 1
    assert list(suppressed(timed.ledger)) == [Suppressed(number, "STOP reply", AT)]


def test_a_ledger_of_version_2_gets_an_empty_list(desk: Desk) -> None:
    run = desk.plan(3)
    desk.ledger.close()
    desk.query("DROP TABLE suppression")
    desk.query("PRAGMA user_version = 2")
    desk.ledger = Ledger(desk.path, durable=False)
    assert not anything_suppressed(desk.ledger)
    assert suppress(desk.ledger, [number_of(desk, 2)], "typed") == 1
    assert leave_out(desk, run) == 1
