"""CSV and TSV come back with fields added, and not a byte of the user's own changed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from reporter_runs import COLUMNS, SENT_AT, planned, queued, sent

from bulksender import reporter
from bulksender.ledger import Ledger, Run

HEADER = ",".join(COLUMNS)


def fields(run: Run, row: int, number: str, detail: str = "") -> str:
    """The nine fields of a QUEUED row as they stand in a CSV file."""
    return f"umid-{row},QUEUED,{detail},{number},1,GSM7,batch-1,{SENT_AT},{run.id}"


def reported(
    ledger: Ledger, folder: Path, data: bytes, name: str = "sheet.csv", detail: str = ""
) -> tuple[Run, bytes]:
    """The run, and the result's bytes; `detail` is row 2's."""
    sheet = folder / name
    sheet.write_bytes(data)
    run = sent(ledger, sheet, {2: detail}, again=True)
    result = reporter.write(run, sheet.with_stem("result"))
    assert sheet.read_bytes() == data
    return run, result.read_bytes()


def records(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(data.decode("utf-8-sig").splitlines(True), delimiter=delimiter))


def test_nine_fields_are_added_to_the_header_and_to_every_row(
    ledger: Ledger, tmp_path: Path
) -> None:
    run, result = reported(ledger, tmp_path, b"Name,Phone\nAnn,90000002\nBo,90000003\n")

    assert result.decode() == (
        f"Name,Phone,{HEADER}\n"
        f"Ann,90000002,{fields(run, 2, '+6590000002')}\n"
        f"Bo,90000003,{fields(run, 3, '+6590000003')}\n"
    )


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "unended"])
def test_the_bom_and_every_line_end_stay(
    ledger: Ledger, tmp_path: Path, bom: bytes, end: str, last: bool
) -> None:
    lines = ["Phone,Città", "90000002,Forlì", "90000003,Roma"]
    run, result = reported(
        ledger, tmp_path, bom + (end.join(lines) + (end if last else "")).encode()
    )

    expected = [
        f"Phone,Città,{HEADER}",
        f"90000002,Forlì,{fields(run, 2, '+6590000002')}",
        f"90000003,Roma,{fields(run, 3, '+6590000003')}",
    ]
    assert result == bom + (end.join(expected) + (end if last else "")).encode()


def test_line_ends_of_several_kinds_stay_each_where_it_is(ledger: Ledger, tmp_path: Path) -> None:
    data = b'Phone,Note\r\n90000002,"two\nlines\r\n"\n90000003,x\r\n\n90000005,y'
    run, result = reported(ledger, tmp_path, data)

    assert result.decode() == (
        f"Phone,Note,{HEADER}\r\n"
        f'90000002,"two\nlines\r\n",{fields(run, 2, "+6590000002")}\n'
        f"90000003,x,{fields(run, 3, '+6590000003')}\r\n"
        "\n"
        f"90000005,y,{fields(run, 5, '+6590000005')}"
    )


@pytest.mark.parametrize(
    ("name", "delimiter"), [("s.csv", ";"), ("s.tsv", "\t"), ("s.txt", "|"), ("S.CSV", ",")]
)
def test_the_delimiter_and_the_quoting_stay(
    ledger: Ledger, tmp_path: Path, name: str, delimiter: str
) -> None:
    lines = ["Phone,Name", '"90000002","say ""hi"""', "90000003, spaced ", '90000004,5" nail']
    data = "\n".join(lines).replace(",", delimiter)
    run, result = reported(ledger, tmp_path, data.encode(), name, detail=f"a{delimiter}b")

    assert result.decode().splitlines()[0] == f"{lines[0]},{HEADER}".replace(",", delimiter)
    for line, row in zip(lines[1:], result.decode().splitlines()[1:], strict=True):
        assert row.startswith(line.replace(",", delimiter) + delimiter)
    for number, record in enumerate(records(result, delimiter)[1:], 2):
        detail = f"a{delimiter}b" if number == 2 else ""
        expected = queued(run, number, f"+65{90000000 + number}", detail)
        assert record[2:] == [str(value) for value in expected]


def test_title_lines_and_a_sep_line_are_not_touched(ledger: Ledger, tmp_path: Path) -> None:
    top = b'sep=;\nOur people;;;;;\n"made on\n1 May";\n;;\n'
    run, result = reported(ledger, tmp_path, top + b"Name;Phone\nAnn;90000006\n;\n")

    head, row, rest = result.removeprefix(top).decode().split("\n", 2)
    assert result.startswith(top)
    assert head.replace(";;;;", "") == "Name;Phone;" + HEADER.replace(",", ";")
    assert row.endswith(fields(run, 6, "+6590000006").replace(",", ";"))
    assert rest == ";\n"


def test_a_short_row_is_filled_up_and_a_long_one_widens_the_sheet(
    ledger: Ledger, tmp_path: Path
) -> None:
    data = b"Phone,Name,City\n90000002\n90000003,Bo,Rome,more,still more\n90000004,Cy\n"
    run, result = reported(ledger, tmp_path, data)

    assert result.decode() == (
        f"Phone,Name,City,,,{HEADER}\n"
        f"90000002,,,,,{fields(run, 2, '+6590000002')}\n"
        f"90000003,Bo,Rome,more,still more,{fields(run, 3, '+6590000003')}\n"
        f"90000004,Cy,,,,{fields(run, 4, '+6590000004')}\n"
    )


def test_trailing_empty_columns_stay(ledger: Ledger, tmp_path: Path) -> None:
    run, result = reported(ledger, tmp_path, b"Phone,Name,,\n90000002,Ann,,\n,,,\n90000004,,,\n")

    assert result.decode() == (
        f"Phone,Name,,,{HEADER}\n"
        f"90000002,Ann,,,{fields(run, 2, '+6590000002')}\n"
        ",,,\n"
        f"90000004,,,,{fields(run, 4, '+6590000004')}\n"
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_detail_that_looks_like_a_formula_gets_an_apostrophe(
    ledger: Ledger, tmp_path: Path, start: str
) -> None:
    said = f'{start}1+1,"x"'
    _, result = reported(ledger, tmp_path, b"Phone,Name\n90000002,=1+1\n", detail=said)

    with (tmp_path / "result.csv").open(newline="", encoding="utf-8") as file:
        head, row = csv.reader(file)
    found = dict(zip(head, row, strict=True))
    assert found["status_detail"] == f"'{said}"
    assert found["destination"] == "+6590000002"  # a number, and no spreadsheet computes it
    assert result.splitlines()[1].startswith(b"90000002,=1+1,")  # the user's own stays


def test_columns_that_stand_there_are_overwritten_and_the_others_appended(
    ledger: Ledger, tmp_path: Path
) -> None:
    data = (
        b'"Name","run","Phone","umid",Note\n'
        b'"Ann ""A""",old,90000002,"old, ""quoted"" one","two\nlines"\n'
        b" Bo ,,90000003\n"
    )
    run, result = reported(ledger, tmp_path, data)

    new = f"{SENT_AT}"
    assert result.decode().replace('"run"', "run").replace('"umid"', "umid") == (
        '"Name",run,"Phone",umid,Note,status,status_detail,destination,parts,encoding,batch_id,'
        "sent_at\n"
        f'"Ann ""A""",{run.id},90000002,umid-2,"two\nlines",QUEUED,,+6590000002,1,GSM7,batch-1,'
        f"{new}\n"
        f" Bo ,{run.id},90000003,umid-3,,QUEUED,,+6590000003,1,GSM7,batch-1,{new}\n"
    )


def test_a_result_that_is_reported_again_is_the_same_but_for_the_run(
    ledger: Ledger, tmp_path: Path
) -> None:
    first, data = reported(ledger, tmp_path, b'Phone,Name\r\n90000002,"A, B"\r\n90000003,\'x\r\n')

    second, result = reported(ledger, tmp_path, data)

    assert result == data.replace(first.id.encode(), second.id.encode())


def test_a_row_sent_before_keeps_its_fields_but_for_status_and_detail(
    ledger: Ledger, tmp_path: Path
) -> None:
    first, data = reported(ledger, tmp_path, b"Phone,Name\n90000002,Ann\n12,Bo\n")
    sheet = tmp_path / "again.csv"
    sheet.write_bytes(data)

    result = reporter.write(planned(ledger, sheet), tmp_path / "second.csv").read_bytes()

    old, new = records(data)[1], records(result)[1]
    assert new[3] == "ALREADY_SENT"
    assert first.id in new[4]
    assert new[:3] + new[5:] == old[:3] + old[5:]


def test_an_unusable_number_in_a_column_called_destination_is_not_wiped_out(
    ledger: Ledger, tmp_path: Path
) -> None:
    _, result = reported(ledger, tmp_path, b"destination,Name\n90000002,Ann\n9000 00,Bo\n")

    rows = records(result)
    assert [rows[0][0], rows[2][0]] == ["destination", "9000 00"]
    assert rows[2][3] == "INVALID"


def test_a_field_beyond_csv_s_own_limit_is_reported_by_another_process(
    ledger: Ledger, tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(f"Phone,Note\n90000002,{'n' * 200_000}\n")
    run = sent(ledger, sheet)
    before = csv.field_size_limit(131_072)  # what a process starts with that plans nothing
    try:
        result = reporter.write(run, tmp_path / "result.csv")
    finally:
        csv.field_size_limit(before)

    assert result.read_text().endswith(f"{fields(run, 2, '+6590000002')}\n")
