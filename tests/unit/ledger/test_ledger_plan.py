"""The plan in the ledger: who goes out, which plans are the same, what is forgotten."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from bulksender import campaign
from bulksender.errors import AlreadySent, LedgerError, Refused
from bulksender.ledger import Run, RunState, content
from bulksender.model import Message, Previous, RejectedRow, RowStatus

if TYPE_CHECKING:
    from conftest import Desk

ONE, OTHER = "+6591111111", "+6592222222"


def chunked(desk: Desk, *chunks: tuple[list[Message], list[RejectedRow]], **job: Any) -> Run:
    with desk.ledger.plan(desk.job(**job)) as run:
        for messages, refused in chunks:
            run.add(messages, refused)
        run.seal(desk.facts())
    return run


def told(desk: Desk, run: Run) -> dict[int, tuple[str, str]]:
    return {row: (r.status.value, r.detail) for row, r in desk.rows(run).items()}


def refused(row: int, status: RowStatus, number: str = ONE, **fields: Any) -> RejectedRow:
    return RejectedRow(row, status, "why", number, **fields)


# Who goes out


def test_a_number_goes_out_once_however_far_apart_its_rows_are(desk: Desk) -> None:
    first = [desk.message(2, destination=ONE), desk.message(3, destination=OTHER)]
    second = [desk.message(4, destination=ONE), desk.message(5)]
    run = chunked(desk, (first, []), (second, []))
    assert [m.row for m in run.ready()] == [2, 3, 5]
    assert told(desk, run)[4] == ("DUPLICATE", "the same number as row 2")


def test_every_repetition_names_the_row_that_goes_out(desk: Desk) -> None:
    rows = [desk.message(row, destination=ONE) for row in range(2, 6)]
    run = chunked(desk, (rows[:1], []), (rows[1:], []))
    assert [m.row for m in run.ready()] == [2]
    assert {told(desk, run)[row][1] for row in (3, 4, 5)} == {"the same number as row 2"}


def test_a_refused_row_does_not_make_a_later_one_a_duplicate(desk: Desk) -> None:
    run = chunked(
        desk, ([], [refused(2, RowStatus.INVALID)]), ([desk.message(3, destination=ONE)], [])
    )
    assert told(desk, run)[3][0] == "READY"


@pytest.mark.parametrize("row", [2, 9])
def test_a_number_that_is_opted_out_in_one_row_is_opted_out_in_all(desk: Desk, row: int) -> None:
    chunks = [
        ([desk.message(5, destination=ONE), desk.message(6)], []),
        ([], [refused(row, RowStatus.OPTED_OUT)]),
    ]
    run = chunked(desk, *chunks)
    assert [m.row for m in run.ready()] == [6]
    assert told(desk, run)[5] == ("OPTED_OUT", f"the same number is opted out in row {row}")


@pytest.mark.parametrize("row", [2, 9])
def test_a_number_that_was_already_sent_goes_out_in_no_row(desk: Desk, row: int) -> None:
    sent = refused(row, RowStatus.ALREADY_SENT, previous=Previous("umid-1", "QUEUED", "run"))
    run = chunked(
        desk, ([desk.message(4, destination=ONE), desk.message(5, destination=ONE)], []),
        ([desk.message(6)], [sent]),
    )  # fmt: skip
    assert [m.row for m in run.ready()] == [6]
    said = f"the same number as row {row}, which was already sent"
    assert told(desk, run)[4] == told(desk, run)[5] == ("DUPLICATE", said)
    assert desk.rows(run)[row].umid == "umid-1"


def test_rows_of_one_number_that_were_all_sent_stay_what_they_are(desk: Desk) -> None:
    sent = [refused(row, RowStatus.ALREADY_SENT) for row in (3, 7)]
    unknown = refused(5, RowStatus.UNKNOWN)
    run = chunked(desk, ([desk.message(row, destination=ONE) for row in (2, 9)], [*sent, unknown]))
    assert list(run.ready()) == []
    said = "the same number as row 3, which was already sent"
    assert told(desk, run)[2] == told(desk, run)[9] == ("DUPLICATE", said)
    assert desk.counts(run) == {"ALREADY_SENT": 2, "UNKNOWN": 1, "DUPLICATE": 2}


def test_the_rows_of_a_number_are_told_apart_from_the_next_ones_at_any_cut(desk: Desk) -> None:
    pairs = [desk.message(row, destination=f"+6581{row // 2:06}") for row in range(2, 25_002)]
    run = chunked(desk, (pairs[::-1], []))  # three pages of numbers; each in two rows that follow
    assert [m.row for m in run.ready()] == list(range(2, 25_002, 2))
    assert {told for row, told in told(desk, run).items() if row % 2} == {
        ("DUPLICATE", f"the same number as row {row}") for row in range(2, 25_002, 2)
    }


@pytest.mark.parametrize("seed", range(20))
def test_one_row_of_each_number_decides_about_the_others_wherever_a_page_ends(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(content, "CHUNK_ROWS", 3)
    chance = random.Random(seed)
    ready, others = list[Message](), list[RejectedRow]()
    for row in range(2, 42):
        number = f"+659111111{chance.randrange(8)}"
        status = chance.choice(
            [RowStatus.READY] * 5 + [RowStatus.ALREADY_SENT, RowStatus.OPTED_OUT]
        )
        if status is RowStatus.READY:
            ready.append(desk.message(row, destination=number))
        else:
            others.append(refused(row, status, number))
    run = chunked(desk, (ready, others))

    found = told(desk, run)
    for message in ready:
        rivals = [row for row in others if row.destination == message.destination]
        out = [row.row for row in rivals if row.status is RowStatus.OPTED_OUT]
        sent = [row.row for row in rivals if row.status is RowStatus.ALREADY_SENT]
        first = min(each.row for each in ready if each.destination == message.destination)
        if out:
            expected = ("OPTED_OUT", f"the same number is opted out in row {out[0]}")
        elif sent:
            expected = ("DUPLICATE", f"the same number as row {sent[0]}, which was already sent")
        elif message.row != first:
            expected = ("DUPLICATE", f"the same number as row {first}")
        else:
            expected = ("READY", "")
        assert found[message.row] == expected
    assert {row.row: found[row.row][0] for row in others} == {r.row: r.status for r in others}


def test_results_come_from_both_sides_of_a_gap_of_rows(desk: Desk) -> None:
    run = desk.plan([desk.message(2), desk.message(45_000)])
    assert [(result.row, result.status.value) for result in run.outcomes()] == [
        *((2, "READY"), (45_000, "READY"))
    ]


def test_rows_without_a_number_are_not_each_others_duplicates(desk: Desk) -> None:
    bad = [refused(row, RowStatus.ALREADY_SENT, "") for row in (2, 3)]
    run = chunked(desk, ([desk.message(4)], bad))
    assert desk.counts(run) == {"ALREADY_SENT": 2, "READY": 1}


def test_another_run_of_the_ledger_makes_nothing_a_duplicate(desk: Desk) -> None:
    desk.plan([desk.message(2, destination=ONE)])
    run = desk.plan([desk.message(2, destination=ONE, text="News")])
    assert desk.counts(run) == {"READY": 1}


def test_rows_in_are_the_sum_of_the_states(desk: Desk) -> None:
    statuses = (RowStatus.INVALID, RowStatus.OPTED_OUT, RowStatus.ALREADY_SENT)
    out = [refused(row, status) for row, status in enumerate(statuses, 10)]
    run = desk.plan([desk.message(2), desk.message(3, destination=ONE)], out)
    assert sum(desk.counts(run).values()) == 5
    assert len(list(run.outcomes())) == 5


# Which plans are the same


def refuse_second(desk: Desk, second: Run) -> None:
    with pytest.raises(AlreadySent):
        campaign.refuse_unsendable(second, desk.ledger)


def test_the_same_plan_is_refused_once_the_first_was_approved(desk: Desk) -> None:
    first = desk.plan(5, approve=False)
    second = desk.plan(5, approve=False)
    assert first.hash == second.hash
    campaign.refuse_unsendable(second, desk.ledger)
    first.approve()
    refuse_second(desk, second)


def test_the_same_plan_is_sent_again_on_purpose(desk: Desk) -> None:
    desk.plan(5)
    again = desk.plan(5, approve=False, again=True)
    campaign.refuse_unsendable(again, desk.ledger)
    assert again.state is RunState.PLANNED


def test_a_refusal_names_the_run_and_the_command_that_goes_on(desk: Desk) -> None:
    first = desk.plan(5)
    with pytest.raises(AlreadySent, match=f"bulksender resume {first.id}"):
        campaign.refuse_unsendable(desk.plan(5, approve=False), desk.ledger)


def test_another_account_is_the_same_plan_since_nobody_who_reads_it_sees_that(desk: Desk) -> None:
    before = desk.plan(5)
    run = desk.plan(5, approve=False, subaccount="other")
    assert run.hash == before.hash
    assert desk.ledger.sent_before(run) is not None


def test_a_plan_of_an_older_ledger_is_known_by_its_old_hash(desk: Desk) -> None:
    before = desk.plan(5)
    with desk.ledger.transaction() as connection:
        connection.exec_driver_sql("UPDATE run SET hash = ?", (before.old_hash,))
    assert before.old_hash != before.hash
    found = desk.ledger.sent_before(desk.plan(5, approve=False))
    assert found is not None
    assert found.id == before.id


def test_another_sender_is_another_plan(desk: Desk) -> None:
    before = desk.plan(5)
    run = desk.plan(5, approve=False, source="Shop")
    assert run.hash != before.hash
    assert desk.ledger.sent_before(run) is None
    with pytest.raises(Refused, match=before.id):  # its rows wait; resuming it would text twice
        campaign.refuse_unsendable(run, desk.ledger)


def test_what_was_only_simulated_does_not_block_the_real_thing(desk: Desk) -> None:
    local = desk.plan(5, base_url="http://127.0.0.1:8088")
    simulated = desk.plan(5, simulate=True)
    real = desk.plan(5, approve=False)
    assert local.hash == simulated.hash
    campaign.refuse_unsendable(real, desk.ledger)
    assert real.hash != local.hash


@pytest.mark.parametrize(
    "other",
    [
        {"batch_size": 100},
        {"concurrency": 9},
        {"scheduled": "2099-01-01T00:00:00Z"},
        {"expiry": "2099-01-01T00:00:00Z"},
        {"output": "other.csv"},
        {"strict": True},
        {"base_url": "https://sms.8x8.uk"},
    ],
)
def test_how_it_travels_makes_no_other_plan(desk: Desk, other: dict[str, Any]) -> None:
    desk.plan(5)
    refuse_second(desk, desk.plan(5, approve=False, **other))


@pytest.mark.parametrize("changes", [{"text": "Other"}, {"destination": "+6598888888"}])
def test_another_text_or_number_is_another_plan(desk: Desk, changes: dict[str, Any]) -> None:
    before = desk.plan(5)
    rows = [desk.message(row) for row in range(2, 6)] + [desk.message(6, **changes)]
    run = desk.plan(rows, approve=False)
    assert run.hash != before.hash
    assert desk.ledger.sent_before(run) is None


def moved(desk: Desk, rows: list[int]) -> list[Message]:
    """The messages of rows 2, 3, 4, …, standing in other rows."""
    return [
        desk.message(row, f"Text {number}", destination=f"+6591234{number:03}")
        for number, row in enumerate(rows)
    ]


def test_the_same_messages_in_other_rows_are_the_same_plan(desk: Desk) -> None:
    desk.plan(moved(desk, [2, 3, 4]))
    refuse_second(desk, desk.plan(moved(desk, [5, 8, 9]), approve=False))


def test_the_same_messages_in_other_chunks_are_the_same_plan(desk: Desk) -> None:
    messages = moved(desk, [2, 3, 4])
    chunked(desk, (messages, [])).approve()
    refuse_second(desk, chunked(desk, (messages[:1], []), ([], []), (messages[1:], [])))


def test_rows_that_do_not_go_out_make_no_other_plan(desk: Desk) -> None:
    messages = moved(desk, [2, 3, 4])
    desk.plan(messages)
    bad = RejectedRow(9, RowStatus.INVALID, "no number")
    refuse_second(desk, desk.plan(messages, [bad], approve=False))
    duplicate = desk.message(10, "Text 0", destination=messages[0].destination)
    refuse_second(desk, desk.plan([*messages, duplicate], approve=False))


def test_a_sheet_sorted_another_way_is_the_same_plan(desk: Desk) -> None:
    desk.plan(moved(desk, [2, 3, 4]))
    sorted_anew = sorted(moved(desk, [4, 3, 2]), key=lambda message: message.row)
    refuse_second(desk, desk.plan(sorted_anew, approve=False))


def test_texts_and_numbers_that_only_look_the_same_joined_are_other_plans(desk: Desk) -> None:
    one = desk.plan([desk.message(2, "12", destination="+65911111111")], approve=False)
    other = desk.plan([desk.message(2, "112", destination="+6591111111")], approve=False)
    assert one.hash != other.hash


# What is forgotten


@pytest.mark.parametrize("ending", ["declined", "failed"])
def test_a_plan_that_was_not_sent_leaves_no_text_and_no_number(desk: Desk, ending: str) -> None:
    text = "Your balance is 819.19"
    rows = [desk.message(row, f"{text}, customer {row}") for row in range(2, 2_002)]
    if ending == "declined":
        run = desk.plan(rows, approve=False)
        run.decline()
        assert desk.ledger.run(run.id).state is RunState.DECLINED
    else:
        with pytest.raises(ZeroDivisionError), desk.ledger.plan(desk.job()) as run:
            run.add(rows, [])
            raise ZeroDivisionError
        with pytest.raises(LedgerError, match="There is no run"):
            desk.ledger.run(run.id)
    assert desk.query("SELECT count(*) FROM message") == [(0,)]
    desk.ledger.close()
    left = b"".join(file.read_bytes() for file in desk.path.parent.glob("ledger.db*")
                    if file.is_file())  # fmt: skip
    assert text.encode() not in left
    assert b"+65912" not in left


def test_a_declined_plan_is_not_in_the_way_of_the_same_one(desk: Desk) -> None:
    desk.plan(5, approve=False).decline()
    campaign.refuse_unsendable(again := desk.plan(5, approve=False), desk.ledger)
    assert desk.counts(again) == {"READY": 5}


def test_a_run_that_was_never_planned_to_its_end_says_so(desk: Desk) -> None:
    with desk.ledger.plan(desk.job()) as run:
        run.add([desk.message(2)], [])
        with pytest.raises(LedgerError, match="never planned to its end"):
            assert desk.ledger.run(run.id).facts
        run.seal(desk.facts())
    assert desk.ledger.run(run.id).facts == desk.facts()
