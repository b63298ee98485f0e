"""Results beside rows of any kind among rows of any other, wherever the sheet is cut in reading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pytest
from drawn_sheets import Case, cases
from handmade_books import BLANKS, MAIN, XML, Line, save, sheet
from handmade_cells import CODE, KINDS, PLAIN, WAYS, letters
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from result_checks import cells, content, facts, outcome, paged, written

from bulksender.reporter import workbook
from bulksender.reporter.values import Values
from bulksender.source import RESULT_COLUMNS

PART = "xl/worksheets/sheet1.xml"
READ = 1 << 20
"""Bytes of a sheet that are read at a time."""
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
"""Of a sheet, in Excel as in LibreOffice."""

HEADERS = ("Name", "Phone", "Since", "Points", "Total", "Note")
AMID = ("umid", "status", "Phone", "status_detail", "Points", "Note")
"""With three result columns of an earlier run; the others go behind the last one."""


def plain_rows(first: int, count: int, *more: str) -> list[Line]:
    placed = list(enumerate((*PLAIN, *more), 1))
    return [Line(number, "plain", placed) for number in range(first, first + count)]


def among_plain_rows(way: str, kinds: Iterable[str]) -> list[Line]:
    """Rows written in this way with cells of these kinds, each between two plain ones."""
    lines = plain_rows(1, 60)
    for kind in kinds:
        number = len(lines) + 1
        odd = [(1, kind), (2, "text"), (3, kind), (6, kind)]
        lines += [*plain_rows(number, 1), Line(number + 1, way, odd)]
    return lines


def outcomes(lines: Iterable[Line]) -> dict[int, Values]:
    """A result for each row that holds anything, but for the header."""
    return {line.number: outcome(line.number) for line in lines if line.cells and line.number > 1}


@pytest.mark.parametrize("prefix", ["", "x:"])
@pytest.mark.parametrize("way", WAYS)
def test_results_stand_behind_rows_of_every_kind(tmp_path: Path, way: str, prefix: str) -> None:
    lines = among_plain_rows(way, KINDS)
    book = save(tmp_path / "a.xlsx", {"S": sheet(lines, prefix=prefix)})

    written(facts(book, HEADERS), outcomes(lines))


@pytest.mark.parametrize("prefix", ["", "x:"])
@pytest.mark.parametrize("way", WAYS)
def test_results_stand_among_cells_of_every_kind(tmp_path: Path, way: str, prefix: str) -> None:
    lines = among_plain_rows(way, [kind for kind in KINDS if kind != CODE])
    book = save(tmp_path / "a.xlsx", {"S": sheet(lines, prefix=prefix)})

    written(facts(book, AMID), outcomes(lines))


@pytest.mark.parametrize("between", ["", "\n", "\r\n\t", "<!-- a row > -->", "\n<!-- & -->\n"])
@pytest.mark.parametrize("headers", [HEADERS, AMID])
def test_rows_that_hold_nothing_stay_between_the_others(
    tmp_path: Path, headers: Sequence[str], between: str
) -> None:
    lines = plain_rows(1, 60)
    for blank in BLANKS:
        number = lines[-1].number + 1
        lines += [Line(n, blank) for n in range(number, number + 3)]
        lines += plain_rows(number + 3, 1)
    lines += [*plain_rows(lines[-1].number + 90, 2), Line(lines[-1].number + 200, "closed")]
    book = save(tmp_path / "a.xlsx", {"S": sheet(lines, between=between)})

    written(facts(book, headers), outcomes(lines))


@pytest.mark.parametrize(
    "headers",
    [
        ("Phone", "status"),  # a column of that name is the user's own, or alone is left
        ("Phone", "status", "umid"),
        ("Name", "Phone", "umid", "status", "destination", "run", "City"),
        ("run", "sent_at", "Phone", "umid"),
    ],
)
def test_results_stand_in_the_order_of_their_columns_in_a_row_of_few_cells(
    tmp_path: Path, headers: Sequence[str]
) -> None:
    lines = plain_rows(1, 60)  # below, people without a cell in any of the result columns
    lines += [Line(n, "plain", [(1, "whole")]) for n in range(61, 66)]
    lines.append(Line(66, "plain", [(2, "whole")]))
    book = save(tmp_path / "a.xlsx", {"S": sheet(lines)})

    written(facts(book, headers), outcomes(lines))


@given(
    cases(),
    st.lists(st.sampled_from(["A", "B", *RESULT_COLUMNS]), min_size=1, max_size=12, unique=True),
    st.sampled_from(["", "\n", " <!-- a row -->\r\n"]),
    st.sampled_from(["", "x:"]),
    st.sampled_from(["", '<dimension ref="A1"/>', '<dimension ref="B2:D99"/>']),
)
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_row_has_its_results_whatever_its_neighbours_are(
    tmp_path: Path,
    drawn: tuple[Case, int],
    headers: list[str],
    between: str,
    prefix: str,
    dimension: str,
) -> None:
    case, header_row = drawn
    xml = sheet(case.lines, between=between, prefix=prefix, head=dimension)
    book = save(tmp_path / "a.xlsx", {"S": xml}, stored=True)

    written(facts(book, headers, header_row=header_row), case.rows)


def test_a_row_keeps_its_share_of_a_formula_where_another_rows_is_replaced(tmp_path: Path) -> None:
    shared = [(1, "whole"), (2, "formula shared")]
    lines = [Line(1, "plain"), Line(2, "plain", shared)]
    lines += [Line(number, "plain") for number in (3, 4, 5)] + [Line(6, "plain", shared)]
    book = save(tmp_path / "a.xlsx", {"S": sheet(lines)}, stored=True)

    made = written(facts(book, ["A", "sent_at"]), {2: (None,) * 7 + ("", None)})

    assert made.count(b"<f ") == 1


@pytest.mark.parametrize("width", [1, 2, 25, 26, 27, 28, 52, 53, 78, 701, 702, 703, 729])
def test_results_stand_right_of_a_sheet_of_any_width(tmp_path: Path, width: int) -> None:
    lines = plain_rows(1, 1)
    for kinds in [("whole",), ("text", "empty"), ("shared", "styled empty", "whole", "CDATA")]:
        for first in (1, width - 1, width, width + 1, width + 8, width + 9, width + 10):
            placed = [(first + n, kind) for n, kind in enumerate(kinds) if first]
            lines.append(Line(lines[-1].number + 1, "plain", [(1, "text"), *placed][first == 1 :]))
    book = save(tmp_path / "a.xlsx", {"S": sheet(lines)})

    written(facts(book, [f"n{n}" for n in range(1, width + 1)]), outcomes(lines))


def padded(xml: str, place: int) -> tuple[str, int]:
    """The sheet with so much space before its rows that reading stops at this byte of theirs."""
    head, tag, rows = xml.partition("<sheetData>")
    room = READ - len((head + tag).encode()) - place
    return f"{head}{' ' * room}{tag}{rows}", room


@pytest.mark.parametrize("headers", [HEADERS, AMID])
def test_where_the_rows_are_cut_in_reading_makes_no_difference(
    tmp_path: Path, headers: Sequence[str]
) -> None:
    lines = plain_rows(1, 60)
    for way in WAYS:
        number = lines[-1].number + 1
        odd = [(1, "CDATA"), (2, "text with signs"), (4, "formula with >"), (6, "rich text")]
        lines += [Line(number, "closed"), Line(number + 1, way, odd), *plain_rows(number + 2, 1)]
    xml = sheet(lines, between="\n")
    book = save(tmp_path / "a.xlsx", {"S": xml}, stored=True)
    whole = written(facts(book, headers), outcomes(lines))
    head, tag, rows = whole.partition(b"<sheetData>")

    below = xml.partition("<sheetData>")[2].encode()
    for place in range(below.index(b'<row r="60"'), len(below), 151):
        cut, room = padded(xml, place)
        save(book, {"S": cut}, stored=True)
        workbook.write(facts(book, headers), paged(outcomes(lines).items()), tmp_path / "b.xlsx")
        assert part_of(tmp_path / "b.xlsx") == head + b" " * room + tag + rows, place


def rows_in(xml: bytes) -> tuple[bytes, bytes]:
    """A sheet's header row, and the rows below it."""
    rows = xml.partition(b"<sheetData>")[2].partition(b"</sheetData>")[0]
    head, end, rest = rows.partition(b"</row>")
    return head + end, rest


class Half(NamedTuple):
    """Half a million bytes of plain rows, as they are and with their results."""

    lines: list[Line]
    xml: str
    written: bytes


@pytest.fixture(scope="module", params=[HEADERS, AMID], ids=["behind", "amid"])
def around(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Sequence[str], Half, Half]:
    """A sheet's headers, and what stands before a row and behind it."""
    path = tmp_path_factory.mktemp("around") / "a.xlsx"
    halves = []
    for first in (2, 1_000):
        lines = plain_rows(first, 350, "text, long")
        save(path, {"S": sheet([*plain_rows(1, 1), *lines])}, stored=True)
        made = rows_in(written(facts(path, request.param), outcomes(lines)))[1]
        halves.append(Half(lines, "".join(line.xml for line in lines), made))
    return request.param, halves[0], halves[1]


@pytest.mark.parametrize("way", [*WAYS, *BLANKS])
def test_a_row_of_its_own_way_stands_in_the_middle_of_a_million_bytes(
    tmp_path: Path, around: tuple[Sequence[str], Half, Half], way: str
) -> None:
    headers, before, behind = around
    number = before.lines[-1].number + 3
    odd = [(1, "shared"), (2, "CDATA"), (6, "rich text")] if way in WAYS else []
    near = [*plain_rows(number - 2, 2), Line(number, way, odd), *plain_rows(number + 1, 2)]
    top, book = plain_rows(1, 1)[0], tmp_path / "a.xlsx"
    small = sheet([top, *near])
    save(book, {"S": small}, stored=True)
    header, middle = rows_in(written(facts(book, headers), outcomes(near)))

    large = small.replace(top.xml, top.xml + before.xml)
    large = large.replace("</sheetData>", f"{behind.xml}</sheetData>")
    save(book, {"S": large}, stored=True)
    rows = outcomes([*before.lines, *near, *behind.lines])
    workbook.write(facts(book, headers), paged(rows.items()), tmp_path / "b.xlsx")

    result = part_of(tmp_path / "b.xlsx")
    assert len(large) > READ
    assert rows_in(result) == (header, before.written + middle + behind.written)


def test_rows_longer_than_any_program_writes_them(tmp_path: Path) -> None:
    long = "".join(f"<is><t>{'x' * 32_767}</t></is>")
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr">{long}</c>'
        f'<c r="C{n}" t="inlineStr">{"" if n % 3 else long}</c></row>'
        for n in range(2, 80)
    )
    xml = f'{XML}<worksheet xmlns="{MAIN}"><sheetData><row r="1"/>{rows}</sheetData></worksheet>'
    xml = xml.replace('<row r="1"/>', '<row r="1"></row>')
    assert len(xml) > 3 * READ
    book = save(tmp_path / "a.xlsx", {"S": xml}, stored=True)
    full = ("y" * 32_767, "&" * 32_767, "_x000D_" * 4_681, *outcome(2)[3:])

    made = written(facts(book, ["A", "status", "C"]), {n: outcome(n) for n in range(2, 79)})
    last = written(facts(book, ["A", "status", "C"]), {79: full})

    assert made.count(b"QUEUED") == 77
    assert len(content(cells(last)[79, 4])[2]) == 32_767


@pytest.mark.parametrize("headers", ["A", "amid"])
def test_a_row_that_fills_the_sheet_from_side_to_side(tmp_path: Path, headers: str) -> None:
    width = LAST_COLUMN - 9
    names = [f"n{column}" for column in range(1, width + 1)]
    if headers == "amid":
        names[7_000:7_003] = RESULT_COLUMNS[:3]
    lines = [*plain_rows(1, 3), Line(4, "plain", [(n, "shared") for n in range(1, width + 1)])]
    lines += [Line(5, "single quotes", [(n, "whole") for n in range(1, width)]), *plain_rows(6, 2)]
    book = save(tmp_path / "a.xlsx", {"S": sheet(lines)}, stored=True)

    made = written(facts(book, names), outcomes(lines))

    assert f'"{letters(LAST_COLUMN)}4"'.encode() in made if headers == "A" else b'"JHG4"' in made


def test_what_stands_behind_the_rows_may_be_as_long_as_they_are(tmp_path: Path) -> None:
    marks = "".join(
        f'<conditionalFormatting sqref="A{n}"><cfRule type="expression" priority="{n}">'
        f"<formula>A{n}&gt;1</formula></cfRule></conditionalFormatting>"
        for n in range(1, 20_000)
    )
    lines = plain_rows(1, 4)
    xml = sheet(lines).replace("</sheetData>", f"</sheetData>{marks}")
    assert len(xml) > 2 * READ

    written(facts(save(tmp_path / "a.xlsx", {"S": xml}), HEADERS), outcomes(lines))


@pytest.mark.parametrize("number", [2_003, 2_100, 4_500, LAST_ROW + 1])
def test_a_row_that_is_not_in_the_sheet_is_refused(tmp_path: Path, number: int) -> None:
    lines = [*plain_rows(1, 2_002), *plain_rows(2_101, 2_000)]
    book = save(tmp_path / "a.xlsx", {"S": sheet(lines)}, stored=True)
    rows = {2: outcome(2), 2_002: outcome(2_002), number: outcome(number)}

    with pytest.raises(ValueError, match=f"row {number} is not in the sheet"):
        workbook.write(facts(book, HEADERS), paged(rows.items()), tmp_path / "b.xlsx")


def test_a_sheet_without_results_gets_their_headers(tmp_path: Path) -> None:
    lines = plain_rows(1, 500)
    book = save(tmp_path / "a.xlsx", {"S": sheet(lines)})

    assert written(facts(book, HEADERS), {}).count(b"umid") == 1


@pytest.fixture(scope="module")
def longest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sheet with as many rows as there can be."""
    rows = "".join(
        f'<row r="{n}"><c r="A{n}"><v>{90_000_000 + n}</v></c></row>'
        for n in range(2, LAST_ROW + 1)
    )
    xml = (
        f'{XML}<worksheet xmlns="{MAIN}"><dimension ref="A1:A{LAST_ROW}"/><sheetData><row r="1">'
        f'<c r="A1" t="s"><v>0</v></c></row>{rows}</sheetData></worksheet>'
    )
    return save(tmp_path_factory.mktemp("longest") / "a.xlsx", {"S": xml}, stored=True)


def test_a_handful_of_results_in_the_longest_sheet(longest: Path, tmp_path: Path) -> None:
    rows = {n: outcome(n) for n in (2, 3, 4_099, LAST_ROW // 2, LAST_ROW - 1, LAST_ROW)}
    workbook.write(facts(longest, ["A"]), paged(rows.items()), tmp_path / "b.xlsx")

    before = split_at(part_of(longest), rows)
    after = split_at(part_of(tmp_path / "b.xlsx"), rows)
    assert after[3::2] == before[3::2]  # what stands between the rows with results
    for number, was, now in zip(rows, before[2::2], after[2::2], strict=True):
        assert now.startswith(was.removesuffix(b"</row>"))
        cell = f'<c r="B{number}" t="inlineStr"><is><t>umid-{number}</t></is></c>'
        assert cell.encode() in now
        assert now.count(b"<c ") == 2 + sum(value not in (None, "") for value in rows[number]) - 1
    assert f'<dimension ref="A1:J{LAST_ROW}"/>'.encode() in after[0]


def split_at(xml: bytes, numbers: Iterable[int]) -> list[bytes]:
    """The XML up to the header's end, what follows, a row, what follows, and so on."""
    head, end, rest = xml.partition(b"</row>")
    pieces = [head + end]
    for number in numbers:
        start = rest.index(b'<row r="%d">' % number)
        stop = rest.index(b"</row>", start) + len(b"</row>")
        pieces += [rest[:start], rest[start:stop]]
        rest = rest[stop:]
    return [*pieces, rest]


def test_a_result_in_each_row_of_the_longest_sheet(longest: Path, tmp_path: Path) -> None:
    nothing = (None,) * 7
    rows = ((n, (None, f"Q{n}", *nothing)) for n in range(2, LAST_ROW + 1))

    workbook.write(facts(longest, ["A", "status"]), paged(rows), tmp_path / "b.xlsx")

    _, _, made = part_of(tmp_path / "b.xlsx").partition(b"</row>")
    expected = (
        f'<row r="{n}"><c r="A{n}"><v>{90_000_000 + n}</v></c>'
        f'<c r="B{n}" t="inlineStr"><is><t>Q{n}</t></is></c></row>'
        for n in range(2, LAST_ROW + 1)
    )
    assert made == "".join(expected).encode() + b"</sheetData></worksheet>"


def part_of(path: Path) -> bytes:
    with ZipFile(path) as archive:
        return archive.read(PART)
