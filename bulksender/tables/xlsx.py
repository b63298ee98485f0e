"""XLSX and XLSM workbooks, read row by row from their XML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

from bulksender import ooxml
from bulksender.tables import sheetrows
from bulksender.tables.choosing import ZippedWorkbook, chosen
from bulksender.tables.formats import BUILT_IN, reading
from bulksender.tables.merging import Merging
from bulksender.tables.rowsalike import Readings
from bulksender.tables.table import Block, Row, in_blocks
from bulksender.zipping import unpacked


class XlsxTable(ZippedWorkbook):
    """One sheet of a workbook: the one named, else the first visible one that holds anything."""

    def __init__(self, path: Path, name: str | None):
        self.path = path
        with self._opened() as archive:
            ooxml.refuse_tricks(archive)
            found = ooxml.contents(archive)
            self._readings = _readings(archive, found)
            self._strings: list[str] = []
            if found.strings is not None:
                with unpacked(archive, found.strings) as stream:
                    self._strings = sheetrows.shared_strings(stream)
            self.names = [sheet.name for sheet in found.sheets]
            known: dict[str, bool] = {}
            self._entry = chosen(
                path, name, found.sheets, lambda entry: self._filled(archive, entry.part, known)
            )
            with unpacked(archive, self._entry.part) as stream:
                self._merges = sheetrows.merges(stream)
        self.sheet = self._entry.name

    def reach(self, header_row: int) -> int:
        """The last column that merged cells beside the rows reach."""
        return ooxml.beside_rows(self._merges, header_row)

    def rows(self) -> Iterator[Row]:
        """Yield the rows that hold anything."""
        merging = Merging(self._merges)
        with self._opened() as archive, unpacked(archive, self._entry.part) as stream:
            yield from merging(sheetrows.rows(stream, self._strings, self._readings))

    def blocks(self) -> Iterator[Block]:
        """The same in blocks, blank rows among them."""
        if self._merges:
            yield from in_blocks(self.rows())
            return
        with self._opened() as archive, unpacked(archive, self._entry.part) as stream:
            yield from sheetrows.blocks_of_rows(stream, self._strings, self._readings)

    def _filled(self, archive: ZipFile, part: str, known: dict[str, bool]) -> bool:
        if part not in known:
            with unpacked(archive, part) as stream:
                known[part] = any(sheetrows.rows(stream, self._strings, self._readings))
        return known[part]


def _readings(archive: ZipFile, found: ooxml.Contents) -> dict[str, Readings]:
    """Style → how its numbers are read, for styles whose numbers are more than that."""
    if found.styles is None:
        return {}
    codes: dict[int, str] = dict(BUILT_IN)
    readings: dict[str, Readings] = {}
    root = ooxml.parsed(archive, found.styles)
    for element in root.iter():
        if element.tag.rpartition("}")[2] == "numFmt" and element.get("numFmtId", "").isdigit():
            codes[int(element.get("numFmtId", ""))] = element.get("formatCode", "")
    styles = next((part for part in root if part.tag.rpartition("}")[2] == "cellXfs"), ())
    for index, style in enumerate(styles):
        code = codes.get(int(style.get("numFmtId", "0")), "")
        meaning = reading(code, found.since_1904)
        if meaning is not None:
            readings[str(index)] = Readings(meaning)
    return readings
