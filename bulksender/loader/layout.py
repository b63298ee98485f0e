"""Where a sheet's header is, and which of its columns hold the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from bulksender import headers
from bulksender.errors import SheetError, listed
from bulksender.loader.columns import Columns, resolve, texts_of
from bulksender.loader.msisdn import to_e164
from bulksender.loader.phonenames import named_like_phones, surely_phone
from bulksender.model import Cell
from bulksender.settings import SheetOptions
from bulksender.source import column_letter
from bulksender.tables import Row, plain

HEADER_WITHIN = 25
"""How many rows that hold anything may be title lines above the header."""
SAMPLE_ROWS = 200
"""How many rows are looked at to tell which column holds numbers."""


class Layout(NamedTuple):
    """The header's row, what its columns are, and how the phone column was found.

    `header_cells` counts the header's cells, blank ones at its end included.
    """

    header_row: int
    columns: Columns
    chosen_by: str
    header_cells: int


def find_layout(first: Sequence[Row], options: SheetOptions, where: str) -> Layout:
    """Find the header among a sheet's first rows. Raises SheetError naming `where`."""
    sample = [(row, [plain(value) for value in row.values]) for row in first]
    sample = [(row, cells) for row, cells in sample if any(texts_of(cells))]
    if not sample:
        raise SheetError(f"{where}: the sheet is empty.")
    found = _by_name(sample, options) if options.phone_columns else None
    if found is None:
        found = _by_phone_name(sample)
    if found is None and not options.phone_columns:
        return _by_content(sample, options, where)
    index = found or 0
    row, cells = sample[index]
    texts = texts_of(cells)
    if not options.phone_columns:
        _refuse_contacts_above(sample[:index], row.number, sum(map(bool, texts)), where)
        below = [cells for _, cells in sample[index + 1 :]]
        phone, others = _chosen_phone(texts, below, options)
        _refuse_second_header(sample[index + 1 :], phone, f"{where}, row {row.number}")
        if not surely_phone(texts[phone]) and not _numbers_in(phone, below, options.country):
            with suppress(SheetError):  # "Phone model" beside a column of numbers
                return _by_content(sample, options, where)
        _refuse_twins(texts, phone, f"{where}, row {row.number}")
    else:
        phone, others = None, []
    columns = resolve(texts, options, f"{where}, row {row.number}", phone)
    also = ", ".join(f'"{texts[other]}"' for other in others)
    rather = f" (not {also}; --phone-column takes another)" if also else ""
    return Layout(row.number, columns, rather, len(row.values))


_Sample = Sequence[tuple[Row, list[Cell]]]


def _by_name(sample: _Sample, options: SheetOptions) -> int | None:
    """The first row that names one of `--phone-column`. A row with a number is a contact."""
    for index, (_, cells) in enumerate(sample[:HEADER_WITHIN]):
        texts = texts_of(cells)
        if any(headers.find(texts, name) for name in options.phone_columns) and not any(
            map(headers.like_a_number, texts)
        ):
            return index
    return None


def _by_phone_name(sample: _Sample) -> int | None:
    """The first row in which a column is called like a phone column, surely or else perhaps."""
    perhaps, alone = None, False
    for index, (_, cells) in enumerate(sample[:HEADER_WITHIN]):
        texts = texts_of(cells)
        if any(map(headers.like_a_number, texts)):
            continue
        filled = sum(map(bool, texts))
        if filled > 1 or not index:
            if any(map(surely_phone, texts)):
                return index
            if named_like_phones(texts) and (perhaps is None or (filled > 1 and alone)):
                perhaps, alone = index, filled == 1
    return perhaps


def _chosen_phone(
    texts: tuple[str, ...], below: Sequence[list[Cell]], options: SheetOptions
) -> tuple[int, list[int]]:
    """Of the columns called like phones, the surest whose first rows hold numbers; the others."""
    named = named_like_phones(texts)
    shares = {index: _numbers_in(index, below, options.country) for index in named}
    chosen = min(named, key=lambda index: (shares[index] < 0.5, not shares[index]))
    return chosen, [index for index in named if index != chosen and shares[index] >= 0.5]


def _refuse_twins(texts: tuple[str, ...], phone: int, where: str) -> None:
    """Raise SheetError where another column is called exactly as the phone column is."""
    twins = [i for i, text in enumerate(texts) if headers.key(text) == headers.key(texts[phone])]
    if len(twins) > 1:
        letters = ", ".join(column_letter(index + 1) for index in twins)
        raise SheetError(
            f'{where}: {len(twins)} columns are called "{texts[phone]}" ({letters}). Rename all '
            "but one."
        )


def _refuse_second_header(below: _Sample, phone: int, where: str) -> None:
    """Raise SheetError for a header of two rows: "Phone" over "Home" and "Mobile"."""
    texts = texts_of(below[0][1]) if below else ()
    under = texts[phone] if phone < len(texts) else ""
    names = any(map(surely_phone, texts)) and not any(map(headers.like_a_number, texts))
    if names and under and not any(map(str.isdigit, under)):
        raise SheetError(
            f"{where}: this row and the one below it both look like the header. Put all names into "
            "one row, or name the column with --phone-column."
        )


def _by_content(sample: _Sample, options: SheetOptions, where: str) -> Layout:
    """The column that holds numbers, and the row above the first of them as the header."""
    first_contact = next(
        (index for index, (_, cells) in enumerate(sample) if _like_a_contact(cells, options)), None
    )
    if first_contact is None:
        row, cells = sample[0]
        raise SheetError(
            f"{where}, row {row.number}: no column is called like a phone column (Phone, Mobile, "
            "MSISDN …), and none holds phone numbers. Name it with --phone-column. The columns "
            f"are: {listed(texts_of(cells))}."
        )
    if first_contact == 0:
        raise SheetError(
            f"{where}, row {sample[0][0].number}: the first row holds a phone number already. "
            "Put a header above it, such as Mobile, Name."
        )
    row, cells = sample[first_contact - 1]
    texts = texts_of(cells)
    below = [cells for _, cells in sample[first_contact:]]
    shares = [_numbers_in(index, below, options.country) for index in range(len(texts))]
    best = [index for index, share in enumerate(shares) if share and share == max(shares)]
    if len(best) != 1 or not texts[best[0]]:
        many = " and ".join(f'"{texts[index]}"' for index in best if texts[index])
        raise SheetError(
            f"{where}, row {row.number}: no column is called like a phone column (Phone, Mobile, "
            f"MSISDN …){f', and {many} could be one' if len(best) > 1 else ''}. Name it with "
            f"--phone-column. The columns are: {listed(texts)}."
        )
    columns = resolve(texts, options, f"{where}, row {row.number}", best[0])
    return Layout(row.number, columns, ", chosen by what stands in it", len(row.values))


def _like_a_contact(cells: Sequence[Cell], options: SheetOptions) -> bool:
    return any(isinstance(found, str) for found in to_e164(cells, options.country)) or any(
        map(headers.like_a_number, texts_of(cells))
    )


def _numbers_in(index: int, rows: Sequence[Sequence[Cell]], country: str | None) -> float:
    """The share of a column's filled cells that hold numbers; 0 where they are less than half.

    Valid ones count whole, those that only look like numbers a little.
    """
    cells = [row[index] for row in rows if index < len(row) and row[index] is not None]
    if not cells:
        return 0.0
    valid = sum(isinstance(found, str) for found in to_e164(cells, country))
    alike = sum(headers.like_a_number(str(cell)) for cell in cells)
    share = (valid + 0.001 * alike) / len(cells)
    return share if 2 * max(valid, alike) >= len(cells) else 0.0


def _refuse_contacts_above(rows: _Sample, header_row: int, columns: int, where: str) -> None:
    """Raise SheetError where what looks like title lines looks like contacts."""
    contacts = [
        row.number
        for row, cells in rows
        if sum(map(bool, texts_of(cells))) > max(1, columns // 2)
        and any(map(headers.like_a_number, texts_of(cells)))
    ]
    if len(contacts) > 1:
        raise SheetError(
            f"{where}: row {header_row} looks like the header, but rows {contacts[0]} to "
            f"{contacts[-1]} above it hold phone numbers. Put the header above all contacts, or "
            "name the column with --phone-column."
        )
