"""Results many at a time are the results one by one, and meet the rows of their sheet in step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from drawn_sheets import VALUES
from hypothesis import given, settings
from hypothesis import strategies as st
from result_checks import outcome, paged

from bulksender.ledger import Ledger, Run
from bulksender.model import (
    CHUNK_ROWS,
    Batch,
    Encoding,
    Message,
    Outcome,
    Previous,
    RejectedRow,
    RowStatus,
)
from bulksender.reporter.pages import Page, Waiting, pages_of
from bulksender.reporter.values import DESTINATION, UMID, Values, values_of
from bulksender.settings import Job, SheetOptions
from bulksender.source import RESULT_COLUMNS, SheetFacts

INPUTS = [
    *((), ("destination",), ("umid",), ("umid", "destination"), ("status", "run")),
    *(("status_detail", "parts", "encoding"), RESULT_COLUMNS),
]
"""Result columns that the run reads from."""

ROWS = st.dictionaries(st.integers(1, 60), VALUES, min_size=1).map(
    lambda drawn: {row: drawn[row] or outcome(row) for row in sorted(drawn)}
)


def planned(
    ledger: Ledger,
    messages: Sequence[Message],
    refused: Sequence[RejectedRow] = (),
    inputs: Sequence[str] = (),
) -> Run:
    """A plan whose sheet has result columns already, of which `inputs` are read from."""
    with ledger.plan(Job(sheet=SheetOptions(path="sheet.csv"), template="Hi", again=True)) as run:
        run.add(messages, refused)
        run.seal(
            SheetFacts(
                path="sheet.csv",
                suffix=".csv",
                header_row=1,
                headers=("Mobile", *RESULT_COLUMNS),
                width=1 + len(RESULT_COLUMNS),
                fingerprint="",
                inputs=(1, *(2 + RESULT_COLUMNS.index(name) for name in inputs)),
            )
        )
    return run


def message(row: int, number: int | None = None) -> Message:
    encoding = Encoding.UCS2 if row % 3 == 0 else Encoding.GSM7
    return Message(row, f"+6591{number or row:06}", "Hi", 1 + row % 2, encoding)


def of_all_kinds(ledger: Ledger, inputs: Sequence[str] = ()) -> Run:
    """A run whose rows have come to every end that there is, in two batches."""
    sent, unknown = Previous("umid-old", "QUEUED", "run-old"), Previous(run="run-old")
    unknown_umid = Previous("umid-lost", "UNKNOWN", "run-old", "6590000001")
    refused = [
        RejectedRow(2, RowStatus.INVALID, "no number"),
        RejectedRow(3, RowStatus.INVALID, "no name", "+6590000003"),
        RejectedRow(4, RowStatus.ALREADY_SENT, "sent before", "+6590000004", sent),
        RejectedRow(5, RowStatus.ALREADY_SENT, "sent before", "", Previous("", "SENT", "run-old")),
        RejectedRow(6, RowStatus.UNKNOWN, "may have been sent", "+6590000006", unknown),
        RejectedRow(7, RowStatus.UNKNOWN, "may have been sent", "+6590000001", unknown_umid),
        RejectedRow(8, RowStatus.OPTED_OUT, "opted out", "+6590000008"),
    ]
    twins = [message(20, number=10), message(21, number=11)]
    run = planned(ledger, [*(message(row) for row in range(10, 20)), *twins], refused, inputs)
    run.approve()
    ready = list(run.ready())
    for number, messages in enumerate((ready[:5], ready[5:8]), 1):
        batch = Batch(run.id, number, messages)
        run.claim(batch)
        outcomes = [
            [
                Outcome(each.row, RowStatus.QUEUED, f"umid-{each.row}", ""),
                Outcome(each.row, RowStatus.REJECTED, "", "it is <refused>"),
                Outcome(each.row, RowStatus.UNKNOWN, "", "no answer"),
                Outcome(each.row, RowStatus.REJECTED, f"umid-{each.row}", "it is <refused>"),
            ][each.row % 4]
            for each in messages
        ]
        run.settle(batch, outcomes, [], f"batch-{number}")
    return run


def told(run: Run, beside: bool) -> list[tuple[int, Values]]:
    """Each row's values, from its own Result."""
    facts = run.facts
    read = [column in facts.inputs for column in facts.result_columns.values()]
    return [
        (
            result.row,
            tuple(
                None if beside and left else value
                for value, left in zip(values_of(result, run.kept, beside), read, strict=True)
            ),
        )
        for result in run.outcomes()
    ]


@pytest.mark.parametrize("beside", [True, False])
@pytest.mark.parametrize("inputs", INPUTS)
def test_pages_say_of_every_row_what_its_result_says(
    ledger: Ledger, inputs: Sequence[str], beside: bool
) -> None:
    run = of_all_kinds(ledger, inputs)
    assert {result.status for result in run.outcomes()} == {
        *(RowStatus.QUEUED, RowStatus.REJECTED, RowStatus.UNKNOWN, RowStatus.READY),
        *(RowStatus.INVALID, RowStatus.DUPLICATE, RowStatus.ALREADY_SENT, RowStatus.OPTED_OUT),
    }
    [page] = pages_of(run, beside)
    expected = told(run, beside)
    assert list(page.lines()) == expected
    assert [page.values(index) for index in range(len(page.rows))] == [v for _, v in expected]
    for values, umid, destination in zip(
        (values for _, values in expected), page.umids, page.destinations, strict=True
    ):
        assert (umid, destination) == (values[UMID] or "", values[DESTINATION] or "")


def test_a_column_that_the_run_reads_from_is_left_beside_its_sheet_alone(ledger: Ledger) -> None:
    run = of_all_kinds(ledger, ["umid", "status"])
    for beside in (True, False):
        for page in pages_of(run, beside):
            for _, values in page.lines():
                if beside:
                    assert values[:2] == (None, None)
                else:
                    assert None not in values
    [page] = pages_of(run)
    assert not any(page.umids)


def test_a_result_that_is_kept_by_an_earlier_run_keeps_its_cells(ledger: Ledger) -> None:
    [page] = pages_of(of_all_kinds(ledger))
    found = dict(page.lines())
    assert found[4] == ("umid-old", "ALREADY_SENT", "sent before", *[None] * 6)
    assert found[5] == (None, "ALREADY_SENT", "sent before", *[None] * 6)
    assert found[6] == found[7] == (None,) * 9


def test_rows_that_are_alike_but_for_their_own_are_of_one_kind(ledger: Ledger) -> None:
    [page] = pages_of(of_all_kinds(ledger))
    queued = {place for row, place in zip(page.rows, page.places, strict=True) if row in (12, 16)}
    assert len(queued) == 2  # two batches
    again = planned(ledger, [message(row) for row in range(2, 600, 6)])
    [page] = pages_of(again)
    assert len(page.kinds) == 1
    assert list(page.lines()) == told(again, beside=True)


def test_a_plan_that_is_only_looked_at_names_no_run(ledger: Ledger) -> None:
    with Ledger.scratch() as passing:
        [page] = pages_of(planned(passing, [message(2)]))
    [kept] = pages_of(planned(ledger, [message(2)]))
    assert page.values(0)[-1] == ""
    assert kept.values(0)[-1] != ""


def test_a_long_run_comes_in_several_pages_in_the_sheets_order(ledger: Ledger) -> None:
    last = 2 * CHUNK_ROWS + 100
    rows = [*range(2, CHUNK_ROWS + 50), *range(CHUNK_ROWS + 2000, last, 7)]
    run = planned(
        ledger,
        [message(row) for row in rows if row % 50],
        [RejectedRow(row, RowStatus.INVALID, "no number") for row in rows if row % 50 == 0],
    )
    pages = list(pages_of(run))
    assert len(pages) == 3
    assert all(len(page.rows) <= CHUNK_ROWS for page in pages)
    assert [row for page in pages for row in page.rows] == rows
    assert [line for page in pages for line in page.lines()] == told(run, beside=True)


@given(ROWS, st.integers(1, 9))
def test_a_page_gives_back_the_values_that_it_was_made_of(
    rows: dict[int, Values], size: int
) -> None:
    lines = [line for page in paged(rows.items(), size) for line in page.lines()]
    assert lines == list(rows.items())


def numbered(page: Page) -> list[str]:
    return [f"made of {row}" for row in page.rows]


@settings(max_examples=200)
@given(ROWS, st.integers(1, 30), st.integers(0, 5), st.lists(st.booleans(), min_size=70))
def test_each_row_of_the_sheet_gets_its_own_result_or_none(
    rows: dict[int, Values], size: int, behind: int, ways: list[bool]
) -> None:
    waiting = Waiting(paged(rows.items(), size), numbered)
    for number in range(1, max(rows) + 1 + behind):
        if ways[number]:
            assert waiting.values(number) == rows.get(number)
        else:
            assert waiting.made(number) == (f"made of {number}" if number in rows else None)
    waiting.end()


@given(ROWS, st.integers(1, 30), st.data())
def test_a_row_that_never_comes_is_named(
    rows: dict[int, Values], size: int, data: st.DataObject
) -> None:
    missing = data.draw(st.sampled_from(sorted(rows)))
    waiting = Waiting(paged(rows.items(), size), numbered)
    with pytest.raises(ValueError, match=rf"^row {missing} is not in the sheet$"):
        for number in rows:
            if number != missing:
                assert waiting.made(number) == f"made of {number}"
        waiting.end()


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("came", [[], [2], [2, 3], [2, 3, 4, 5]])
def test_the_first_row_that_never_comes_is_named_at_the_end(size: int, came: list[int]) -> None:
    rows = {row: outcome(row) for row in (2, 3, 4, 5, 9)}
    waiting = Waiting(paged(rows.items(), size), numbered)
    for row in came:
        assert waiting.values(row) == rows[row]
    missing = min(rows.keys() - set(came))
    with pytest.raises(ValueError, match=f"row {missing} is not in the sheet"):
        waiting.end()


def test_a_row_that_never_comes_is_named_once_its_page_is_over() -> None:
    rows = {row: outcome(row) for row in range(2, 8)}
    waiting = Waiting(paged(rows.items(), 3), numbered)
    assert waiting.made(2) and waiting.made(4)
    with pytest.raises(ValueError, match="row 3 is not in the sheet"):
        waiting.made(5)


def test_a_page_is_made_when_its_first_row_comes_and_never_again() -> None:
    seen: list[tuple[int, ...]] = []

    def make(page: Page) -> list[int]:
        seen.append(tuple(page.rows))
        return [10 * row for row in page.rows]

    taken: list[int] = []

    def pages() -> Iterator[Page]:
        for page in paged(((row, outcome(row)) for row in (3, 4, 7, 9)), 2):
            taken.append(page.rows[0])
            yield page

    waiting = Waiting(pages(), make)
    assert (taken, seen) == ([], [])
    assert [waiting.made(number) for number in range(1, 7)] == [None, None, 30, 40, None, None]
    assert seen == [(3, 4), (7, 9)]
    assert [waiting.made(number) for number in range(7, 15)] == [70, None, 90, *[None] * 5]
    waiting.end()
    assert seen == [(3, 4), (7, 9)] and taken == [3, 7]


def test_a_run_without_results_waits_for_nothing() -> None:
    waiting = Waiting(iter([]), numbered)
    assert waiting.made(1) is None
    assert waiting.values(2) is None
    waiting.end()
