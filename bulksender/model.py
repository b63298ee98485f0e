"""The values that travel: Recipient → Message → Batch → Outcome, and RejectedRow beside them.

Small frozen structs, in chunks. They hold plain values only, so the garbage collector need not look
at them (`gc=False`); nothing here reads, sends or stores.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from itertools import repeat, starmap
from typing import Any, Protocol, overload

from msgspec import Struct


class Formatted(float):
    """A number that its sheet may show in another form than its plain digits: `00042`, `15%`."""

    __slots__ = ()

    @property
    def shown(self) -> str:
        """The text that stands in its cell."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.shown


class Shown(Formatted):
    """Such a number with its text."""

    __slots__ = ("_shown",)
    _shown: str

    def __new__(cls, value: float, shown: str) -> Shown:
        """The number and the text that stands in its cell."""
        made = super().__new__(cls, value)
        made._shown = shown
        return made

    def __reduce__(self) -> tuple[type[Shown], tuple[float, str]]:
        return Shown, (float(self), self._shown)

    @property
    def shown(self) -> str:
        """The text that stands in its cell."""
        return self._shown


class Form(Hashable, Protocol):
    """How a sheet shows numbers; two that are alike are equal."""

    def text(self, value: float) -> str:
        """What stands in the cell of a number."""


@cache
def formatted(form: Form) -> type[Formatted]:
    """The type of the numbers in one form. Their texts are made when asked for, as few are."""

    def shown(self: Formatted) -> str:
        return form.text(float(self))

    def reduced(self: Formatted) -> tuple[object, ...]:
        return _in_form, (form, float(self))

    own = {"__slots__": (), "form": form, "shown": property(shown), "__reduce__": reduced}
    return type("InForm", (Formatted,), own)


def _in_form(form: Form, value: float) -> Formatted:
    """A number in a form, as it comes out of a pickle."""
    return formatted(form)(value)


Cell = str | int | float | bool | datetime | date | time | timedelta | None
"""A cell's value: a blank cell is None, text is never blank, a whole number is an int."""

CHUNK_ROWS = 10_000
"""How many rows travel together at most."""


class RowStatus(StrEnum):
    """Where a row stands. Rows of a sheet = the sum over these, always."""

    INVALID = "INVALID"
    DUPLICATE = "DUPLICATE"
    OPTED_OUT = "OPTED_OUT"
    ALREADY_SENT = "ALREADY_SENT"
    READY = "READY"
    SENDING = "SENDING"
    QUEUED = "QUEUED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"
    CANCELLED = "CANCELLED"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"
    READ = "READ"

    __hash__ = str.__hash__  # as the value's; an Enum's own is made in Python, row by row


ACCEPTED = frozenset(
    {
        RowStatus.QUEUED,
        RowStatus.CANCELLED,
        RowStatus.SENT,
        RowStatus.DELIVERED,
        RowStatus.UNDELIVERED,
        RowStatus.READ,
    }
)
"""The states of a message that 8x8 has accepted."""


class Encoding(StrEnum):
    """How a text travels: GSM 7-bit (3GPP TS 23.038) or UCS-2."""

    GSM7 = "GSM7"
    UCS2 = "UCS2"

    __hash__ = str.__hash__


class Previous(Struct, frozen=True, gc=False):
    """What the row's own result columns say of an earlier run (empty strings where blank)."""

    umid: str = ""
    status: str = ""
    run: str = ""
    destination: str = ""


class Recipient(Struct, frozen=True):
    """A row that has a valid number and waits for its text.

    `row` is the sheet's own row number, `destination` E.164 with `+`, `cells` the row's values in
    the order of the sheet's columns. `text` is the row's own text (None: it has none), `reference`
    the user's own id.
    """

    row: int
    destination: str
    cells: tuple[Cell, ...]
    text: str | None = None
    reference: str = ""
    opted_out: bool = False
    previous: Previous | None = None


class Recipients(Sequence[Recipient]):
    """Recipients, kept column by column: so they are made, and sent to another process, faster.

    `cells` has a column for each place in a Recipient's cells. Of the columns behind it, None
    stands for one of default values.
    """

    def __init__(
        self,
        rows: list[int],
        destinations: list[str],
        cells: list[list[Cell]],
        *others: list[Any] | None,
    ):
        self.rows = rows
        self.destinations = destinations
        self.cells = cells
        self.others = others or (None,) * len(_OTHERS)
        """Texts, references, opt-outs and previous results."""

    @classmethod
    def of(cls, recipients: Iterable[Recipient]) -> Recipients:
        """The same recipients in columns."""
        if isinstance(recipients, Recipients):
            return recipients
        made = list(recipients)
        return cls(
            [each.row for each in made],
            [each.destination for each in made],
            [list(column) for column in zip(*(each.cells for each in made), strict=True)],
            *([getattr(each, name) for each in made] for name in _OTHERS),
        )

    def packed(self) -> tuple[Any, ...]:
        """The same as what is quickly sent to another process."""
        return self.rows, self.destinations, [*map(_packed, self.cells)], *self.others

    @classmethod
    def unpacked(cls, packed: tuple[Any, ...]) -> Recipients:
        """What was `packed`."""
        rows, destinations, cells, *others = packed
        return cls(rows, destinations, [_unpacked(*column) for column in cells], *others)

    @property
    def texts(self) -> list[str | None] | None:
        """The rows' own texts; None where no row has one."""
        return self.others[0]

    @property
    def references(self) -> Iterable[str]:
        """The rows' own ids; "" where there is none."""
        return self.others[1] or repeat("", len(self))

    @property
    def all_new(self) -> bool:
        """Whether no row is opted out or comes with an earlier result."""
        _, _, opted_out, previous = self.others
        return not any(opted_out or ()) and not any(previous or ())

    def each_cells(self) -> Iterable[tuple[Cell, ...]]:
        """Each recipient's cells."""
        return zip(*self.cells, strict=True) if self.cells else repeat((), len(self))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Recipient]:
        others = (
            repeat(default, len(self)) if column is None else column
            for column, default in zip(self.others, _DEFAULTS, strict=True)
        )
        columns = (self.rows, self.destinations, self.each_cells(), *others)
        return starmap(Recipient, zip(*columns, strict=True))

    @overload
    def __getitem__(self, index: int) -> Recipient: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Recipient]: ...
    def __getitem__(self, index: int | slice) -> Recipient | Sequence[Recipient]:
        if isinstance(index, slice):
            return list(self)[index]
        others = (
            default if column is None else column[index]
            for column, default in zip(self.others, _DEFAULTS, strict=True)
        )
        cells = tuple(column[index] for column in self.cells)
        return Recipient(self.rows[index], self.destinations[index], cells, *others)


_OTHERS = Recipient.__struct_fields__[3:]
_DEFAULTS = Recipient.__struct_defaults__


def _packed(column: list[Any]) -> tuple[list[Any], Form | None]:
    """A column; of numbers in one form the plain numbers, and the form."""
    forms = [getattr(kind, "form", None) for kind in set(map(type, column)) - {type(None)}]
    if len(forms) != 1 or forms[0] is None:
        return column, None
    return [None if cell is None else float(cell) for cell in column], forms[0]


def _unpacked(column: list[Any], form: Form | None) -> list[Cell]:
    if form is None:
        return column
    made = formatted(form)
    return [None if cell is None else made(cell) for cell in column]


class RejectedRow(Struct, frozen=True, gc=False):
    """A row that will not be sent, and why, in words for the sheet's owner."""

    row: int
    status: RowStatus
    detail: str
    destination: str = ""
    previous: Previous | None = None


class Message(Struct, frozen=True, array_like=True, gc=False):
    """A row that can go out: the rendered text and what it will be billed as.

    `parts` counts SMS parts (1 or more); `note` says what is worth knowing about the row without
    stopping it, e.g. which character forced UCS-2. `oddities` is what the renderer has noticed, a
    bit each; `saving` counts the parts that plain punctuation would save. `attempt` counts the
    times it is sent, from 1: it is sent anew only when it is proven that 8x8 never had it. `due`
    is when 8x8 is to send it (ISO 8601, UTC), blank for at once.
    """

    row: int
    destination: str
    text: str
    parts: int
    encoding: Encoding
    reference: str = ""
    note: str = ""
    oddities: int = 0
    saving: int = 0
    attempt: int = 1
    due: str = ""


class Batch(Struct, frozen=True):
    """One POST's worth of messages, 1 to 10,000. `number` counts a run's batches from 1."""

    run: str
    number: int
    messages: list[Message]

    @property
    def client_batch_id(self) -> str:
        """At most 20 characters: the run's id (10) and the batch's number (up to 9 digits)."""
        return f"{self.run}-{self.number}"

    @property
    def due(self) -> str:
        """When 8x8 is to send all of them, ISO 8601; blank for at once."""
        return self.messages[0].due

    @property
    def shared_text(self) -> str | None:
        """The text, when it is the same for every message of the batch."""
        first = self.messages[0].text
        return first if all(message.text == first for message in self.messages) else None


class Outcome(Struct, frozen=True, gc=False):
    """What became of one message: QUEUED, REJECTED or UNKNOWN."""

    row: int
    status: RowStatus
    umid: str = ""
    detail: str = ""
