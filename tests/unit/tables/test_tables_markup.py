"""Rows with markup in comments and CDATA are read, wherever the blocks of the file end."""

from __future__ import annotations

from pathlib import Path

import pytest
from handmade_books import Line, inline, plain_rows, raw, save, sheet

from bulksender.errors import SheetError
from bulksender.loader import open_sheet
from bulksender.settings import SheetOptions
from bulksender.tables import open_table

READ = 1 << 20


def numbers(path: Path) -> list[int]:
    return [row.number for row in open_table(path).rows() if any(v is not None for v in row.values)]


def at_every_edge(folder: Path, xml: str, near: str) -> list[tuple[int, str]]:
    """Where the sheet is read otherwise when reading stops there."""
    head, tag, rows = xml.encode().partition(b"<sheetData>")
    right = numbers(save(folder / "a.xlsx", {"S": xml}, stored=True))
    first = rows.index(near.encode())
    wrong = []
    for place in range(first, first + len(near.encode()) + 200):
        room = b" " * (READ - len(head + tag) - place)
        book = save(folder / "a.xlsx", {"S": head + room + tag + rows}, stored=True)
        try:
            found = numbers(book)
        except SheetError as error:
            wrong.append((place, str(error)[-80:]))
            continue
        if found != right:
            wrong.append((place, f"{sorted(set(right) - set(found))} lost"))
    return wrong


def test_a_comment_behind_cdata_at_the_edge(tmp_path: Path) -> None:
    cell = inline("A4", "a<![CDATA[</row>]]>") + "<!-- </row><row> -->"
    row = f'<row r="4">{cell}</row>'
    xml = sheet([*plain_rows(1, 3), Line(4, "closed"), *plain_rows(5, 3)])
    assert at_every_edge(tmp_path, xml.replace('<row r="4"/>', row), row) == []


def test_the_end_of_the_rows_in_cdata_at_the_edge(tmp_path: Path) -> None:
    row = f'<row r="4">{inline("A4", "<![CDATA[</sheetData>]]>")}</row>'
    xml = sheet([*plain_rows(1, 3), Line(4, "closed"), *plain_rows(5, 3)])
    assert at_every_edge(tmp_path, xml.replace('<row r="4"/>', row), row) == []


def test_a_comment_s_begin_in_cdata(tmp_path: Path) -> None:
    rows = (
        f'<row r="1">{inline("A1", "<![CDATA[ <!-- ]]>")}</row><row r="2">{inline("A2", "b")}</row>'
    )
    rows += f'<!-- a --><row r="3">{inline("A3", "c")}</row>'
    assert numbers(save(tmp_path / "a.xlsx", {"S": raw(rows)})) == [1, 2, 3]


def test_blank_cells_with_styles_widen_no_sheet(tmp_path: Path) -> None:
    rows = f'<row r="1">{inline("A1", "Our people")}{inline("F1", "page 1")}</row>'
    rows += f'<row r="2">{inline("A2", "Mobile")}</row>'
    for n in range(3, 300):
        number = f'<c r="A{n}"><v>{6590000000 + n}</v></c>'
        rows += f'<row r="{n}">{number}<c r="B{n}" s="{n % 3}"/><c r="C{n}" s="1"/></row>'
    book = save(tmp_path / "a.xlsx", {"S": raw(rows)})
    found = open_sheet(SheetOptions(path=str(book), country="SG"))
    with found.reading([]) as chunks:
        assert sum(len(chunk.recipients) for chunk in chunks) == 297
    assert found.facts.width == 1


@pytest.mark.parametrize("count", [1, 60, 200])
@pytest.mark.parametrize("last", [1, 2])
def test_the_last_rows_end_with_a_space(tmp_path: Path, count: int, last: int) -> None:
    behind = range(count + 1, count + 1 + last)
    lines = [
        *plain_rows(1, count),
        *(Line(n, "spaces in end tags", [(1, "whole")]) for n in behind),
    ]
    book = save(tmp_path / "a.xlsx", {"S": sheet(lines)})
    assert numbers(book) == list(range(1, count + 1 + last))
