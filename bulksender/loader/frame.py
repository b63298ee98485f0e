"""Tables with typed columns (Parquet), read by pandas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bulksender.errors import SheetError
from bulksender.loader.table import Dialect

SUFFIXES = frozenset({".parquet"})


class FrameTable:
    """A Parquet file; its column names are row 1, its first record row 2."""

    sheet = None
    dialect = Dialect()

    def __init__(self, path: Path):
        import pandas  # 0.9 s to import, and only this kind of file needs it

        try:
            self._frame = pandas.read_parquet(path)
        except (OSError, ValueError) as error:
            raise SheetError(f"{path}: this is not a Parquet file that can be read.") from error

    def rows(self) -> Iterator[Sequence[object]]:
        """Yield the column names, then the records, with missing values as None."""
        yield [str(name) for name in self._frame.columns]
        values = self._frame.astype(object)
        yield from values.where(values.notna(), None).itertuples(index=False, name=None)
