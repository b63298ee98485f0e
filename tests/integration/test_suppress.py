"""`bulksender suppress`: who must not be texted, typed, read from sheets, listed and written.

A real ledger, and sheets as people keep them. Most commands run in this process, since most of a
test's time is to start another.
"""

from __future__ import annotations

import csv
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from openpyxl import Workbook, load_workbook
from shell import Ended, Shell
from typer.testing import CliRunner

from bulksender import suppressing
from bulksender.cli.app import app
from bulksender.errors import SettingsError, SheetError
from bulksender.ledger import Ledger, Suppressed, suppress, suppressed
from bulksender.model import Batch, Outcome, RowStatus
from bulksender.settings import SheetOptions
from bulksender.stopping import listening, stop_once

if TYPE_CHECKING:
    from conftest import Desk

STOPS = """\
Name,Mobile,Office,Unsubscribed
Ada,+65 9123 4567,,yes
Bob,91234568,6123 4567,2026-10-01
Cem,12,,yes
Dee,91234569,banana,y
Eve,91234570,,no
Fay,91234571,,
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


class Here:
    """Runs commands in a folder, in this process."""

    def __init__(self, shell: Shell) -> None:
        self.folder = shell.folder
        self.write = shell.write
        self._environ = shell.environ

    def run(self, *arguments: str) -> Ended:
        """`bulksender ARGUMENTS…`."""
        with listening(stop_once):
            ended = CliRunner().invoke(app, arguments, env=self._environ, catch_exceptions=False)
        return Ended(ended.exit_code, ended.stdout, ended.stderr)


@pytest.fixture
def here(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Here:
    monkeypatch.chdir(shell.folder)
    return Here(shell)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def kept(path: Path) -> list[Suppressed]:
    with Ledger(path) as ledger:
        return list(suppressed(ledger))


def numbers_on(path: Path) -> set[str]:
    return {line.number for line in kept(path)}


def put(path: Path, *numbers: str, source: str = "typed", at: str | None = None) -> None:
    with Ledger(path, durable=False) as ledger:
        suppress(ledger, numbers, source, at)


def opt_outs(path: Path, *phone: str, **options: Any) -> suppressing.OptOuts:
    return suppressing.opt_outs_of(
        SheetOptions(path=str(path), phone_columns=phone, **{"country": "SG"} | options)
    )


def assert_quiet(*ended: Ended) -> None:
    """Nobody's number in what was said, and no trace of the program."""
    for each in ended:
        assert not re.search(r"9123\s?45", each.out + each.err), each
        assert "Traceback" not in each.err, each.err
        assert "A bug in" not in each.err, each.err


# Typed numbers


def test_typed_numbers_are_put_on_the_list_and_taken_off(shell: Shell, ledger: Path) -> None:
    first = shell.run("suppress", "add", "9123 4567", "+65-9123-4568", "--country", "sg")
    assert (first.code, first.out) == (0, "2 numbers added to the suppression list.\n")
    again = shell.run(
        "suppress", "add", "+6591234567", "6591234569", "--source", "by phone", "--json"
    )
    assert again.code == 0
    assert again.json == {"added": 1, "present": 1, "scheduled": []}
    assert "1 number added to the suppression list. 1 stood there already." in again.err
    assert [(line.number, line.source) for line in kept(ledger)] == [
        ("+6591234567", "typed"),
        ("+6591234568", "typed"),
        ("+6591234569", "by phone"),
    ]
    removed = shell.run("suppress", "remove", "91234567", "+6581234567", "--country", "SG")
    assert removed.code == 0
    assert removed.out == "1 number removed from the suppression list. 1 was not on it.\n"
    assert numbers_on(ledger) == {"+6591234568", "+6591234569"}
    none = shell.run("suppress", "remove", "+6591234567", "--json")
    assert (none.code, none.json) == (3, {"removed": 0, "absent": 1})
    assert "None of these numbers is on the suppression list" in none.err
    assert_quiet(first, again, removed, none)


def test_a_typed_number_that_is_none_refuses_all_and_is_named_by_its_place(
    here: Here, ledger: Path
) -> None:
    for command in ("add", "remove"):
        ended = here.run("suppress", command, "+6591234567", "91234", "+6591234568", "nine")
        assert ended.code == 3
        assert "Nothing was changed. The 2nd number: the number is too short" in ended.err
        assert "The 4th number: the phone number has letters in it." in ended.err
        assert "91234" not in ended.err
        assert "nine" not in ended.err
        assert_quiet(ended)
    country = here.run("suppress", "add", "91234567", "--country", "Singapore")
    assert country.code == 3
    assert "--country takes two letters" in country.err
    assert here.run("suppress", "add").code == 2
    assert kept(ledger) == []


def test_numbers_without_country_belong_where_the_settings_say(here: Here, ledger: Path) -> None:
    here.write("bulksender.toml", 'country = "sg"\n')
    here.write("stops.csv", "Mobile\n91234568\n")
    assert here.run("suppress", "add", "91234567").code == 0
    assert here.run("suppress", "import", "stops.csv").code == 0
    assert numbers_on(ledger) == {"+6591234567", "+6591234568"}


def test_a_wrong_number_is_counted_as_people_count() -> None:
    wrong = ["12"] * 23
    with pytest.raises(SettingsError) as raised:
        suppressing.numbers_of(wrong, "SG")
    places = re.findall(r"The (\w+) number", str(raised.value))
    assert places[:4] == ["1st", "2nd", "3rd", "4th"]
    assert places[10:13] == ["11th", "12th", "13th"]
    assert places[-1] == "20th", "twenty are enough"


def test_a_number_on_the_list_that_no_plan_has_can_be_taken_off(ledger: Path) -> None:
    put(ledger, "+6512345678")
    with pytest.raises(SettingsError, match="The 1st number"):
        suppressing.numbers_of(["+65 1234 5678"], None)
    found = suppressing.numbers_of(["+65 1234-5678"], None, listed=True)
    with Ledger(ledger) as book:
        assert suppressing.remove(book, found) == suppressing.Removed(1, 0)


def test_messages_that_8x8_has_still_to_send_to_them_are_told(here: Here, desk: Desk) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    run = desk.plan(3, scheduled=later)
    batch = Batch(run.id, 1, list(run.ready()))
    run.claim(batch)
    run.settle(batch, [Outcome(m.row, RowStatus.QUEUED, "umid") for m in batch.messages], [], "8x8")
    numbers = [message.destination for message in batch.messages]

    ended = here.run("suppress", "add", "+6591234567", *numbers[:2], "--json")
    assert ended.code == 0
    assert ended.json == {
        "added": 3,
        "present": 0,
        "scheduled": [{"run": run.id, "messages": 2}],
    }
    assert f"2 messages to them of run {run.id} are scheduled at 8x8" in ended.err
    assert f"bulksender cancel {run.id}" in ended.err

    here.write("stops.csv", f"Mobile\n{numbers[2]}\n")
    read = here.run("suppress", "import", "stops.csv")
    assert read.code == 0
    assert f"A message to them of run {run.id} is scheduled at 8x8" in read.out
    assert all(number not in ended.err + read.out for number in numbers)


# Sheets


def test_a_sheet_of_opt_outs_is_taken_row_by_row(here: Here, ledger: Path) -> None:
    here.write("stops.csv", "Mobile\n+65 9123 4567\n91234568\n\n12\n91234568\n")
    put(ledger, "+6591234567", source="by phone", at="2026-01-02T03:04:05.678+00:00")
    ended = here.run("suppress", "import", "stops.csv", "--country", "SG")
    assert ended.code == 0
    assert "every row is an opt-out: the sheet has no opt-out or opt-in column" in ended.out
    assert "1 number added to the suppression list. 1 stood there already." in ended.out
    assert '1 cell could not be used:\n  row 5: "Mobile" (A): the number is too short' in ended.out
    assert [(line.number, line.source, line.added_at[:4]) for line in kept(ledger)] == [
        ("+6591234567", "by phone", "2026"),
        ("+6591234568", "sheet stops.csv", str(datetime.now(UTC).year)),
    ]
    again = here.run("suppress", "import", "stops.csv", "--country", "SG", "--json")
    assert again.code == 0, "all were there already"
    assert (again.json["added"], again.json["present"]) == (0, 2)
    assert_quiet(ended, again)


def test_where_a_sheet_says_who_has_opted_out_only_these_are_taken(
    here: Here, ledger: Path
) -> None:
    here.write("stops.csv", STOPS)
    ended = here.run(
        *("suppress", "import", "stops.csv", "--country", "SG", "--source", "CRM, November"),
        *("--phone-column", "Mobile, Office", "--json"),
    )
    assert ended.code == 0
    assert ended.json == {
        "sheet": "stops.csv",
        "source": "CRM, November",
        "rule": 'only rows that opted out count: anything but a no in "Unsubscribed" (D); '
        "a blank cell says nothing",
        "rows": 6,
        "added": 4,
        "present": 0,
        "left_out": 2,
        "refused": 1,
        "problems": [
            {"row": 4, "detail": '"Mobile" (B): the number is too short for Singapore'},
            {"row": 5, "detail": '"Office" (C): the phone number has letters in it'},
        ],
        "scheduled": [],
    }
    assert ended.json["rule"] in ended.err
    assert "2 rows have not opted out: not taken." in ended.err
    assert "2 cells could not be used:" in ended.err
    assert numbers_on(ledger) == {"+6591234567", "+6591234568", "+6591234569", "+6561234567"}
    assert {line.source for line in kept(ledger)} == {"CRM, November"}
    assert_quiet(ended)


def test_an_opt_in_column_decides_as_well(tmp_path: Path) -> None:
    sheet = tmp_path / "people.csv"
    sheet.write_text(
        "Mobile,Consent,Stop\n91234567,yes,\n91234568,no,\n91234569,yes,x\n91234570,,\n"
    )
    found = opt_outs(sheet)
    assert found.numbers == {"+6591234568", "+6591234569"}
    assert (found.rows, found.left_out, found.refused) == (4, 2, 0)
    assert (
        'anything but a no in "Stop" (C), or anything but a clear yes in "Consent" (B)'
        in found.rule
    )


def test_a_sheet_in_which_nobody_has_opted_out_adds_nobody(here: Here, ledger: Path) -> None:
    here.write("stops.csv", "Mobile,Opt-out\n91234567,no\n")
    ended = here.run("suppress", "import", "stops.csv", "--country", "SG")
    assert ended.code == 0, "it could be read, and says so"
    assert "1 row has not opted out: not taken." in ended.out
    assert kept(ledger) == []


def test_a_sheet_without_a_number_that_can_be_used_is_refused(here: Here, ledger: Path) -> None:
    here.write("stops.csv", "Mobile\n" + "12\n" * 30)
    ended = here.run("suppress", "import", "stops.csv", "--country", "SG", "--json")
    assert ended.code == 3
    assert "no row of it holds a number that can be used; nothing was added" in ended.err
    assert ended.err.count("\n  row ") == 20
    assert "and 10 more" in ended.err
    assert [problem["row"] for problem in ended.json["problems"]] == [*range(2, 32)]
    assert not ledger.exists()
    missing = here.run("suppress", "import", "stop.csv")
    assert missing.code == 3
    assert 'Did you mean "stops.csv"?' in missing.err
    assert_quiet(ended, missing)


def test_problems_are_kept_up_to_a_hundred_and_all_counted(tmp_path: Path) -> None:
    sheet = tmp_path / "stops.csv"
    sheet.write_text("Mobile\n91234567\n" + "12\n" * 150)
    found = opt_outs(sheet)
    assert (found.problem_count, found.refused, len(found.problems)) == (150, 150, 100)
    assert found.problems[-1].row == 102


def test_rows_that_the_sheet_does_not_show_are_left_out_and_told(
    here: Here, tmp_path: Path, ledger: Path
) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in (["Mobile"], ["'91234567"], ["91234568"], [91234569.0]):
        page.append(row)
    page.row_dimensions[3].hidden = True
    book.save(tmp_path / "stops.xlsx")
    typed = ("suppress", "import", "stops.xlsx", "--country", "SG")
    ended = here.run(*typed)
    assert ended.code == 0
    assert "1 row: left out, because the sheet does not show them" in ended.out
    assert "--include-hidden takes them too" in ended.out
    assert "1 row: an apostrophe before it, as in row 2:" in ended.out, "what was mended is shown"
    assert numbers_on(ledger) == {"+6591234567", "+6591234569"}
    whole = here.run(*typed, "--include-hidden", "--json")
    assert whole.json["added"] == 1
    assert "left out" not in whole.err
    assert "1 row: an apostrophe before it\n" in whole.err
    assert "9123" not in whole.err, "it may go into a log"


def test_other_kinds_of_sheets_are_read_too(tmp_path: Path) -> None:
    wanted = {"+6591234567", "+6561234567"}
    columns = {"Name": ["Müller", "Ada"], "Mobile": ["91234567", "61234567"]}
    frame = pd.DataFrame(columns)
    frame.to_parquet(tmp_path / "stops.parquet")
    text = "Name;Mobile\r\nMüller;9123 4567\r\nAda;6123-4567\r\n"
    (tmp_path / "stops.csv").write_bytes(text.encode("cp1252"))
    book = Workbook()
    book.create_sheet("Opt-outs").append(["Mobile"])
    for number in (6591234567, "6123 4567"):
        book["Opt-outs"].append([number])
    book.save(tmp_path / "stops.xlsx")
    assert opt_outs(tmp_path / "stops.parquet").numbers == wanted
    assert opt_outs(tmp_path / "stops.csv").numbers == wanted
    found = opt_outs(tmp_path / "stops.xlsx", sheet="Opt-outs")
    assert found.numbers == wanted
    assert found.notices == [], "that a line cannot be texted does not matter here"
    with pytest.raises(SheetError, match='no column "Fax"'):
        opt_outs(tmp_path / "stops.csv", "Fax")


def test_a_large_sheet_is_read_whole(tmp_path: Path, ledger: Path) -> None:
    rows = "".join(f"{number},{'x' * 60}\n" for number in range(91_200_000, 91_235_000))
    (tmp_path / "stops.csv").write_text(f"Mobile,Remark\n{rows}")
    found = opt_outs(tmp_path / "stops.csv")
    with Ledger(ledger, durable=False) as book:
        assert suppressing.add(book, found.numbers, "sheet").added == 35_000
        assert suppressing.add(book, found.numbers, "sheet") == suppressing.Added(0, 35_000, [])


# The list as it is shown and written


def test_the_list_is_shown_with_sources_and_dates(shell: Shell, ledger: Path) -> None:
    nobody = shell.run("suppress", "list", "--json")
    assert (nobody.code, nobody.json) == (0, {"suppressed": [], "count": 0})
    put(ledger, "+6591234568", source="STOP reply", at="2026-11-02T09:00:00.000+00:00")
    put(ledger, "+6591234567", source="sheet a.csv", at="2026-11-01T09:00:00.000+00:00")
    shown = shell.run("suppress", "list", TZ="UTC")
    assert shown.code == 0
    assert shown.out.splitlines() == [
        "+6591234567       2026-11-01 09:00  sheet a.csv",
        "+6591234568       2026-11-02 09:00  STOP reply",
        "2 numbers on the suppression list.",
    ]
    told = shell.run("suppress", "list", "--json").json
    assert told["count"] == 2
    assert told["suppressed"][1] == {
        "number": "+6591234568",
        "source": "STOP reply",
        "added_at": "2026-11-02T09:00:00.000+00:00",
    }


@pytest.mark.parametrize("name", ["list.csv", "list.XLSX"])
def test_an_exported_list_comes_back_whole(here: Here, ledger: Path, name: str) -> None:
    numbers = [f"+65{number}" for number in range(91_230_000, 91_230_050)]
    put(ledger, *numbers, source='=HYPERLINK("x"), sheet ä.csv')
    put(ledger, "+4915112345678", "+393331234567", "+12015550123", source="STOP reply")
    before = kept(ledger)
    ended = here.run("suppress", "export", name, "--json")
    assert ended.code == 0
    assert ended.json == {"output": name, "count": 53}
    file = here.folder / name
    assert stat.S_IMODE(file.stat().st_mode) == 0o600, "they are people's numbers"

    other = here.run("suppress", "import", name, "--ledger", "other.db", "--json")
    assert other.code == 0
    assert (other.json["added"], other.json["refused"]) == (53, 0)
    assert numbers_on(here.folder / "other.db") == {line.number for line in before}

    same = here.run("suppress", "import", name, "--country", "DE", "--json")
    assert (same.json["added"], same.json["present"]) == (0, 53)
    assert kept(ledger) == before
    assert_quiet(ended, other, same)


def test_what_is_written_is_text_to_spreadsheet_programs(tmp_path: Path, ledger: Path) -> None:
    put(ledger, "+6591234567", source="=1+1", at="2026-11-01T09:00:00.000+00:00")
    with Ledger(ledger) as book:
        assert suppressing.export(book, tmp_path / "list.xlsx") == 1
        assert suppressing.export(book, tmp_path / "list.csv") == 1
    page = load_workbook(tmp_path / "list.xlsx").active
    assert page is not None
    header, line = page.iter_rows()
    assert [cell.value for cell in header] == ["number", "source", "added_at"]
    assert [(cell.value, cell.data_type) for cell in line] == [
        ("+6591234567", "s"), ("=1+1", "s"), ("2026-11-01T09:00:00.000+00:00", "s"),
    ]  # fmt: skip
    assert line[0].number_format == "@"
    with (tmp_path / "list.csv").open(newline="", encoding="utf-8-sig") as file:
        assert [*csv.reader(file)] == [
            ["number", "source", "added_at"],
            ["+6591234567", "'=1+1", "2026-11-01T09:00:00.000+00:00"],
        ]


def test_an_export_replaces_a_file_whole_or_not_at_all(tmp_path: Path, ledger: Path) -> None:
    put(ledger, "+6591234567")
    old, link = tmp_path / "old.csv", tmp_path / "link.csv"
    old.write_text("something else")
    old.chmod(0o640)
    link.symlink_to(old)
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    with Ledger(ledger) as book:
        assert suppressing.export(book, link) == 1
        for path, why in (
            (folder, "this is a folder"),
            (tmp_path / "list.pdf", r'"\.pdf" is not a kind of file'),
            (tmp_path / "list", "Name it .csv or .xlsx"),
            (tmp_path / "nowhere" / "list.csv", "could not be written: No such file"),
            (old / "list.csv", "could not be written: Not a directory"),
            (tmp_path / f"{'x' * 250}.csv", "could not be written: File name too long"),
        ):
            with pytest.raises(SettingsError, match=why):
                suppressing.export(book, path)
    assert link.is_symlink()
    assert "+6591234567" in old.read_text("utf-8-sig")
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_list_longer_than_a_sheet_is_refused_as_a_workbook(
    tmp_path: Path, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppressing, "MOST_ROWS", 2)
    put(ledger, "+6591234567", "+6591234568", "+6591234569")
    target = tmp_path / "list.xlsx"
    target.write_bytes(b"old")
    with Ledger(ledger) as book:
        with pytest.raises(SettingsError, match="more than 2 numbers"):
            suppressing.export(book, target)
        assert target.read_bytes() == b"old"
        assert suppressing.export(book, tmp_path / "list.csv") == 3
    assert [path.name for path in tmp_path.glob(".*")] == []


# Together with the rest


def test_nobody_on_the_list_is_texted(shell: Shell, ledger: Path) -> None:
    put(ledger, "+6591234567", source="STOP reply", at="2026-11-01T09:00:00.000+00:00")
    shell.write("sheet.csv", "Name,Mobile\nAda,91234567\nBob,91234568\n")
    typed = ("send", "sheet.csv", "--text", "Hello", "--country", "SG", "--simulate", "--yes")
    ended = shell.run(*typed, "--json")
    assert ended.code == 0, ended.err
    assert ended.json["counts"] == {"OPTED_OUT": 1, "QUEUED": 1}
    with (shell.folder / "sheet-results.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    assert row["status_detail"] == "on the suppression list since 2026-11-01 (STOP reply)"
    assert row["destination"] == "+6591234567"


def test_forgetting_somebody_keeps_them_on_the_list(here: Here, ledger: Path) -> None:
    put(ledger, "+6591234567", source="STOP reply")
    assert here.run("forget", "+6591234567").code == 0
    assert numbers_on(ledger) == {"+6591234567"}
