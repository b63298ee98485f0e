"""Whether a workbook with results is the one that it was, but for the results in their places."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

from handmade_cells import letters
from sheet_xml import Element, column_of, elements, parts

from bulksender.reporter import workbook
from bulksender.reporter.pages import Page
from bulksender.reporter.values import DESTINATION, UMID, Values
from bulksender.source import RESULT_COLUMNS, SheetFacts

Place = tuple[int, int]
"""A row and a column."""

_STYLE = re.compile(r"""\ss=["'](\d+)["']""")


def facts(
    path: Path, headers: Collection[str], sheet: str = "S", header_row: int = 1
) -> SheetFacts:
    """What a loader would say of a sheet that is as wide as its header."""
    return SheetFacts(
        path=str(path),
        suffix=".xlsx",
        sheet=sheet,
        header_row=header_row,
        headers=tuple(headers),
        width=len(headers),
        fingerprint="",
    )


def outcome(row: int) -> Values:
    """A row's nine values: texts, numbers, and blanks in every third row."""
    detail = "" if row % 3 else f'row {row} <"&'
    return f"umid-{row}", "QUEUED", detail, f"+6590{row:06}", row % 4, "GSM7", "", None, "run-1"


def paged(rows: Iterable[tuple[int, Values]], size: int = 100) -> Iterator[Page]:
    """The rows as the writers take them, `size` at a time."""
    left = iter(rows)
    while chunk := list(islice(left, size)):
        numbers, values = zip(*chunk, strict=True)
        own = [(str(each[UMID] or ""), str(each[DESTINATION] or "")) for each in values]
        alike = [
            tuple("?" if index in (UMID, DESTINATION) and value else value
                  for index, value in enumerate(each))
            for each in values
        ]  # fmt: skip
        kinds = list(dict.fromkeys(alike))
        places = [kinds.index(kind) for kind in alike]
        yield Page(numbers, *zip(*own, strict=True), places, kinds)


def written(facts: SheetFacts, rows: Mapping[int, Values], part: str = "sheet1") -> bytes:
    """The sheet's XML with the results of `rows`; checked, and so is the rest of the workbook."""
    result = Path(facts.path).with_suffix(".result.xlsx")
    workbook.write(facts, paged(sorted(rows.items())), result)
    before, after = parts(Path(facts.path)), parts(result)
    name = f"xl/worksheets/{part}.xml"
    check(before.pop(name), after[name], facts, rows)
    sheet = after.pop(name)
    assert after == before
    return sheet


def check(before: bytes, after: bytes, facts: SheetFacts, rows: Mapping[int, Values]) -> None:
    """Each result is in its place, once, and nothing else has changed but the `<dimension>`."""
    columns = facts.result_columns
    new = tuple(None if name in facts.headers else name for name in RESULT_COLUMNS)
    planned = {
        (row, column): value
        for row, values in {facts.header_row: new, **rows}.items()
        for column, value in zip(columns.values(), values, strict=True)
        if value is not None
    }
    old_elements, new_elements = elements(before), elements(after)
    was, now = cells(before, old_elements), cells(after, new_elements)
    assert without(after, new_elements, planned) == without(before, old_elements, planned)
    last = _last_style(was, facts.header_row)
    for place, value in planned.items():
        old, made = was.get(place), now.get(place)
        if made is None:
            assert (value, old) == ("", None), place
            continue
        style = last if place[0] == facts.header_row else ""
        style = (_style(old) if old is not None else "") or style
        assert content(made) == (f"{letters(place[1])}{place[0]}", style, value), place
    if in_order(was):
        assert in_order(now)
    _check_dimension(before, after, max(columns.values()))


def cells(xml: bytes, found: Sequence[Element] | None = None) -> dict[Place, str]:
    """The cells' XML by place."""
    found = [element for element in found or elements(xml) if element.column]
    made = {(e.row, e.column): xml[e.start : e.end].decode() for e in found}
    assert len(made) == len(found)  # no place has two cells
    return made


def without(xml: bytes, found: Sequence[Element], places: Collection[Place]) -> bytes:
    """The sheet's XML without the cells of these places and without its `dimension`."""
    pieces, position = [], 0
    for element in found:
        if not element.column or (element.row, element.column) in places:
            pieces.append(xml[position : element.start])
            position = element.end
    return b"".join([*pieces, xml[position:]])


def content(cell: str) -> tuple[str, str, object]:
    """A result cell's reference, style and value; of a kind that all programs read."""
    bare = re.sub(r"(</?)\w+:", r"\1", cell)
    root = ElementTree.fromstring(bare)
    children = [child.tag for child in root]
    value: object = ""
    if root.get("t") == "inlineStr":
        assert children == ["is"] and [child.tag for child in root[0]] == ["t"]
        value = root[0][0].text or ""
        assert value
        if value != value.strip() or "\n" in value:
            assert 'xml:space="preserve"' in cell
        value = re.sub("_x([0-9A-F]{4})_", lambda code: chr(int(code[1], 16)), value)
    elif children:
        assert children == ["v"] and root.get("t") in (None, "n")
        value = int(root[0].text or "")
    return root.get("r", ""), root.get("s", ""), value


def in_order(places: Iterable[Place]) -> bool:
    listed = list(places)
    return listed == sorted(listed)


def _style(cell: str) -> str:
    found = _STYLE.search(cell[: cell.index(">") + 1])
    return found[1] if found else ""


def _last_style(cells: Mapping[Place, str], row: int) -> str:
    styles = [_style(cell) for place, cell in cells.items() if place[0] == row]
    return next((style for style in reversed(styles) if style), "")


def _check_dimension(before: bytes, after: bytes, last: int) -> None:
    """It reaches the last result column, begins where it began, and ends in the same row."""
    pattern = rb"""dimension [^>]*?ref=["']([A-Z]+)(\d+):?([A-Z]*)(\d*)["']"""
    was, now = re.search(pattern, before), re.search(pattern, after)
    assert (was is None) == (now is None)
    if was is None or now is None:
        return
    right = column_of((was[3] or was[1]).decode())
    assert now.groups()[:2] == was.groups()[:2]
    assert column_of(now[3].decode()) == max(right, last)
    assert now[4] == (was[4] or was[2])
