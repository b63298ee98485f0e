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
            frame = pandas.read_parquet(path)
            named = [name for name in frame.index.names if name is not None]
            self._frame = frame.reset_index() if named else frame
        except (OSError, ValueError) as error:
            raise SheetError(f"{path}: this is not a Parquet file that can be read.") from error

    def reach(self, header_row: int) -> int:
        """As many columns as it has."""
        return len(self._frame.columns)

    def rows(self) -> Iterator[Sequence[object]]:
        """Yield the column names, then the records, with missing values as None."""
        yield [str(name) for name in self._frame.columns]
        frame = self._frame.copy(deep=False)
        for name in frame.select_dtypes("float32"):  # 819.19, not 819.190002441406
            frame[name] = frame[name].astype(str).astype("float64")
        values = frame.astype(object)
        yield from values.where(values.notna(), None).itertuples(index=False, name=None)
