"""Workbooks of openpyxl and xlsxwriter: sheets, hidden rows, merged cells, odd sizes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from openpyxl.utils.datetime import CALENDAR_MAC_1904

from corpus.making import (
    ANNA,
    BEN,
    CARL,
    DORA,
    Case,
    all_rows,
    by_openpyxl,
    by_xlsxwriter,
)
from corpus.shown import SHOWN

HI = "Hi {{ name }}"
HEAD = ("Name", "Mobile")
TWO = HEAD, ("Anna", ANNA), ("Ben", BEN)
THREE = *TWO, ("Carl", CARL)
NAMES = {2: "Hi Anna", 3: "Hi Ben"}
SENT = all_rows(2, ANNA, BEN)


def cases() -> Iterator[Case]:
    """Cells as their sheet shows them, by both writers; then everything else by name."""
    for writer, make in (("openpyxl", by_openpyxl), ("xlsxwriter", by_xlsxwriter)):
        for value, shown in SHOWN:
            yield Case(
                name=f"{writer} shows {value!r}",
                sheet=make(("Mobile", "Cell"), (ANNA, value)),
                template="<{{ cell }}>",
                sent={2: ANNA},
                texts={2: f"<{shown}>"},
            )
        yield Case(name=f"two contacts, {writer}", sheet=make(*TWO), sent=SENT)
        yield Case(
            name=f"blank rows, and a table in the middle of the sheet, {writer}",
            sheet=make(
                (None, None, "Customers of May"),
                (),
                (None, None, "Name", "Mobile"),
                (None, None, "Anna", ANNA),
                (),
                (),
                (None, None, "Ben", BEN),
            ),
            template=HI,
            sent={4: ANNA, 7: BEN},
            texts={4: "Hi Anna", 7: "Hi Ben"},
            described=("header in row 3", '"Mobile" (D)'),
        )
        yield Case(
            name=f"cells of several lines, {writer}",
            sheet=make(("Mobile\nnumber", "First\nname"), (ANNA, "Anna\nLee")),
            template="Hi {{ first_name }}",
            sent={2: ANNA},
            texts={2: "Hi Anna\nLee"},
        )
        yield Case(
            name=f"words that programs take for missing, {writer}",
            sheet=make(HEAD, ("NA", ANNA), ("null", BEN), ("nan", CARL)),
            template=HI,
            sent=all_rows(2, ANNA, BEN, CARL),
            texts={2: "Hi NA", 3: "Hi null", 4: "Hi nan"},
        )
    yield from SHEETS
    yield from HIDDEN
    yield from WIDE


def several(book: Any, sheet: Any) -> None:
    """An empty sheet, two hidden ones with data, then two that people see."""
    for title, state, number in (
        ("Old", "hidden", CARL),
        ("Older", "veryHidden", DORA),
        ("May", "visible", ANNA),
        ("June", "visible", BEN),
    ):
        other = book.create_sheet(title)
        other.sheet_state = state
        other.append(HEAD)
        other.append(("Anna", number))


def phantom_rows(_: Any, sheet: Any) -> None:
    for row in range(4, 1004):
        for column in (1, 2):
            sheet.cell(row, column).number_format = "0.00"


def all_columns(book: Any, sheet: Any) -> None:
    grey = book.add_format({"bg_color": "#DDDDDD"})
    for row in range(3):
        for column in range(2, 16_384):
            sheet.write_blank(row, column, None, grey)


def filtered(book: Any, sheet: Any) -> None:
    sheet.auto_filter.ref = "A1:B4"
    sheet.auto_filter.add_filter_column(0, ["Anna", "Carl"])
    sheet.row_dimensions[3].hidden = True


def filtered_too(book: Any, sheet: Any) -> None:
    sheet.autofilter("A1:B4")
    sheet.filter_column("A", "Name != Ben")
    sheet.set_row(2, None, None, {"hidden": True})


def tabled(book: Any, sheet: Any) -> None:
    columns = [{"header": header} for header in HEAD]
    sheet.add_table("A1:B3", {"columns": columns, "data": [list(row) for row in TWO[1:]]})


def linked(_: Any, sheet: Any) -> None:
    sheet["B2"].value = "+65 9123 4567"
    sheet["B2"].hyperlink = f"tel:{CARL}"


def rich(book: Any, sheet: Any) -> None:
    bold = book.add_format({"bold": True})
    sheet.write_rich_string("A2", "An", bold, "na ", "Lee")


def checked(book: Any, sheet: Any) -> None:
    sheet.insert_checkbox("B2", True)
    sheet.insert_checkbox("B3", False)


SHEETS = (
    Case(
        name="the first visible sheet with data",
        sheet=by_openpyxl(then=several),
        sent={2: ANNA},
        described=('sheet "May"',),
    ),
    Case(name="a sheet by its name", sheet=by_openpyxl(then=several), tab="June", sent={2: BEN}),
    Case(name="by its name in small", sheet=by_openpyxl(then=several), tab=" june", sent={2: BEN}),
    Case(name="a hidden sheet", sheet=by_openpyxl(then=several), tab="Old", sent={2: CARL}),
    Case(
        name="a sheet with odd signs in its name",
        sheet=by_xlsxwriter(*TWO, title="Größe 'S' & Co"),
        tab="Größe 'S' & Co",
        sent=SENT,
        described=("Größe 'S' & Co",),
    ),
    Case(name="a table with a filter", sheet=by_xlsxwriter(then=tabled), sent=SENT),
    Case(
        name="texts kept inline",
        sheet=by_xlsxwriter(*TWO, options={"constant_memory": True}),
        template=HI,
        sent=SENT,
        texts=NAMES,
    ),
    Case(
        name="text in several fonts",
        sheet=by_xlsxwriter(*TWO, then=rich),
        template=HI,
        sent=SENT,
        texts={2: "Hi Anna Lee"},
    ),
    Case(name="a number with a link", sheet=by_openpyxl(*TWO, then=linked), sent=SENT),
    Case(
        name="consent by checkboxes",
        sheet=by_xlsxwriter(("Mobile", "SMS OK"), (ANNA,), (BEN,), then=checked),
        sent={2: ANNA},
        kept={3: ("OPTED_OUT",)},
    ),
    Case(
        name="dates that count from 1904, xlsxwriter",
        sheet=by_xlsxwriter(
            ("Mobile", "Due"), (ANNA, date(2026, 11, 30)), options={"date_1904": True}
        ),
        template="{{ due }}",
        sent={2: ANNA},
        texts={2: "2026-11-30"},
    ),
    Case(
        name="dates that count from 1904, openpyxl",
        sheet=by_openpyxl(
            ("Mobile", "Due"),
            (ANNA, date(2026, 11, 30)),
            then=lambda book, _: setattr(book, "epoch", CALENDAR_MAC_1904),
        ),
        template="{{ due }}",
        sent={2: ANNA},
        texts={2: "2026-11-30"},
    ),
)

LEFT_OUT = {"the sheet does not show": 1}

HIDDEN = (
    Case(
        name="rows hidden by a filter, openpyxl",
        sheet=by_openpyxl(*THREE, then=filtered),
        sent={2: ANNA, 4: CARL},
        notices=LEFT_OUT,
    ),
    Case(
        name="rows hidden by a filter, xlsxwriter",
        sheet=by_xlsxwriter(*THREE, then=filtered_too),
        sent={2: ANNA, 4: CARL},
        notices=LEFT_OUT,
    ),
    Case(
        name="hidden rows as well",
        sheet=by_openpyxl(*THREE, then=filtered),
        include_hidden=True,
        sent=all_rows(2, ANNA, BEN, CARL),
        silent=("does not show",),
    ),
    Case(
        name="hidden rows as well, xlsxwriter",
        sheet=by_xlsxwriter(*THREE, then=filtered_too),
        include_hidden=True,
        sent=all_rows(2, ANNA, BEN, CARL),
    ),
    Case(
        name="a hidden column is used all the same",
        sheet=by_openpyxl(
            *TWO, then=lambda _, sheet: setattr(sheet.column_dimensions["B"], "hidden", True)
        ),
        sent=SENT,
    ),
    Case(
        name="a household's name, merged over its rows, openpyxl",
        sheet=by_openpyxl(
            *(HEAD, ("Lee", ANNA), (None, BEN), ("Tan", CARL)),
            then=lambda _, sheet: sheet.merge_cells("A2:A3"),
        ),
        template=HI,
        sent=all_rows(2, ANNA, BEN, CARL),
        texts={2: "Hi Lee", 3: "Hi Lee", 4: "Hi Tan"},
    ),
    Case(
        name="a household's name, merged over its rows, xlsxwriter",
        sheet=by_xlsxwriter(
            *(HEAD, (None, ANNA), (None, BEN), ("Tan", CARL)),
            then=lambda _, sheet: sheet.merge_range("A2:A3", "Lee"),
        ),
        template=HI,
        sent=all_rows(2, ANNA, BEN, CARL),
        texts={2: "Hi Lee", 3: "Hi Lee", 4: "Hi Tan"},
    ),
    Case(
        name="a number merged over two rows goes out once",
        sheet=by_openpyxl(
            *(HEAD, ("Anna", ANNA), ("Ben", None)),
            then=lambda _, sheet: sheet.merge_cells("B2:B3"),
        ),
        sent={2: ANNA},
        kept={3: ("DUPLICATE", "row 2")},
    ),
    Case(
        name="an opt-out merged over two rows",
        sheet=by_openpyxl(
            *(("Mobile", "Opt out"), (ANNA, "yes"), (BEN, None), (CARL, None)),
            then=lambda _, sheet: sheet.merge_cells("B2:B3"),
        ),
        sent={4: CARL},
        kept={2: ("OPTED_OUT",), 3: ("OPTED_OUT",)},
    ),
    Case(
        name="a title merged over the whole width",
        sheet=by_xlsxwriter(
            *((), (), *TWO), then=lambda _, sheet: sheet.merge_range("A1:B1", "Call 6212 3456")
        ),
        template=HI,
        sent={4: ANNA, 5: BEN},
        texts={4: "Hi Anna", 5: "Hi Ben"},
        described=("header in row 3",),
    ),
)

WIDE = (
    Case(name="1,000 phantom rows", sheet=by_openpyxl(*TWO, then=phantom_rows), sent=SENT),
    Case(
        name="16,384 styled columns",
        sheet=by_xlsxwriter(*TWO, then=all_columns),
        template=HI,
        sent=SENT,
        texts=NAMES,
    ),
    Case(
        name="spaces in cells far away",
        sheet=by_openpyxl(*TWO, then=lambda _, sheet: setattr(sheet.cell(500, 2), "value", "   ")),
        sent=SENT,
    ),
)
