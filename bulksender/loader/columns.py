"""Which row is the header, and which column is what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
    "destination",
    "number",
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
_NO = frozenset({"no", "n", "false", "0", "off", "never", "none"})
_OUT = frozenset({"stop", "stopped", "unsubscribe", "unsubscribed", "optout", "optedout"})


class Columns(Struct, frozen=True):
    """The header as it stands, and the indexes (from 0) of the columns that mean something."""

    headers: tuple[str, ...]
    phone: tuple[int, ...]
    text: int | None = None
    reference: int | None = None
    opt_out: int | None = None
    opt_in: int | None = None
    umid: int | None = None
    status: int | None = None
    run: int | None = None

    def opted_out(self, row: Sequence[Cell]) -> bool:
        """Whether the row's own opt-out (or opt-in) column says that it must not be texted."""
        refusal = None if self.opt_out is None else row[self.opt_out]
        if refusal is not None and headers.key(str(refusal)) not in _NO:
            return True
        consent = None if self.opt_in is None else row[self.opt_in]
        return consent is not None and headers.key(str(consent)) in _NO | _OUT


def header_index(first_rows: Sequence[Sequence[Cell]], options: SheetOptions) -> int | None:
    """The index of the header among the sheet's first rows; None where no row names the phone.

    Title lines and blanks above it are passed over. A row is the header when it names one of
    `--phone-column`, or else a column that is called like a phone column.
    """
    names = options.phone_columns
    for index, row in enumerate(first_rows[:HEADER_WITHIN]):
        texts = texts_of(row)
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
    return Columns(
        headers=texts,
        phone=_phone(texts, options, where),
        text=_named(texts, options.text_column, "--text-column", where),
        reference=_named(texts, options.id_column, "--id-column", where),
        opt_out=_first(texts, OPT_OUT_NAMES),
        opt_in=_first(texts, OPT_IN_NAMES),
        umid=_first(texts, {"umid"}),
        status=texts.index("status") if "status" in texts else None,
        run=texts.index("run") if "run" in texts else None,
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


def _first(texts: Sequence[str], names: Iterable[str]) -> int | None:
    wanted = frozenset(names)
    return next((i for i, text in enumerate(texts) if headers.key(text) in wanted), None)


def listed(texts: Iterable[str]) -> str:
    """Column names for an error message, at most twenty."""
    names = [f'"{text}"' for text in texts if text]
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(names[:20]) + more if names else "(none)"
