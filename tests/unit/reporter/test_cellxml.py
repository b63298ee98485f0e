"""The cells of a page of results are those of its rows, each made by itself."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from result_checks import content, outcome, paged

from bulksender.reporter.cellxml import MOST_CHARACTERS, ResultCells
from bulksender.reporter.values import DESTINATION, UMID, Values
from bulksender.source import RESULT_COLUMNS, column_letter

Lines = list[tuple[int, Values]]

PREFIXES = ["", "x:", "ss:"]
BESIDE = list(range(5, 5 + len(RESULT_COLUMNS)))
BACKWARDS = BESIDE[::-1]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
DETAILS = st.sampled_from(
    [
        *("?", ">?<", "<&>", "a & b", "\x00", "a\x01b", "\x00\x01", "_x000D_", "_x005F_x000D_"),
        *(" spaced ", "two\nlines", "\r", "\ud83d", "\ufffe", "Zoë 😀", '"', "'", "=1+1", "+1"),
    ]
)
VALUE = st.one_of(st.none(), st.just(""), st.integers(0, 99), DETAILS, TEXT)
PLAIN = st.from_regex("[0-9A-Za-z+-]{0,40}", fullmatch=True)
OWN = {
    "plain": st.none() | PLAIN,
    "any": st.one_of(st.none(), PLAIN, DETAILS, TEXT),
}
COLUMNS = st.lists(
    st.integers(1, 800), min_size=len(RESULT_COLUMNS), max_size=len(RESULT_COLUMNS), unique=True
)


@st.composite
def results(draw: st.DrawFn) -> Lines:
    """Rows of few kinds, whose umids and destinations are plain in some pages only."""
    kinds = draw(st.lists(st.lists(VALUE, min_size=9, max_size=9), min_size=1, max_size=3))
    own = OWN[draw(st.sampled_from(["plain", "plain", "any"]))]
    made: Lines = []
    for number in sorted(draw(st.sets(st.integers(1, 10**6), min_size=1, max_size=8))):
        values = list(draw(st.sampled_from(kinds)))
        values[UMID], values[DESTINATION] = draw(own), draw(own)
        made.append((number, tuple(values)))
    return made


def page_of(lines: Lines, columns: Sequence[int], prefix: str = "") -> list[bytes]:
    """Their cells, made of a page; checked against those of each row by itself."""
    [page] = paged(lines, len(lines))
    made = ResultCells(columns, prefix).page(page)
    alone = ResultCells(columns, prefix)
    assert made == [alone.styled(number, values, "") for number, values in lines]
    return made


def row(umid: str | None, destination: str | None, detail: str = "") -> Values:
    return umid, "QUEUED", detail, destination, 1, "GSM7", "batch-1", "2026-01-02", "run-1"


@settings(deadline=None, max_examples=300)
@given(results(), COLUMNS, st.sampled_from(PREFIXES))
def test_a_page_is_made_as_its_rows_are_one_by_one(
    lines: Lines, columns: list[int], prefix: str
) -> None:
    assert len(page_of(lines, columns, prefix)) == len(lines)


@settings(deadline=None)
@given(results(), COLUMNS)
def test_each_value_is_in_its_own_cell_from_left_to_right(lines: Lines, columns: list[int]) -> None:
    for (number, values), made in zip(lines, page_of(lines, columns), strict=True):
        found = [content(ElementTree.tostring(cell, "unicode"))[0] for cell in elements(made)]
        assert found == [
            f"{column_letter(column)}{number}"
            for column, value in sorted(zip(columns, values, strict=True), key=lambda each: each[0])
            if value is not None and value != ""
        ]


def elements(cells: bytes) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(b"<row>" + cells + b"</row>"))


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("columns", [BESIDE, BACKWARDS, [4, 1, 2, 3, 9, 8, 7, 6, 5]])
def test_blank_umids_and_destinations_have_no_cell(columns: list[int], prefix: str) -> None:
    lines = [
        (number, row(umid, destination))
        for number, (umid, destination) in enumerate(
            [
                *(("u-1", "+65"), ("", "+65"), ("u-2", ""), ("", ""), (None, "+65")),
                *(("u-3", None), (None, None), ("u-4", "+66"), (None, ""), ("", None)),
            ],
            start=98,  # from two digits to three
        )
    ]
    made = page_of(lines, columns, prefix)
    counts = [cells.count(f"<{prefix}c ".encode()) for cells in made]
    assert counts == [8, 7, 7, 6, 7, 7, 6, 8, 6, 6]  # the detail is blank in all


@pytest.mark.parametrize(
    "detail", ["?", ">?<", "<&>", "\x00", "\x01", "a\x00b\x01c", "_x000D_", "x" * 40_000]
)
@pytest.mark.parametrize("columns", [BESIDE, BACKWARDS])
def test_a_detail_is_never_taken_for_a_rows_number_or_umid(columns: list[int], detail: str) -> None:
    lines = [(number, row(f"umid-{number}", f"+65{number}", detail)) for number in (2, 3, 1000)]
    cells = page_of(lines, columns)
    said = detail.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    said = said.replace("\x01", "\N{REPLACEMENT CHARACTER}").replace("_x0", "_x005F_x0")
    for (number, _), made in zip(lines, cells, strict=True):
        texts = {cell.get("r"): "".join(cell.itertext()) for cell in elements(made)}
        at = [f"{column_letter(column)}{number}" for column in columns]
        assert texts[at[UMID]] == f"umid-{number}"
        assert texts[at[DESTINATION]] == f"+65{number}"
        assert texts[at[2]] == said[:MOST_CHARACTERS]


@pytest.mark.parametrize("umid", ["<&>", 'a"b', "a b ", "a\x00b", "?", "_x000D_", "ünï"])
@pytest.mark.parametrize("columns", [BESIDE, BACKWARDS])
def test_one_odd_umid_among_plain_ones_is_escaped(columns: list[int], umid: str) -> None:
    lines = [(2, row("umid-2", "+652")), (3, row(umid, "+653")), (4, row("umid-4", "+654"))]
    made = page_of(lines, columns)
    assert [b">umid-" in cells for cells in made] == [True, False, True]
    elements(made[1])


@pytest.mark.parametrize("length", [MOST_CHARACTERS - 1, MOST_CHARACTERS, MOST_CHARACTERS + 1])
def test_a_very_long_umid_is_cut_where_a_cell_ends(length: int) -> None:
    lines = [(2, row("umid-2", "+652")), (3, row("u" * length, "+653"))]
    made = page_of(lines, BESIDE)
    assert made[1].count(b"u" * min(length, MOST_CHARACTERS) + b"<") == 1
    assert b"u" * (MOST_CHARACTERS + 1) not in made[1]


def test_thousands_of_rows_are_made_as_one_by_one() -> None:
    lines = [(number, outcome(number)) for number in range(2, 3000)]
    assert len(set(page_of(lines, BACKWARDS, "x:"))) == len(lines)
