"""Which row is the header, and which column is what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set

from msgspec import Struct

from bulksender import headers
from bulksender.errors import SheetError, did_you_mean
from bulksender.model import Cell
from bulksender.settings import SheetOptions
from bulksender.source import column_letter

HEADER_WITHIN = 25
"""How many rows from the top may be title lines and blanks before the header."""

PHONE_NAMES = (
    "msisdn",
    "mobile",
    "mobilephone",
    "mobilenumber",
    "mobileno",
    "mobilephonenumber",
    "cell",
    "cellphone",
    "cellnumber",
    "handphone",
    "handphonenumber",
    "handphoneno",
    "hp",
    "hpno",
    "phone",
    "phonenumber",
    "phoneno",
    "telephone",
    "telephonenumber",
    "telephoneno",
    "tel",
    "telno",
    "contactnumber",
    "contactno",
    "smsnumber",
    "number",
    "destination",
)
"""Headers (as `headers.key` writes them) that name the phone column, the surest first."""

OPT_OUT_NAMES = frozenset(
    {
        *("optout", "optedout", "optoutsms", "smsoptout", "unsubscribe", "unsubscribed"),
        *("donottext", "donotsms", "donotcontact", "donotcall", "dnc", "nosms", "stop", "stopsms"),
    }
)
OPT_IN_NAMES = frozenset(
    {
        *("sms", "smsok", "optin", "optedin", "smsoptin", "consent", "smsconsent"),
        *("marketingconsent", "subscribed"),
    }
)
_NO = frozenset({"no", "n", "false", "0", "off", "never", "none", "na", "nil", "notyet"})
_YES = frozenset(
    {
        *("yes", "y", "true", "1", "x", "ok", "on", "agreed", "granted", "given", "consented"),
        *("optin", "optedin", "subscribed", "ja", "oui", "si", "sí", "sim", "da", "tak", "ya"),
    }
)
_TICKS = {"✓": "yes", "✔": "yes", "☑": "yes", "✅": "yes"}
_TICKS |= dict.fromkeys("✗✘☐❌✖☒", "no")


class Columns(Struct, frozen=True):
    """The header as it stands, and the indexes (from 0) of the columns that mean something."""

    headers: tuple[str, ...]
    phone: tuple[int, ...]
    text: int | None = None
    reference: int | None = None
    opt_out: tuple[int, ...] = ()
    opt_in: tuple[int, ...] = ()
    umid: int | None = None
    status: int | None = None
    run: int | None = None
    destination: int | None = None

    def opted_out(self, row: Sequence[Cell]) -> bool:
        """Whether any of the row's own opt-out or opt-in columns keeps it from being texted.

        In an opt-out column anything but a no does; in an opt-in column anything but a clear yes,
        or the date of one. A blank says nothing.
        """
        refusals = [_said(row[i]) for i in self.opt_out]
        consents = [_said(row[i]) for i in self.opt_in]
        return any(said and said not in _NO for said in refusals) or any(
            said and not _consents(said) for said in consents
        )


def _consents(said: str) -> bool:
    """Whether an opt-in cell says yes, with whatever behind it, or is the date when it was said.

    A date behind other words is none: "withdrawn 2026-01-05" is no consent.
    """
    return (
        said in _YES
        or said.startswith(("yes", "agree", "accept", "confirm"))
        or bool(_DATE.fullmatch(said))
    )


_DATE = re.compile(  # as `headers.key` leaves it: 20261130, 30112026, 1nov2026, nov12026
    r"\d{6,8}(t?\d{4,}z?)?|(\d{1,2})?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\d{2,6}"
)
_NOTHING = re.compile(r"[\s.\-–—_?]*")


def _said(cell: Cell) -> str:
    """What a cell says, for comparison; nothing where it is blank or holds a mere dash."""
    text = "" if cell is None else str(cell).strip()
    said = _TICKS.get(text) or headers.key(text)
    return said or ("" if _NOTHING.fullmatch(text) else text)


_A_NUMBER = re.compile(r"\+?[\d ()./\-]{7,}")
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d.*")


def like_a_number(text: str) -> bool:
    """Whether a cell's whole text could be a phone number: seven digits or more, and no date."""
    return bool(
        _A_NUMBER.fullmatch(text)
        and sum(map(str.isdigit, text)) >= 7
        and not _ISO_DATE.fullmatch(text)
    )


def like_a_contact(row: Sequence[Cell], columns: int) -> bool:
    """Whether a row holds a phone number, and about as much beside it as `columns` would."""
    texts = texts_of(row)
    return sum(map(bool, texts)) > max(1, columns // 2) and any(map(like_a_number, texts))


def header_index(first_rows: Sequence[Sequence[Cell]], options: SheetOptions) -> int | None:
    """The index of the header among the sheet's first rows; None where no row names the phone.

    Title lines and blanks above it are passed over. A row is the header when it names one of
    `--phone-column`, or else a column that is called like a phone column.
    """
    names = options.phone_columns
    for index, row in enumerate(first_rows[:HEADER_WITHIN]):
        texts = texts_of(row)
        if any(like_a_number(text) for text in texts):
            continue  # a row that holds a phone number is a contact, whatever else it says
        if names and any(headers.find(texts, name) for name in names):
            return index
        if not names and _phone_columns(texts) and (sum(map(bool, texts)) > 1 or not index):
            return index
    return None


def first_filled(first_rows: Sequence[Sequence[Cell]]) -> int | None:
    """The index of the first row that holds anything."""
    return next((index for index, row in enumerate(first_rows) if any(texts_of(row))), None)


def texts_of(row: Iterable[Cell]) -> tuple[str, ...]:
    """A row's cells as header texts, without the blank ones at its end."""
    texts = ["" if cell is None else str(cell).strip().strip("\ufeff") for cell in row]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def resolve(texts: tuple[str, ...], options: SheetOptions, where: str) -> Columns:
    """Find the columns in the header; raises SheetError naming `where`, and the nearest name."""
    phone = _phone(texts, options, where)
    text = _named(texts, options.text_column, "--text-column", where)
    reference = _named(texts, options.id_column, "--id-column", where)
    taken = {*phone, text, reference}
    return Columns(
        headers=texts,
        phone=phone,
        text=text,
        reference=reference,
        opt_out=tuple(i for i in _all(texts, OPT_OUT_NAMES) if i not in taken),
        opt_in=tuple(i for i in _all(texts, OPT_IN_NAMES) if i not in taken),
        umid=texts.index("umid") if "umid" in texts else next(iter(_all(texts, {"umid"})), None),
        **_earlier_results(texts),
    )


def _phone(texts: tuple[str, ...], options: SheetOptions, where: str) -> tuple[int, ...]:
    if options.phone_columns:
        return tuple(_one(texts, name, "--phone-column", where) for name in options.phone_columns)
    found = _phone_columns(texts)
    if not found:
        raise SheetError(
            f"{where}: no column is called like a phone column (Phone, Mobile, MSISDN …). "
            f"Name it with --phone-column. The columns are: {listed(texts)}."
        )
    if len(found) > 1:
        raise SheetError(
            f'{where}: {len(found)} columns are called "{texts[found[0]]}" '
            f"({', '.join(column_letter(index + 1) for index in found)}). Rename all but one."
        )
    return tuple(found)


def _phone_columns(texts: Sequence[str]) -> list[int]:
    keys = [headers.key(text) for text in texts]
    for name in PHONE_NAMES:
        if name in keys:
            return [index for index, found in enumerate(keys) if found == name]
    return []


def _named(texts: tuple[str, ...], name: str | None, option: str, where: str) -> int | None:
    return None if name is None else _one(texts, name, option, where)


def _one(texts: tuple[str, ...], name: str, option: str, where: str) -> int:
    found = headers.find(texts, name)
    if not found:
        raise SheetError(
            f'{where}: there is no column "{name}" ({option}).{did_you_mean(name, texts)} '
            f"The columns are: {listed(texts)}."
        )
    if len(found) > 1:
        letters = ", ".join(column_letter(index + 1) for index in found)
        raise SheetError(
            f'{where}: {len(found)} columns are called "{name}" ({letters}), and {option} needs '
            "one. Rename all but one."
        )
    return found[0]


def _earlier_results(texts: tuple[str, ...]) -> dict[str, int]:
    """Columns that an earlier run has written; a `status` all alone is the user's own."""
    ours = "status" in texts and ("umid" in texts or "status_detail" in texts)
    names = ("status", "run", "destination") if ours else ()
    return {name: texts.index(name) for name in names if name in texts}


def _all(texts: Sequence[str], names: Set[str]) -> list[int]:
    return [index for index, text in enumerate(texts) if headers.key(text) in names]


def listed(texts: Iterable[str]) -> str:
    """Column names for an error message, at most twenty."""
    names = [f'"{text}"' for text in texts if text]
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(names[:20]) + more if names else "(none)"
