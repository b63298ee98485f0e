"""Numbers and dates as a sheet shows them, by the codes of ECMA-376 part 1, 18.8.30 and 18.8.31."""

from __future__ import annotations

import csv
import random
import re
from datetime import date, datetime, time
from pathlib import Path

import pytest
import xlsxwriter
from tables_books import SOFFICE, converted

from bulksender.model import Cell
from bulksender.tables import Spoilt, formats, plain
from bulksender.tables.formats import BUILT_IN, reading

ACCOUNTING = r'_(* #,##0.00_);_(* \(#,##0.00\);_(* "-"??_);_(@_)'
EURO = r"_-* #,##0.00\ [$€-407]_-;\-* #,##0.00\ [$€-407]_-;_-* \-??\ [$€-407]_-;_-@_-"


def meant(value: float, code: str, since_1904: bool = False) -> Cell | Spoilt:
    meaning = reading(code, since_1904)
    return plain(value if meaning is None else meaning(float(value)))


SHOWN = [
    # places, and rounding as people round
    (12.0, "0", "12"), (12.5, "0", "13"), (0.5, "0", "1"), (-0.5, "0", "-1"), (2.5, "0", "3"),
    (12.345, "0.00", "12.35"), (1.005, "0.00", "1.01"), (2.675, "0.00", "2.68"),
    (5.0, "0.00", "5.00"), (-5.25, "0.0", "-5.3"), (0.5, ".00", ".50"), (0.5, "#.00", ".50"),
    (1234.5, ".00", "1234.50"),
    (0.1 + 0.2, "0.0000", "0.3000"), (1234.5678, "0.0##", "1234.568"), (1.5, "0.0##", "1.5"),
    (1.5, "0.???", "1.5"), (99.995, "0.00", "100.00"), (999999.5, "#,##0", "1,000,000"),
    # zero padding, and numbers in groups of their own
    (42.0, "00000", "00042"), (-42.0, "00000", "-00042"), (123456.0, "00000", "123456"),
    (0.0, "000", "000"), (7.0, "000.0", "007.0"), (1234567.0, "000-0000", "123-4567"),
    (12345678901.0, "(000) 000-0000", "(1234) 567-8901"),
    (6591234567.0, "+00 0000 0000", "+65 9123 4567"),
    (6591234567.0, "+## #### ####", "+65 9123 4567"), (123456789.0, "000-00-0000", "123-45-6789"),
    (6591234567.0, r"\+0", "+6591234567"), (91234567.0, '"+65 "0000" "0000', "+65 9123 4567"),
    # grouping and scaling
    (1234.0, "#,##0", "1,234"), (999.0, "#,##0", "999"), (0.0, "#,##0", "0"),
    (-1234567.0, "#,##0", "-1,234,567"), (1234567.891, "#,##0.00", "1,234,567.89"),
    (1234.0, "#,#", "1,234"), (1234567.0, "#,###", "1,234,567"), (42.0, "0,000", "0,042"),
    (12345678.0, '0.0,,"M"', "12.3M"), (12345.0, "0,", "12"), (12500.0, '#,##0.0," k"', "12.5 k"),
    (12345.0, "0,.0", "12.3"),
    # percent
    (0.5, "0%", "50%"), (0.125, "0.0%", "12.5%"), (-0.05, "0%", "-5%"), (1.0, "0.00%", "100.00%"),
    (12.5, "#,##0%", "1,250%"), (0.5, '0" "%', "50 %"),
    # literals, quotes, escapes, room, filling
    (12.0, '0 "pcs"', "12 pcs"), (12.0, r"0\x", "12x"), (3.0, '"No. "0', "No. 3"),
    (12.0, "0_)", "12"), (12.0, "* 0", "12"), (12.0, "$0", "$12"), (-12.0, "$#,##0", "-$12"),
    (12.0, '"a;b"0', "a;b12"), (12.0, r'0"%"', "12%"), (12.3456, '0.00"x"00', "12.34x56"),
    # currencies and colours
    (1234.5, "[$€-2] #,##0.00", "€ 1,234.50"), (1234.5, "#,##0.00 [$€-407]", "1,234.50 €"),
    (9.9, "[$S$-4809]#,##0.00", "S$9.90"), (9.9, "[$RM-43E]0.00", "RM9.90"),
    (9.9, "[$-409]0.00", "9.90"), (-9.9, "0.00;[Red]-0.00", "-9.90"), (9.9, "[Color 5]0.0", "9.9"),
    # sections
    (-5.0, "0;(0)", "(5)"), (5.0, "0;(0)", "5"), (0.0, "0;(0)", "0"), (-5.0, "0;0", "5"),
    (0.0, '0;-0;"nil"', "nil"), (0.0, "0.0;-0.0;0", "0"), (-0.4, "#,##0;(#,##0)", "(0)"),
    (1234.5, "#,##0.00_);(#,##0.00)", "1,234.50"), (-1234.5, "#,##0.00_);(#,##0.00)", "(1,234.50)"),
    (5.0, '0;-0;0;"text "@', "5"), (-42.0, "000;-000;000;@", "-042"),
    (1234.5, ACCOUNTING, "1,234.50"), (-1234.5, ACCOUNTING, "(1,234.50)"), (0.0, ACCOUNTING, "-"),
    (1234.5, EURO, "1,234.50 €"), (-1234.5, EURO, "-1,234.50 €"),
]  # fmt: skip


@pytest.mark.parametrize("value, code, shown", SHOWN)
def test_a_number_shows_as_its_format_says(value: float, code: str, shown: str) -> None:
    assert str(meant(value, code)) == shown


def test_a_number_in_another_form_is_still_the_number() -> None:
    found = meant(0.15, "0%")
    assert isinstance(found, float)
    assert (float(found), str(found)) == (0.15, "15%")


def test_a_zero_that_its_format_hides_is_blank() -> None:
    assert str(meant(0.0, "#") or "") in ("", "0")
    assert meant(5.0, "0;-0;;@") == 5


@pytest.mark.parametrize(
    "code",
    ["General", "GENERAL", "@", "", "# ?/?", "# ??/16", "0.00E+00", "##0.0E+0", "[>100]0.0;0",
     "[<=99]0;[>99]0.00;0", "General;-General", "[DBNum1]0", "0.0.0"],
)  # fmt: skip
@pytest.mark.parametrize("value", [12.5, -3.0, 0.0])
def test_a_format_that_is_not_understood_leaves_the_number(code: str, value: float) -> None:
    assert meant(value, code) == value
    assert str(meant(value, code)) == str(plain(value))


@pytest.mark.parametrize("value", [1e15, -1e20, 1e300, 6.02e23])
@pytest.mark.parametrize("code", ["0", "#,##0.00", "0%", "[h]:mm", "d/m/yyyy", "[ss]"])
def test_a_number_too_large_for_its_format_does_no_harm(value: float, code: str) -> None:
    assert meant(value, code) is not None


DATES = [
    "d/m/yyyy", "m/d/yy", "yyyy-mm-dd", "dd-mmm-yy", "d. mmmm yyyy", "[$-409]d-mmm-yyyy;@",
    "mmm-yy", "dddd, mmmm dd, yyyy", 'yyyy"年"m"月"d"日"', "[$-F800]dddd, mmmm dd, yyyy", "d",
    "yyyy", "mm/dd", r"dd\.mm\.yyyy", "[Red]d/m/yyyy", "D/M/YYYY", "m/d", "[$-411]ge.m.d", "mmmm",
]  # fmt: skip


@pytest.mark.parametrize("code", DATES)
def test_a_number_in_a_format_of_days_is_a_date(code: str) -> None:
    assert meant(46023, code) == date(2026, 1, 1)
    assert meant(46023.75, code) == date(2026, 1, 1)


@pytest.mark.parametrize(
    "code", ["d/m/yyyy h:mm", "yyyy-mm-dd hh:mm:ss", "m/d/yy h:mm AM/PM", "dd.mm.yyyy hh", "yyyy h"]
)
def test_a_number_in_a_format_of_days_and_hours_is_both(code: str) -> None:
    assert meant(46023.75, code) == datetime(2026, 1, 1, 18)
    assert meant(46023.395833333336, code) == datetime(2026, 1, 1, 9, 30)
    assert meant(46023, code) == date(2026, 1, 1)


@pytest.mark.parametrize(
    "code", ["h:mm", "hh:mm:ss", "h:mm AM/PM", "[$-F400]h:mm:ss AM/PM", "mm:ss", "mm:ss.0", "h A/P"]
)
def test_a_number_in_a_format_of_hours_is_a_time(code: str) -> None:
    assert meant(0.75, code) == time(18)
    assert meant(46023.75, code) == time(18)
    assert meant(0, code) == time(0)
    assert meant(0.395833333333333, code) == time(9, 30)


@pytest.mark.parametrize("code", ["[h]:mm", "[hh]:mm:ss", "[mm]:ss", "[ss]", "[H]:MM"])
def test_a_number_in_a_format_of_elapsed_time_counts_on_beyond_a_day(code: str) -> None:
    assert str(meant(1.5, code)) == "36:00:00"


@pytest.mark.parametrize(
    "serial, expected",
    [(1, date(1900, 1, 1)), (59, date(1900, 2, 28)), (61, date(1900, 3, 1)),
     (36526, date(2000, 1, 1)), (2958465, date(9999, 12, 31))],
)  # fmt: skip
def test_days_are_counted_as_excel_counts_them(serial: int, expected: date) -> None:
    assert meant(serial, "d/m/yyyy") == expected


def test_the_day_that_never_was_is_one_of_its_neighbours() -> None:
    assert meant(60, "d/m/yyyy") in (date(1900, 2, 28), date(1900, 3, 1))


@pytest.mark.parametrize(
    "serial, expected",
    [(0, date(1904, 1, 1)), (1, date(1904, 1, 2)), (44561, date(2026, 1, 1)),
     (2957003, date(9999, 12, 31))],
)  # fmt: skip
def test_days_are_counted_from_1904_where_the_workbook_says_so(serial: int, expected: date) -> None:
    assert meant(serial, "d/m/yyyy", since_1904=True) == expected


def test_a_time_is_the_same_in_both_calendars() -> None:
    assert meant(0.5, "h:mm", since_1904=True) == meant(0.5, "h:mm") == time(12)


@pytest.mark.parametrize("value", [-1.0, 2958466.0, 1e9])
def test_what_is_no_day_stays_a_number(value: float) -> None:
    assert meant(value, "d/m/yyyy") == value


def test_a_time_a_hair_before_midnight_is_no_error() -> None:
    assert meant(0.9999999999, "h:mm") == time(0)
    assert meant(46023.9999999999, "d/m/yyyy h:mm") == date(2026, 1, 2)


@pytest.mark.parametrize("code", ['0" days"', '0.0"h"', r"0\d", "#,##0 [$Md-1]", '"y"0', "0_y"])
def test_letters_of_days_inside_a_literal_make_no_date(code: str) -> None:
    assert isinstance(meant(5.0, code), (int, float))


def test_every_built_in_format_is_understood() -> None:
    assert [code for code in BUILT_IN.values() if reading(code) is None] == []
    assert meant(1234.5, BUILT_IN[4]) == 1234.5
    for number in (14, 15, 16, 17, 27, 36, 50, 58):
        assert meant(46023, BUILT_IN[number]) == date(2026, 1, 1)
    for number in (18, 19, 20, 21, 45, 47):
        assert meant(0.5, BUILT_IN[number]) == time(12)


NOT_COMPARED = ("* 0", "#,##0.0,", "0,.0")  # LibreOffice fills, or scales, in a way of its own


@pytest.mark.skipif(not SOFFICE, reason="needs LibreOffice")
def test_numbers_show_as_libreoffice_shows_them(tmp_path: Path) -> None:
    pairs = [(value, code) for value, code, _ in SHOWN if not code.startswith(NOT_COMPARED)]
    codes = sorted({code for _, code in pairs})
    pairs += [(value, code) for code in codes for value in (0.0, 7.0, -7.0, 1234.5678, -0.76)]
    path = tmp_path / "shown.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        made = {code: book.add_format({"num_format": code}) for code in codes}
        for index, (value, code) in enumerate(pairs):
            sheet.write_number(index, 0, value, made[code])
    as_shown = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true"
    text = converted(path, as_shown).read_text("utf-8")
    shown = [row[0].strip() if row else "" for row in csv.reader(text.splitlines())]
    shown += [""] * (len(pairs) - len(shown))
    different = [
        (value, code, theirs, ours)
        for (value, code), theirs in zip(pairs, shown, strict=True)
        if (ours := str(meant(value, code)).strip()) != theirs.rstrip(".")
        and (re.search("[1-9]", theirs) or value > 0)  # a minus before zeros is a matter of taste
    ]
    assert different == []


@pytest.mark.parametrize(
    "code", ["0", "0.00", "#,##0", "#,##0.00", "0.000", "##0.0", "0.00;-0.00;-", "#,##0_);(#,##0)"]
)
def test_amounts_take_a_short_way_that_shows_the_same(code: str) -> None:
    generator = random.Random(code)
    shapes = [formats._section(text) for text in formats._sections(code)]
    short = formats.reading(code)
    assert short is not None
    for _ in range(3_000):
        digits, places = generator.randrange(-3, 14), generator.randrange(5)
        amount = round(generator.random() * 10.0**digits, places)
        for value in (amount, -amount, float(int(amount)), generator.random() * 10.0**digits):
            shown, wanted = short(value), formats._shown(value, shapes)  # type: ignore[arg-type]
            assert (type(shown), str(shown)) == (type(wanted), str(wanted)), value
