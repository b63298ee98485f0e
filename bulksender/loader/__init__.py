"""Spreadsheet → Recipient | RejectedRow, a chunk at a time.

`open_sheet` finds the sheet, its header and its columns; `Sheet.reading` reads the rows. What was
chosen is told by `Sheet.described`, so that nobody has to guess what was read.
"""

from __future__ import annotations

from bulksender.loader.sheet import Chunk, Sheet, open_sheet

__all__ = ["Chunk", "Sheet", "open_sheet"]
