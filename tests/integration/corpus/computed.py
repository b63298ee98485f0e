"""Formulas and errors in workbooks, and what pandas writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from corpus.making import (
    ANNA,
    BEN,
    CARL,
    Case,
    Formula,
    all_rows,
    by_openpyxl,
    by_pandas,
    by_xlsxwriter,
)

HI = "Hi {{ name }}"
HEAD = ("Name", "Mobile")
SENT = all_rows(2, ANNA, BEN)


def cases() -> Iterator[Case]:
    """All of them, by name."""
    yield from COMPUTED
    yield from PANDAS


def typed_error(_: Any, sheet: Any) -> None:
    sheet["A2"].data_type = "s"  # the text #N/A, which is no error


COMPUTED = (
    Case(
        name="formulas by their cached values",
        sheet=by_xlsxwriter(
            ("First", "Mobile", "Name", "Due"),
            ("Anna", Formula('="+65"&91234567', ANNA), Formula("=A2", "Anna"), Formula("=2+3", 5)),
        ),
        template="Hi {{ name }}, {{ due }}",
        sent={2: ANNA},
        texts={2: "Hi Anna, 5"},
    ),
    Case(
        name="formulas that were never computed",
        sheet=by_openpyxl(HEAD, (Formula('="An"&"na"'), ANNA), ("Ben", BEN)),
        template=HI,
        sent={3: BEN},
        kept={2: ("INVALID", '"Name" (A)', "never computed")},
    ),
    Case(
        name="a number that was never computed",
        sheet=by_openpyxl(HEAD, ("Anna", Formula("=6591234567")), ("Ben", BEN)),
        sent={3: BEN},
        kept={2: ("INVALID", '"Mobile" (B)', "never computed")},
    ),
    Case(
        name="what was never computed and is not used",
        sheet=by_openpyxl((*HEAD, "Age"), ("Anna", ANNA, Formula("=1+1"))),
        sent={2: ANNA},
    ),
    *(
        Case(
            name=f"{error} in a column that the text uses",
            sheet=by_openpyxl(HEAD, (error, ANNA), ("Ben", BEN)),
            template=HI,
            sent={3: BEN},
            kept={2: ("INVALID", '"Name" (A)', error)},
        )
        for error in ("#REF!", "#DIV/0!", "#N/A", "#VALUE!", "#NAME?", "#NUM!", "#NULL!")
    ),
    Case(
        name="an error that a formula has come to",
        sheet=by_xlsxwriter(HEAD, (Formula("=1/0", "#DIV/0!"), ANNA), ("Ben", BEN)),
        template=HI,
        sent={3: BEN},
        kept={2: ("INVALID", '"Name" (A)', "#DIV/0!")},
    ),
    Case(
        name="an error in the phone column",
        sheet=by_xlsxwriter(HEAD, ("Anna", Formula("=VLOOKUP(1,A:B,2)", "#N/A")), ("Ben", BEN)),
        sent={3: BEN},
        kept={2: ("INVALID", '"Mobile" (B)', "#N/A")},
    ),
    Case(
        name="an error where nothing is used",
        sheet=by_openpyxl((*HEAD, "Age"), ("Anna", ANNA, "#REF!")),
        template=HI,
        sent={2: ANNA},
        texts={2: "Hi Anna"},
    ),
    Case(
        name="an error in the opt-out column",
        sheet=by_openpyxl(("Mobile", "Opt out"), (ANNA, "#REF!"), (BEN, "no")),
        sent={3: BEN},
        kept={2: ("INVALID", '"Opt out" (B)', "#REF!")},
    ),
    Case(
        name="the text #N/A is no error",
        sheet=by_openpyxl(HEAD, ("#N/A", ANNA), then=typed_error),
        template=HI,
        sent={2: ANNA},
        texts={2: "Hi #N/A"},
    ),
)

FRAME = {
    "Name": ["Anna", None, "Carl"],
    "Mobile": [6591234567.0, float("nan"), 6591234569.0],
    "Due": [datetime(2026, 11, 30), datetime(2026, 12, 1, 9, 30), None],
    "Balance": [819.1900000000001, 5.0, 0.5],
}

PANDAS = (
    *(
        Case(
            name=f"a frame in {name}",
            sheet=by_pandas(FRAME, name, index=False),
            template='{{ name }} {{ due | default("-") }} {{ balance }}',
            sent={2: ANNA, 4: CARL},
            kept={3: ("INVALID", '"Mobile" (B)', "missing")},
            texts={2: "Anna 2026-11-30 819.19", 4: "Carl - 0.5"},
        )
        for name in ("frame.parquet", "frame.xlsx")
    ),
    Case(
        name="a frame with its index",
        sheet=by_pandas(FRAME, "frame.xlsx", sheet_name="Frame"),
        template="{{ name }}",
        sent={2: ANNA, 4: CARL},
        kept={3: ("INVALID", '"Mobile" (C)', "missing")},
        texts={2: "Anna", 4: "Carl"},
    ),
    Case(
        name="Parquet with whole numbers, texts and flags",
        sheet=by_pandas(
            {"Mobile": [6591234567, 6591234568], "Code": ["007", "nan"], "Opt out": [False, True]},
            "frame.parquet",
        ),
        template="{{ code }}",
        sent={2: ANNA},
        kept={3: ("OPTED_OUT",)},
        texts={2: "007"},
    ),
    Case(
        name="Parquet with days and texts of numbers",
        sheet=by_pandas(
            {
                "Due": [date(2026, 11, 30), date(2026, 1, 5)],
                "phone_number": [ANNA, "0065" + BEN[3:]],
            },
            "frame.parquet",
        ),
        template="{{ due }}",
        sent=SENT,
        texts={2: "2026-11-30", 3: "2026-01-05"},
    ),
)
