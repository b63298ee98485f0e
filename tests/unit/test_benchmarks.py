"""The benchmark's own parts: sheets, stand-in server, plain script, and what counts as met.

Nothing is timed here.
"""

from __future__ import annotations

import csv
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from zipfile import ZipFile

import msgspec
import openpyxl
import phonenumbers
import pytest
import requests
from shell import Shell

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
UMID = "00000001-5e4d-4b1c-8a7f-000000000000"
MODULES = ("contacts", "server", "measuring", "table", "machine")


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[Any]:
    """The modules by name; afterwards they are not importable any more."""
    own = [path.stem for path in BENCHMARKS.glob("*.py")]
    hidden = {name: sys.modules.pop(name) for name in own if name in sys.modules}
    sys.path.insert(0, str(BENCHMARKS))
    try:
        found: dict[str, ModuleType] = {name: importlib.import_module(name) for name in MODULES}
        yield SimpleNamespace(**found)
    finally:
        sys.path.remove(str(BENCHMARKS))
        for name in own:
            sys.modules.pop(name, None)
        sys.modules.update(hidden)


@pytest.fixture(scope="module")
def sheet(benchmarks: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Path]:
    """Sheets by ending and rows, each made once."""
    folder = tmp_path_factory.mktemp("sheets")

    def made(suffix: str, rows: int) -> Path:
        path = folder / f"contacts-{rows}{suffix}"
        if not path.exists():
            benchmarks.contacts.write(path, rows)
        return path

    return made


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, BULKSENDER_API_KEY="bench")


def test_workbook_is_read_by_openpyxl_with_header_numbers_and_dates(
    benchmarks: Any, sheet: Callable[[str, int], Path]
) -> None:
    book = openpyxl.load_workbook(sheet(".xlsx", 2_000), read_only=True)
    assert book.sheetnames == ["Contacts", "Notes"]
    header, *rows = book["Contacts"].iter_rows(values_only=True)
    book.close()
    assert header == benchmarks.contacts.COLUMNS
    assert len(rows) == 2_000
    kinds = [tuple(type(cell).__name__ for cell in row[:7]) for row in rows]
    assert ("str", "str", "str", "int", "str", "float", "datetime") in kinds
    assert 0.35 < sum(row[3] == "int" for row in kinds) / len(rows) < 0.45


def test_workbook_and_text_file_hold_the_same_contacts(
    benchmarks: Any, sheet: Callable[[str, int], Path]
) -> None:
    book = openpyxl.load_workbook(sheet(".xlsx", 2_000), read_only=True)
    cells = [*book["Contacts"].iter_rows(min_row=2, values_only=True)]
    book.close()
    made = [*benchmarks.contacts.contacts(2_000)]
    assert [row[3] for row in cells] == [each.mobile or None for each in made]
    assert [row[6].date() for row in cells] == [each.due for each in made]
    with sheet(".csv", 2_000).open(encoding="utf-8-sig", newline="") as file:
        lines = [*csv.DictReader(file)]
    assert [line["Mobile"] for line in lines] == [str(each.mobile) for each in made]
    assert [line["Notes"] or None for line in lines] == [row[7] for row in cells]


def test_numbers_of_different_people_are_valid_and_never_the_same(benchmarks: Any) -> None:
    at_home, abroad = benchmarks.contacts.at_home, benchmarks.contacts.abroad
    assert len({at_home(person) for person in range(0, 5_000_000, 97)}) == len(
        range(0, 5_000_000, 97)
    )
    people = range(7, 5_000_000, 20_000)
    numbers = [*(f"+65{at_home(person)}" for person in people), *map(abroad, people)]
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(each)) for each in numbers)
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_one_row_in_seven_is_refused(
    benchmarks: Any, sheet: Callable[[str, int], Path], shell: Shell, suffix: str
) -> None:
    checked = shell.run(
        *("check", str(sheet(suffix, 2_000)), "--text", benchmarks.contacts.TEXT),
        *("--country", "SG", "--json"),
    )
    assert checked.code == 0, checked.err
    assert checked.json["rows"] == 2_000
    assert 0.12 < 1 - checked.json["counts"]["READY"] / 2_000 < 0.18
    assert checked.json["counts"].keys() == {"READY", "INVALID", "DUPLICATE"}


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_same_seed_gives_the_same_bytes_and_another_seed_others(
    benchmarks: Any, sheet: Callable[[str, int], Path], tmp_path: Path, suffix: str
) -> None:
    for seed in (1, 2):
        benchmarks.contacts.write(tmp_path / f"{seed}{suffix}", 2_000, seed)
    first, second = ((tmp_path / f"{seed}{suffix}").read_bytes() for seed in (1, 2))
    assert first == sheet(suffix, 2_000).read_bytes() != second


def test_sheet_that_cannot_be_made_is_refused(benchmarks: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1,048,575 rows"):
        benchmarks.contacts.write(tmp_path / "long.xlsx", 1_048_576)
    with pytest.raises(ValueError, match=r"\.ods: only"):
        benchmarks.contacts.write(tmp_path / "odd.ods", 1)
    assert [*tmp_path.iterdir()] == []


def test_server_counts_what_bulksender_and_the_plain_script_have_sent(
    benchmarks: Any, sheet: Callable[[str, int], Path], shell: Shell
) -> None:
    contacts = sheet(".xlsx", 300)
    with benchmarks.measuring.Server(unique=True) as server:
        sent = shell.run(
            *("send", str(contacts), "--text", benchmarks.contacts.TEXT, "--country", "SG"),
            *("--base-url", server.url, "--subaccount", "bench", "--batch-size", "100"),
            *("--yes", "--json", "-o", "results.xlsx"),
        )
        received = server.received()
    assert sent.code == 0, sent.err
    queued = sent.json["counts"]["QUEUED"]
    assert (received.posts, received.messages, received.unique) == (3, queued, queued)
    for writer in ("openpyxl", "xlsxwriter"):
        assert benchmarks.measuring.send_plainly(contacts, writer)[1] == queued


def batch(*numbers: str) -> bytes:
    messages = [{"destination": number, "clientMessageId": f"id-{number}"} for number in numbers]
    return msgspec.json.encode({"clientBatchId": "run-1", "messages": messages})


def test_server_answers_as_8x8_does_where_messages_are_asked_for(benchmarks: Any) -> None:
    with benchmarks.measuring.Server() as server, requests.Session() as session:
        url = f"{server.url}/api/v1/subaccounts/bench/messages/batch"
        first = session.post(url, data=batch("+6591234567", "+6581234567"), timeout=5).json()
        again = session.post(url, data=batch("+6591234567"), timeout=5).json()
        wrong = [session.post(url, data=body, timeout=5) for body in (b"{", b"\xff", batch())]
        lost = session.post(f"{server.url}/elsewhere", data=batch("+6591234567"), timeout=5)
        assert server.received() == benchmarks.server.Received(posts=2, messages=3)
    assert (first["clientBatchId"], first["acceptedCount"], first["rejectedCount"]) == (
        "run-1",
        2,
        0,
    )
    one = first["messages"][0]
    assert (one["clientMessageId"], one["destination"]) == ("id-+6591234567", "+6591234567")
    assert one["status"]["code"] == "QUEUED"
    umids = {each["umid"] for each in (*first["messages"], *again["messages"])}
    assert len(umids | {first["batchId"], again["batchId"]}) == 5
    assert [each.status_code for each in (*wrong, lost)] == [400, 400, 400, 404]


def test_server_with_latency_answers_no_sooner(benchmarks: Any) -> None:
    with benchmarks.measuring.Server(0.3) as server:
        url = f"{server.url}/api/v1/subaccounts/bench/messages/batch"
        began = time.monotonic()
        reply = requests.post(url, data=batch("+6591234567"), timeout=5)
        assert time.monotonic() - began >= 0.3
    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        *[("xlsx", 60_000, "aim"), ("xlsx", 59_999.9, "must")],
        *[("xlsx", 25_000, "must"), ("xlsx", 24_999.9, "no")],
        *[("memory", 300, "aim"), ("memory", 300.1, "must")],
        *[("memory", 900, "must"), ("memory", 900.1, "no")],
        *[("growth", -3, "aim"), ("growth", 5, "aim"), ("growth", 25.1, "no")],
        ("huge", 1, "works"),
    ],
)
def test_value_on_the_boundary_is_met(
    benchmarks: Any, name: str, value: float, expected: str
) -> None:
    assert benchmarks.table.met(benchmarks.table.GOALS[name], value) == expected


def test_table_shows_the_median_of_all_runs_beside_what_is_promised(benchmarks: Any) -> None:
    table = benchmarks.table
    rows = [
        table.Row(table.GOALS["xlsx"], [61_000.4, 24_000, 59_000]),
        table.Row(table.GOALS["growth"], [4.04]),
        table.Row(table.GOALS["huge-memory"], [1_234.5]),
    ]
    assert table.markdown(rows, 1_000_000).splitlines()[2:] == [
        "| 1,000,000 rows, XLSX → XLSX | ≥ 25,000 rows/s | ≥ 60,000 rows/s | 59,000 rows/s "
        "| 61,000, 24,000, 59,000 | must |",
        "| 4,000,000 rows of CSV against 1,000,000, peak memory | ≤ +25% | ≤ +5% | +4.0% | +4.0% "
        "| aim |",
        "| 5,000,000 rows, CSV → CSV, peak memory (one run) |  |  | 1,234 MiB | 1,234 | works |",
    ]


def test_stages_are_read_from_what_a_run_says_at_its_end(benchmarks: Any) -> None:
    told = "40 rows\n  3 s of something\nWhere the time went\n  start            0.21 s\n"
    told += "  read the sheet   1,008.10 s\n  total           20.41 s\n"
    found = benchmarks.measuring.stages(told)
    assert found == {"start": 0.21, "read the sheet": 1008.1, "total": 20.41}
    assert benchmarks.measuring.stages("40 rows\n  total           20.41 s\n") == {}
    assert "| total | 20.41 s |" in benchmarks.table.breakdown({"XLSX": found})


def test_memory_is_that_of_a_process_and_of_all_that_it_has_started(
    benchmarks: Any, tmp_path: Path
) -> None:
    child = "x = bytearray(b'x') * (40 << 20); import time; time.sleep(0.5)"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    ended = benchmarks.measuring.run([sys.executable, "-c", script], tmp_path, memory=True)
    assert ended.code == 0
    assert 40 < ended.peak < 120
    assert os.getpid() not in benchmarks.measuring.descendants(os.getpid())


def test_run_whose_counts_do_not_agree_fails_loudly(benchmarks: Any, tmp_path: Path) -> None:
    judge, measuring = benchmarks.measuring.judged, benchmarks.measuring
    output = tmp_path / "results.csv"
    written = [f"{UMID[:-1]}{n}" for n in range(3)]
    output.write_text("\n".join(["umid", *written[:2], written[1], ""]))

    def judged(code: int = 0, rows: int = 3, counts: object = None, got: int = 2) -> int:
        told = json.dumps({"rows": rows, "counts": counts or {"QUEUED": 2, "INVALID": 1}})
        ended = measuring.Ended(code, told, "why it ended", 1.0, 1.0)
        found: int = judge(ended, 3, output, benchmarks.server.Received(1, got))
        return found

    assert judged() == judged(code=4) == 2
    for wrong, why in [
        ({"code": 6}, "why it ended"),
        ({"rows": 4}, "4 rows of a sheet of 3"),
        ({"counts": {"QUEUED": 2}}, "not those of 3 rows"),
        ({"got": 3}, "the server got 3"),
        ({"counts": {"INVALID": 3}, "got": 0}, "0 messages"),
    ]:
        with pytest.raises(measuring.Wrong, match=why):
            judged(**wrong)
    for wrong_result in ("", f"umid\n{written[0]}\n", "\n".join(["umid", *written])):
        output.write_text(wrong_result)
        with pytest.raises(measuring.Wrong, match="different umids"):
            judged()
    output.unlink()
    with pytest.raises(measuring.Wrong, match="no result"):
        judged()


def test_umids_are_counted_in_a_workbook_wherever_a_block_ends(
    benchmarks: Any, tmp_path: Path
) -> None:
    for room in range(30, 40):
        with ZipFile(tmp_path / "a.xlsx", "w") as book:
            xml = "x" * ((1 << 24) - room) + UMID + "</t>" + UMID[:-12] + "f" * 12
            book.writestr("xl/worksheets/sheet1.xml", xml)
            book.writestr("xl/other.xml", UMID.replace("0", "1"))
        assert benchmarks.measuring.umids(tmp_path / "a.xlsx") == 1


def test_machine_says_what_it_is(benchmarks: Any, tmp_path: Path) -> None:
    facts = benchmarks.machine.facts(tmp_path)
    assert all(facts.values())
    assert {"date", "CPU", "cores", "memory", "disk", "Python", "SQLite"} <= facts.keys()


def test_results_are_written_down_with_the_same_picture_each_time(tmp_path: Path) -> None:
    """In a process of its own: matplotlib is not this one's business."""
    script = (
        "from pathlib import Path; import bench; from measuring import Sent\n"
        "made = bench.Bench(Path(), 1_000_000, 1)\n"
        "made.found = {'xlsx': [50_000.0], 'openpyxl-speed': [2_000.0]}\n"
        "made.sent['XLSX'] = [Sent(20.0, 200.0, 3, {'read': 15.0, 'send': 5.0, 'total': 20.0})]\n"
        "for name in ('one', 'two'):\n"
        f"    folder = Path({str(tmp_path)!r}, name); folder.mkdir()\n"
        "    bench.write_down(made, 1_000_000, folder, folder / 'RESULTS.md')\n"
    )
    own = {**os.environ, "PYTHONPATH": str(BENCHMARKS)}
    subprocess.run([sys.executable, "-c", script], env=own, check=True)
    one, two = ((tmp_path / name / "speed.svg").read_bytes() for name in ("one", "two"))
    assert one == two
    assert b"<dc:date>" not in one
    results = (tmp_path / "one" / "RESULTS.md").read_text("utf-8")
    assert "| 1,000,000 rows, XLSX → XLSX |" in results
    assert "| read | 15.00 s |" in results
    assert "(speed.svg)" in results
