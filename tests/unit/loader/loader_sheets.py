"""Writing sheets and reading them whole, for the loader's tests."""

from pathlib import Path
from typing import NamedTuple

import pytest

from bulksender.errors import SheetError
from bulksender.loader import Sheet, open_sheet
from bulksender.model import CHUNK_ROWS, Cell, Recipient, RejectedRow
from bulksender.settings import SheetOptions

ANNA, BEN, CARL, DORA = "+6591234567", "+6591234568", "+6591234569", "+6591234570"


class Loaded(NamedTuple):
    """A sheet read to its end, every column asked for."""

    sheet: Sheet
    recipients: list[Recipient]
    refused: list[RejectedRow]

    @property
    def rows(self) -> list[int]:
        return [recipient.row for recipient in self.recipients]

    @property
    def numbers(self) -> list[str]:
        return [recipient.destination for recipient in self.recipients]

    @property
    def only(self) -> Recipient:
        [recipient] = self.recipients
        return recipient

    def column(self, header: str) -> list[Cell]:
        index = self.sheet.headers.index(header)
        return [recipient.cells[index] for recipient in self.recipients]


def read(
    path: Path,
    *,
    size: int = CHUNK_ROWS,
    sheet: str | None = None,
    country: str | None = None,
    phone: tuple[str, ...] = (),
    text: str | None = None,
    reference: str | None = None,
    include_hidden: bool = False,
    needed: tuple[str, ...] = (),
) -> Loaded:
    """Read a sheet to its end; `needed` are the columns that a text uses (default: all)."""
    opened = open_sheet(
        SheetOptions(
            path=str(path),
            sheet=sheet,
            country=country,
            phone_columns=phone,
            text_column=text,
            id_column=reference,
            include_hidden=include_hidden,
        )
    )
    loaded = Loaded(opened, [], [])
    found = opened.columns
    earlier = (found.umid, found.status, found.run, found.destination)
    unused = {*found.opt_out, *found.opt_in, *earlier}  # a text does not use these
    indexes = [index for index in range(len(opened.headers)) if index not in unused]
    if needed:
        indexes = [opened.headers.index(header) for header in needed]
    with opened.reading(indexes, size) as chunks:
        for chunk in chunks:
            loaded.recipients.extend(chunk.recipients)
            loaded.refused.extend(chunk.refused)
    return loaded


def refusal(
    path: Path,
    *,
    sheet: str | None = None,
    country: str | None = None,
    phone: tuple[str, ...] = (),
    text: str | None = None,
    reference: str | None = None,
) -> str:
    """What the SheetError says that reading the whole sheet ends with."""
    with pytest.raises(SheetError) as caught:
        read(path, sheet=sheet, country=country, phone=phone, text=text, reference=reference)
    return str(caught.value)


def written(folder: Path, content: str | bytes, name: str = "contacts.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
