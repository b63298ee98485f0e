"""Tables with typed columns (Parquet), read by pandas, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bulksender.errors import SheetError
from bulksender.tables.table import Dialect, InRows, Row

_BATCH_ROWS = 10_000


class ParquetTable(InRows):
    """A Parquet file; its column names are row 1, its first record row 2."""

    sheet = None
    names: tuple[str, ...] = ()
    dialect = Dialect()
    remarks: Sequence[str] = ()

    def __init__(self, path: Path):
        from pyarrow import ArrowException, parquet  # 0.9 s, and only this kind of file needs it

        self.path = path
        self._broken: tuple[type[Exception], ...] = (OSError, ValueError, ArrowException)
        try:
            self._file: Any = parquet.ParquetFile(path, pre_buffer=False)
            names = self._file.schema_arrow.names
        except self._broken as error:
            raise self._unreadable() from error
        self._columns = [name for name in names if not name.startswith("__index_level_")]

    def reach(self, header_row: int) -> int:
        """As many columns as it has."""
        return len(self._columns)

    def rows(self) -> Iterator[Row]:
        """Yield the column names, then the records, with missing values as None."""
        yield Row(1, self._columns)
        try:
            batches = self._file.iter_batches(_BATCH_ROWS, columns=self._columns, use_threads=False)
            records = (values for batch in batches for values in _records(batch))
            for number, values in enumerate(records, 2):
                yield Row(number, values)
        except self._broken as error:
            raise self._unreadable() from error

    def _unreadable(self) -> SheetError:
        return SheetError(f"{self.path}: this is not a Parquet file that can be read.")


def _records(batch: Any) -> Iterator[tuple[object, ...]]:
    frame = batch.to_pandas(ignore_metadata=True, use_threads=False, integer_object_nulls=True)
    for name in frame.select_dtypes("float32"):  # 819.19, not 819.190002441406
        frame[name] = frame[name].astype(str).astype("float64")
    values = frame.astype(object)
    records: Iterator[tuple[object, ...]] = values.where(values.notna(), None).itertuples(
        index=False, name=None
    )
    return records
