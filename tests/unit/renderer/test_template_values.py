"""How numbers, dates and truth print, and the filters money, number, date and title."""

from datetime import date, datetime, time

import pytest
from renderer_rows import invalid, text

from bulksender.model import Cell


@pytest.mark.parametrize(
    ("cell", "printed"),
    [
        *((5, "5"), (5.0, "5"), (-3, "-3"), (0, "0"), (0.5, "0.5"), (819.19, "819.19")),
        *((1234567.89, "1234567.89"), (123456789012345, "123456789012345"), (-0.25, "-0.25")),
        *((0.00001, "0.00001"), (1e-7, "0.0000001"), (1.5e16, "15000000000000000")),
        *((1e22, "10000000000000000000000"), (True, "TRUE"), (False, "FALSE")),
        *(("007", "007"), ("5.0", "5.0"), ("TRUE", "TRUE")),
        (date(2026, 11, 30), "2026-11-30"),
        (datetime(2026, 11, 30, 9, 5), "2026-11-30 09:05"),
        (datetime(2026, 11, 30, 9, 5, 7), "2026-11-30 09:05:07"),
        (time(9, 5), "09:05"),
        (time(9, 5, 7), "09:05:07"),
    ],
)
@pytest.mark.parametrize(
    "way", ["{{ v }}", "{{ row.v }}", "{% set x = v %}{{ x }}", "{{ v or 1 }}"]
)
def test_a_cell_prints_as_the_sheet_shows_it(cell: Cell, printed: str, way: str) -> None:
    if " or " in way and not cell:
        printed = "1"
    assert text(way, {"V": cell}) == printed


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        *(
            ("price * 3", "0.3"),
            ("price + 0.2", "0.3"),
            ("price / 4", "0.025"),
            ("price * 10", "1"),
        ),
        *(("(price * 3)|number", "0.3"), ("(price * 3)|money", "0.30"), ("1 / 8", "0.125")),
        *(("819.19 * 1.07", "876.5333"), ("price * 1.0", "0.1")),
    ],
)
def test_what_is_computed_prints_as_a_sheet_would_show_it(expression: str, printed: str) -> None:
    """A sheet shows 15 digits, and so no 0.30000000000000004."""
    assert text(f"{{{{ {expression} }}}}", {"Price": 0.1}) == printed


MONEY: list[tuple[Cell, str, str]] = [
    (1234.5, "money", "1,234.50"),
    (1234.5, "money('SGD')", "SGD 1,234.50"),
    (1234.5, "money('$')", "$1,234.50"),
    (1234.5, "money('S$')", "S$1,234.50"),
    (1234.5, "money('€')", "€1,234.50"),
    (1234567, "money('IDR', 0)", "IDR 1,234,567"),
    (1234.5, "money('JPY', places=0)", "JPY 1,235"),
    (0, "money('SGD')", "SGD 0.00"),
    (-5, "money", "-5.00"),
    (2.675, "money", "2.68"),
    (0.005, "money", "0.01"),
    (819.19, "money", "819.19"),
    (999999999999.99, "money", "999,999,999,999.99"),
    ("1234.5", "money", "1,234.50"),
    ("1,234.5", "money", "1,234.50"),
    ("1.234,50", "money", "1,234.50"),
    ("12,5", "money", "12.50"),
    ("1 234,50", "money", "1,234.50"),
    (" 7 ", "money", "7.00"),
    ("+7", "money", "7.00"),
]


@pytest.mark.parametrize(("cell", "used", "printed"), MONEY)
def test_money_groups_thousands_and_keeps_two_places(cell: Cell, used: str, printed: str) -> None:
    assert text(f"{{{{ v|{used} }}}}", {"V": cell}) == printed


@pytest.mark.parametrize(
    ("cell", "used", "printed"),
    [
        *((1234567, "number", "1,234,567"), (1234.5, "number", "1,234.5"), (5, "number", "5")),
        *((1234.567, "number(1)", "1,234.6"), (2.5, "number(0)", "3"), (-0.5, "number", "-0.5")),
        *((0.00001, "number", "0.00001"), (1e-7, "number", "0.0000001")),
        *((819.19, "number", "819.19"), (1e16, "number", "10,000,000,000,000,000")),
        *(("1234567", "number", "1,234,567"), ("1,234", "number", "1,234")),
        *(("$1,200", "number", "1,200"), ("S$80", "money", "80.00"), ("80 SGD", "money", "80.00")),
        *((".50", "money", "0.50"), ("80.", "money", "80.00"), ("€1.234,50", "money", "1,234.50")),
    ],
)
def test_number_groups_thousands(cell: Cell, used: str, printed: str) -> None:
    assert text(f"{{{{ v|{used} }}}}", {"V": cell}) == printed


@pytest.mark.parametrize("used", ["money", "number", "money('SGD')"])
@pytest.mark.parametrize(
    "cell", ["abc", "S$", "5%", "1,2,3", "12.34.56", "--5", "1e5", True, date(2026, 1, 2), "5-"]
)
def test_what_is_no_number_refuses_the_row(used: str, cell: Cell) -> None:
    said = invalid(f"{{{{ v|{used} }}}}", {"V": cell})
    assert f'the filter "{used.split("(")[0]}" needs a number' in said
    assert str(cell) not in said


@pytest.mark.parametrize(
    ("cell", "used", "printed"),
    [
        (date(2026, 11, 30), "date", "2026-11-30"),
        (date(2026, 11, 30), "date('%d %b')", "30 Nov"),
        (date(2026, 11, 30), "date('%A, %d %B %Y')", "Monday, 30 November 2026"),
        (datetime(2026, 11, 30, 9, 5), "date('%d/%m at %H:%M')", "30/11 at 09:05"),
        (datetime(2026, 11, 30, 9, 5), "date", "2026-11-30"),
        ("2026-11-30", "date('%d %b')", "30 Nov"),
        (" 2026-11-30 ", "date('%d %b')", "30 Nov"),
        ("2026-11-30 09:05", "date('%d %b %H:%M')", "30 Nov 09:05"),
        (time(9, 5), "date('%H:%M')", "09:05"),
        (date(2026, 11, 30), "date('%d. in 日本')", "30. in 日本"),
    ],
)
def test_date_prints_dates_by_a_format(cell: Cell, used: str, printed: str) -> None:
    assert text(f"{{{{ v|{used} }}}}", {"V": cell}) == printed


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        *(("30/11/2026", "a date is not readable"), ("soon", "a date is not readable")),
        *(("2026-13-01", "a date is not readable"), (46000, 'the filter "date" needs a date')),
        *((True, 'the filter "date" needs a date'), (1.5, 'the filter "date" needs a date')),
    ],
)
def test_what_is_no_date_refuses_the_row(cell: Cell, why: str) -> None:
    said = invalid("{{ v|date('%d %b') }}", {"V": cell})
    assert why in said
    assert str(cell) not in said


def test_a_time_of_day_has_no_date_to_print() -> None:
    assert invalid("{{ v|date('%d %b') }}", {"V": time(9, 30)})


@pytest.mark.parametrize(
    ("cell", "printed"),
    [
        *(("JASMINE", "Jasmine"), ("jasmine lim", "Jasmine Lim"), ("McDonald", "McDonald")),
        *(("JASMINE O'BRIEN-TAN", "Jasmine O'Brien-Tan"), ("o’neill", "O’Neill")),
        *(("JOHN'S", "John's"), ("ÅSA ÖBERG", "Åsa Öberg"), ("JOHN LIM 3RD", "John Lim 3rd")),
        *(("李小龍", "李小龍"), ("DeShawn LEE", "DeShawn Lee"), ("j.r. tan", "J.R. Tan")),
    ],
)
def test_title_writes_names_as_names_are_written(cell: str, printed: str) -> None:
    assert text("{{ name|title }}", {"Name": cell}) == printed


def test_jinjas_own_filters_are_there() -> None:
    row: dict[str, Cell] = {"Name": " anna ", "N": 7, "Text": "12"}
    assert text("{{ name|trim|capitalize }} {{ n|float + 0.5 }} {{ text|int * 2 }}", row) == (
        "Anna 7.5 24"
    )
