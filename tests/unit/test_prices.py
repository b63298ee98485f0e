"""What messages cost, to the last digit; and price lists in files of the user's own."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulksender.errors import SettingsError
from bulksender.prices import Costs, CountryCost, Price, PriceList, cost, read_prices_csv


def price(country: str, lowest: str, dearest: str, currency: str = "USD") -> Price:
    return Price(country, Decimal(lowest), Decimal(dearest), currency)


def listed(*prices: Price) -> PriceList:
    return PriceList({each.country: each for each in prices}, "prices.csv", "")


SG, MY, GB = (
    price("SG", "0.0312", "0.0386"),
    price("MY", "0.04", "0.0410"),
    price("GB", "0.0400", "0.0400"),
)

# By hand: of SG 3 messages of 1, 1 and 3 parts, of MY 1 of 2, of GB 2 of 1 and 2 parts.
#
#        parts   lowest   dearest
#   SG     5     0.1560    0.1930
#   GB     3     0.1200    0.1200
#   MY     2     0.0800    0.0820
#   sum   10     0.3560    0.3950
PARTS = {"MY": (1, 2), "SG": (3, 5), "GB": (2, 3)}


def test_a_run_s_cost_is_the_sum_worked_out_by_hand() -> None:
    assert cost(PARTS, listed(SG, MY, GB)) == Costs(
        lines=(
            CountryCost("SG", 3, 5, SG, Decimal("0.1560"), Decimal("0.1930")),
            CountryCost("GB", 2, 3, GB, Decimal("0.1200"), Decimal("0.1200")),
            CountryCost("MY", 1, 2, MY, Decimal("0.0800"), Decimal("0.0820")),
        ),
        totals={"USD": (Decimal("0.3560"), Decimal("0.3950"))},
        unpriced=(),
    )


def test_the_amount_is_what_the_dearest_operators_take() -> None:
    costs = cost(PARTS, listed(SG, MY, GB))
    assert (str(costs.amount), costs.currency) == ("0.3950", "USD")


def test_what_has_no_price_is_named_and_there_is_no_amount() -> None:
    costs = cost(PARTS | {"": (7, 7), "FR": (1, 9)}, listed(SG, MY, GB))
    assert [line.country for line in costs.lines] == ["SG", "GB", "MY", "FR", ""]
    assert costs.lines[3] == CountryCost("FR", 1, 9, None, None, None)
    assert costs.unpriced == ("FR", "")
    assert costs.totals == {"USD": (Decimal("0.3560"), Decimal("0.3950"))}
    assert (costs.amount, costs.currency) == (None, None)


def test_currencies_are_summed_apart_and_there_is_no_amount() -> None:
    costs = cost(PARTS, listed(SG, MY, price("GB", "0.03", "0.0325", "GBP")))
    assert costs.totals == {
        "USD": (Decimal("0.2360"), Decimal("0.2750")),
        "GBP": (Decimal("0.09"), Decimal("0.0975")),
    }
    assert (costs.amount, costs.currency) == (None, None)


def test_nothing_costs_nothing_in_no_currency() -> None:
    costs = cost({}, listed(SG))
    assert costs == Costs((), {}, ())
    assert costs.amount is None


def test_a_free_country_has_an_amount_of_nothing() -> None:
    costs = cost({"SG": (1, 1)}, listed(price("SG", "0", "0")))
    assert (costs.amount, costs.currency, costs.unpriced) == (Decimal(0), "USD", ())


def test_a_part_s_many_digits_are_all_reckoned_with() -> None:
    fine = price("SG", "0.00000000000000000001", "123456789.12345678901234567891")
    costs = cost({"SG": (1, 9_999_999_999)}, listed(fine))
    assert str(costs.amount) == "1234567891111111101.00000000008765432109"
    assert str(costs.totals["USD"][0]) == "9.999999999E-11"


@given(
    st.dictionaries(
        st.sampled_from(["SG", "MY", "GB", "FR"]),
        st.tuples(st.integers(1, 10**6), st.integers(1, 10**7)),
    ),
    st.integers(0, 10**9),
)
def test_amounts_are_what_whole_numbers_of_the_smallest_unit_give(
    parts: dict[str, tuple[int, int]], units: int
) -> None:
    each = Decimal(units).scaleb(-9)
    prices = listed(*(Price(country, each, each, "EUR") for country in parts))
    costs = cost(parts, prices)
    whole = sum(count for _, count in parts.values()) * units
    assert costs.amount == (Decimal(whole).scaleb(-9) if parts else None)


# Files


def read(tmp_path: Path, text: str | bytes) -> PriceList:
    file = tmp_path / "prices.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_prices_csv(file)


@pytest.mark.parametrize(
    "text",
    [
        "country,price,currency\nSG,0.0386,USD\nGB,0.04,USD\n",
        "Country;Price;Currency\r\nSG;0,0386;usd\r\nGB;0,04;USD\r\n",
        "\ufeffCOUNTRY,PRICE,CURRENCY\nSingapore,0.0386,USD\nUnited Kingdom,0.04,USD",
        'country,price,currency\n"SG","0,0386","USD"\n"GB","0,04","USD"\n',
        "\n currency , note , price , operator , country \n\nUSD,x,0.0386,M1,sg\nUSD,,0.04,,uk\n,,",
        "country;price;currency\nSG;0.0386;USD;;\n\n;;\nGB;0.04;USD\n",
    ],
)
def test_a_price_list_is_read_however_it_is_separated(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text)
    assert found.prices == {
        "SG": price("SG", "0.0386", "0.0386"),
        "GB": price("GB", "0.04", "0.04"),
    }
    assert found.source == "prices.csv"


def test_of_several_operators_the_lowest_and_the_dearest_are_taken(tmp_path: Path) -> None:
    text = (
        "country,operator,price,currency\n"
        "SG,SingTel,0.0386,USD\nMY,Maxis,0.041,USD\nSG,M1,0.0312,USD\nSG,Starhub,0.0367,USD\n"
    )
    assert read(tmp_path, text).prices == {
        "SG": price("SG", "0.0312", "0.0386"),
        "MY": price("MY", "0.041", "0.041"),
    }


def test_a_price_list_is_as_old_as_its_file(tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_text("country,price,currency\nSG,1,USD\n")
    os.utime(file, (1_795_000_000, 1_795_000_000))
    assert read_prices_csv(file).fetched_at == "2026-11-18T11:06:40.000+00:00"


HEADER = "country,price,currency\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the price list is empty; its first row names the columns: country, price, currency."),
        (" \n,,\n", "the price list is empty"),
        (HEADER, "the price list has no prices, only a header"),
        ("country,price\nSG,1\n", 'row 1 has no column "currency"'),
        ("\nSG,0.0386,USD\n", 'row 2 has no column "country"'),
        ("country,price,currency,Price\nSG,1,USD,2\n", 'row 1 has several columns "price"'),
        (HEADER + "Singapur,1,USD\n",
         'row 2, column "country": "Singapur" is no country; write a code like SG or an English '
         'name. Did you mean "Singapore"?'),
        (HEADER + "SG,1,USD\n\n,1,USD\n", 'row 4, column "country": "" is no country'),
        (HEADER + "SG,free,USD\n", 'row 2, column "price": "free" is not the price of a part'),
        (HEADER + "SG,-1,USD\n", 'row 2, column "price": "-1" is not'),
        (HEADER + "SG,1E-05,USD\n", 'row 2, column "price": "1E-05" is not'),
        (HEADER + "SG,NaN,USD\n", 'row 2, column "price": "NaN" is not'),
        (HEADER + "SG,٣,USD\n", 'row 2, column "price"'),
        (HEADER + 'SG,"1.234,56",USD\n', 'row 2, column "price": "1.234,56" is not'),
        (HEADER + "SG,,USD\n", 'row 2, column "price": "" is not'),
        (HEADER + "SG,1\n", 'row 2, column "currency": "" is no currency'),
        (HEADER + "SG,1,$\n", 'row 2, column "currency": "$" is no currency; write its three'),
        (HEADER + "SG,1,USD\nMY,1,USD\nSG,1,SGD\n",
         'row 4, column "currency": SG has prices in USD as well; use one'),
        ("country,currency,price\nSG,USD,0,0386\n", "row 2 has more cells than the header"),
        (HEADER + 'SG,"1"x,USD\n', "the price list is no CSV file that can be read, near line 2"),
        (b"country,price,currency\nC\xf4te,1,USD\n", "the price list is not a text in UTF-8"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_price_list_is_said_with_its_place(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, text)
    assert str(raised.value).startswith(f"{tmp_path / 'prices.csv'}: {said}")


def test_a_price_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"prices\.csv cannot be read: No such file"):
        read_prices_csv(tmp_path / "prices.csv")
