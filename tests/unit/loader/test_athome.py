"""Numbers of the sheet's own country, a column at once: the same as cell by cell, or left to that.

A column of fewer than a hundred cells is read cell by cell anyway, so short ones are filled up.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date

import pytest
from msisdn_ways import DIGITS, EXAMPLES, REGIONS, home, national
from phonenumbers import PhoneNumber, PhoneNumberFormat, format_number

from bulksender.loader.msisdn import _reader, to_e164
from bulksender.loader.plans import home_plan
from bulksender.model import Cell, Shown, formatted
from bulksender.tables import formats

FILLING: list[Cell] = ["no number"] * 100
AMOUNT = formats.reading("0.00")
assert isinstance(AMOUNT, formats.Amounts)
AT_HOME = [region for region in REGIONS if home_plan(region)]


def at_once(cells: list[Cell], country: str | None = "SG") -> list[str]:
    return [*_reader(country).at_once([*cells, *FILLING])][: len(cells)]


def forms(number: PhoneNumber) -> list[str]:
    """Ways to write a number, most of them right ones."""
    digits, code = national(number), str(number.country_code)
    fronts = ["", "0", "1", "8", code, f"+{code}", f"00{code}", f"{code}0", f"+{code}0"]
    formal = (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL)
    return [*(front + digits for front in fronts), *(format_number(number, how) for how in formal)]


def mutated(generator: random.Random, text: str) -> str:
    """Another digit somewhere; sometimes one or a space more, or one less."""
    chars = list(text)
    chars[generator.randrange(len(chars))] = generator.choice(DIGITS)
    if generator.random() < 0.3:
        chars.insert(generator.randrange(len(chars)), generator.choice(" -0"))
    if generator.random() < 0.2:
        del chars[generator.randrange(len(chars))]
    return "".join(chars)


def drawn(region: str) -> Iterator[Cell]:
    """A region's numbers of all types, right and wrong, as texts and as whole numbers."""
    generator = random.Random(region)
    for number in EXAMPLES:
        if home(number) != region:
            continue
        for written in forms(number):
            yield written
            for text in [mutated(generator, written) for _ in range(6)]:
                yield text
                if text.isdigit() and text[0] != "0":
                    yield int(text)


def test_a_number_that_is_read_at_once_is_the_one_that_its_cell_alone_gives() -> None:
    wrong: list[tuple[str, Cell, str, object, list[str]]] = []
    read, asked, silent = 0, 0, []
    for region in AT_HOME:
        cells, reader = list(drawn(region)), _reader(region)
        found = at_once(cells, region)
        asked += len(cells)
        read += len(cells) - found.count("")
        if not any(found):
            silent.append(region)
        for cell, number in zip(cells, found, strict=True):
            if number:
                alone, remarks = reader.read(cell), [*reader.remarks]
                reader.remarks.clear()
                if alone != number or remarks:
                    wrong.append((region, cell, number, alone, remarks))
    assert wrong == []
    assert asked > 100_000
    assert read > asked / 10
    assert silent in ([], ["AR"])  # there, what may stand before a number may be nothing


@pytest.mark.parametrize("region", [None, *(each for each in REGIONS if each not in AT_HOME)])
def test_nothing_is_read_at_once_where_regions_share_a_code_or_none_is_given(
    region: str | None,
) -> None:
    cells: list[Cell] = ["91234567", "+6591234567", "2015550123", "+12015550123", 2015550123]
    assert at_once(cells, region) == [""] * len(cells)


ORDINARY: list[Cell] = ["91234567", "+65 9123 4567", 6591234567, "9123-4567", 91234567]
ORDINARY += ["6591234567", "+6591234567", "9123 4567", "65 9123 4567", "+65-9123-4567"]


@pytest.mark.parametrize("size", [100, 101, 5000])
def test_ordinary_numbers_are_all_read_at_once(size: int) -> None:
    cells = [ORDINARY[place % len(ORDINARY)] for place in range(size)]
    assert [*_reader("SG").at_once(cells)] == ["+6591234567"] * size


def test_a_few_cells_are_left_to_be_read_one_by_one() -> None:
    assert [*_reader("SG").at_once(ORDINARY)] == [""] * len(ORDINARY)
    assert to_e164(ORDINARY, "SG") == ["+6591234567"] * len(ORDINARY)


LEFT: list[Cell] = [
    *("91234567\n", "91234567\n91234568", "\n91234567", "9123\n4567", "+65\n91234567", "\n"),
    *("9123\u00a04567", "９１２３４５６７", "٩١٢٣٤٥٦٧", "9123–4567", "91234567²", "\u202a91234567"),
    *(None, "", " ", True, False, 91234567.0, 91234567.5, float("inf"), date(2026, 11, 30)),
    *(91200000, 6591200000, 0, -91234567, "91234567.0", "6.59E+09", "Ann 91234567"),
    *(Shown(91234567.0, "9123 4567"), formatted(AMOUNT)(91234567.0)),
    *("2026-11-30", "30-11-2026", "9123456", "912345678", "+60123456789", "tel:91234567"),
    *("\r91234567", "91234567\r", "\t91234567", "9123\v4567", "9123\u20284567", " 91234567"),
    *("91234567 ", "9123  4567", "9123--4567", "++6591234567", "9123+4567", "(9123)4567"),
]


@pytest.mark.parametrize("cell", LEFT, ids=repr)
def test_any_other_cell_is_left_to_be_read_by_itself(cell: Cell) -> None:
    """And the cells around it are not touched by it."""
    found = at_once(["91234567", cell, "91234568"])
    assert found == ["+6591234567", "", "+6591234568"]


def test_answers_stand_in_the_order_of_their_cells() -> None:
    generator = random.Random(65)
    cells: list[Cell] = []
    wanted: list[str] = []
    for number in generator.sample(range(91_000_001, 91_099_999), 500):
        left = generator.random() < 0.5
        cells.append(generator.choice(LEFT) if left else generator.choice([number, str(number)]))
        wanted.append("" if left else f"+65{number}")
    assert at_once(cells) == wanted
