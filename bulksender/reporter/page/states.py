"""The states of rows in words for the sheet's owner, and the colour that each is drawn in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from bulksender.model import ACCEPTED, RowStatus

Tone = Literal["good", "wait", "off", "fix", "bad", "unsure"]
"""What a colour means; the style sheet has one for each, in light and in dark."""


class State(Struct, frozen=True):
    """A state: a few words (at most 20 characters, for a plot), a sentence, its tone."""

    short: str
    meaning: str
    tone: Tone


_STATES: Mapping[str, State] = {
    RowStatus.INVALID: State(
        "Could not be sent",
        "Something in the row does not fit, such as its number. The reason stands beside the row.",
        "fix",
    ),
    RowStatus.DUPLICATE: State(
        "Same number again",
        "An earlier row has the same number, and nobody gets the text twice.",
        "off",
    ),
    RowStatus.OPTED_OUT: State(
        "Opted out",
        "The person does not want to be texted and was left out on purpose.",
        "off",
    ),
    RowStatus.ALREADY_SENT: State(
        "Sent before",
        "The row's message went out earlier and was not sent again.",
        "off",
    ),
    RowStatus.READY: State(
        "Ready, not sent",
        "Checked and planned. The message has not left yet.",
        "wait",
    ),
    RowStatus.SENDING: State(
        "Being handed over",
        "The message was on its way to 8x8 when this page was written.",
        "unsure",
    ),
    RowStatus.QUEUED: State(
        "Accepted by 8x8",
        "8x8 has taken the message and passes it on to the phone network.",
        "good",
    ),
    RowStatus.REJECTED: State(
        "Refused by 8x8",
        "8x8 did not take the message. Its reason stands beside the row.",
        "bad",
    ),
    RowStatus.UNKNOWN: State(
        "Not known if sent",
        "The answer of 8x8 was lost, so the message may or may not have gone out. "
        "It is not sent again before that is settled.",
        "unsure",
    ),
    RowStatus.CANCELLED: State(
        "Cancelled",
        "The message was scheduled at 8x8 and cancelled before it went out.",
        "off",
    ),
    RowStatus.SENT: State(
        "Sent",
        "8x8 has handed the message to the phone network. Whether it has arrived is not known yet.",
        "good",
    ),
    RowStatus.DELIVERED: State(
        "Delivered",
        "The message has arrived on the phone.",
        "good",
    ),
    RowStatus.UNDELIVERED: State(
        "Not delivered",
        "8x8 had taken the message, but it did not arrive on the phone.",
        "bad",
    ),
    RowStatus.READ: State(
        "Read",
        "The message has arrived and was opened.",
        "good",
    ),
}

_REHEARSED: Mapping[str, str] = {
    RowStatus.QUEUED: "The simulator has taken the message, and it went no further.",
    RowStatus.SENT: "The simulator played that the message went on; no phone received it.",
    RowStatus.DELIVERED: "The simulator played that the message arrived; no phone received it.",
    RowStatus.UNDELIVERED: "The simulator played a message that does not arrive.",
    RowStatus.READ: "The simulator played that the message was opened; no phone received it.",
}
"""What these states mean in a rehearsal, where nothing reaches a phone."""

PROBLEMS = frozenset(
    {
        RowStatus.INVALID,
        RowStatus.REJECTED,
        RowStatus.UNKNOWN,
        RowStatus.SENDING,
        RowStatus.UNDELIVERED,
    }
)
"""The states that somebody should look at; who was left out on purpose is no problem."""

TONES: dict[Tone, str] = {
    "good": "accepted",
    "wait": "not sent yet",
    "unsure": "not known",
    "fix": "could not be sent",
    "bad": "refused or not delivered",
    "off": "left out on purpose",
}
"""Each tone in a legend, in the order in which a bar shows them."""


def state_of(status: str, rehearsal: bool = False) -> State:
    """A state's words; of a rehearsal they name the simulator. Other states have no words."""
    state = _STATES.get(status)
    if state is None:
        return State(status, "", "off")
    if not rehearsal:
        return state
    meaning = _REHEARSED.get(status, state.meaning)
    return State(_by_the_simulator(state.short), _by_the_simulator(meaning), state.tone)


def in_order(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """(status, rows) of the states that occur: what happened to messages first, then the rest."""
    places = {status: place for place, status in enumerate(_SHOWN)}
    occurring = [(status, rows) for status, rows in counts.items() if rows]
    return sorted(occurring, key=lambda each: (places.get(each[0], len(places)), each[0]))


def accepted(counts: Mapping[str, int]) -> int:
    """How many messages 8x8 has accepted, whatever became of them, but for cancelled ones."""
    return _sum(counts, ACCEPTED - {RowStatus.CANCELLED})


def problems(counts: Mapping[str, int]) -> int:
    """How many rows somebody should look at."""
    return _sum(counts, PROBLEMS)


_SHOWN = (
    *("READ", "DELIVERED", "SENT", "QUEUED", "UNDELIVERED", "CANCELLED", "REJECTED", "UNKNOWN"),
    *("SENDING", "READY", "INVALID", "DUPLICATE", "OPTED_OUT", "ALREADY_SENT"),
)


def _sum(counts: Mapping[str, int], statuses: Iterable[str]) -> int:
    return sum(counts.get(status, 0) for status in statuses)


def _by_the_simulator(words: str) -> str:
    named = words.replace("8x8", "the simulator")
    return named[:1].upper() + named[1:]
