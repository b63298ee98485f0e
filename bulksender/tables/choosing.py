"""What all workbooks share: which of their sheets is read, and what is said of a damaged one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar
from zipfile import ZipFile

from bulksender.errors import SheetError, did_you_mean, listed
from bulksender.tables.table import Dialect


class Entry(Protocol):
    """A sheet as its workbook lists it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def visible(self) -> bool:
        """Whether people see it."""


SheetLike = TypeVar("SheetLike", bound=Entry)


def chosen(
    path: Path,
    name: str | None,
    sheets: Sequence[SheetLike],
    filled: Callable[[SheetLike], bool],
) -> SheetLike:
    """The sheet that was named, else the first visible one that holds anything.

    Raises SheetError where there is none.
    """
    if name is None:
        for sheet in sheets:
            if sheet.visible and filled(sheet):
                return sheet
        raise SheetError(f"{path}: no visible sheet holds anything.")
    wanted = name.strip().casefold()
    exact = [sheet for sheet in sheets if sheet.name == name]
    near = exact or [sheet for sheet in sheets if sheet.name.strip().casefold() == wanted]
    if len(near) == 1:
        return near[0]
    names = [sheet.name for sheet in sheets]
    raise SheetError(
        f'{path}: there is no sheet "{name}".{did_you_mean(name, names)} '
        f"The sheets are: {listed(names)}."
    )


def protected(path: Path) -> SheetError:
    """What is said of a workbook behind a password."""
    return SheetError(
        f"{path}: the workbook is protected with a password. Open it, remove the password and save "
        "it again."
    )


class ZippedWorkbook:
    """What the tables of zipped workbooks (XLSX, XLSB, ODS) have in common."""

    dialect = Dialect()
    remarks: Sequence[str] = ()
    path: Path

    @contextmanager
    def _opened(self) -> Iterator[ZipFile]:
        """The archive; whatever a damaged one makes its reader raise becomes a SheetError."""
        with unreadable(self.path), ZipFile(self.path) as archive:
            yield archive


@contextmanager
def unreadable(path: Path) -> Iterator[None]:
    """Turn whatever a damaged workbook makes its reader raise into a SheetError."""
    try:
        yield
    except (SheetError, OSError):
        raise
    except MemoryError as error:
        raise SheetError(
            f"{path}: reading it takes more memory than there is. Save the sheet as CSV UTF-8."
        ) from error
    except Exception as error:  # whatever it may be: zip, XML and xlrd have many
        said = str(error) if isinstance(error, ValueError) and error.args else type(error).__name__
        raise SheetError(
            f"{path}: this is not a workbook that can be read ({said}). Open it in Excel or "
            "LibreOffice and save it again as .xlsx."
        ) from error
