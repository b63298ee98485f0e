"""Sheets that are refused whole: what is said, and where."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bulksender.errors import TemplateError
from corpus.making import (
    ANNA,
    BEN,
    CARL,
    DORA,
    Case,
    Maker,
    by_openpyxl,
    by_pandas,
    by_xlsxwriter,
    delimited,
    text,
)

QUOTE = "quote"
UTF8 = "CSV UTF-8"
CYRILLIC = f"Имя;Mobile\nАнна Петровна;{ANNA}\n"


def cases() -> Iterator[Case]:
    """Quotes, headers, columns, encodings, and files that are something else."""
    for name, (sheet, *words) in REFUSED.items():
        yield Case(name=f"refused: {name}", sheet=sheet, refusal=tuple(words))
    yield from WITH_OPTIONS


def cut(make: Maker, share: float) -> Maker:
    """The first part of a file."""

    def made(folder: Path) -> Path:
        path = make(folder)
        data = path.read_bytes()
        path.write_bytes(data[: int(share * len(data))])
        return path

    return made


def renamed(make: Maker, name: str) -> Maker:
    """A file under the name of another kind."""
    return lambda folder: make(folder).rename(folder / name)


def nothing(folder: Path) -> Path:
    """A file that is not there, beside one that is called much like it."""
    (folder / "contact.csv").write_text("Mobile\n")
    return folder / "contacts.csv"


def a_folder(folder: Path) -> Path:
    path = folder / "contacts.csv"
    path.mkdir()
    return path


def last_column(_: Any, sheet: Any) -> None:
    sheet.write(1, 16_383, "x")


BOOK = by_xlsxwriter(("Name", "Mobile"), ("Anna", ANNA))

REFUSED: dict[str, tuple[Any, ...]] = {
    # a quote that is not closed
    "a quote that never closes": (
        text(f'Mobile,Name\n{ANNA},"Anna\n{BEN},Ben\n{CARL},Carl\n'),
        *("row 2", "line 2", QUOTE),
    ),
    "a quote that the last row opens": (
        text(f'Mobile,Name\n{ANNA},Anna\n{BEN},"Ben\n'),
        *("row 3", "line 3", QUOTE),
    ),
    "a quote that a second stray one closes": (
        text(f'Mobile,Name\n{ANNA},"Anna\n{BEN},Ben\n{CARL},Carl" Tan\n{DORA},Dora\n'),
        *("row 2", "line 2", QUOTE),
    ),
    "a second stray quote at a cell's end": (
        text(f'Name,Mobile,City\n"Anna,{ANNA},X\nBen,{BEN},Y\nCarl",{CARL},Z\n'),
        *("row 2", "line 2", QUOTE),
    ),
    "two rows, each with a stray quote": (
        text(f'Mobile,Size\n{ANNA},"5 inch\n{BEN},"6 inch\n{CARL},7\n'),
        *("row 2", "line 2", QUOTE),
    ),
    "a stray quote behind a cell of two lines": (
        text(f'Mobile,Name\n{ANNA},"A\nB"\n{BEN},"Ben\n{CARL},Carl\n'),
        *("row 3", "line 4", QUOTE),
    ),
    "a quote that the header opens": (
        text(f'Mobile,"Name\n{ANNA},Anna\n{BEN},Ben\n'),
        *("row 1", "line 1", QUOTE),
    ),
    "a stray quote in a semicolon file": (
        text(f'Name;Mobile;City\r\n"Anna;{ANNA};X\r\nBen;{BEN};"Y"\r\nCarl;{CARL};Z\r\n'),
        *("row 2", "line 2", QUOTE),
    ),
    # headers and columns
    "two phone columns of one name": (
        delimited(("Mobile", "Name", "mobile"), (ANNA, "Anna", BEN)),
        *("row 1", "2 columns", "A, C"),
    ),
    "no column holds numbers": (
        delimited(("Name", "City"), ("Anna", "Ipoh")),
        *("row 1", "--phone-column", '"Name", "City"'),
    ),
    "two columns could hold the number": (
        delimited(("Who", "One", "Two"), ("Anna", ANNA, BEN), ("Ben", CARL, DORA)),
        *("row 1", '"One"', '"Two"', "--phone-column"),
    ),
    "no header": (
        delimited(("Anna", ANNA), ("Ben", BEN)),
        *("row 1", "header"),
    ),
    "a header below contacts": (
        delimited(("Anna", ANNA), ("Ben", BEN), ("Name", "Mobile"), ("Carl", CARL)),
        *("row 3", "rows 1 to 2", "header"),
    ),
    # encodings
    "an empty file": (text(""), "empty"),
    "a file of blank lines": (text("\n\n , \n,,\n"), "empty"),
    "Cyrillic in Windows-1251": (text(CYRILLIC, encoding="cp1251"), "line 1", UTF8),
    "Chinese in GBK": (text(f"姓名,手机\n李明,{ANNA}\n", encoding="gbk"), "line 1", UTF8),
    "Japanese in Shift JIS": (
        text(f"Name,Mobile\n山田太郎さん,{ANNA}\n", encoding="shift_jis"),
        *("line 2", UTF8),
    ),
    "UTF-8 with one byte cut away": (
        text(f"Name,Mobile\nZoë,{ANNA}\n李明".encode() + b"\xe6\x9d," + BEN.encode()),
        *("line 3", UTF8),
    ),
    "marked as UTF-8 and not": (
        text(codecs.BOM_UTF8 + f"Name,Mobile\nJörg,{ANNA}\n".encode("cp1252")),
        *("line 2", UTF8),
    ),
    "UTF-16 with half a character": (
        text(codecs.BOM_UTF16_LE + f"Name,Mobile\nAnna,{ANNA}\n".encode("utf-16-le") + b"\x41"),
        *("damaged", UTF8),
    ),
    "UTF-32": (text(f"Mobile\n{ANNA}\n", encoding="utf-32"), "UTF-32", UTF8),
    "bytes that are no text": (text(bytes(range(256)) * 4), "not a text file"),
    # files that are something else, or damaged
    "a workbook named .csv": (renamed(BOOK, "c.csv"), ".xlsx"),
    "a CSV named .xlsx": (text(f"Mobile\n{ANNA}\n", "c.xlsx"), "not a workbook", ".csv"),
    "a web page named .xls": (
        text(f"<html><table><tr><td>{ANNA}</td></tr></table>", "c.xls"),
        *("web page", ".xlsx"),
    ),
    "a workbook named .xls": (renamed(BOOK, "c.xls"), ".xlsx"),
    "a workbook named .ods": (renamed(BOOK, "c.ods"), "not a workbook"),
    "a PDF": (text(b"%PDF-1.7", "c.pdf"), '".pdf"', ".xlsx"),
    "half a workbook": (cut(BOOK, 0.5), "not a workbook"),
    "half a Parquet file": (
        cut(by_pandas({"Mobile": [ANNA]}, "c.parquet"), 0.5),
        "not a Parquet file",
    ),
    "no such file": (nothing, "no such file", "contact.csv"),
    "a folder": (a_folder, "folder"),
    "a workbook without data": (by_openpyxl(), "no visible sheet"),
    "no room for the results": (
        by_xlsxwriter(("Name", "Mobile"), ("Anna", ANNA), then=last_column),
        *('sheet "Contacts"', "no room"),
    ),
    "a workbook whose columns hold no numbers": (
        by_xlsxwriter(("Name", "City"), ("Anna", "Ipoh"), title="May"),
        *('sheet "May"', "row 1", "--phone-column"),
    ),
}

NAMED_TWICE = delimited(
    ("Mobile", "First Name", "Home", "first_name", "Home"), (ANNA, "Anna", "", "Ann", "")
)

WITH_OPTIONS = (
    Case(
        name="refused: the text uses a header that stands twice",
        sheet=NAMED_TWICE,
        template="Hi {{ firstname }}",
        error=TemplateError,
        refusal=("2 columns", "firstname"),
    ),
    Case(
        name="refused: the phone column that was named stands twice",
        sheet=NAMED_TWICE,
        phone=("Mobile", "home"),
        refusal=("row 1", "2 columns", "C, E", "--phone-column"),
    ),
    Case(
        name="refused: no such phone column",
        sheet=delimited(("Name", "Mobile"), ("Anna", ANNA)),
        phone=("Mobil",),
        refusal=("row 1", '"Mobil"', 'Did you mean "Mobile"?', '"Name", "Mobile"'),
    ),
    Case(
        name="refused: no such second phone column",
        sheet=delimited(("Name", "Mobile"), ("Anna", ANNA)),
        phone=("Mobile", "Fax"),
        refusal=("row 1", '"Fax"', '"Name", "Mobile"'),
    ),
    Case(
        name="refused: no such text column",
        sheet=delimited(("Message", "Mobile"), ("Hi", ANNA)),
        text_column="Massage",
        refusal=("row 1", "--text-column", 'Did you mean "Message"?'),
    ),
    Case(
        name="refused: no such sheet",
        sheet=BOOK,
        tab="Contact",
        refusal=("no sheet", '"Contact"', 'Did you mean "Contacts"?'),
    ),
    Case(
        name="refused: a sheet of a CSV",
        sheet=delimited(("Mobile",), (ANNA,)),
        tab="May",
        refusal=("no sheets", "--sheet"),
    ),
    Case(
        name="refused: the text names no column",
        sheet=delimited(("Name", "Mobile"), ("Anna", ANNA)),
        template="Hi {{ nmae }}",
        error=TemplateError,
        refusal=("nmae", "name"),
    ),
)
