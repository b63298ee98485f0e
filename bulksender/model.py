"""The values that travel: Recipient → Message → Batch → Outcome, and RejectedRow beside them.

Small frozen structs, in chunks. They hold plain values only; nothing here reads, sends or stores.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum

from msgspec import Struct


class Shown(float):
    """A number that its sheet shows in another form than its plain digits: `00042`, `15%`."""

    __slots__ = ("shown",)
    shown: str

    def __new__(cls, value: float, shown: str) -> Shown:
        """The number and the text that stands in its cell."""
        made = super().__new__(cls, value)
        made.shown = shown
        return made

    def __reduce__(self) -> tuple[type[Shown], tuple[float, str]]:
        return Shown, (float(self), self.shown)

    def __str__(self) -> str:
        return self.shown


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


class Previous(Struct, frozen=True):
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


class RejectedRow(Struct, frozen=True):
    """A row that will not be sent, and why, in words for the sheet's owner."""

    row: int
    status: RowStatus
    detail: str
    destination: str = ""
    previous: Previous | None = None


class Message(Struct, frozen=True):
    """A row that can go out: the rendered text and what it will be billed as.

    `parts` counts SMS parts (1 or more); `note` says what is worth knowing about the row without
    stopping it, e.g. which character forced UCS-2. `oddities` is what the renderer has noticed, a
    bit each; `saving` counts the parts that plain punctuation would save. `attempt` counts the
    times it is sent, from 1: it is sent anew only when it is proven that 8x8 never had it.
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
    def shared_text(self) -> str | None:
        """The text, when it is the same for every message of the batch."""
        first = self.messages[0].text
        return first if all(message.text == first for message in self.messages) else None


class Outcome(Struct, frozen=True):
    """What became of one message: QUEUED, REJECTED, UNKNOWN, or READY when it was not accepted."""

    row: int
    status: RowStatus
    umid: str = ""
    detail: str = ""
