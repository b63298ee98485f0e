"""The fields of a page of results are those of its rows, each made by itself."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from result_checks import outcome, paged

from bulksender.reporter.delimited import _Fields
from bulksender.reporter.values import DESTINATION, UMID, Values

DELIMITERS = [",", ";", "\t", "|"]
ENCODINGS = ["utf-8", "utf-8-sig", "cp1252"]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
TRICKY = st.text(st.sampled_from("\",;\t|\r\n '=+-@aé中"), max_size=6)
VALUE = st.one_of(st.none(), st.just(""), st.integers(-9, 99), TRICKY, TEXT)
PLAIN = st.from_regex("([0-9A-Za-z][0-9A-Za-z-]{0,40})?", fullmatch=True)
ODD = st.sampled_from(
    [
        *("-1", "+1", "=1+1", "@x", "\ta", "\ra", "-", "'a", '"', 'a"b', '"a"', "a,b", "a;b"),
        *("a\tb", "a|b", "=a\nb", "a\r\nb", "a\nb", "\n", "a b", "ünï", "中", "a_b"),
    ]
)
NUMBER = st.from_regex(r"\+?[0-9]{1,15}", fullmatch=True)
UMIDS = [PLAIN, PLAIN | ODD, st.none() | PLAIN, st.one_of(st.none(), PLAIN, ODD, TEXT)]
DESTINATIONS = [
    NUMBER,
    st.none() | st.just("") | NUMBER,
    NUMBER | st.sampled_from(['+6"5', "+6,5"]),
]


@st.composite
def results(draw: st.DrawFn) -> list[Values]:
    """Rows of few kinds; the umids of some of them are as 8x8 makes them, and all their numbers."""
    kinds = draw(st.lists(st.lists(VALUE, min_size=9, max_size=9), min_size=1, max_size=3))
    umids, destinations = draw(st.sampled_from(UMIDS)), draw(st.sampled_from(DESTINATIONS))
    made = []
    for _ in range(draw(st.integers(1, 8))):
        values = list(draw(st.sampled_from(kinds)))
        values[UMID], values[DESTINATION] = draw(umids), draw(destinations)
        made.append(tuple(values))
    return made


def joined(rows: list[Values], delimiter: str = ",", encoding: str = "utf-8") -> list[str]:
    """The rows' fields in one text each; checked against the same fields apart."""
    [page] = paged(enumerate(rows, 2), len(rows))
    fields = _Fields(delimiter, encoding)
    made = fields.joined(page)
    apart = fields.apart(page)
    assert [[field is None for field in row] for row in apart] == [
        [value is None for value in row] for row in rows
    ]
    assert made == [delimiter.join(field or "" for field in row) for row in apart]
    return made


def row(umid: str | None = "umid-1", detail: str = "", destination: str | None = "+65") -> Values:
    return umid, "QUEUED", detail, destination, 1, "GSM7", "batch-1", "2026-01-02", "run-1"


@settings(deadline=None, max_examples=300)
@given(results(), st.sampled_from(DELIMITERS), st.sampled_from(ENCODINGS))
def test_a_page_is_joined_as_its_rows_are_one_by_one(
    rows: list[Values], delimiter: str, encoding: str
) -> None:
    assert len(joined(rows, delimiter, encoding)) == len(rows)


@settings(deadline=None)
@given(results(), st.sampled_from(DELIMITERS))
def test_every_value_is_read_back_from_its_own_field(rows: list[Values], delimiter: str) -> None:
    for values, made in zip(rows, joined(rows, delimiter), strict=True):
        [read] = csv.reader([made], delimiter=delimiter, strict=True) if made else [[""]]
        for place, (value, field) in enumerate(zip(values, read, strict=True)):
            text = "" if value is None else str(value)
            guarded = text.startswith(("=", "+", "-", "@", "\t", "\r")) and place != DESTINATION
            assert field == ("'" + text if guarded else text)


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("umid", ["-1", "+1", "=1+1", "@x", "-", "=1,2", '="a"'])
def test_a_umid_is_never_a_formula(umid: str, delimiter: str) -> None:
    for rows in ([row(umid)], [row(), row(umid), row("")], [row(umid), row()]):
        for values, made in zip(rows, joined(rows, delimiter), strict=True):
            [read] = csv.reader([made], delimiter=delimiter)
            assert read[UMID] == ("'" + umid if values[UMID] == umid else values[UMID])
            assert read[DESTINATION] == "+65"


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("place", [UMID, DESTINATION])
def test_an_own_value_with_the_delimiter_in_it_is_quoted(place: int, delimiter: str) -> None:
    odd = list(row())
    odd[place] = f"6{delimiter}5"
    made = joined([row(), tuple(odd), row()], delimiter)
    assert made[0] == made[2]
    assert f'"6{delimiter}5"' in made[1] and '"' not in made[0]


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_blank_umids_and_destinations_leave_their_fields_blank(delimiter: str) -> None:
    rows = [row("u-1"), row(""), row(None), row("u-2", "", ""), row("", "", None), (None,) * 9]
    made = joined(rows, delimiter)
    assert [text.split(delimiter)[UMID] for text in made] == ["u-1", "", "", "u-2", "", ""]
    assert [text.count(delimiter) for text in made] == [8] * len(rows)
    assert [text.split(delimiter)[DESTINATION] for text in made] == ["+65"] * 3 + [""] * 3


def test_what_the_encoding_does_not_have_becomes_a_question_mark() -> None:
    rows = [row(detail="Zoë 中"), row("a中", "中", "+66"), row("é")]
    assert joined(rows, encoding="utf-8")[1].startswith("a中,QUEUED,中,+66")
    made = joined(rows, encoding="cp1252")
    assert made[0].startswith("umid-1,QUEUED,Zoë ?,+65")
    assert made[1].startswith("a?,QUEUED,?,+66")
    assert made[2].startswith("é,")


def test_thousands_of_rows_are_joined_as_one_by_one() -> None:
    rows = [outcome(number) for number in range(2, 3000)]
    assert len(set(joined(rows, ";"))) == len(rows)


def test_a_umid_of_two_lines_is_quoted() -> None:
    assert joined([row("a"), row("a\nb")])[1].startswith('"a\nb",')
