"""Who writes the result of which kind of sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from bulksender.reporter.pages import Page
from bulksender.source import DELIMITED, ZIPPED_WORKBOOKS, SheetFacts

Writer = Callable[[SheetFacts, Iterator[Page], Path], None]
"""Writes the sheet with its result columns to the file."""


def writer_of(facts: SheetFacts) -> Writer:
    """The writer for a sheet; the libraries that it needs are loaded with it."""
    if facts.suffix in DELIMITED:
        from bulksender.reporter import delimited

        return delimited.write
    if facts.suffix in ZIPPED_WORKBOOKS:
        from bulksender.reporter import workbook

        return workbook.write
    from bulksender.reporter import converted

    return converted.write
