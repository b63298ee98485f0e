"""Where a result may go, and that it gets there whole or not at all."""

from __future__ import annotations

import csv
import os
import zipfile
from pathlib import Path

import pytest
from reporter_runs import COLUMNS, SENT_AT, planned, queued, sent
from sheet_xml import contacts_xml, make_book, parts, values

from bulksender import reporter
from bulksender.errors import ReportError, SettingsError
from bulksender.ledger import Ledger
from bulksender.model import Encoding, Message
from bulksender.settings import Job, SheetOptions
from bulksender.source import SheetFacts, fingerprint


def csv_sheet(folder: Path, name: str = "sheet.csv") -> Path:
    path = folder / name
    path.write_bytes(b"Phone,Name\n90000002,Ann\n12,Bo\n")
    return path


@pytest.mark.parametrize(
    ("sheet", "result"),
    [
        ("s.csv", "s-results.csv"),
        ("s.tsv", "s-results.tsv"),
        ("s.txt", "s-results.txt"),
        ("s.xlsx", "s-results.xlsx"),
        ("s.xlsm", "s-results.xlsm"),
        ("S.XLSX", "S-results.XLSX"),
        ("s.xls", "s-results.xlsx"),
        ("s.xlsb", "s-results.xlsx"),
        ("s.ods", "s-results.xlsx"),
        ("s.parquet", "s-results.xlsx"),
        ("a.b.csv", "a.b-results.csv"),
    ],
)
def test_the_result_goes_beside_the_sheet(tmp_path: Path, sheet: str, result: str) -> None:
    assert reporter.output_path(tmp_path / sheet, None, False) == tmp_path / result


@pytest.mark.parametrize(
    ("sheet", "output"),
    [
        *(("s.csv", "o.csv"), ("s.csv", "o.tsv"), ("s.tsv", "o.TXT"), ("s.xlsx", "o.XLSX")),
        *(("s.xlsm", "o.xlsm"), ("s.xls", "o.xlsx"), ("s.parquet", "o.xlsx"), ("S.XLSX", "o.xlsx")),
    ],
)
def test_an_output_of_the_same_kind_is_taken(sheet: str, output: str) -> None:
    assert reporter.output_path(Path(sheet), output, False) == Path(output)


@pytest.mark.parametrize(
    ("sheet", "output"),
    [
        *(("s.csv", "o.xlsx"), ("s.xlsx", "o.csv"), ("s.xlsm", "o.xlsx"), ("s.xlsx", "o.xlsm")),
        *(("s.ods", "o.ods"), ("s.xls", "o.xls"), ("s.csv", "o"), ("s.parquet", "o.parquet")),
    ],
)
def test_an_output_of_another_kind_is_refused_by_its_name(sheet: str, output: str) -> None:
    with pytest.raises(SettingsError, match=f"--output {output}: .* name it so"):
        reporter.output_path(Path(sheet), output, False)


@pytest.mark.parametrize("sheet", ["s.csv", "s.tsv", "s.xlsx", "s.xlsm"])
def test_in_place_is_the_sheet_itself(sheet: str) -> None:
    assert reporter.output_path(Path(sheet), None, True) == Path(sheet)


@pytest.mark.parametrize("sheet", ["s.xls", "s.xlsb", "s.ods", "s.parquet"])
def test_what_is_converted_cannot_be_written_in_place(sheet: str) -> None:
    with pytest.raises(SettingsError, match="leave out --in-place"):
        reporter.output_path(Path(sheet), None, True)


def test_a_folder_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="this is a folder"):
        reporter.check_writable(tmp_path)


def test_an_output_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no folder"):
        reporter.check_writable(tmp_path / "no" / "result.csv")


def test_an_output_in_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    if os.geteuid() == 0:  # whom no mode keeps out; but nobody can make a file in /proc
        folder = Path("/proc")
    with pytest.raises(SettingsError, match="cannot be written there"):
        reporter.check_writable(folder / "result.csv")


def test_checking_an_output_leaves_everything_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("old")

    reporter.check_writable(tmp_path / "old.csv")
    reporter.check_writable(tmp_path / "new.csv")

    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"old.csv": "old"}


def damaged_picture(folder: Path, *, checksum: bool) -> Path:
    """A workbook whose rows can be read, and whose picture behind them cannot."""
    noise = bytes(n * n % 251 for n in range(5000))
    path = make_book(
        folder / "sheet.xlsx", contacts_xml("90000002"), more={"xl/media/logo.png": noise}
    )
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("xl/media/logo.png")
    data = bytearray(path.read_bytes())
    if checksum:
        central = data.rindex(b"PK\x01\x02")
        data[central + 16 : central + 20] = b"\0\0\0\0"
    else:
        begin = entry.header_offset + 30 + len(entry.filename)
        data[begin : begin + 300] = b"\xff" * 300
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("checksum", [True, False], ids=["wrong checksum", "not deflate"])
def test_a_sheet_that_cannot_be_copied_leaves_the_old_result_and_the_outcomes_come_alone(
    ledger: Ledger, tmp_path: Path, checksum: bool
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    sheet = damaged_picture(folder, checksum=checksum)
    output = folder / "result.xlsx"
    output.write_text("the old result")
    before = sheet.read_bytes()
    run = sent(ledger, sheet)

    alone = reporter.write(run, output)

    assert "umid-2" in alone.read_text("utf-8-sig")
    assert output.read_text() == "the old result"
    assert sheet.read_bytes() == before
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        [alone.name, "result.xlsx", "sheet.xlsx"]
    )


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_row_that_is_not_in_the_sheet_is_not_lost(
    ledger: Ledger, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    sheet = (
        csv_sheet(folder)
        if kind == "csv"
        else make_book(folder / "sheet.xlsx", contacts_xml("90000002"))
    )
    with ledger.plan(Job(sheet=SheetOptions(path=str(sheet)), template="Hi")) as run:
        run.add([Message(99, "+6590000002", "Hi", 1, Encoding.GSM7)], [])
        run.seal(
            SheetFacts(
                path=str(sheet),
                suffix=sheet.suffix,
                sheet="Sheet1",
                header_row=1,
                headers=("Name", "Phone"),
                width=2,
                fingerprint=fingerprint(sheet),
            )
        )

    alone = reporter.write(run, sheet.with_stem("result"))

    assert "99,,READY" in alone.read_text("utf-8-sig")
    assert sorted(p.name for p in folder.iterdir()) == sorted([alone.name, sheet.name])


def test_an_output_that_cannot_be_replaced_leaves_no_temporary_file(
    ledger: Ledger, tmp_path: Path
) -> None:
    folder = tmp_path / "here"
    (folder / "result.csv" / "full").mkdir(parents=True)
    run = sent(ledger, csv_sheet(tmp_path))

    with pytest.raises(ReportError):
        reporter.write(run, folder / "result.csv")

    assert [p.name for p in folder.iterdir()] == ["result.csv"]


def test_a_folder_that_has_gone_is_a_report_error(ledger: Ledger, tmp_path: Path) -> None:
    run = sent(ledger, csv_sheet(tmp_path))

    with pytest.raises(ReportError, match="Everything is in the ledger"):
        reporter.write(run, tmp_path / "gone" / "result.csv")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_the_result_has_the_sheet_s_permissions(
    ledger: Ledger, tmp_path: Path, kind: str, mode: int
) -> None:
    sheet = (
        csv_sheet(tmp_path)
        if kind == "csv"
        else make_book(tmp_path / "sheet.xlsx", contacts_xml("90000002"))
    )
    sheet.chmod(mode)
    run = sent(ledger, sheet)

    for _ in range(2):  # over a result that is there, too
        result = reporter.write(run, sheet.with_stem("result"))
        assert result.stat().st_mode & 0o777 == mode


def test_a_result_that_is_there_is_replaced(ledger: Ledger, tmp_path: Path) -> None:
    output = tmp_path / "result.csv"
    output.write_text("x" * 10_000)
    run = sent(ledger, csv_sheet(tmp_path))

    reporter.write(run, output)

    with output.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["Phone", "Name", *COLUMNS]
    assert rows[1][2:] == [str(v or "") for v in queued(run, 2, "+6590000002")]


def test_a_plan_that_was_never_sent_is_reported_as_ready(ledger: Ledger, tmp_path: Path) -> None:
    run = planned(ledger, make_book(tmp_path / "s.xlsx", contacts_xml("90000002", "12")))

    rows = values(reporter.write(run, tmp_path / "result.xlsx"))

    assert rows[1][2:] == [None, "READY", None, "+6590000002", 1, "GSM7", None, None, run.id]
    assert (rows[2][3], rows[2][10]) == ("INVALID", run.id)
    assert SENT_AT.encode() not in parts(tmp_path / "result.xlsx")["xl/worksheets/sheet1.xml"]


def test_a_name_that_leaves_no_room_for_the_half_written_file_is_refused(tmp_path: Path) -> None:
    reporter.check_writable(tmp_path / f"{'n' * 200}.csv")
    with pytest.raises(SettingsError, match=r"cannot be written there .*name too long"):
        reporter.check_writable(tmp_path / f"{'n' * 248}.csv")
    assert list(tmp_path.iterdir()) == []
