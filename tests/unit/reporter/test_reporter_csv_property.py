"""Whatever way a CSV file is written: without the added fields it is the file that it was."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reporter_runs import COLUMNS

from bulksender import reporter
from bulksender.ledger import Ledger, Run
from bulksender.model import Encoding, Message
from bulksender.settings import Job, SheetOptions
from bulksender.source import SheetFacts, fingerprint

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TRICKY = st.text(st.sampled_from("\",;\t|\r\n '=+-a\u2028\x85\x0b"), max_size=8)
DETAILS = st.one_of(TRICKY, TEXT, st.sampled_from(["", "=1+1", "+1", "-1", "@x", "\t1", "\r1"]))


class File(NamedTuple):
    """A CSV file: its records' fields as they are written, quotes included, and their ends."""

    delimiter: str
    encoding: str
    records: list[list[str]]
    ends: list[str]

    @property
    def data(self) -> bytes:
        lines = (
            self.delimiter.join(record) + end
            for record, end in zip(self.records, self.ends, strict=True)
        )
        return "".join(lines).encode(self.encoding)


@st.composite
def raw_field(draw: st.DrawFn, delimiter: str) -> str:
    """A field as it may stand in a file: bare, quoted, or quoted with something behind."""
    content = draw(st.one_of(TRICKY, TEXT))
    bare = "".join(char for char in content if char not in f"{delimiter}\r\n")
    kind = draw(st.sampled_from(["bare", "quoted", "quoted and more"]))
    if kind == "bare":
        return bare.lstrip('"')
    quoted = '"' + content.replace('"', '""') + '"'
    return quoted if kind == "quoted" else f"{quoted}x{bare}"


@st.composite
def file(draw: st.DrawFn) -> File:
    delimiter = draw(st.sampled_from(",;\t|"))
    shape = st.lists(raw_field(delimiter), min_size=0, max_size=4)
    # a first field that is never blank, so that no record looks like an empty line
    records = [["a", *found] for found in draw(st.lists(shape, min_size=2, max_size=5))]
    ends = [draw(st.sampled_from(["\n", "\r\n"])) for _ in records]
    if draw(st.booleans()):
        ends[-1] = ""
    return File(delimiter, draw(st.sampled_from(["utf-8", "utf-8-sig"])), records, ends)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, Path]]:
    folder = tmp_path_factory.mktemp("csv")
    with Ledger(folder / "l.db", lambda: datetime(2026, 1, 1, tzinfo=UTC), durable=False) as ledger:
        yield ledger, folder


def written(
    desk: tuple[Ledger, Path], given_file: File, headers: list[str], details: list[str]
) -> tuple[Run, str]:
    """Report a file of which record 2 and on are rows; the result's text, without its BOM."""
    ledger, folder = desk
    sheet = folder / "sheet.csv"
    sheet.write_bytes(given_file.data)
    rows = [
        Message(row, f"+6590000{row:03}", "Hi", 1, Encoding.GSM7, note=detail)
        for row, detail in zip(range(2, len(given_file.records) + 1), details, strict=False)
    ]
    with ledger.plan(Job(sheet=SheetOptions(path=str(sheet)), template="Hi")) as run:
        run.add(rows, [])
        run.seal(
            SheetFacts(
                path=str(sheet),
                suffix=".csv",
                header_row=1,
                headers=tuple(headers),
                width=max(map(len, given_file.records)),
                fingerprint=fingerprint(sheet),
                encoding=given_file.encoding,
                delimiter=given_file.delimiter,
            )
        )
    data = reporter.write(run, folder / "result.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") == given_file.data.startswith(b"\xef\xbb\xbf")
    return run, data.decode(given_file.encoding)


def split(text: str, delimiter: str) -> tuple[list[list[str]], list[str]]:
    """The records' fields as they stand in the text, and the records' ends."""
    records, ends, fields, field, place = [], [], [], "", "start"
    index = 0
    while index < len(text):
        char = text[index]
        if place == "quoted":
            field += char
            place = "after" if char == '"' else place
        elif char == '"' and place in ("start", "after"):
            field += char
            place = "quoted"
        elif char == delimiter:
            fields.append(field)
            field, place = "", "start"
        elif char in "\r\n":
            end = "\r\n" if text.startswith("\r\n", index) else char
            records.append([*fields, field])
            ends.append(end)
            fields, field, place = [], "", "start"
            index += len(end) - 1
        else:
            field += char
            place = "bare"
        index += 1
    if fields or field:
        records.append([*fields, field])
        ends.append("")
    return records, ends


def read(text: str, delimiter: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text, newline=""), delimiter=delimiter))


def expected(run: Run, row: int, detail: str) -> list[str]:
    said = f"'{detail}" if detail.startswith(("=", "+", "-", "@", "\t", "\r")) else detail
    return ["", "READY", said, f"+6590000{row:03}", "1", "GSM7", "", "", run.id]


LISTS = st.lists(DETAILS, min_size=5, max_size=5)
RELAXED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)


@RELAXED
@given(file(), LISTS)
def test_without_the_added_fields_it_is_the_file_that_it_was(
    desk: tuple[Ledger, Path], given_file: File, details: list[str]
) -> None:
    _, text = written(desk, given_file, ["a"], details)

    records, ends = split(text, given_file.delimiter)

    assert ends == given_file.ends
    for before, after in zip(given_file.records, records, strict=True):
        own = after[:-9]
        assert own[: len(before)] == before
        assert set(own[len(before) :]) <= {""}  # what a short row is filled up with


@RELAXED
@given(file(), LISTS)
def test_csv_reads_the_values_under_their_headers_in_every_record(
    desk: tuple[Ledger, Path], given_file: File, details: list[str]
) -> None:
    run, text = written(desk, given_file, ["a"], details)

    header, *rows = read(text, given_file.delimiter)

    assert header[-9:] == COLUMNS
    for number, (row, detail) in enumerate(zip(rows, details, strict=False), 2):
        assert len(row) == len(header)
        assert row[-9:] == expected(run, number, detail)


@RELAXED
@given(file(), LISTS, st.permutations(COLUMNS), st.integers(0, 9), st.integers(0, 4))
def test_fields_that_stand_there_are_replaced_and_no_others(
    desk: tuple[Ledger, Path],
    given_file: File,
    details: list[str],
    names: list[str],
    count: int,
    place: int,
) -> None:
    there = names[:count]
    width = max(map(len, given_file.records))
    place = min(place, width)
    blank = [""] * count
    records = []
    for found in given_file.records:
        filled = [*found, *[""] * (width - len(found))]
        records.append([*filled[:place], *blank, *filled[place:]])
    headers = ["a", *[f"own {n}" for n in range(1, width)]]
    records[0] = [*headers[:place], *there, *headers[place:]]
    wider = given_file._replace(records=records)

    run, text = written(desk, wider, records[0], details)

    after, ends = split(text, given_file.delimiter)
    new = [name for name in COLUMNS if name not in there]
    assert ends == given_file.ends
    assert after[0] == [*records[0], *new]
    for number, (before, row) in enumerate(zip(records[1:], after[1:], strict=True), 2):
        ours = range(place, place + count)
        assert [f for i, f in enumerate(row[: width + count]) if i not in ours] == [
            f for i, f in enumerate(before) if i not in ours
        ]
        (fields,) = read(given_file.delimiter.join(row), given_file.delimiter)
        found = dict(zip([*records[0], *new], fields, strict=True))
        assert [found[name] for name in COLUMNS] == expected(run, number, details[number - 2])
