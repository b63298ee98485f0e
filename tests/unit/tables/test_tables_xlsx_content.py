"""XLSX sheets of any content and of any length, and those that are damaged."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tables_books import MAIN, cells, refusal, xlsx

SHEET = '<?xml version="1.0"?>'
OPEN = f'{SHEET}<worksheet xmlns="{MAIN}">'

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**14), 10**14),
    st.floats(-1e12, 1e12).map(lambda value: float(f"{value:.14g}")),
    st.datetimes(datetime(1950, 1, 1), datetime(2090, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0) + timedelta(seconds=moment.second == 0)
    ),
    st.dates(date(1950, 1, 1), date(2090, 1, 1)),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12),
    st.sampled_from(["a\nb", "&amp;", "<c>", "]]>", "0042", "=x", "#N/A x"]),
).filter(lambda value: not (isinstance(value, str) and re.search("^=|_x[0-9A-Fa-f]{4}_", value)))


@given(st.lists(st.lists(VALUES, max_size=6), max_size=8), st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_openpyxl_writes_is_read_as_openpyxl_reads_it(
    tmp_path: Path, table: list[list[object]], in_iso: bool
) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook(iso_dates=in_iso)
    for row in [["Mobile"], *table]:
        book.active.append(row)
    book.save(path)
    expected = {}
    for number, row in enumerate(openpyxl.load_workbook(path).active.values, 1):
        values = [_as_read(value) for value in row]
        while values and values[-1] is None:
            values.pop()
        if values:
            expected[number] = values
    assert cells(path) == expected


def _as_read(value: object) -> object:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, datetime) and value.time() == time(0):
        return value.date()
    return value


@pytest.mark.parametrize("count", [3_000, 30_000])
@pytest.mark.parametrize("kind", ["inline", "shared", "prefixed", "two-byte"])
def test_a_sheet_longer_than_what_is_read_at_a_time_loses_no_cell(
    tmp_path: Path, count: int, kind: str
) -> None:
    name = "Zoë 李 😀 & " + "x" * (400 if count < 10_000 else 20)
    shown = name.replace("&", "&amp;")
    inline = f'<c r="B%d" t="inlineStr"><is><t>%d {shown}</t></is></c>'
    if kind == "shared":
        inline = '<c r="B%d" t="s"><v>%d</v></c>'
    rows = "".join(
        f'<row r="{n}"><c r="A{n}"><v>{n}</v></c>{inline % (n, n - 1)}</row>'
        for n in range(1, count + 1)
    )
    strings = "".join(f"<si><t>{n} {shown}</t></si>" for n in range(count))
    sheet: str | bytes = rows
    if kind == "prefixed":
        rows = rows.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:")
        sheet = (
            f'{SHEET}<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
        )
    elif kind == "two-byte":
        sheet = f'{SHEET}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        sheet = sheet.encode("utf-16")
    path = xlsx(tmp_path / "a.xlsx", sheet, strings)
    found = cells(path)
    assert len(found) == count
    assert all(row == [n, f"{n - 1} {name}"] for n, row in found.items())


def test_a_cell_with_a_space_in_its_end_tag_is_not_lost_among_others(tmp_path: Path) -> None:
    row = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c ></row>'
    assert cells(xlsx(tmp_path / "a.xlsx", row)) == {1: [1, 2]}


def test_a_row_with_a_space_in_its_end_tag_is_not_lost_among_others(tmp_path: Path) -> None:
    rows = "".join(
        f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row{end}>' for n, end in enumerate("x xx", 1)
    ).replace("rowx>", "row>")
    assert cells(xlsx(tmp_path / "a.xlsx", rows)) == {1: [1], 2: [2], 3: [3], 4: [4]}


@pytest.mark.parametrize("index", ["-1", "2", "99999999999", "x", "1.5"])
def test_a_shared_string_that_is_not_there_is_refused(tmp_path: Path, index: str) -> None:
    row = f'<row r="1"><c r="A1" t="s"><v>{index}</v></c></row>'
    refusal(xlsx(tmp_path / "a.xlsx", row, "<si><t>a</t></si><si><t>b</t></si>"))


def test_shared_strings_that_are_missing_are_refused(tmp_path: Path) -> None:
    refusal(xlsx(tmp_path / "a.xlsx", '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'))


@pytest.mark.parametrize("place", ["XFE1", "ZZZ1", "AAAA1", "a1", "É1"])
def test_a_cell_at_no_place_of_a_sheet_is_refused(tmp_path: Path, place: str) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>1</v></c></row><row r="2">'
    refusal(xlsx(tmp_path / "a.xlsx", f'{rows}<c r="{place}"><v>2</v></c></row>'))


@pytest.mark.parametrize(
    "rows",
    ['<row r="2"><c r="A2"><v>1</v></c></row><row r="1"><c r="A1"><v>1</v></c></row>',
     '<row r="2"><c r="A2"><v>1</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>'],
)  # fmt: skip
def test_rows_out_of_order_are_refused(tmp_path: Path, rows: str) -> None:
    assert "stands behind row 2" in refusal(xlsx(tmp_path / "a.xlsx", rows))


@pytest.mark.parametrize("value", ["abc", "1,5", "0x10", "²", "1 2"])
def test_a_number_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    refusal(xlsx(tmp_path / "a.xlsx", f'<row r="1"><c r="A1"><v>{value}</v></c></row>'))


@pytest.mark.parametrize("kept", [0.05, 0.3, 0.7, 0.9, 0.99])
def test_a_sheet_that_is_cut_off_is_refused(tmp_path: Path, kept: float) -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 40_000))
    sheet = f"{OPEN}<sheetData>{rows}</sheetData></worksheet>"
    path = xlsx(tmp_path / "a.xlsx", sheet[: int((len(sheet) - 25) * kept)])
    assert "not a workbook that can be read" in refusal(path) or "holds anything" in refusal(path)


def test_a_sheet_in_no_encoding_is_refused(tmp_path: Path) -> None:
    sheet = f"{OPEN}<sheetData><row><c t='str'><v>Zoë</v></c></row></sheetData></worksheet>"
    assert "UTF-8" in refusal(xlsx(tmp_path / "a.xlsx", sheet.encode("latin-1")))


STRINGS = {
    "plain": ("<si><t>x</t></si>", "x"),
    "spaces kept": ('<si><t xml:space="preserve"> x y </t></si>', "x y"),
    "rich": ("<si><r><rPr><b/></rPr><t>a</t></r><r><t>b</t></r></si>", "ab"),
    "phonetic": ('<si><t>課</t><rPh sb="0" eb="1"><t>カ</t></rPh><phoneticPr/></si>', "課"),
    "CDATA": ("<si><t><![CDATA[<a></si>&]]></t></si>", "<a></si>&"),
    "in lines": ("<si>\n <t>x</t>\n</si>\n", "x"),
    "coded": ("<si><t>a_x000D_&#10;b_x005F_x0041_</t></si>", "a\r\nb_x0041_"),
    "a comment": ("<si><!-- a --><t>x</t></si>", "x"),
    "an unpaired code": ("<si><t>_xD83D__xDE00_</t></si>", "😀"),
}


@pytest.mark.parametrize("how", STRINGS)
@pytest.mark.parametrize("prefix", ["", "x:"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_a_shared_string_is_read_however_it_is_written(
    tmp_path: Path, how: str, prefix: str, codec: str
) -> None:
    text, expected = STRINGS[how]
    if prefix:
        for name in ["si", "t", "r", "rPr", "b", "rPh", "phoneticPr"]:
            text = re.sub(rf"(</?){name}(?=[ />])", rf"\1x:{name}", text)
        text = text.replace("<a></x:si>", "<a></si>")
    name = "xmlns:x" if prefix else "xmlns"
    before, behind = (f"<{prefix}si><{prefix}t>{t}</{prefix}t></{prefix}si>" for t in "12")
    xml = f'{SHEET}<{prefix}sst {name}="{MAIN}">{before}<{prefix}si/>{text}{behind}</{prefix}sst>'
    row = "".join(f'<c r="{"ABCD"[i]}1" t="s"><v>{i}</v></c>' for i in range(4))
    path = xlsx(tmp_path / "a.xlsx", f'<row r="1">{row}</row>', xml.encode(codec))
    assert cells(path) == {1: ["1", None, expected, "2"]}


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_a_merged_cell_counts_for_all_its_rows(tmp_path: Path, codec: str, prefix: str) -> None:
    rows = "".join(f'<row r="{n}"><c r="B{n}"><v>{n}</v></c></row>' for n in (3, 4, 5))
    first = '<row r="2"><c r="A2"><v>9</v></c></row>'
    merged = '<mergeCells count="1"><mergeCell ref="A2:A4"/></mergeCells>'
    xml = f"<worksheet xmlns='{MAIN}'><sheetData>{first}{rows}</sheetData>{merged}</worksheet>"
    if prefix:
        xml = re.sub(r"<(/?)(\w)", r"<\1x:\2", xml).replace("xmlns=", "xmlns:x=")
    path = xlsx(tmp_path / "a.xlsx", (SHEET + xml).encode(codec))
    assert cells(path) == {2: [9], 3: [9, 3], 4: [9, 4], 5: [None, 5]}


def test_an_elapsed_time_beyond_all_bounds_spoils_no_other_cell(tmp_path: Path) -> None:
    row = '<row r="1"><c r="A1"><v>1</v></c><c r="B1" s="1"><v>1E+300</v></c></row>'
    assert cells(xlsx(tmp_path / "a.xlsx", row, None, ("[h]:mm",)))[1][0] == 1
