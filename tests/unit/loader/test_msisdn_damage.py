"""A number comes out the same however a sheet has damaged it, as long as no digit is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msisdn_ways import (
    APOSTROPHES,
    DASHES,
    DIGITS,
    EXAMPLES,
    INVISIBLE,
    SPACES,
    ZEROS,
    code_of,
    dialled_with_zero,
    e164,
    expected,
    found,
    home,
    in_script,
    kind,
    national,
    valid_numbers,
    why,
)
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from bulksender.loader.cells import BadNumber
from bulksender.loader.msisdn import to_e164
from bulksender.model import Cell
from bulksender.tables import plain

HOMES = [None, "SG", "US", "GB", "IT", "AR", "BR", "RU", "CI", "DE"]
NUMBERS = valid_numbers()
MANY = NUMBERS[::5]
SOME = NUMBERS[::60]
quick = settings(max_examples=400, deadline=timedelta(seconds=5))


def grouped(number: str, separator: str) -> str:
    """Behind the calling code, the digits in threes; the last group is never a single digit."""
    code = code_of(number)
    rest = number[1 + len(code) :]
    groups = [rest[start : start + 3] for start in range(0, len(rest), 3)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = ["".join(groups[-2:])]
    return f"+{code}" + "".join(separator + group for group in groups)


def in_short_form(digits: str, form: str = "{}.{}E{}") -> str:
    return form.format(digits[0], digits[1:], len(digits) - 1)


def international(number: str) -> str:
    parsed = phonenumbers.parse(number)
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)


def around_group(number: str) -> str:
    """`+65 (912) 345 67`."""
    first, second, *others = grouped(number, " ").split(" ")
    return " ".join([first, f"({second})", *others])


def around_code(number: str) -> str:
    first, _, rest = grouped(number, " ").partition(" ")
    return f"({first}) {rest}"


WITHOUT_COUNTRY: dict[str, Callable[[str], Cell]] = {
    "int": lambda n: int(n[1:]),
    "float": lambda n: plain(float(n[1:])),
    "MSISDN": lambda n: n[1:],
    ".0": lambda n: n[1:] + ".0",
    ",00": lambda n: n[1:] + ",00",
    ".000000": lambda n: n[1:] + ".000000",
    "E9": lambda n: in_short_form(n[1:]),
    "e+9": lambda n: in_short_form(n[1:], "{}.{}e+{}"),
    "E+09": lambda n: in_short_form(n[1:], "{}.{}E+{:02}"),
    "comma E+09": lambda n: in_short_form(n[1:], "{},{}E+{:02}"),
    "0E+09": lambda n: in_short_form(n[1:], "{}.{}000E+{:02}"),
    "apostrophe, .0": lambda n: f"'{n[1:]}.0",
    "apostrophe, E+09": lambda n: "'" + in_short_form(n[1:], "{}.{}E+{:02}"),
    "BOM, .0": lambda n: f"\ufeff{n[1:]}.0",
    "brackets around the code, no +": lambda n: around_code(n).replace("+", ""),
    "NBSP, .0": lambda n: f"{n[1:]}.0\u00a0",
}
ANYWHERE: dict[str, Callable[[str], str]] = {
    "E.164": lambda n: n,
    "international": international,
    "spaces": lambda n: grouped(n, " "),
    "dots": lambda n: grouped(n, "."),
    "dashes": lambda n: grouped(n, "-"),
    "spaced dashes": lambda n: grouped(n, " - "),
    "double spaces": lambda n: grouped(n, "  "),
    "tabs": lambda n: grouped(n, "\t"),
    "outer spaces": lambda n: f" \t{n}\r\n ",
    "+ .0": lambda n: n + ".0",
    "+ space": lambda n: n.replace("+", "+ "),
    "00": lambda n: "00" + n[1:],
    "00 spaced": lambda n: "00 " + grouped(n, " ")[1:],
    "00 dashes": lambda n: "00" + grouped(n, "-")[1:],
    "apostrophe": lambda n: f"'{n}",
    "curly apostrophe": lambda n: f"’{n}",
    "opening apostrophe": lambda n: f"‘{n}",
    "apostrophe and 00": lambda n: f"'00{n[1:]}",
    "apostrophe and space": lambda n: f"' {n}",
    "brackets": around_group,
    "brackets around the code": around_code,
    "tel:": lambda n: f"tel:{n}",
    "TEL:": lambda n: f"TEL: {n}",
    "RFC 3966": lambda n: phonenumbers.format_number(
        phonenumbers.parse(n), PhoneNumberFormat.RFC3966
    ),
    "full-width": lambda n: in_script(n, "０").replace("+", "＋"),
    "full-width brackets": lambda n: around_group(n).replace("(", "（").replace(")", "）"),
    "embedded": lambda n: f"\u202a{n}\u202c",
    "isolated": lambda n: f"\u2066{international(n)}\u2069",
    "BOM": lambda n: f"\ufeff{n}",
    "zero-width inside": lambda n: "\u200b".join(n),
    "NBSP": lambda n: grouped(n, "\u00a0"),
    "no-break dashes": lambda n: grouped(n, "\u2011"),
    "combined": lambda n: (
        "\u202a’tel:00" + in_script(grouped(n, "\u202f\u2013")[1:], "٠") + "\u202c"
    ),
}


def unlike(cells: list[Cell], wanted: list[str], country: str | None) -> list[object]:
    answers = to_e164(cells, country)
    return [
        (cell, answer)
        for cell, answer, number in zip(cells, answers, wanted, strict=True)
        if answer != number
    ]


def test_the_numbers_are_of_every_region_and_type() -> None:
    assert len(NUMBERS) > 3000
    assert len({home(number) for number in EXAMPLES}) > 235
    assert (len(DASHES), len(SPACES), len(ZEROS)) > (20, 15, 50)


@pytest.mark.parametrize("way", WITHOUT_COUNTRY)
def test_a_number_without_plus_comes_out_the_same(way: str) -> None:
    numbers = [number for number in MANY if len(number) > 7]  # shorter ones have no .0
    assert unlike([WITHOUT_COUNTRY[way](number) for number in numbers], numbers, None) == []


@pytest.mark.parametrize("way", ANYWHERE)
def test_an_international_number_comes_out_the_same_whatever_the_country(way: str) -> None:
    numbers = [number for number in MANY if len(number) > 7]
    cells: list[Cell] = [ANYWHERE[way](number) for number in numbers]
    assert unlike(cells, numbers, None) == []
    for country in HOMES[1:]:
        assert unlike(cells[::9], numbers[::9], country) == []


@pytest.mark.parametrize("separator", [*DASHES, *SPACES], ids=lambda char: f"U+{ord(char):04X}")
def test_every_dash_and_every_space_separates(separator: str) -> None:
    assert unlike([grouped(number, separator) for number in SOME], list(SOME), None) == []


@pytest.mark.parametrize("zero", ZEROS, ids=lambda char: f"U+{ord(char):04X}")
def test_the_digits_of_every_script_count(zero: str) -> None:
    cells: list[Cell] = [in_script(international(number), zero) for number in SOME]
    assert unlike(cells, list(SOME), None) == []
    assert unlike([in_script(n[1:], zero) for n in SOME], list(SOME), None) == []


@pytest.mark.parametrize("mark", INVISIBLE, ids=lambda char: f"U+{ord(char):04X}")
def test_invisible_characters_are_passed_over(mark: str) -> None:
    for cells in (
        [mark + number for number in SOME],
        [number + mark for number in SOME],
        [number[:5] + mark + number[5:] for number in SOME],
        [mark + "'00" + number[1:] + mark for number in SOME],
    ):
        assert unlike(list(cells), list(SOME), "SG") == []


def test_a_trunk_zero_in_brackets_is_passed_over() -> None:
    numbers = [number for number in EXAMPLES if dialled_with_zero(number)]
    wanted = [e164(number) for number in numbers]
    assert len(wanted) > 300
    for form in (
        "+{} (0){}",
        "+{}(0){}",
        "+{} (0) {}",
        "+{}-(0)-{}",
        "00{} (0){}",
        "'+{} (0){}",
        "tel:+{}(0){}",
        "\u202a+{}\u00a0(0)\u00a0{}\u202c",
        "(+{}) (0){}",
    ):
        cells: list[Cell] = [form.format(n.country_code, national(n)) for n in numbers]
        assert unlike(cells, wanted, None) == []


@pytest.mark.parametrize("front", ["(0044)", "(0044) ", "(00 44) ", "(00)44", "'(0044) "])
def test_a_00_prefix_may_stand_in_brackets(front: str) -> None:
    read = {country: found(f"{front}7911 123456", country) for country in HOMES}
    assert read == dict.fromkeys(HOMES, "+447911123456")


def test_a_lost_trunk_zero_is_mended_where_that_is_unambiguous() -> None:
    wrong, mended = [], 0
    for number in EXAMPLES:
        country, digits = home(number), national(number)
        if country is None or expected(digits, country) != e164(number):
            continue
        mended += dialled_with_zero(number)
        for cell in (digits, int(digits) if digits[0] != "0" else digits, plain(float(digits))):
            short = isinstance(cell, int) and str(cell) != digits
            if not short and found(cell, country) != e164(number):
                wrong.append((country, cell))
        if len(digits) >= 7 and found(f"{digits}.0", country) != e164(number):
            wrong.append((country, f"{digits}.0"))
        if found(in_short_form(digits), country) != e164(number) and digits[0] != "0":
            wrong.append((country, in_short_form(digits)))
    assert wrong == []
    assert mended > 300


def test_a_mobile_number_whose_own_zero_was_lost_is_mended_where_that_is_unambiguous() -> None:
    mended = set()
    for text in NUMBERS:
        number = phonenumbers.parse(text)
        country, digits = home(number), national(number)
        zero = digits.startswith("0") and digits[1] != "0"
        if country is None or not zero or kind(text) != PhoneNumberType.MOBILE:
            continue
        if expected(digits[1:], country) is None:
            assert found(digits[1:], country) == text
            assert found(int(digits), country) == text
            assert found(f"'{digits[1:]}", country) == text
            mended.add(country)
    assert mended >= {"CI", "CG"}


def test_short_form_that_has_lost_digits_is_refused() -> None:
    for number in SOME:
        digits = number[1:]
        for kept in range(1, len(digits)):
            places = digits[1:kept]
            mantissa = f"{digits[0]}.{places}" if places else digits[0]
            cell = f"{mantissa}E+{len(digits) - 1:02}"
            assert "digits were lost" in why(cell), cell
            assert "digits were lost" in why(f"'{mantissa}e{len(digits) - 1}", "SG"), cell


@pytest.mark.parametrize(
    "cell",
    [
        *("6.59E+09", "6,59E+09", "6.59e9", "6.59E9", "7E+09", "6.59123456E+09", " 6.59E+09 "),
        *("'6.59E+09", "’6.59E+09", "\ufeff6.59E+09", "６.５９E+09", "\u202a6.59E+09\u202c"),
        *("6.5912345678E+09", "tel:6.59E+09", "+6.59E+09", "6.59E+009"),
    ],
)
def test_lost_digits_are_told_however_the_short_form_is_written(cell: str) -> None:
    assert "digits were lost" in why(cell)
    assert "digits were lost" in why(cell, "SG")


@st.composite
def written_anyhow(draw: st.DrawFn) -> tuple[str, str]:
    """A number in several of the ways at once, and what it is."""
    number = draw(st.sampled_from(NUMBERS))
    tail = draw(st.text(DIGITS, min_size=0, max_size=4))
    other = number[: len(number) - len(tail)] + tail
    number = other if expected(other, None) == other else number
    code = code_of(number)
    separators = st.lists(st.sampled_from([*DASHES, *SPACES, ".", "-", " ", " "]), max_size=2)
    body, rest = "", number[1 + len(code) :]
    while rest:
        size = draw(st.integers(2, 5))
        group, rest = (rest[:size], rest[size:]) if len(rest) > size + 1 else (rest, "")
        brackets = draw(st.sampled_from(["{}", "{}", "{}", "({})", "（{}）"]))
        body += "".join(draw(separators)) + brackets.format(group)
    front = draw(st.sampled_from(["+{}", "＋{}", "00{}", "00 {}", "(+{})", "+ {}", "+({})"]))
    text = in_script(front.format(code) + body, draw(st.sampled_from(["0", *ZEROS])))
    text = draw(st.sampled_from(["", "tel:", "TEL: "])) + text
    text = draw(st.sampled_from(["", "", *APOSTROPHES])) + text
    for place in sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)), reverse=True):
        text = text[:place] + draw(st.sampled_from(INVISIBLE)) + text[place:]
    outer = st.sampled_from(["", " ", "\t", "\u00a0", "\ufeff", "\n"])
    return draw(outer) + text + draw(outer), number


@quick
@given(written_anyhow(), st.sampled_from(HOMES))
def test_several_ways_at_once_lose_nothing(written: tuple[str, str], country: str | None) -> None:
    text, number = written
    assert found(text, country) == number


@pytest.mark.parametrize("cells", [1, 200], ids=["one by one", "a column at a time"])
@pytest.mark.parametrize("behind", [" / 9123 4570", "x", "-", " 9-", "\n"])
def test_a_key_that_stuck_is_refused_and_keeps_nobody_waiting(cells: int, behind: str) -> None:
    stuck = f"9123 4{'5' * 60}69{behind}"
    assert {type(found) for found in to_e164([stuck] * cells, "SG")} == {BadNumber}
