"""Make a sheet of contacts as shops have them: numbers in every format, one row in seven bad.

    python benchmarks/contacts.py FILE.xlsx|FILE.csv ROWS [--seed N]

The same rows and seed give the same file. About 85% of the rows can be sent to with `--country SG`;
5% repeat an earlier number, 3% have none, 4% have one that is too short, too long or mistyped, 1%
have words instead, and 2% lack the first name that `TEXT` prints. Everybody in them is invented,
but the numbers are valid ones: send these sheets to nothing but a simulator.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator
from datetime import date
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import NamedTuple

import workbook

TEXT = (
    'Hi {{ first_name }}, {{ amount_due | money("SGD") }} is due on {{ due_date | date("%d %b") }}.'
    " Reply STOP to opt out."
)
"""The template of every benchmark."""

COLUMNS = (
    *("Customer ID", "First Name", "Last Name", "Mobile"),
    *("City", "Amount Due", "Due Date", "Notes"),
)

FIRST_NAMES = (
    *("Jasmine", "Wei Ming", "Siti", "Rahul", "Grace", "Daniel", "Hui Min", "Farah", "Kumar"),
    *("José", "Aisyah", "Benjamin", "Chloe", "Mei Ling", "Zainal", "Priya", "Marcus", "Nurul"),
    *("Adeline", "Joshua", "Li Ting", "Suresh", "Rachel", "Hafiz", "Xin Yi", "Vijay", "Natalie"),
    *("Nguyễn", "Ethan", "Kavitha", "Amirah", "Terence", "Jia Hui", "Imran", "Sophie", "Łukasz"),
    *("Charlotte", "Boon Keng", "Deepa", "Iskandar", "Renée", "Alvin", "Shu Fen", "Ravi", "李伟"),
    *("Michelle", "Yusuf", "Hannah", "Zi Xuan", "Anand", "Peter", "Maria", "Dewi", "Günther"),
)
LAST_NAMES = (
    *("Tan", "Lim", "Lee", "Ng", "Ong", "Wong", "Goh", "Chua", "Chan", "Koh", "Teo", "Ang", "Yeo"),
    *("O'Brien", "bin Abdullah", "Krishnan", "Nair", "D'Souza", "Pereira", "binte Osman", "Singh"),
    *("García", "Kowalski", "Nguyễn", "Müller", "Santoso", "Wijaya", "Fernandez", "Smith", "王"),
)
CITIES = (
    *("Singapore", "Tampines", "Jurong West", "Woodlands", "Bedok", "Toa Payoh", "Ang Mo Kio"),
    *("Hougang", "Bukit Batok", "Queenstown", "Johor Bahru", "Kuala Lumpur", "Batam", "London"),
)
REMARKS = (
    "Prefers to be called after 6 pm",
    "Paid half in cash, the rest by transfer",
    "Moved; new address is in the CRM",
    "VIP",
    "Asked for an invoice in the company's name, <Acme & Sons>",
    "Spoke to the daughter, will pay on pay day",
    "Second reminder",
)
NO_NUMBERS = ("n/a", "call wife", "TBC", "see email", "none", "-")

HOME = tuple(f"{first:02}" for first in (*range(81, 89), *range(90, 99)))
"""What a mobile number in Singapore begins with; six digits follow."""
ABROAD = (("60", "12", 7), ("62", "812", 8), ("44", "73", 8))
"""Country code, how a mobile number there begins, and how many digits follow."""
STRIDE = 7_368_787  # has no factor in common with 10 or 17, so multiples never meet

FIRST_DUE = date(2026, 11, 1).toordinal()


class Contact(NamedTuple):
    """A row of the sheet; a number that somebody keeps as a number is one here."""

    customer: str
    first: str
    last: str
    mobile: str | int
    city: str
    amount: float  # SGD
    due: date
    notes: str


def at_home(person: int) -> str:
    """The eight digits of a number in Singapore; no two of the first 17,000,000 are the same."""
    prefix, digits = divmod(person * STRIDE % (len(HOME) * 10**6), 10**6)
    return f"{HOME[prefix]}{digits:06}"


def abroad(person: int) -> str:
    """A number with country code, written with spaces."""
    code, prefix, width = ABROAD[person // 20 % len(ABROAD)]
    digits = f"{person // 60 * STRIDE % 10**width:0{width}}"
    return f"+{code} {prefix}{digits[:-6]} {digits[-6:-3]} {digits[-3:]}"


WRITTEN: tuple[Callable[[str], str | int], ...] = (
    *(int,) * 7,
    *(lambda digits: int("65" + digits),) * 4,
    *(lambda digits: f"+65 {digits[:4]} {digits[4:]}",) * 5,
    *(lambda digits: digits,) * 3,
    *(lambda digits: f"{digits[:4]} {digits[4:]}",) * 3,
    *(lambda digits: "65" + digits,) * 2,
    lambda digits: f"{digits[:4]}-{digits[4:]}",
)
"""How people write a number of Singapore, the usual ways more often."""
MISTYPED: tuple[Callable[[str], str], ...] = (
    lambda digits: f"{digits[:4]} {digits[4:7]}",
    lambda digits: f"{digits[:4]} {digits[4:]}5",
    lambda digits: f"{digits[:7]}O",
    lambda digits: f"{digits[:1]}I{digits[2:4]} {digits[4:]}",
)

SHARES = {"again": 0.05, "blank": 0.03, "mistyped": 0.04, "words": 0.01, "nameless": 0.02}
"""What is wrong with a row, and with which share of all rows."""


def contacts(rows: int, seed: int = 1) -> Iterator[Contact]:
    """Yield so many contacts, up to 17,000,000, the same ones for the same seed."""
    chance = Random(seed).random  # scaled by hand: choice() would take most of the time

    def one(of: tuple[str, ...]) -> str:
        return of[int(chance() * len(of))]

    bounds = [*zip(accumulate(SHARES.values()), SHARES, strict=True), (1.0, "")]
    people = 0
    for row in range(rows):
        fate = chance()
        wrong = next(what for bound, what in bounds if fate < bound)
        # Of the numbers that somebody earlier has; now and then that is a row without a name,
        # and it is this one that goes out.
        person = int(chance() * people) if wrong == "again" else people
        if wrong in ("", "nameless"):
            people += 1
        yield Contact(
            customer=f"C-{row + 1:07}",
            first="" if wrong == "nameless" else one(FIRST_NAMES),
            last=one(LAST_NAMES),
            mobile=_mobile(person, wrong, chance),
            city=one(CITIES),
            amount=int(500 + chance() * 249_500) / 100,
            due=date.fromordinal(FIRST_DUE + int(chance() * 90)),
            notes=_note(row, chance()),
        )


def _mobile(person: int, wrong: str, chance: Callable[[], float]) -> str | int:
    pick = chance()
    if wrong == "blank":
        return ""
    if wrong == "words":
        return NO_NUMBERS[int(pick * len(NO_NUMBERS))]
    if wrong == "mistyped":
        return MISTYPED[int(pick * len(MISTYPED))](at_home(person))
    if person % 20 == 7:
        return abroad(person)
    return WRITTEN[int(pick * len(WRITTEN))](at_home(person))


def _note(row: int, pick: float) -> str:
    """Mostly nothing, some words that many rows share, some that no other row has."""
    if pick < 0.7:
        return ""
    if pick < 0.9:
        return REMARKS[int(pick * 1_000) % len(REMARKS)]
    return f"Invoice INV-{row * 7 + 100_000}, sent by post"


def write(path: Path, rows: int, seed: int = 1) -> None:
    """Write a sheet of so many contacts, by the ending of its name: .csv or .xlsx.

    A CSV file is written as it comes, whatever its length. A workbook's strings are gathered
    first: some 300 MB of memory for 1,000,000 rows. Raises ValueError for another ending, and for
    more rows than a workbook may have.
    """
    made = contacts(rows, seed)
    match path.suffix.lower():
        case ".csv":
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(COLUMNS)
                writer.writerows(
                    (*each[:5], f"{each.amount:.2f}", each.due.isoformat(), each.notes)
                    for each in made
                )
        case ".xlsx":
            workbook.write(path, COLUMNS, made, rows)
        case other:
            raise ValueError(f"{other or path.name}: only .csv and .xlsx can be made")


def main() -> None:
    options = argparse.ArgumentParser(description="Make a sheet of contacts.")
    options.add_argument("file", type=Path, help="the sheet to write, .csv or .xlsx")
    options.add_argument("rows", type=int, help="how many contacts")
    options.add_argument("--seed", type=int, default=1, help="other contacts for another number")
    given = options.parse_args()
    write(given.file, given.rows, given.seed)


if __name__ == "__main__":
    main()
