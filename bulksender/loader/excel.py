"""Workbooks: XLSX, XLSM, XLSB, XLS and ODS, read by calamine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import python_calamine as calamine

from bulksender import ooxml
from bulksender.errors import SheetError, did_you_mean
from bulksender.loader.columns import listed
from bulksender.loader.table import Dialect
from bulksender.source import ZIPPED_WORKBOOKS

SUFFIXES = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})


class WorkbookTable:
    """One sheet of a workbook: the one named, else the first visible one that holds anything."""

    dialect = Dialect()

    def __init__(self, path: Path, name: str | None):
        self.path = path
        try:
            self._book = calamine.CalamineWorkbook.from_path(str(path))
            self._sheet = self._named(name) if name else self._first()
        except calamine.PasswordError as error:
            raise SheetError(
                f"{path}: the workbook is protected with a password. Open it, remove the password "
                "and save it again."
            ) from error
        except (calamine.CalamineError, calamine.ZipError, calamine.XmlError) as error:
            raise SheetError(
                f"{path}: this is not a workbook that can be read ({error}). Open it in Excel or "
                "LibreOffice and save it again as .xlsx."
            ) from error
        self.sheet = self._sheet.name

    def reach(self, header_row: int) -> int:
        """The last column in use, merged cells below the title and unread formulas included."""
        merged = self._sheet.merged_cell_ranges or []
        edges = [end[1] + 1 for _, end in merged if end[0] + 1 >= header_row]
        used = max(self._sheet.total_width, *edges, 0)
        if self.path.suffix.lower() in ZIPPED_WORKBOOKS:
            return ooxml.last_column(self.path, self.sheet, used)
        return used

    def rows(self) -> Iterator[Sequence[object]]:
        """Yield the rows from row 1 on, from column A on."""
        if self._sheet.start is None:
            return
        # calamine's rows begin at row 1, but at the first column that holds anything
        left: list[object] = [""] * self._sheet.start[1]
        for values in self._sheet.iter_rows():
            yield [*left, *values] if left else values

    def _first(self) -> calamine.CalamineSheet:
        visible = [
            entry.name
            for entry in self._book.sheets_metadata
            if entry.typ is calamine.SheetTypeEnum.WorkSheet
            and entry.visible is calamine.SheetVisibleEnum.Visible
        ]
        for name in visible:
            sheet = self._book.get_sheet_by_name(name)
            if sheet.start is not None:
                return sheet
        raise SheetError(f"{self.path}: no visible sheet holds anything.")

    def _named(self, name: str) -> calamine.CalamineSheet:
        names = self._book.sheet_names
        if name in names:
            return self._book.get_sheet_by_name(name)
        near = [known for known in names if known.strip().casefold() == name.strip().casefold()]
        if len(near) == 1:
            return self._book.get_sheet_by_name(near[0])
        raise SheetError(
            f'{self.path}: there is no sheet "{name}".{did_you_mean(name, names)} '
            f"The sheets are: {listed(names)}."
        )
