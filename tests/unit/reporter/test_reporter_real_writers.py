"""Workbooks of all the programs that people use: each comes back as it was, with its results."""

from __future__ import annotations

import csv
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile

import library_books
import msgspec
import openpyxl
import program_books
import pytest
import rich_books
from handmade_books import MAIN, OFFICE
from program_books import NAMES
from reporter_runs import COLUMNS, queued, sent
from result_checks import check, outcome, paged
from sheet_xml import parts

from bulksender import reporter
from bulksender.ledger import Ledger
from bulksender.model import Formatted
from bulksender.reporter import workbook
from bulksender.reporter.values import Values
from bulksender.source import RESULT_COLUMNS, SheetFacts
from bulksender.tables import Spoilt, open_table, plain

NO_OFFICE = pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")
pytestmark = pytest.mark.filterwarnings("ignore:.* extension is not supported:UserWarning")

EARLIER = [*RESULT_COLUMNS[:2], *RESULT_COLUMNS[3:]]
EXCEL: dict[str, Callable[[Path], object]] = {
    "Excel, a table": program_books.excel,
    "Excel, an autofilter": partial(program_books.excel, table=False),
    "Excel, styles behind": partial(program_books.excel, styled=3),
    "Excel, styles far behind": partial(program_books.excel, table=False, styled=14),
    "Excel, an earlier run": partial(
        program_books.excel, names=[*NAMES, *RESULT_COLUMNS], table=False
    ),
    "Excel, an earlier run in a table": partial(
        program_books.excel, names=[*NAMES, *RESULT_COLUMNS]
    ),
    "Excel, an earlier run amid": partial(
        program_books.excel, names=[*NAMES[:4], *EARLIER, *NAMES[4:]]
    ),
    "Excel, an earlier run in front": partial(
        program_books.excel, names=[*RESULT_COLUMNS, *NAMES], styled=2
    ),
}
BOOKS: dict[str, Callable[[Path], object]] = {
    **EXCEL,
    "Google Sheets": program_books.google,
    "openpyxl": library_books.with_openpyxl,
    "openpyxl, rich": rich_books.with_openpyxl,
    "openpyxl, write only": library_books.with_openpyxl_write_only,
    "xlsxwriter": library_books.with_xlsxwriter,
    "xlsxwriter, rich": rich_books.with_xlsxwriter,
    "xlsxwriter, little memory": partial(library_books.with_xlsxwriter, little_memory=True),
    "pandas": library_books.with_pandas,
    "pandas by xlsxwriter": partial(library_books.with_pandas, engine="xlsxwriter"),
    "pandas, its index": library_books.with_pandas_and_an_index,
    "packed by hand": library_books.packed_by_hand,
    "written by hand": library_books.by_hand,
    "written by hand, with a prefix": partial(library_books.by_hand, prefix="x:"),
}
SAVED = {"LibreOffice": "openpyxl, rich", "LibreOffice, from Excel": "Excel, an autofilter"}
"""What LibreOffice saves again, and of which book."""
NAMED = [*BOOKS, *(pytest.param(name, marks=NO_OFFICE) for name in SAVED)]


class Report(NamedTuple):
    """A book, the book with its results, and the rows that got some."""

    book: Path
    result: Path
    facts: SheetFacts
    rows: Mapping[int, list[object]]


def sheet_of(name: str) -> str:
    handmade = SAVED.get(name, name) in [*EXCEL, "Google Sheets"]
    return program_books.SHEET if handmade else library_books.SHEET


def soffice(folder: Path, kind: str, files: list[Path], into: str) -> Path:
    """Have LibreOffice convert all these files in one start."""
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    target = folder / into
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", kind, "--outdir", target, *files],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return target


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("books")


@pytest.fixture(scope="module")
def books(folder: Path) -> dict[str, Path]:
    """Every program's book; LibreOffice's only where it is."""
    made = {name: folder / f"book{number}.xlsx" for number, name in enumerate(BOOKS)}
    for name, path in made.items():
        BOOKS[name](path)
    if shutil.which("soffice"):
        saved = soffice(folder, "xlsx", [made[source] for source in SAVED.values()], "office")
        for name, source in SAVED.items():
            path = saved / made[source].name
            made[name] = path.rename(path.with_stem(f"{path.stem}-saved"))
    return made


@pytest.fixture(scope="module")
def ledger(folder: Path) -> Iterator[Ledger]:
    clock = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    with Ledger(folder / "ledger.db", clock=lambda: clock, durable=False) as made:
        yield made


@pytest.fixture(scope="module")
def reports(books: dict[str, Path], ledger: Ledger) -> dict[str, Report]:
    return {name: reported(path, ledger, sheet_of(name)) for name, path in books.items()}


def reported(book: Path, ledger: Ledger, sheet: str) -> Report:
    """Every row of the book's sheet is sent, and the results written to a new one."""
    run = sent(ledger, book, sheet=sheet, again=True)
    result = reporter.write(run, book.with_name(f"{book.stem}-results.xlsx"))
    rows = {row.row: queued(run, row.row, row.destination) for row in run.outcomes()}
    return Report(book, result, run.facts, rows)


@pytest.fixture(scope="module")
def seconds(reports: dict[str, Report], ledger: Ledger) -> dict[str, Report]:
    """The results of a second run over each sheet with the results of the first."""
    return {
        name: reported(report.result, ledger, sheet_of(name)) for name, report in reports.items()
    }


@pytest.fixture(scope="module")
def tables(folder: Path, reports: dict[str, Report]) -> Path:
    """A folder of all sheets with results, as LibreOffice shows them."""
    # comma, quote, UTF-8, from row 1, texts quoted, values without their formats, every sheet
    kind = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true,false,false,false,-1"
    return soffice(folder, kind, [report.result for report in reports.values()], "tables")


def check_report(report: Report) -> None:
    before, after = parts(report.book), parts(report.result)
    assert before.keys() == after.keys()
    (changed,) = [name for name, data in before.items() if after[name] != data]
    rows = {
        row: tuple("" if value is None else value for value in values)
        for row, values in report.rows.items()
    }
    check(before[changed], after[changed], report.facts, rows)


def results_in(rows: list[list[object]], report: Report) -> dict[int, list[object]]:
    """The rows below the header that have any result, as a program shows them."""
    columns = report.facts.result_columns.values()
    found = {
        number: [row[column - 1] if column <= len(row) else None for column in columns]
        for number, row in enumerate(rows, 1)
    }
    return {number: row for number, row in found.items() if any(row) and number > 1}


@pytest.mark.parametrize("name", NAMED)
def test_nothing_but_the_results_has_changed(reports: dict[str, Report], name: str) -> None:
    check_report(reports[name])


@pytest.mark.parametrize("name", NAMED)
def test_a_sheet_with_results_is_as_good_as_any_other(
    seconds: dict[str, Report], name: str
) -> None:
    check_report(seconds[name])


@pytest.mark.parametrize("name", NAMED)
def test_a_second_run_s_results_stand_where_the_first_one_s_stood(
    reports: dict[str, Report], seconds: dict[str, Report], name: str
) -> None:
    first, second = reports[name], seconds[name]

    assert second.facts.result_columns == first.facts.result_columns
    assert list(second.rows) == list(first.rows)


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("run", ["reports", "seconds"])
def test_openpyxl_reads_the_results_in_their_rows(
    request: pytest.FixtureRequest, run: str, name: str
) -> None:
    report: Report = request.getfixturevalue(run)[name]

    book = openpyxl.load_workbook(report.result)

    rows = [list(row) for row in book[report.facts.sheet].iter_rows(values_only=True)]
    found = results_in(rows, report)
    assert {row: found[row] for row in report.rows} == report.rows
    kept = found.keys() - report.rows.keys()
    assert kept <= {*program_books.HIDDEN}  # what an earlier run has left there
    header = [rows[0][column - 1] for column in report.facts.result_columns.values()]
    assert header == COLUMNS


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("kind", ["book", "result"])
def test_the_rows_are_read_as_openpyxl_reads_them(
    reports: dict[str, Report], kind: str, name: str
) -> None:
    path, sheet = getattr(reports[name], kind), reports[name].facts.sheet

    found = {row.number: row for row in open_table(path, sheet).rows()}

    by_openpyxl = openpyxl.load_workbook(path, data_only=True)[sheet]
    expected = {
        number: [plain(cell) for cell in row]
        for number, row in enumerate(by_openpyxl.iter_rows(values_only=True), 1)
    }
    read = {number: [_shown(cell) for cell in row.values] for number, row in found.items()}
    assert _filled(read) == _filled(expected)
    hidden = {number for number, row in found.items() if row.hidden}
    assert hidden == {n for n in found if by_openpyxl.row_dimensions[n].hidden}


def _shown(value: object) -> object:
    """A cell as openpyxl reads it: errors as texts, formulas without a value as blanks."""
    value = plain(value)
    if isinstance(value, Spoilt):
        return value.shown or None
    return plain(float(value)) if isinstance(value, Formatted) else value


def _filled(rows: Mapping[int, list[object]]) -> dict[int, list[tuple[type, object]]]:
    """The rows that hold anything, without blank ends; each value with what it is."""
    found = {}
    for number, row in rows.items():
        width = max((n for n, value in enumerate(row, 1) if value is not None), default=0)
        if width:
            found[number] = [(type(value), value) for value in row[:width]]
    return found


def inventory(path: Path, name: str | None) -> dict[str, object]:
    """What stands on a sheet besides its cells, and how it looks, as openpyxl finds it."""
    book = openpyxl.load_workbook(path)
    sheet = book[name or ""]
    charts, pictures = sheet._charts, sheet._images
    return {
        "names": (sorted(book.defined_names), book.sheetnames, [s.sheet_state for s in book]),
        "tables": [(t.name, t.ref, t.column_names) for t in sheet.tables.values()],
        "filter": (sheet.auto_filter.ref, len(sheet.auto_filter.filterColumn)),
        "validations": [(str(v.sqref), v.formula1) for v in sheet.data_validations.dataValidation],
        "conditions": [str(found.sqref) for found in sheet.conditional_formatting],
        "merged": [str(found) for found in sheet.merged_cells.ranges],
        "drawn": [
            (type(d).__name__, d.anchor._from.row, d.anchor._from.col) for d in charts + pictures
        ],
        "comments": [(c.coordinate, c.comment.text) for row in sheet for c in row if c.comment],
        "links": [(c.coordinate, c.hyperlink.target) for row in sheet for c in row if c.hyperlink],
        "panes": sheet.freeze_panes,
        "columns": {key: (c.width, c.hidden) for key, c in sheet.column_dimensions.items()},
        "rows": {key: (r.height, r.hidden) for key, r in sheet.row_dimensions.items() if r.height},
    }


@pytest.mark.parametrize("name", NAMED)
def test_what_stands_on_the_sheet_besides_stays_as_it_was(
    reports: dict[str, Report], name: str
) -> None:
    report = reports[name]

    found = inventory(report.result, report.facts.sheet)

    assert found == inventory(report.book, report.facts.sheet)
    if name in EXCEL:  # it is seen at all
        wanted = ["names", "validations", "conditions", "merged", "drawn", "comments", "links"]
        assert all(found[key] for key in wanted)
        assert len(found["drawn"]) == 2
        assert bool(found["tables"]) == (found["filter"] == (None, 0))


STRICT = {
    MAIN: "http://purl.oclc.org/ooxml/spreadsheetml/main",
    OFFICE: "http://purl.oclc.org/ooxml/officeDocument/relationships",
    "http://schemas.openxmlformats.org/drawingml/2006": "http://purl.oclc.org/ooxml/drawingml",
}


def test_a_workbook_of_the_strict_kind_is_no_other(
    reports: dict[str, Report], ledger: Ledger, tmp_path: Path
) -> None:
    usual = reports["Excel, an earlier run amid"]
    book = tmp_path / "strict.xlsx"
    with ZipFile(book, "w") as archive:
        for name, data in parts(usual.book).items():
            for transitional, strict in STRICT.items():
                data = data.replace(transitional.encode(), strict.encode())
            archive.writestr(name, data)

    report = reported(book, ledger, program_books.SHEET)

    check_report(report)
    tables = [open_table(path, program_books.SHEET) for path in (book, usual.book)]
    strict, transitional = (
        {row.number: list(map(_shown, row.values)) for row in table.rows()} for table in tables
    )
    assert strict == transitional


@NO_OFFICE
@pytest.mark.parametrize("name", [*BOOKS, *SAVED])
def test_libreoffice_shows_the_results_in_their_rows(
    reports: dict[str, Report], tables: Path, name: str
) -> None:
    report = reports[name]
    (table,) = tables.glob(f"{report.result.stem}-{report.facts.sheet}.csv")

    with table.open(encoding="utf-8", newline="") as file:
        rows: list[list[object]] = [list(row) for row in csv.reader(file)]

    shown = {
        row: ["" if value is None else str(value) for value in values]
        for row, values in report.rows.items()
    }
    found = results_in(rows, report)
    assert {row: found[row] for row in shown} == shown
    assert found.keys() - shown.keys() <= {*program_books.HIDDEN}


@pytest.mark.parametrize("part", ["xl/worksheets/sheet2.xml", "xl/sharedStrings.xml"])
def test_a_damaged_part_is_never_copied_as_if_it_were_whole(
    reports: dict[str, Report], tmp_path: Path, part: str
) -> None:
    report = reports["Excel, a table"]
    whole = report.book.read_bytes()
    with ZipFile(report.book) as archive:
        entry = archive.getinfo(part)
    start = entry.header_offset + 30 + len(part)  # behind the member's header
    book = tmp_path / "damaged.xlsx"
    facts = msgspec.structs.replace(report.facts, path=str(book))
    for place in range(start + 10, start + entry.compress_size, entry.compress_size // 9):
        book.write_bytes(whole[:place] + bytes([whole[place] ^ 0x5A]) + whole[place + 1 :])

        with pytest.raises((BadZipFile, zlib.error, ValueError)):
            workbook.write(facts, iter(()), tmp_path / "result.xlsx")


def test_what_the_results_raise_ends_the_writing(
    reports: dict[str, Report], tmp_path: Path
) -> None:
    report = reports["Google Sheets"]

    def rows() -> Iterator[tuple[int, Values]]:
        yield 2, outcome(2)
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        workbook.write(report.facts, paged(rows()), tmp_path / "result.xlsx")
    workbook.write(report.facts, paged([(2, outcome(2))]), tmp_path / "result.xlsx")
    assert parts(tmp_path / "result.xlsx").keys() == parts(report.book).keys()
