"""`check` from outside: the checked sheet, what was mended, what is worth knowing, suggestions."""

from __future__ import annotations

import csv
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from shell import Ended, Shell

from bulksender.simulator import Simulator

SHEET = """Name,Mobile,Note
Ann,+6591230001,nan
Bob,123,ok
Cyd,91230002,ok
Dot,,ok
Eve,91230001,ok
Fay,0065 9123 0003,ok
"""
STATUSES = ["READY", "INVALID", "READY", "INVALID", "DUPLICATE", "READY"]
RESULTS = ["umid", "status", "status_detail", "destination", "parts", "encoding"]
HI = ("--text", "Hi {{ name }}", "--country", "SG")


@pytest.fixture(autouse=True)
def sheet(shell: Shell) -> None:
    shell.write("sheet.csv", SHEET)


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV or XLSX sheet, blank cells as empty texts."""
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    header, *rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    return [
        {
            str(name): "" if cell is None else str(cell)
            for name, cell in zip(header, row, strict=True)
        }
        for row in rows
    ]


def workbook(shell: Shell, name: str = "sheet.xlsx", hidden: tuple[int, ...] = ()) -> Path:
    book = openpyxl.Workbook()
    for row in csv.reader(SHEET.splitlines()):
        book.active.append([cell or None for cell in row])
    for number in hidden:
        book.active.row_dimensions[number].hidden = True
    book.save(shell.folder / name)
    return shell.folder / name


def check(shell: Shell, *arguments: str, sheet: str = "sheet.csv") -> Ended:
    ended = shell.run("check", sheet, *arguments)
    assert "Traceback" not in ended.err
    return ended


def line_with(ended: Ended, said: str) -> str:
    lines = [line.strip() for line in ended.out.splitlines() if said in line]
    assert lines, f"{said!r} is not in:\n{ended.out}"
    return lines[0]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_checked_sheet_says_what_would_become_of_each_row(
    shell: Shell, simulator: Simulator, suffix: str
) -> None:
    source = workbook(shell) if suffix == ".xlsx" else shell.folder / "sheet.csv"
    before = source.read_bytes()
    ended = check(shell, *HI, "-o", f"checked{suffix}", sheet=source.name)
    assert ended.code == 0, ended.err
    assert f"Checked sheet: checked{suffix}" in ended.out
    rows = rows_of(shell.folder / f"checked{suffix}")
    assert [row["status"] for row in rows] == STATUSES
    assert [row["Name"] for row in rows] == ["Ann", "Bob", "Cyd", "Dot", "Eve", "Fay"]
    assert {row["umid"] for row in rows} == {row["run"] for row in rows} == {""}
    assert "too short for Singapore" in rows[1]["status_detail"]
    assert rows[3]["status_detail"]
    assert rows[4]["status_detail"] == "the same number as row 2"
    assert rows[5]["destination"] == "+6591230003"
    assert [rows[5][name] for name in ("parts", "encoding")] == ["1", "GSM7"]
    assert source.read_bytes() == before
    assert simulator.posts == []
    assert shell.run("resume").code == 3, "a check leaves no run behind"


def test_json_names_the_checked_sheet(shell: Shell) -> None:
    said = check(shell, *HI, "-o", "checked.csv", "--json").json
    assert said["output"] == "checked.csv"
    assert said["run"] is None
    assert said["counts"] == {"INVALID": 2, "DUPLICATE": 1, "READY": 3}
    assert check(shell, *HI, "--json").json["output"] is None


def test_the_checked_sheet_is_written_although_no_row_can_be_sent(shell: Shell) -> None:
    shell.write("bad.csv", "Name,Mobile\nAnn,12\nBob,call me\n")
    ended = check(shell, *HI, "-o", "checked.csv", "--json", sheet="bad.csv")
    assert ended.code == 3
    assert ended.json["output"] == "checked.csv"
    assert [row["status"] for row in rows_of(shell.folder / "checked.csv")] == ["INVALID"] * 2


def test_the_checked_sheet_is_written_although_strict_refuses(shell: Shell) -> None:
    ended = check(shell, *HI, "-o", "checked.csv", "--strict")
    assert ended.code == 3
    assert "--strict" in ended.err
    assert [row["status"] for row in rows_of(shell.folder / "checked.csv")] == STATUSES


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("sheet.csv", "is the sheet itself"),
        ("./sheet.csv", "is the sheet itself"),
        ("folder.csv", "this is a folder"),
        ("folder", "folder"),
        ("none/checked.csv", "no folder"),
        ("checked.xlsx", "a .csv file"),
    ],
)
def test_an_output_that_cannot_be_is_refused(shell: Shell, output: str, said: str) -> None:
    for name in ("folder.csv", "folder"):
        (shell.folder / name).mkdir()
    ended = check(shell, *HI, "-o", output)
    assert ended.code == 3
    assert said in ended.err
    assert ended.out == ""
    assert (shell.folder / "sheet.csv").read_text("utf-8") == SHEET


def test_a_refusal_names_no_option_that_check_does_not_have(shell: Shell) -> None:
    ended = check(shell, *HI, "-o", "sheet.csv")
    assert ended.code == 3
    assert "--in-place" not in ended.err


def test_a_link_to_the_sheet_is_the_sheet(shell: Shell) -> None:
    (shell.folder / "link.csv").symlink_to(shell.folder / "sheet.csv")
    assert check(shell, *HI, "-o", "link.csv").code == 3
    assert (shell.folder / "sheet.csv").read_text("utf-8") == SHEET


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_checked_sheet_can_be_mended_and_sent_once_to_each(
    shell: Shell, simulator: Simulator, suffix: str
) -> None:
    source = workbook(shell) if suffix == ".xlsx" else shell.folder / "sheet.csv"
    assert check(shell, *HI, "-o", f"checked{suffix}", sheet=source.name).code == 0
    path = shell.folder / f"checked{suffix}"
    if suffix == ".csv":
        path.write_text(path.read_text("utf-8").replace("Bob,123,", "Bob,91230009,"), "utf-8")
    else:
        book = openpyxl.load_workbook(path)
        book.active["B3"] = "91230009"
        book.save(path)
    tried = shell.run("send", path.name, *HI, "--simulate", "--yes", "--json", "-o", f"t{suffix}")
    assert tried.code == 0, tried.err
    assert tried.json["counts"] == {"INVALID": 1, "DUPLICATE": 1, "QUEUED": 4}
    assert simulator.posts == []
    sent = shell.run("send", path.name, *HI, "--yes", "--json", "--again")
    assert sent.code == 0, sent.err
    assert sent.json["counts"] == {"INVALID": 1, "DUPLICATE": 1, "QUEUED": 4}
    numbers = sorted(message.destination for message in simulator.messages)
    assert numbers == ["+6591230001", "+6591230002", "+6591230003", "+6591230009"]
    rows = rows_of(shell.folder / f"checked-results{suffix}")
    assert [bool(row["umid"]) for row in rows] == [True, True, True, False, False, True]
    once_more = shell.run("send", f"checked-results{suffix}", *HI, "--yes")
    assert len(simulator.messages) == 4, once_more.out


def test_problems_are_grouped_with_the_first_rows(shell: Shell) -> None:
    bad = "".join(f"Row {row},12{row % 10}\n" for row in range(37))
    shell.write("many.csv", f"Name,Mobile\n{bad}Ann,91230001\nBob,no number\n")
    ended = check(shell, *HI, sheet="many.csv")
    assert ended.code == 0
    line = line_with(ended, "37 rows: ")
    assert "too short for Singapore" in line
    assert "(rows 2, 3, 4, 5, 6 …)" in line
    assert line_with(ended, "row 40: ").startswith('INVALID row 40: "Mobile" (B): ')
    assert ended.out.count("too short for Singapore") == 1


def test_repairs_are_counted_by_kind_with_an_example(shell: Shell) -> None:
    shell.write(
        "mended.csv",
        "Name,Mobile\nAnn,0065 9123 0001\nBob,006591230002\nCyd,'91230003\nDot,tel:+6591230004\n"
        "Eve,+6591230005\nFay,91230006.0\n",
    )
    ended = check(shell, *HI, sheet="mended.csv")
    assert "Numbers that were mended" in ended.out
    line = line_with(ended, "2 rows: ")
    assert line.endswith("as in row 2: 0065 9123 0001 → +6591230001")
    assert line_with(ended, "row 4: ").endswith("'91230003 → +6591230003")
    assert line_with(ended, "row 5: ").endswith("tel:+6591230004 → +6591230004")
    assert line_with(ended, "row 7: ").endswith("91230006.0 → +6591230006")
    assert "+6591230005" not in ended.out


def test_rows_without_repairs_tell_of_none(shell: Shell) -> None:
    shell.write("clean.csv", "Name,Mobile\nAnn,+6591230001\n")
    assert "mended" not in check(shell, *HI, sheet="clean.csv").out


@pytest.mark.parametrize(
    ("text", "rows", "said"),
    [
        (
            "Hi {{ name }} " + "a" * 130 + " https://shop.example/pay {{ note }}",
            "(rows 2, 4, ",
            "link",
        ),
        ("Hi \x07{{ name }}", "(rows 2, 4, ", "control character"),
        ("Hi {% raw %}{{ name }}{% endraw %}", "(rows 2, 4, ", "{{"),
        ("Hi {name}", "", "{name} as it stands"),
        ("Hi ((Name))", "", "((Name)) as it stands"),
        ("Hi <<name>>", "", "<<name>> as it stands"),
        ("Hi [name]", "", "[name] as it stands"),
        ("Hi {{ note }}", "row 2: ", '"nan"'),
    ],
)
def test_what_is_odd_is_noticed_and_goes_out_all_the_same(
    shell: Shell, text: str, rows: str, said: str
) -> None:
    ended = check(shell, "--text", text, "--country", "SG")
    assert ended.code == 0, ended.err
    assert "Worth knowing" in ended.out
    assert rows in line_with(ended, said)
    assert "3 READY" in ended.out


def test_only_rows_that_would_go_out_are_counted_in_a_notice(shell: Shell) -> None:
    ended = check(shell, "--text", "Hi \x07{{ name }}", "--country", "SG")
    assert line_with(ended, "control character").startswith("3 rows: ")


def test_braces_in_a_column_of_texts_are_noticed(shell: Shell) -> None:
    shell.write("own.csv", "Mobile,Text\n+6591230001,Hi {{ name }}\n+6591230002,Hello\n")
    ended = check(shell, "--text-column", "Text", sheet="own.csv")
    assert ended.code == 0
    assert line_with(ended, "{{ or {%").startswith("row 2: ")
    assert "2 READY" in ended.out


def test_brackets_that_are_no_columns_are_not_noticed(shell: Shell) -> None:
    ended = check(shell, "--text", "Hi [sic] (name) {you} {{ name }}", "--country", "SG")
    assert "Worth knowing" not in ended.out


def test_what_plain_punctuation_would_save_is_told_exactly(shell: Shell) -> None:
    body = ["It’s " + "a" * 100, "“" + "b" * 140 + "”", "plain", "It’s", "李’s"]
    rows = "".join(f"+659123000{n},{text}\n" for n, text in enumerate(body))
    shell.write("own.csv", f"Mobile,Text\n{rows}")
    ended = check(shell, "--text-column", "Text", sheet="own.csv")
    said = line_with(ended, "--plain-punctuation")
    assert "3 texts" in said
    assert said.endswith("save 3 SMS parts")
    before = check(shell, "--text-column", "Text", "--json", sheet="own.csv").json
    after = check(
        shell, "--text-column", "Text", "--plain-punctuation", "--json", sheet="own.csv"
    ).json
    assert before["parts"] - after["parts"] == 3
    assert after["encodings"] == {"GSM7": 4, "UCS2": 1}


def test_a_row_that_is_not_sent_saves_nothing(shell: Shell) -> None:
    text = ("--text", "It’s {{ name }} " + "a" * 90, "--country", "SG")
    said = line_with(check(shell, *text), "--plain-punctuation")
    before = check(shell, *text, "--json").json["parts"]
    after = check(shell, *text, "--plain-punctuation", "--json").json["parts"]
    assert "3 texts" in said
    assert said.endswith(f"save {before - after} SMS parts")


def test_hidden_rows_are_left_out_and_told_unless_asked_for(shell: Shell) -> None:
    workbook(shell, hidden=(4, 7))
    ended = check(shell, *HI, sheet="sheet.xlsx")
    assert ended.code == 0, ended.err
    said = line_with(ended, "--include-hidden")
    assert said.startswith("2 rows: ")
    assert "(rows 4, 7)" in said
    assert "1 READY" in ended.out
    whole = check(shell, *HI, "--include-hidden", "--json", sheet="sheet.xlsx").json
    assert whole["counts"] == {"INVALID": 2, "DUPLICATE": 1, "READY": 3}
    assert check(shell, *HI, "-o", "checked.xlsx", sheet="sheet.xlsx").code == 0
    statuses = [row["status"] for row in rows_of(shell.folder / "checked.xlsx")]
    assert statuses == ["READY", "INVALID", "", "INVALID", "DUPLICATE", ""]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("chek", "sheet.csv"), "check"),
        (("sned", "sheet.csv"), "send"),
        (("resumee",), "resume"),
        (("check", "sheet.csv", "--tekst", "Hi"), "--text"),
        (("check", "sheet.csv", "--text", "Hi", "--contry", "SG"), "--country"),
        (("check", "sheet.csv", "--text", "Hi", "--include-hiden"), "--include-hidden"),
        (("check", "sheet.csv", "--text", "Hi", "--plain-punctation"), "--plain-punctuation"),
        (("check", "sheet.csv", "--text", "Hi", "--phone-colum", "x"), "--phone-column"),
        (("check", "sheet.csv", "--text", "Hi", "--phone-column", "Mobil"), '"Mobile"?'),
        (("check", "sheet.csv", "--text", "Hi", "--phone-column", "Mobile,Nam"), '"Name"?'),
        (("check", "sheet.csv", "--text-column", "Nota"), '"Note"?'),
        (("check", "sheet.csv", "--text", "Hi", "--id-column", "Nmae"), '"Name"?'),
        (("check", "sheet.csv", "--text", "Hi {{ nmae }}"), '"name"?'),
        (("check", "shet.csv", "--text", "Hi"), '"sheet.csv"?'),
        (("check", "sheet.xlsx", "--text", "Hi", "--sheet", "Shet"), '"Sheet"?'),
        (("send", "sheet.csv", "--text", "Hi", "--region", "eurpe"), '"europe"?'),
        (("check", "sheet.csv", "--text", "Hi", "--encoding", "GSM"), "GSM7"),
    ],
)
def test_a_wrong_name_gets_the_nearest_one(
    shell: Shell, arguments: tuple[str, ...], said: str
) -> None:
    workbook(shell)
    ended = shell.run(*arguments)
    assert ended.code in (2, 3)
    assert said in ended.err
    assert "Traceback" not in ended.err
    told = ("Did you mean", "Possible option", "not one of")
    assert any(words in ended.err for words in told), ended.err


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("subacount", "subaccount"),
        ("regin", "region"),
        ("api_key_fil", "api_key_file"),
        ("sorce", "source"),
        ("contry", "country"),
    ],
)
def test_a_wrong_setting_gets_the_nearest_one(shell: Shell, setting: str, said: str) -> None:
    shell.write("bulksender.toml", f'{setting} = "x"\n')
    ended = check(shell, *HI)
    assert ended.code == 3
    assert f'Did you mean "{said}"?' in ended.err


def test_a_wrong_region_in_the_settings_or_the_environment_gets_the_nearest(shell: Shell) -> None:
    ended = shell.run("check", "sheet.csv", *HI, BULKSENDER_BASE_URL="", BULKSENDER_REGION="aisa")
    assert ended.code == 3
    assert 'Did you mean "asia"?' in ended.err
    shell.write("bulksender.toml", 'region = "indonsia"\n')
    ended = shell.run("check", "sheet.csv", *HI, BULKSENDER_BASE_URL="")
    assert 'Did you mean "indonesia"?' in ended.err


def test_a_check_whose_sheet_cannot_be_copied_says_where_it_went(shell: Shell) -> None:
    path = shell.folder / "utf16.xlsx"
    with ZipFile(shell.folder / "shop.xlsx") as source, ZipFile(path, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            if name.startswith("xl/worksheets/"):
                part = part.decode().replace("UTF-8", "UTF-16", 1).encode("utf-16")
            target.writestr(name, part)
    ended = shell.run("check", "utf16.xlsx", "--text", "Hi", "--country", "SG", "-o", "out.xlsx")
    assert ended.code == 0, ended.err
    assert "cannot be copied" in ended.err
    assert not (shell.folder / "out.xlsx").exists()
    assert list(shell.folder.glob("out-results-*.csv"))
