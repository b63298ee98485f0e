"""Amounts and names as the text of a cell: read right, or refused, never invented."""

import random
import unicodedata
from decimal import Decimal

import pytest

from bulksender.renderer import filters
from bulksender.renderer.filters import RowError, money, title


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        *(("1.500.000", "1,500,000.00"), ("Rp 1.500.000", "1,500,000.00"), ("500/-", "500.00")),
        *(
            ("Rp 750.000,00", "750,000.00"),
            ("1,23,456.50", "123,456.50"),
            ("Php 1,200", "1,200.00"),
        ),
        *(("SGD 12.50", "12.50"), ("S$1,234.5", "1,234.50"), ("1 234,50", "1,234.50")),
        *(("€ 3", "3.00"), ("12.50 EUR", "12.50"), ("-5", "-5.00"), ("RM12", "12.00")),
    ],
)
def test_an_amount_is_read_as_it_is_written(cell: str, amount: str) -> None:
    assert money(cell) == amount


@pytest.mark.parametrize(
    "cell", ["0,125", "120 80", "12 JAN", "BLK 12", "A123", "3 MIO", "1.234", "1 23", "12 34 56"]
)
def test_what_may_be_something_else_is_no_amount(cell: str) -> None:
    with pytest.raises(RowError):
        money(cell)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_whose_accents_stand_apart_is_one_name(form: str) -> None:
    for name, written in (
        ("JÜRGEN MÜLLER", "Jürgen Müller"),
        ("NGUYỄN VĂN HÙNG", "Nguyễn Văn Hùng"),
    ):
        assert title(unicodedata.normalize(form, name)) == written


def test_amounts_take_a_short_way_that_writes_the_same() -> None:
    generator = random.Random(2)
    for _ in range(5_000):
        size = 10.0 ** generator.randrange(-3, 17)
        amount = generator.choice([1, -1]) * round(
            generator.random() * size, generator.randrange(4)
        )
        wanted = filters._grouped(Decimal(f"{amount:.15g}"), 2)
        assert money(amount) == wanted, amount
        if amount >= 0 and f"{amount:.15g}".partition(".")[2][2:] == "":
            assert money(f"{amount:.2f}") == filters._grouped(Decimal(f"{amount:.2f}"), 2)
