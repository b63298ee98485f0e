"""Which row is the header, and which column is what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set

from msgspec import Struct

from bulksender import headers
from bulksender.errors import SheetError, did_you_mean, listed
from bulksender.model import Cell
from bulksender.settings import SheetOptions
from bulksender.source import column_letter, earlier_results
from bulksender.tables import Spoilt, plain

OPT_OUT_NAMES = frozenset(
    {
        *("optout", "optedout", "optoutsms", "smsoptout", "unsubscribe", "unsubscribed"),
        *("donottext", "donotsms", "donotcontact", "donotcall", "dnc", "nosms", "stop", "stopsms"),
        *("abgemeldet", "abmeldung", "widerspruch", "widerrufen", "keinesms", "desinscrit"),
        *("desabonne", "berhentilangganan", "uitgeschreven"),
    }
)
OPT_IN_NAMES = frozenset(
    {
        *("sms", "smsok", "optin", "optedin", "smsoptin", "consent", "smsconsent"),
        *("marketingconsent", "subscribed", "permission", "einwilligung", "zustimmung"),
        *("consentement", "consentimiento", "consenso", "toestemming", "persetujuan", "setuju"),
        *("izin", "kebenaran", "zgoda", "souhlas"),
    }
)
_BESIDE = frozenset(
    {
        *("y", "n", "yn", "yes", "no", "date", "status", "flag", "registry", "register", "list"),
        *("pdpa", "gdpr", "dsgvo", "marketing", "promo", "promotional", "sms", "text", "texts"),
        *("given", "received", "customer", "patient", "client", "for", "to", "zu", "fur", "für"),
    }
)
"""Words of a header that do not change what it means: "PDPA consent (Y/N)"."""
_ALONE = frozenset({"stop", "sms", "izin", "permission"})
"""Names that mean consent only where nothing stands beside them: not a "Stop date"."""
_NO = frozenset({"no", "n", "false", "0", "off", "never", "none", "na", "nil", "notyet"})
_YES = frozenset(
    {
        *("yes", "y", "true", "1", "x", "ok", "on", "agreed", "granted", "given", "consented"),
        *("optin", "optedin", "subscribed", "ja", "oui", "si", "sí", "sim", "da", "tak", "ya"),
    }
)
_TICKS = {"✓": "yes", "✔": "yes", "☑": "yes", "✅": "yes"}
_TICKS |= {"☐": "no"} | dict.fromkeys("✗✘❌✖☒", "crossed")  # a box may be ticked with a cross


class Columns(Struct, frozen=True):
    """The header as it stands, and the indexes (from 0) of the columns that mean something."""

    headers: tuple[str, ...]
    phone: tuple[int, ...]
    text: int | None = None
    reference: int | None = None
    opt_out: tuple[int, ...] = ()
    opt_in: tuple[int, ...] = ()
    require_opt_in: bool = False
    umid: int | None = None
    status: int | None = None
    run: int | None = None
    destination: int | None = None

    @property
    def read(self) -> tuple[int, ...]:
        """The indexes of all of them."""
        single = (self.text, self.reference, self.umid, self.status, self.run, self.destination)
        found = [index for index in single if index is not None]
        return (*self.phone, *self.opt_out, *self.opt_in, *found)

    def opted_out(self, row: Sequence[object]) -> bool:
        """Whether any of the row's own opt-out or opt-in columns keeps it from being texted.

        In an opt-out column anything but a no does; in an opt-in column anything but a clear yes,
        or the date of one. A blank says nothing, or no where opt-ins are required.
        """
        refusals = [_said(plain(row[i])) for i in self.opt_out]
        consents = [_said(plain(row[i])) for i in self.opt_in]
        return any(said and said not in _NO for said in refusals) or any(
            not _consents(said) if said else self.require_opt_in for said in consents
        )


def _consents(said: str) -> bool:
    """Whether an opt-in cell says yes, with whatever behind it, or is the date when it was said.

    A date behind other words is none: "withdrawn 2026-01-05" is no consent.
    """
    return (
        said in _YES
        or (said.startswith(("yes", "agree", "accept", "confirm")) and not _BUT.search(said))
        or bool(_DATE.fullmatch(said))
    )


_BUT = re.compile(r"no(?!v)|only|withdr|revok|stop|except|cancel|but|declin|refus|expire|until")
_DATE = re.compile(  # as `headers.key` leaves it: 20261130, 30112026, 1nov2026, nov12026
    r"\d{6,8}(t?\d{4,}z?)?|(\d{1,2})?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\d{2,6}"
)
_NOTHING = re.compile(r"[\s.\-–—_?]*")


def _said(cell: Cell) -> str:
    """What a cell says, for comparison; nothing where it is blank or holds a mere dash."""
    text = "" if cell is None else str(cell).strip()
    said = _TICKS.get(text) or headers.key(text)
    return said or ("" if _NOTHING.fullmatch(text) else text)


def texts_of(row: Iterable[object]) -> tuple[str, ...]:
    """A row's cells as header texts, without the blank ones at its end."""
    texts = [
        ""
        if cell is None or isinstance(cell, Spoilt)
        else str(cell).strip().strip("\ufeff").strip()
        for cell in row
    ]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def resolve(
    texts: tuple[str, ...], options: SheetOptions, where: str, phone_column: int | None = None
) -> Columns:
    """Find the columns in the header; `phone_column` where `--phone-column` names none.

    Raises SheetError naming `where`, and the nearest name.
    """
    if phone_column is not None:
        phone: tuple[int, ...] = (phone_column,)
    else:
        names = options.phone_columns
        phone = tuple(_one(texts, name, "--phone-column", where) for name in names)
    text = _named(texts, options.text_column, "--text-column", where)
    reference = _named(texts, options.id_column, "--id-column", where)
    taken = {*phone, text, reference}
    opt_in = _consent(texts, options.opt_in_columns, OPT_IN_NAMES, taken, where)
    if options.require_opt_in and not opt_in:
        raise SheetError(
            f"{where}: there is no opt-in column, and recipients.require_opt_in asks for one. Name "
            f"it in recipients.opt_in_columns. The columns are: {listed(texts)}."
        )
    return Columns(
        headers=texts,
        phone=phone,
        text=text,
        reference=reference,
        opt_out=_consent(texts, options.opt_out_columns, OPT_OUT_NAMES, taken, where),
        opt_in=opt_in,
        require_opt_in=options.require_opt_in,
        umid=texts.index("umid") if "umid" in texts else next(iter(_all(texts, {"umid"})), None),
        **_earlier_results(texts),
    )


def _consent(
    texts: tuple[str, ...],
    named: Sequence[str] | None,
    names: Set[str],
    taken: Set[int | None],
    where: str,
) -> tuple[int, ...]:
    """The opt-out or opt-in columns: those that the campaign names, else those so called."""
    if named is not None:
        return tuple(_one(texts, name, "recipients.opt_…_columns", where) for name in named)
    return tuple(index for index in _all(texts, names) if index not in taken)


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
    found = earlier_results(texts)
    ours = "status" in found and ("umid" in found or "status_detail" in found)
    names = ("status", "run", "destination") if ours else ()
    return {name: found[name] for name in names if name in found}


def _all(texts: Sequence[str], names: Set[str]) -> list[int]:
    return [
        index
        for index, text in enumerate(texts)
        if headers.key(text) in names or _bare(text) in names - _ALONE
    ]


def _bare(text: str) -> str:
    """A header's key without the words that stand beside what it means."""
    words = headers.variable(text).split("_")
    return "".join(word for word in words if headers.key(word) not in _BESIDE)
