"""A workbook comes back as it was, byte for byte, but for the nine columns."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import openpyxl
import pytest
from reporter_runs import COLUMNS, queued, sent
from rich_books import BOOKS, HEADER, ROWS, SHEET, number_of
from sheet_xml import elements, parts, rows_having, values, without

from bulksender import reporter
from bulksender.ledger import Ledger, Run

SHOP = Path(__file__).parents[3] / "samples" / "shop.xlsx"
OURS = range(len(HEADER) + 1, len(HEADER) + 10)

pytestmark = pytest.mark.filterwarnings("ignore:.* extension is not supported:UserWarning")


@pytest.fixture(params=BOOKS)
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / str(request.param)
    BOOKS[request.param](path)
    return path


def reported(ledger: Ledger, book: Path) -> tuple[Run, Path]:
    run = sent(ledger, book, sheet=SHEET)
    return run, reporter.write(run, book.with_stem("result"))


def changed_parts(before: Path, after: Path) -> list[str]:
    old, new = parts(before), parts(after)
    assert list(old) == list(new)
    return [name for name, data in old.items() if new[name] != data]


def test_every_other_part_of_the_package_is_the_same(ledger: Ledger, book: Path) -> None:
    _, result = reported(ledger, book)

    (changed,) = changed_parts(book, result)

    assert changed.startswith("xl/worksheets/sheet")


def test_the_sheet_is_the_same_but_for_the_nine_columns(ledger: Ledger, book: Path) -> None:
    _, result = reported(ledger, book)

    (part,) = changed_parts(book, result)
    before, after = parts(book)[part], parts(result)[part]

    assert rows_having(after, OURS) == set(range(1, ROWS + 2))
    assert without(after, OURS) == without(before, OURS)


def test_every_row_has_its_outcome_beside_it(ledger: Ledger, book: Path) -> None:
    run, result = reported(ledger, book)

    rows = values(result, SHEET)

    assert rows[0][:14] == HEADER + COLUMNS
    for row in range(2, ROWS + 2):
        assert rows[row - 1][1] == number_of(row)
        assert rows[row - 1][5:14] == queued(run, row, number_of(row))


def test_the_entries_keep_their_dates_attributes_and_compression(
    ledger: Ledger, book: Path
) -> None:
    _, result = reported(ledger, book)

    with zipfile.ZipFile(book) as before, zipfile.ZipFile(result) as after:
        kept = [
            [(e.filename, e.date_time, e.external_attr, e.compress_type) for e in a.infolist()]
            for a in (before, after)
        ]

    assert kept[0] == kept[1]


def test_the_dimension_reaches_the_last_added_column(ledger: Ledger, book: Path) -> None:
    _, result = reported(ledger, book)

    (part,) = changed_parts(book, result)
    xml = parts(result)[part]
    (dimension,) = (e for e in elements(xml) if e.row == 0)

    assert b":N1" in xml[dimension.start : dimension.end]  # N is column 14, rows end in 13 or 15


def test_a_workbook_that_was_reported_twice_changes_only_in_the_nine_columns(
    ledger: Ledger, book: Path
) -> None:
    _, first = reported(ledger, book)
    again = sent(ledger, first, sheet=SHEET, again=True)
    result = reporter.write(again, book.with_stem("second"))

    (part,) = changed_parts(first, result)

    assert without(parts(result)[part], OURS) == without(parts(book)[part], OURS)
    assert len(values(result, SHEET)[0]) == len(values(first, SHEET)[0])


def test_the_sample_shop_comes_back_as_it_was(ledger: Ledger, tmp_path: Path) -> None:
    book = Path(shutil.copy(SHOP, tmp_path))
    width = openpyxl.load_workbook(book)["Customers"].max_column
    run = sent(ledger, book, template="Hi {{ name }}")

    result = reporter.write(run, tmp_path / "result.xlsx")

    (part,) = changed_parts(book, result)
    before, after = parts(book)[part], parts(result)[part]
    ours = range(width + 1, width + 10)
    assert without(after, ours) == without(before, ours)
    outcomes = {found.row: found for found in run.outcomes()}
    assert rows_having(after, ours) - rows_having(before, ours) <= {3, *outcomes}
    rows = values(result, "Customers")
    assert rows[2][width : width + 9] == COLUMNS
    assert [row for row in range(4, 67) if rows[row - 1][width + 1]] == list(outcomes)
    assert {row: rows[row - 1][width + 1] for row in outcomes} == {
        row: found.status for row, found in outcomes.items()
    }
    assert rows[5][width + 3] == "+6590000103"  # README: stored as a number, national
