"""XLSX and XLSM: cells are added to the sheet's XML, every other part is copied.

Nothing is parsed and written again, so nothing is lost: styles, formulas, charts, pictures, macros
and what no library knows yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from bulksender.ooxml import sheet_part
from bulksender.reporter.pages import Page
from bulksender.reporter.sheetxml import SheetWriter
from bulksender.source import SheetFacts, earlier_results
from bulksender.zipping import copy, packing, unpacked

_CALC_CHAIN = "/calcchain.xml"
_CHAIN_MENTIONS = re.compile(
    rb"""<(?:\w+:)?(?:Override|Relationship)\s[^>]*?calcChain\.xml"[^>]*?/>"""
)


def write(facts: SheetFacts, pages: Iterator[Page], target: Path) -> None:
    """Copy the workbook `facts.path` to `target` with the result columns in its sheet.

    `pages` come in the sheet's order. Raises OSError, zipfile.BadZipFile, and ValueError where the
    sheet or one of the rows is not in the workbook.
    """
    with ZipFile(facts.path) as source, ZipFile(target, "w", ZIP_DEFLATED) as output:
        part = sheet_part(source, facts.sheet or "")
        entries = source.infolist()
        late = _about_the_calculation_chain(entries) if _may_replace(facts) else []
        replaced = False
        for entry in [entry for entry in entries if entry not in late]:
            with unpacked(source, entry) as reading, packing(output, _same(entry)) as writing:
                if entry.filename == part:
                    sheet = SheetWriter(facts, pages, reading, writing)
                    sheet.write()
                    replaced = sheet.replaced_formulas
                else:
                    copy(reading, writing)
        for entry in late:
            if not replaced:
                output.writestr(_same(entry), source.read(entry))
            elif not entry.filename.lower().endswith(_CALC_CHAIN):
                output.writestr(_same(entry), _CHAIN_MENTIONS.sub(b"", source.read(entry)))


def _may_replace(facts: SheetFacts) -> bool:
    """Whether result columns stand where something else may have stood."""
    return bool(earlier_results(facts.headers))


def _about_the_calculation_chain(entries: list[ZipInfo]) -> list[ZipInfo]:
    """The parts to change where a formula is replaced: Excel takes a chain that names a cell
    without a formula for damage, and makes a new one where there is none."""
    if not any(entry.filename.lower().endswith(_CALC_CHAIN) for entry in entries):
        return []
    endings = (_CALC_CHAIN, "[content_types].xml", "workbook.xml.rels")
    return [entry for entry in entries if entry.filename.lower().endswith(endings)]


def _same(entry: ZipInfo) -> ZipInfo:
    """A new entry of the same name, date, attributes and compression."""
    copy = ZipInfo(entry.filename, entry.date_time)
    copy.compress_type = entry.compress_type
    copy.external_attr = entry.external_attr
    copy.comment = entry.comment
    copy.file_size = entry.file_size  # tells zipfile whether ZIP64 is needed
    return copy
