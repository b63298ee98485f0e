"""Markup that is text, or none: results stand beside the right rows, in their columns' order."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from handmade_books import Line, inline, plain_rows, raw, save, sheet
from handmade_cells import CODE
from result_checks import cells, facts, outcome, written

from bulksender.tables import open_table

HEADERS = ("Name", "Phone", "Since", "Points", "Total", "Note")
AMID = ("umid", "status", "Phone", "status_detail", "Points", "Note")


def numbers(path: Path) -> list[int]:
    return [row.number for row in open_table(path).rows() if any(v is not None for v in row.values)]


@pytest.mark.parametrize(
    "headers",
    [
        ("Phone", "status"),  # the user's own status, or all but status deleted
        ("Phone", "status", "umid"),  # columns rearranged
        ("Name", "Phone", "umid", "status", "destination", "run", "City"),  # one deleted
        ("run", "Phone"),
    ],
)
def test_cells_stand_in_their_columns_order(tmp_path: Path, headers: tuple[str, ...]) -> None:
    lines = [Line(1, "plain", [(n, "text") for n in range(1, len(headers) + 1)])]
    lines += [Line(2, "plain", [(1, "whole")]), Line(3, "plain", [(1, "whole"), (2, "whole")])]
    book = save(tmp_path / "a.xlsx", {"S": sheet(lines)})
    made = written(facts(book, headers), {2: outcome(2), 3: outcome(3)})
    places = list(cells(made))
    assert all(one < two for one, two in pairwise(places)), places


@pytest.mark.parametrize("headers", [HEADERS, AMID])
def test_markup_in_cdata_is_text(tmp_path: Path, headers: tuple[str, ...]) -> None:
    lines = [*plain_rows(1, 3), Line(4, "plain", [(1, CODE), (3, CODE), (6, CODE)])]
    book = save(tmp_path / "a.xlsx", {"S": sheet(lines)})
    written(facts(book, headers), {2: outcome(2), 4: outcome(4)})


@pytest.mark.parametrize("headers", [HEADERS, AMID])
def test_markup_in_comments_is_none(tmp_path: Path, headers: tuple[str, ...]) -> None:
    odd = [(1, "text"), (3, "text"), (6, "text")]
    lines = [*plain_rows(1, 3), Line(4, "markup in comments", odd), *plain_rows(5, 1)]
    book = save(tmp_path / "a.xlsx", {"S": sheet(lines)})
    written(facts(book, headers), {2: outcome(2), 4: outcome(4), 5: outcome(5)})


def test_a_row_in_a_comment_is_none(tmp_path: Path) -> None:
    rows = f'<row r="1">{inline("A1", "Phone")}</row>'
    rows += f'<!--<row r="2">{inline("A2", "old")}</row>--><row r="2">{inline("A2", "new")}</row>'
    book = save(tmp_path / "a.xlsx", {"S": raw(rows)})
    written(facts(book, ["Phone"]), {2: outcome(2)})


def test_a_place_in_cdata_is_no_cell_s(tmp_path: Path) -> None:
    rows = f'<row r="1">{inline("A1", "Phone")}{inline("B1", "umid")}{inline("C1", "Note")}</row>'
    rows += f'<row r="2">{inline("A2", "9")}{inline("B2", "old")}'
    rows += inline("C2", '<![CDATA[ r="A1"]]>') + "</row>"
    book = save(tmp_path / "a.xlsx", {"S": raw(rows)})
    written(facts(book, ["Phone", "umid", "Note"]), {2: outcome(2)})


@pytest.mark.parametrize("headers", [HEADERS, AMID])
def test_spaces_in_end_tags(tmp_path: Path, headers: tuple[str, ...]) -> None:
    odd = [(1, "text"), (3, "text"), (6, "text")]
    lines = [*plain_rows(1, 3), Line(4, "spaces in end tags", odd), *plain_rows(5, 1)]
    book = save(tmp_path / "a.xlsx", {"S": sheet(lines)})
    written(facts(book, headers), {2: outcome(2), 4: outcome(4), 5: outcome(5)})


@pytest.mark.parametrize("end", ["</sheetData >", "</sheetData\n>"])
def test_a_space_in_the_end_of_the_rows(tmp_path: Path, end: str) -> None:
    xml = sheet(plain_rows(1, 3)).replace("</sheetData>", end)
    book = save(tmp_path / "a.xlsx", {"S": xml})
    assert numbers(book) == [1, 2, 3]
    written(facts(book, HEADERS), {2: outcome(2), 3: outcome(3)})


def test_a_header_s_text_is_no_style(tmp_path: Path) -> None:
    lines = [Line(1, "plain", [(1, "text like attributes")]), Line(2, "plain", [(1, "whole")])]
    book = save(tmp_path / "a.xlsx", {"S": sheet(lines)})
    written(facts(book, ["Phone"]), {2: outcome(2)})  # the style 9 is in no workbook
