"""The sheet is gone, or another, or replaced by its own report: nothing is lost either way."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from reporter_runs import COLUMNS, SENT_AT, planned, sent, settle
from sheet_xml import contacts_xml, make_book, parts, values, without

from bulksender import reporter
from bulksender.ledger import Ledger

DATA = b"Phone,Name\n90000002,Ann\n12,Bo\n"


@pytest.fixture(params=["csv", "xlsx"])
def sheet(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A sheet in a folder of its own: a number that is good, then one that is not."""
    path = tmp_path / "here" / f"sheet.{request.param}"
    path.parent.mkdir()
    if path.suffix == ".csv":
        path.write_bytes(DATA)
        return path
    return make_book(path, contacts_xml("90000002", "12"))


def change(sheet: Path) -> bytes:
    """Somebody works on the sheet: another row. Returns what it holds now."""
    if sheet.suffix == ".csv":
        sheet.write_bytes(DATA + b"90000004,Cy\n")
    else:
        make_book(sheet, contacts_xml("90000002", "12", "90000004"))
    return sheet.read_bytes()


def rows_of(path: Path) -> list[list[str]]:
    """A result's rows as texts, whatever kind it is."""
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.reader(file))
    return [["" if cell is None else str(cell) for cell in row] for row in values(path)]


def outcome(run_id: str) -> list[str]:
    """What row 2's nine cells say."""
    return ["umid-2", "QUEUED", "", "+6590000002", "1", "GSM7", "batch-1", SENT_AT, run_id]


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_the_plan_s_columns_come_alone_as_csv(ledger: Ledger, sheet: Path, how: str) -> None:
    run = sent(ledger, sheet)
    if how == "gone":
        sheet.unlink()
    else:
        change(sheet)

    result = reporter.write(run, reporter.output_path(sheet, None, False))

    assert (result.parent, result.suffix) == (sheet.parent, ".csv")
    assert result != sheet
    assert result.read_bytes().startswith(b"\xef\xbb\xbfrow,umid,")  # so that Excel reads UTF-8
    rows = rows_of(result)
    assert rows[:2] == [["row", *COLUMNS], ["2", *outcome(run.id)]]
    assert rows[2][:3] == ["3", "", "INVALID"]
    assert rows[2][3]


def test_a_formula_in_the_columns_alone_gets_an_apostrophe(ledger: Ledger, sheet: Path) -> None:
    run = sent(ledger, sheet, {2: "=1+1"})
    sheet.unlink()

    result = reporter.write(run, sheet.with_name("result" + sheet.suffix))

    assert rows_of(result)[1][3:5] == ["'=1+1", "+6590000002"]


def test_a_changed_sheet_is_never_overwritten_by_an_in_place_report(
    ledger: Ledger, sheet: Path
) -> None:
    run = sent(ledger, sheet)
    now = change(sheet)

    result = reporter.write(run, reporter.output_path(sheet, None, True))

    assert sheet.read_bytes() == now
    assert rows_of(result)[1] == ["2", *outcome(run.id)]


def test_columns_alone_do_not_overwrite_a_file_that_nobody_named(
    ledger: Ledger, tmp_path: Path
) -> None:
    sheet = make_book(tmp_path / "sheet.xlsx", contacts_xml("90000002"))
    other = tmp_path / "sheet.csv"
    other.write_text("somebody's own work")
    run = sent(ledger, sheet)
    change(sheet)

    result = reporter.write(run, reporter.output_path(sheet, None, True))

    assert other.read_text() == "somebody's own work"
    assert rows_of(result)[1] == ["2", *outcome(run.id)]


def test_columns_alone_are_as_private_as_the_sheet(ledger: Ledger, sheet: Path) -> None:
    sheet.chmod(0o600)
    run = sent(ledger, sheet)
    change(sheet)

    result = reporter.write(run, sheet.with_name("result" + sheet.suffix))

    assert result.stat().st_mode & 0o077 == 0


def test_a_second_report_of_a_sheet_that_is_gone_says_the_same(ledger: Ledger, sheet: Path) -> None:
    run = sent(ledger, sheet)
    sheet.unlink()

    first = rows_of(reporter.write(run, reporter.output_path(sheet, None, True)))
    second = rows_of(reporter.write(ledger.run(run.id), reporter.output_path(sheet, None, True)))

    assert first == second
    assert first[1] == ["2", *outcome(run.id)]


def test_in_place_the_sheet_itself_has_the_columns(ledger: Ledger, sheet: Path) -> None:
    before = sheet.read_bytes()
    copy = shutil.copy(sheet, sheet.with_stem("copy"))
    run = sent(ledger, sheet)

    result = reporter.write(run, reporter.output_path(sheet, None, True))

    assert result == sheet
    rows = rows_of(sheet)
    assert rows[0][2:] == COLUMNS
    assert rows[1][2:] == outcome(run.id)
    if sheet.suffix == ".xlsx":
        part = "xl/worksheets/sheet1.xml"
        ours = range(3, 12)
        assert without(parts(sheet)[part], ours) == without(parts(Path(copy))[part], ours)
    else:
        assert [",".join(row[:2]) for row in rows] == before.decode().splitlines()
    assert sorted(p.name for p in sheet.parent.iterdir()) == sorted([sheet.name, copy.name])


def test_a_second_report_after_an_in_place_one_goes_into_the_same_columns(
    ledger: Ledger, sheet: Path
) -> None:
    run = planned(ledger, sheet)
    reporter.write(run, sheet)
    assert rows_of(sheet)[1][3] == "READY"
    settle(run)

    for _ in range(2):
        assert reporter.write(ledger.run(run.id), sheet) == sheet
        rows = rows_of(sheet)
        assert rows[0][2:] == COLUMNS
        assert rows[1][2:] == outcome(run.id)


def test_an_output_that_is_the_sheet_itself_counts_as_in_place(
    ledger: Ledger, sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = sent(ledger, sheet)
    monkeypatch.chdir(sheet.parent)

    for _ in range(2):
        reporter.write(ledger.run(run.id), reporter.output_path(sheet, sheet.name, False))

    assert rows_of(sheet)[0][2:] == COLUMNS
    assert rows_of(sheet)[1][2:] == outcome(run.id)


def test_in_place_over_a_link_the_linked_sheet_has_the_columns(
    ledger: Ledger, sheet: Path, tmp_path: Path
) -> None:
    link = tmp_path / f"link{sheet.suffix}"
    link.symlink_to(sheet)
    run = sent(ledger, link)

    reporter.write(run, reporter.output_path(link, None, True))

    assert link.is_symlink()
    assert rows_of(sheet)[1][2:] == outcome(run.id)


def test_the_sheet_is_as_it_was_when_the_result_goes_elsewhere(ledger: Ledger, sheet: Path) -> None:
    before, times = sheet.read_bytes(), sheet.stat().st_mtime_ns
    run = sent(ledger, sheet)

    reporter.write(run, reporter.output_path(sheet, None, False))

    assert (sheet.read_bytes(), sheet.stat().st_mtime_ns) == (before, times)
