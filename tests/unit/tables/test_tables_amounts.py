"""Amounts whose texts are made when asked for: the same numbers and texts as those made at once."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tables_books import rows, xlsx

from bulksender.model import Formatted, Recipients, formatted
from bulksender.tables.formats import Amounts, reading

CODES = ("0.00", "#,##0.00", "#,##0.000", "#,##0.00_);(#,##0.00)")
BRACKETS = CODES[-1]
NUMBERS = st.one_of(
    st.integers(-(10**12), 10**12).map(lambda cents: cents / 100),
    st.integers(-(10**7), 10**7).map(float),
    st.floats(-1e6, 1e6),
    st.floats(allow_nan=False, allow_infinity=False),
)
STORED = [
    *("0", "-0", "5", "-5", "0.5", "12.34", "12.3", "1234.5", "-1234.5", "999.995", "1.005"),
    *("0.001", "-0.001", "1e-7", "2.675", "0.30000000000000004", "819.1900000000001"),
    *("1234567.891", "99999999.999", "999999999999.99", "1000000000000", "-1234567890.125"),
    *("999999999999999", "1E+15", "1234567890123456", "1e22", "1.2345678901234567E+300"),
]


def form_of(code: str) -> Amounts:
    form = reading(code)
    assert isinstance(form, Amounts)
    return form


def shown_at_once(value: float, code: str) -> str:
    """What stands in the cell; a number without a text of its own shows 15 digits."""
    meant = form_of(code)(value)
    return str(meant) if isinstance(meant, Formatted) else f"{value:.15g}"


@pytest.mark.parametrize("code", CODES)
@given(value=NUMBERS)
@example(0.0)
@example(-0.0)
@example(1e15)
@example(999999999999.995)
@example(0.1 + 0.2)
def test_an_amount_shows_the_text_that_is_made_at_once(code: str, value: float) -> None:
    amount = formatted(form_of(code))(value)
    assert isinstance(amount, Formatted)
    assert str(amount) == amount.shown == f"{amount}" == shown_at_once(value, code)


@pytest.mark.parametrize("code", CODES)
def test_amounts_of_a_sheet_are_read_alike_wherever_they_stand(tmp_path: Path, code: str) -> None:
    """The first rows are read one by one, those behind them many at a time."""
    column = STORED * 5
    xml = "".join(
        f'<row r="{n}"><c r="A{n}" s="1"><v>{stored}</v></c></row>'
        for n, stored in enumerate(column, 1)
    )
    read = [row.values[0] for row in rows(xlsx(tmp_path / "a.xlsx", xml, formats=(code,)))]
    lazy = formatted(form_of(code))
    assert [type(value) is lazy for value in read].count(True) > 2 * len(STORED)
    for stored, value in zip(column, read, strict=True):
        assert isinstance(value, float)
        assert f"{value:.15g}" == f"{float(stored):.15g}"
        text = str(value) if isinstance(value, Formatted) else f"{value:.15g}"
        assert text == shown_at_once(float(stored), code)


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        *((5.0, "0.00", "5.00"), (1234.5, "0.00", "1234.50"), (-0.001, "0.00", "0.00")),
        *((12.34, "0.00", "12.34"), (1.005, "0.00", "1.01"), (1e15, "0.00", "1e+15")),
        *((1234.5, "#,##0.00", "1,234.50"), (-1234.5, "#,##0.00", "-1,234.50")),
        *((1234.5, "#,##0.000", "1,234.500"), (0.0, "#,##0.000", "0.000")),
        *((1234.5, BRACKETS, "1,234.50"), (-1234.5, BRACKETS, "(1,234.50)")),
    ],
)
def test_an_amount_shows_what_stands_in_its_cell(value: float, code: str, text: str) -> None:
    assert str(formatted(form_of(code))(value)) == text


@given(NUMBERS, NUMBERS)
def test_an_amount_counts_as_the_number_it_is(value: float, other: float) -> None:
    amount = formatted(form_of("#,##0.00"))(value)
    assert isinstance(amount, float)
    assert amount == value
    assert hash(amount) == hash(value)
    assert (amount < other, amount > other) == (value < other, value > other)
    assert amount + other == value + other
    assert {value: "found"}[amount] == "found"
    for form in (",.2f", ".0f", "+.1f", "g", ".15g"):
        assert f"{amount:{form}}" == f"{value:{form}}"


def test_formats_that_are_alike_have_numbers_of_one_type() -> None:
    assert formatted(form_of("0.00")) is formatted(form_of("0.00"))
    types = [formatted(form_of(code)) for code in CODES]
    assert len(set(types)) == len(CODES)


@pytest.mark.parametrize("code", CODES)
@given(values=st.lists(st.none() | NUMBERS, min_size=1, max_size=8))
def test_amounts_arrive_in_another_process_with_their_form(
    code: str, values: list[float | None]
) -> None:
    made = formatted(form_of(code))
    column = [None if value is None else made(value) for value in values]
    recipients = Recipients([*range(len(values))], ["+6591234567"] * len(values), [[*column]])
    [arrived] = Recipients.unpacked(pickle.loads(pickle.dumps(recipients.packed()))).cells
    assert arrived == column
    assert [type(cell) for cell in arrived] == [type(cell) for cell in column]
    assert [str(cell) for cell in arrived] == [str(cell) for cell in column]
