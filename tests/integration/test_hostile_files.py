"""Files made to harm, or broken beyond use: refused in seconds, in little memory, in one line.

Each goes through the real command in a process that may take no more memory than `MEMORY`, and
the refusal must be by a limit of its own: it never says that memory ran out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hostile_books import (
    BOOK,
    BOOK_END,
    CONTENT,
    CONTENT_END,
    LAUGHS,
    MAIN,
    ODS_NUMBER,
    ODS_ROWS,
    ROWS,
    SHEET,
    SHEET_END,
    STRINGS,
    STYLES,
    Part,
    Piece,
    archive,
    checked,
    ods,
    part,
    refusal,
    sheet,
    xlsx,
)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder whose gigabytes go when the test is over."""
    yield tmp_path
    for path in tmp_path.iterdir():
        if path.is_file() and not path.is_symlink():
            path.unlink()


def test_the_bounds_leave_an_ordinary_sheet_room(folder: Path) -> None:
    contact = b"<t:table-row>" + ODS_NUMBER % b"" + b"</t:table-row>"
    sheets = (
        xlsx(folder / "a.xlsx"),
        ods(folder / "a.ods", CONTENT + ODS_ROWS + contact + CONTENT_END),
    )
    for path in sheets:
        ended = checked(path)
        assert ended.returncode == 0, ended.stderr
        assert "Hello" in ended.stdout


SPACES = (b" " * (1 << 20), 3 << 10)
SMALL = (b"<a/>", 15 << 20)
BOMBS: dict[str, Callable[[Path], Path]] = {
    "sheet": lambda path: xlsx(path, sheet=sheet(SHEET, SPACES)),
    "sheet of zeros": lambda path: xlsx(path, sheet=sheet((b"\0" * (1 << 20), 3 << 10))),
    "strings": lambda path: xlsx(path, strings=part("xl/strings.xml", STRINGS, SPACES)),
    "styles": lambda path: xlsx(path, styles=part("xl/styles.xml", STYLES, SPACES)),
    "book": lambda path: xlsx(path, book=part("xl/book.xml", BOOK, SPACES)),
    "one cell": lambda path: xlsx(
        path, sheet=sheet(SHEET + b'<row><c t="inlineStr"><is><t>', (b"x" * (1 << 20), 2 << 10))
    ),
    "a cell below the ratio's floor": lambda path: xlsx(
        path, sheet=sheet(SHEET + b'<row><c t="inlineStr"><is><t>', (b"x" * (1 << 20), 90))
    ),
    "a string below the ratio's floor": lambda path: xlsx(
        path, strings=part("xl/strings.xml", STRINGS + b"<si><t>", (b"x" * (1 << 20), 90))
    ),
}


@pytest.mark.parametrize("where", BOMBS)
def test_a_workbook_that_unpacks_to_gigabytes_is_refused(folder: Path, where: str) -> None:
    refusal(BOMBS[where](folder / "bomb.xlsx"))


@pytest.mark.parametrize("kind", ["sheet", "strings", "styles", "book"])
def test_a_workbook_part_that_claims_less_than_it_unpacks_to_is_refused(
    folder: Path, kind: str
) -> None:
    begins = {"sheet": SHEET, "strings": STRINGS, "styles": STYLES, "book": BOOK}[kind]
    bomb = part(f"xl/{kind}.xml", begins, SPACES)._replace(claimed=2_000)
    refusal(xlsx(folder / "bomb.xlsx", **{kind: bomb}))


@pytest.mark.parametrize("kind", ["strings", "styles", "book"])
def test_millions_of_small_elements_stay_within_memory(folder: Path, kind: str) -> None:
    begins = {"strings": STRINGS, "styles": STYLES, "book": BOOK}[kind]
    refusal(xlsx(folder / "bomb.xlsx", **{kind: part(f"xl/{kind}.xml", begins, SMALL)}))


def test_a_bomb_of_many_layers_is_not_unpacked(folder: Path) -> None:
    inner = sheet(SHEET, SPACES).packed
    for _ in range(3):
        inner = archive(folder / "layer.zip", *[Part(f"{i}.zip", inner, 4 << 30 - 1) for i in
                        range(4)]).read_bytes()  # fmt: skip
    refusal(xlsx(folder / "bomb.xlsx", sheet=sheet(inner)))


def test_a_thousand_sheets_that_share_one_empty_part_are_refused(folder: Path) -> None:
    sheets = b"".join(b'<sheet name="%d" sheetId="%d" r:id="rId1"/>' % (i, i) for i in range(1_000))
    empty = sheet(SHEET, (b"<row/>", 8 << 20), SHEET_END)
    refusal(
        xlsx(folder / "bomb.xlsx", book=part("xl/book.xml", BOOK, sheets, BOOK_END), sheet=empty)
    )


SLOW: dict[str, tuple[Piece, ...]] = {
    "row ends in an open CDATA": (SHEET + b"<row><![CDATA[", (b"</row>", 1 << 20)),
    "rows that never close": (
        SHEET, (b"<row ", 1 << 20), b'<row r="1"><c r="A1"><v>1</v></c></row>', SHEET_END,
    ),
    "cells that never close": (SHEET + b"<row>", (b"<c ", 1 << 20), b"</row>", SHEET_END),
    "ends of data inside a text": (SHEET + ROWS + b"<!--", (b"sheetData>", 1 << 20)),
    "tags before the rows": (b"<worksheet " + MAIN + b">", (b"<a/>", 14 << 20)),
    "angles before the rows": (b"<worksheet " + MAIN + b">", (b"<", 60 << 20)),
    "ends of rows": (SHEET, (b"</row>", 1 << 20), SHEET_END),
}  # fmt: skip


@pytest.mark.parametrize("what", SLOW)
def test_xml_that_invites_to_look_again_and_again_is_refused_in_seconds(
    folder: Path, what: str
) -> None:
    refusal(xlsx(folder / "slow.xlsx", sheet=sheet(*SLOW[what])))


def test_merged_cells_that_never_close_hold_nobody_up(folder: Path) -> None:
    """They stand behind the rows, which are whole."""
    ended = checked(
        xlsx(folder / "a.xlsx", sheet=sheet(SHEET + ROWS + SHEET_END, (b"<mergeCell ", 1 << 20)))
    )
    assert ended.returncode == 0, ended.stderr
    assert "1 READY" in ended.stdout


ODS_BOMBS: dict[str, tuple[Piece, ...]] = {
    "spaces": (CONTENT, SPACES),
    "one cell": (
        CONTENT + b'<t:table-row><t:table-cell o:value-type="string"><x:p>',
        (b"x" * (1 << 20), 2 << 10),
    ),
    "small elements": (CONTENT, SMALL),
    "repeated spaces": (
        CONTENT + b'<t:table-row><t:table-cell o:value-type="string"><x:p>x',
        (b'<x:s x:c="32767"/>', 1 << 17),
        b"</x:p></t:table-cell></t:table-row>" + CONTENT_END,
    ),
    "laughs": (LAUGHS + CONTENT + b"<x:p>&m;</x:p>",),
    "depth": (CONTENT, (b"<x:p>", 100_000)),
    "deep paragraphs": (
        CONTENT + b'<t:table-row><t:table-cell o:value-type="string">',
        (b"<x:p>", 100_000),
        (b"</x:p>", 100_000),
        b"</t:table-cell></t:table-row>" + CONTENT_END,
    ),
    "an outside entity": (
        b'<!DOCTYPE z [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + CONTENT + b"<x:p>&e;</x:p>",
    ),
}


@pytest.mark.parametrize("what", ODS_BOMBS)
def test_an_opendocument_sheet_made_to_harm_is_refused(folder: Path, what: str) -> None:
    assert "root:" not in refusal(ods(folder / "bomb.ods", *ODS_BOMBS[what]))


OUTSIDE = b'<!DOCTYPE z [<!ENTITY m SYSTEM "%s">]>'
ENTITIES = {
    "laughs": LAUGHS,
    "a file": OUTSIDE % b"file:///etc/passwd",
    "an address": OUTSIDE % b"http://127.0.0.1:9/x",
    "a DTD": b'<!DOCTYPE z SYSTEM "http://127.0.0.1:9/x.dtd">',
}
TEXT_OF_M = b'<row r="1"><c r="A1" t="inlineStr"><is><t>&m;</t></is></c></row>'


@pytest.mark.parametrize("what", ENTITIES)
@pytest.mark.parametrize("where", ["sheet", "strings", "book", "styles"])
def test_entities_are_never_expanded(folder: Path, what: str, where: str) -> None:
    doctype = ENTITIES[what]
    changed = {
        "sheet": sheet(doctype + SHEET + TEXT_OF_M + SHEET_END),
        "strings": part("xl/strings.xml", doctype + STRINGS + b"<si><t>&m;</t></si></sst>"),
        "book": part("xl/book.xml", doctype + BOOK + b"&m;" + BOOK_END),
        "styles": part("xl/styles.xml", doctype + STYLES + b"&m;</styleSheet>"),
    }[where]
    assert "root:" not in refusal(xlsx(folder / "bomb.xlsx", **{where: changed}))


DEEP = (b"<a>", 100_000)
DEEP_END = (b"</a>", 100_000)


@pytest.mark.parametrize("where", ["sheet", "cell", "strings", "book", "styles", "row"])
def test_xml_of_a_hundred_thousand_levels_does_no_harm(folder: Path, where: str) -> None:
    text = b'<c r="A2" t="inlineStr"><is>'
    changed = {
        "sheet": sheet(b"<worksheet " + MAIN + b">", DEEP, DEEP_END, b"<sheetData>", SHEET_END),
        "row": sheet(SHEET, DEEP, b"<row>", DEEP, DEEP_END, b"</row>", DEEP_END, SHEET_END),
        "cell": sheet(
            SHEET + ROWS + b'<row r="3">' + text, (b"<r>", 100_000), (b"</r>", 100_000),
            b"</is></c></row>", SHEET_END,
        ),
        "strings": part(
            "xl/strings.xml", STRINGS + b"<si>", (b"<r>", 100_000), (b"</r>", 100_000),
            b"</si></sst>",
        ),
        "book": part("xl/book.xml", BOOK, DEEP, DEEP_END),
        "styles": part("xl/styles.xml", STYLES, DEEP, DEEP_END),
    }[where]  # fmt: skip
    refusal(xlsx(folder / "deep.xlsx", **{where.replace("row", "sheet").replace("cell", "sheet"):
                                          changed}))  # fmt: skip


CELL = b'<c r="%s" t="inlineStr"><is><t>x</t></is></c>'


def test_a_stray_value_in_the_last_corner_of_a_workbook_is_refused_with_the_reason(
    folder: Path,
) -> None:
    corner = b'<row r="1048576">' + CELL % b"XFD1048576" + b"</row>"
    path = xlsx(folder / "corner.xlsx", sheet=sheet(SHEET + ROWS + corner + SHEET_END))
    assert "last columns" in refusal(path)


def test_a_stray_value_in_the_last_row_of_a_workbook_is_no_burden(folder: Path) -> None:
    low = b'<row r="1048576">' + CELL % b"C1048576" + b"</row>"
    ended = checked(xlsx(folder / "low.xlsx", sheet=sheet(SHEET + ROWS + low + SHEET_END)))
    assert ended.returncode == 0, ended.stderr
    assert "1048576" in ended.stdout  # the row has no number, and its owner is told so


def _narrow_csv(path: Path) -> Path:
    lines = ["Mobile", *(f"9{n:07}" + "," * (100_000 if n == 5_000 else 0) for n in range(10_000))]
    path.write_text("\n".join([*lines, ""]), "utf-8")
    return path


def _narrow_xlsx(path: Path) -> Path:
    row = b'<row r="%d"><c r="A%d"><v>%d</v></c>%b</row>'
    far = CELL % b"XES15000"
    rows = b"".join(
        row % (n, n, 6590000000 + n, far if n == 15_000 else b"") for n in range(3, 30_000)
    )
    return xlsx(path, sheet=sheet(SHEET + ROWS + rows + SHEET_END))


def _narrow_ods(path: Path) -> Path:
    row = b"<t:table-row>" + ODS_NUMBER % b"" + b"</t:table-row>"
    empty = b'<t:table-cell t:number-columns-repeated="15000"/>'
    far = b"<t:table-row>" + ODS_NUMBER % b"" + empty + ODS_NUMBER % b"" + b"</t:table-row>"
    content = CONTENT + ODS_ROWS + row * 6_000 + far + row * 6_000 + CONTENT_END
    return ods(path, content)


@pytest.mark.parametrize(
    ("name", "made"),
    [("a.csv", _narrow_csv), ("a.xlsx", _narrow_xlsx), ("a.ods", _narrow_ods)],
)
def test_one_wide_row_among_thousands_is_no_burden(
    folder: Path, name: str, made: Callable[[Path], Path]
) -> None:
    ended = checked(made(folder / name))
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("cell", [b"XFE1", b"ZZZ1", b"AAAAAAAAAAAA1", b"1A", b"$A$1"])
def test_a_cell_at_no_place_of_a_sheet_is_refused(folder: Path, cell: bytes) -> None:
    beyond = b'<row r="3">' + CELL % cell + b"</row>"
    refusal(xlsx(folder / "beyond.xlsx", sheet=sheet(SHEET + ROWS + beyond + SHEET_END)))


def test_an_opendocument_sheet_that_is_one_value_in_every_cell_is_refused(folder: Path) -> None:
    everywhere = b'<t:table-row t:number-rows-repeated="1048576"><t:table-cell ' + (
        b't:number-columns-repeated="16384" o:value-type="string"><x:p>x</x:p></t:table-cell>'
        b"</t:table-row>"
    )
    refusal(ods(folder / "all.ods", CONTENT + everywhere + CONTENT_END))


def test_an_opendocument_number_in_every_cell_below_a_header_is_read_in_seconds(
    folder: Path,
) -> None:
    numbers = b'<t:table-row t:number-rows-repeated="1048575">' + (
        ODS_NUMBER % b' t:number-columns-repeated="16384"' + b"</t:table-row>"
    )
    ended = checked(ods(folder / "all.ods", CONTENT + ODS_ROWS + numbers + CONTENT_END))
    assert ended.returncode in (0, 3), ended.stderr
    assert "Traceback" not in ended.stderr
    assert "more memory than there is" not in ended.stderr


@pytest.mark.parametrize("rows, columns", [("1048576", "1"), ("9" * 30, "1"), ("1", "9" * 30)])
def test_more_opendocument_cells_than_any_sheet_has_are_refused(
    folder: Path, rows: str, columns: str
) -> None:
    many = f'<t:table-row t:number-rows-repeated="{rows}">'.encode() + (
        ODS_NUMBER % f' t:number-columns-repeated="{columns}"'.encode() + b"</t:table-row>"
    )
    refusal(ods(folder / "all.ods", CONTENT + ODS_ROWS + many + CONTENT_END))


@pytest.mark.parametrize("filling", [b"x", b"\0", b'"', b","])
@pytest.mark.parametrize("quote", [b"", b'"'])
def test_a_text_file_with_one_cell_of_two_gigabytes_is_refused(
    folder: Path, filling: bytes, quote: bytes
) -> None:
    path = folder / "huge.csv"
    with path.open("wb") as file:
        file.write(b"Mobile,Name\n+6591234567," + quote)
        if filling == b"\0":
            file.truncate(2 << 30)
        else:
            block = filling * (1 << 22)
            for _ in range(512):
                file.write(block)
    refusal(path)


def test_a_text_file_of_one_open_quote_over_many_lines_is_refused(folder: Path) -> None:
    path = folder / "huge.csv"
    with path.open("wb") as file:
        file.write(b'Mobile,Name\n+6591234567,"')
        for _ in range(64):
            file.write(b"some text\n" * 100_000)
    assert "quote" in refusal(path)
