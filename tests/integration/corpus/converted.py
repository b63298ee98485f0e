"""What LibreOffice makes of sheets: XLSX, ODS and XLS, formulas computed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from corpus.making import (
    ANNA,
    BEN,
    CARL,
    Case,
    Formula,
    Styled,
    all_rows,
    by_openpyxl,
    by_xlsxwriter,
    text,
)
from corpus.shown import SHOWN

HI = "Hi {{ name }}"
HEAD = ("Name", "Mobile")
KINDS = ("xlsx", "ods", "xls")


def cases() -> Iterator[Case]:
    """The same sheets in every kind of workbook."""
    numbers = [f"+659123{row:04}" for row in range(2, len(SHOWN) + 2)]
    rows = [(number, value) for number, (value, _) in zip(numbers, SHOWN, strict=True)]
    for kind in KINDS:
        yield Case(
            name=f"as shown, {kind}",
            sheet=by_openpyxl(("Mobile", "Cell"), *rows),
            office=kind,
            template="<{{ cell }}>",
            sent=all_rows(2, *numbers),
            texts={row: f"<{shown}>" for row, (_, shown) in enumerate(SHOWN, 2)},
        )
        yield Case(
            name=f"a CSV that was opened and saved, {kind}",
            sheet=text(
                f"Name,Mobile,Due\nAnna,6591234567,2026-11-30\nBen,{BEN},5.00\nÉva,,x\n\n"
                "Lu,912345,2\n"
            ),
            office=kind,
            country="SG",
            template="{{ name }} {{ due }}",
            sent=all_rows(2, ANNA, BEN),
            kept={
                4: ("INVALID", '"Mobile" (B)', "missing"),
                6: ("INVALID", '"Mobile" (B)', "too short"),
            },
            texts={2: "Anna 2026-11-30"},
        )
        yield Case(
            name=f"a CSV with short forms that was opened and saved, {kind}",
            sheet=text(f"Name,Mobile\nAnna,{ANNA}\nBen,6.59E+09\nCarl,6.591234569E+09\n"),
            office=kind,
            country="SG",
            # saved as 6590000000 in full, so nothing but its zeros tells of the lost digits
            sent={2: ANNA, 3: "+6590000000", 4: CARL},
            notices={"end in five zeros": 1},
        )
        yield Case(
            name=f"hidden rows and merged names, {kind}",
            sheet=HOUSEHOLDS,
            office=kind,
            template=HI,
            sent={2: ANNA, 3: BEN},
            texts={2: "Hi Lee", 3: "Hi Lee"},
            notices={"the sheet does not show": 1},
        )
        yield Case(
            name=f"hidden rows as well, {kind}",
            sheet=HOUSEHOLDS,
            office=kind,
            include_hidden=True,
            sent=all_rows(2, ANNA, BEN, CARL),
        )
        yield Case(
            name=f"formulas and errors, {kind}",
            sheet=COMPUTED,
            office=kind,
            country="SG",
            template="{{ name }} {{ due }}",
            sent={2: ANNA},
            texts={2: "Anna 15"},
            kept={
                3: ("INVALID", '"Due" (C)', "#DIV/0!"),
                4: ("INVALID", '"Mobile" (B)', "#N/A"),
            },
        )
        yield Case(
            name=f"a formula that gives an empty text, {kind}",
            sheet=by_openpyxl(HEAD, (Formula('=""'), ANNA), (Formula('="Be"&"n"'), BEN)),
            office=kind,
            template='Hi {{ name | default("you") }}',
            sent=all_rows(2, ANNA, BEN),
            texts={2: "Hi you", 3: "Hi Ben"},
        )
        yield Case(
            name=f"the first visible sheet with data, {kind}",
            sheet=by_openpyxl(then=several),
            office=kind,
            sent={4: ANNA},
            described=('sheet "May"', "header in row 3"),
        )
        yield Case(
            name=f"a sheet by its name, {kind}",
            sheet=by_openpyxl(then=several),
            office=kind,
            tab="old",
            sent={4: CARL},
        )
        yield Case(
            name=f"numbers as numbers, {kind}",
            sheet=by_xlsxwriter(
                HEAD,
                ("a", 6591234567),
                ("b", Styled(6591234568, "0.00")),
                ("c", Styled(6591234569, "#,##0")),
                ("d", "+65 6212 3456"),
                ("e", Styled(date(2026, 1, 5), "dd/mm/yyyy")),
                ("f", True),
            ),
            office=kind,
            country="SG",
            sent=all_rows(2, ANNA, BEN, CARL, "+6562123456"),
            kept={6: ("INVALID", "date"), 7: ("INVALID", '"Mobile" (B)')},
            notices={"fixed-line": 1},
        )
        yield Case(
            name=f"styled rows and columns far away, {kind}",
            sheet=by_xlsxwriter(HEAD, ("Anna", ANNA), ("Ben", BEN), then=styled),
            office=kind,
            template=HI,
            sent=all_rows(2, ANNA, BEN),
            texts={2: "Hi Anna"},
        )


def _households(_: Any, sheet: Any) -> None:
    sheet.merge_cells("A2:A3")
    sheet.auto_filter.ref = "A1:B4"
    sheet.row_dimensions[4].hidden = True


HOUSEHOLDS = by_openpyxl(HEAD, ("Lee", ANNA), (None, BEN), ("Tan", CARL), then=_households)
COMPUTED = by_openpyxl(
    (*HEAD, "Due"),
    (Formula('="An"&"na"'), Formula("=91234000+567"), Formula("=3*5")),
    ("Ben", BEN, Formula("=1/0")),
    ("Carl", Formula("=NA()"), 5),
)


def several(book: Any, sheet: Any) -> None:
    """An empty sheet, a hidden one, then the one that people see, under a title."""
    for title, state, number in (("Old", "hidden", CARL), ("May", "visible", ANNA)):
        other = book.create_sheet(title)
        other.sheet_state = state
        other.append(("Customers",))
        other.append(())
        other.append(HEAD)
        other.append(("Anna", number))


def styled(book: Any, sheet: Any) -> None:
    """Grey cells far to the right and down to row 1,000."""
    grey = book.add_format({"bg_color": "#DDDDDD"})
    for column in range(2, 240):
        sheet.write_blank(1, column, None, grey)
    for row in range(3, 1000):
        sheet.write_blank(row, 0, None, grey)
