"""Faults: what can go wrong with a batch POST, and when it does."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

FOR_EVER: Final = -1
"""The ``times`` of a fault that never stops."""


class FaultKind(StrEnum):
    """What goes wrong. Up to CLOSE_BEFORE nothing is accepted; from CLOSE_AFTER on, all is."""

    TOO_MANY = "too-many"
    """429, with ``Retry-After`` when the fault has one."""
    INTERNAL = "internal"
    """500, code 2000."""
    UNAVAILABLE = "unavailable"
    """503 with an empty body, as a load balancer answers; ``Retry-After`` as for TOO_MANY."""
    BAD_GATEWAY = "bad-gateway"
    """502 with an HTML body."""
    UNAUTHORIZED = "unauthorized"
    """401, code 1200."""
    FORBIDDEN = "forbidden"
    """403, code 1201."""
    BAD_REQUEST = "bad-request"
    """400, code 1000."""
    NOT_FOUND = "not-found"
    """404, code 1300."""
    GONE = "gone"
    """410, code 2002: this version of the API is no more."""
    UNPROCESSABLE = "unprocessable"
    """422, code 1000."""
    TLS = "tls"
    """426, code 1014, with an ``Upgrade`` header."""
    REDIRECT = "redirect"
    """307 to another path of this server, which counts who follows."""
    CLOSE_BEFORE = "close-before"
    """The connection is dropped; nothing was accepted."""
    CLOSE_AFTER = "close-after"
    """The connection is dropped without an answer."""
    INTERNAL_AFTER = "internal-after"
    """500, code 2000."""
    SLOW = "slow"
    """A right answer, after the fault's ``seconds``."""
    TRUNCATED = "truncated"
    """Half of the body that ``Content-Length`` announced, then the connection is dropped."""
    GARBAGE = "garbage"
    """200, and a body that is not JSON."""
    MISSING = "missing"
    """Every third message is left out of the answer's ``messages``; the counts are full."""
    SHUFFLED = "shuffled"
    """``messages`` in another order, every second destination without its ``+``."""
    COUNTS_ONLY = "counts-only"
    """``messages`` is null, although they were asked for."""
    WRONG_SHAPE = "wrong-shape"
    """200, and JSON of another shape than the answer's."""
    PARTLY = "partly"
    """Every second message is REJECTED with "Internal server error"; the others are accepted."""


class ExportFaultKind(StrEnum):
    """What goes wrong with a log export; a fault's ``post`` counts the jobs that were started."""

    UNAVAILABLE = "export-unavailable"
    """503 instead of a job."""
    FAILED = "export-failed"
    """The job ends as ``failed``."""
    ERROR = "export-error"
    """The job ends as ``error``."""
    CANCELLED = "export-cancelled"
    """The job ends as ``cancelled``."""
    EMPTY = "export-empty"
    """The job ends as ``empty``, whatever there is."""
    STUCK = "export-stuck"
    """The job stays ``running``."""
    GAPS = "export-gaps"
    """Every third message is left out."""
    EXPIRED = "export-expired"
    """The link has expired before anybody can use it."""
    ELSEWHERE = "export-elsewhere"
    """The link leads to another host."""
    REDIRECT = "export-redirect"
    """The link is on this host and redirects to another."""
    MOVED = "export-moved"
    """The link redirects to another path of this host, where the file is."""
    TRUNCATED = "export-truncated"
    """Half of the file, then the connection is dropped."""
    GARBAGE = "export-garbage"
    """The file is no CSV."""


_TEXT_FORM = re.compile(
    r"(?P<kind>[a-z-]+?)(?:@(?P<post>\d+))?(?:x(?P<times>-?\d+))?(?::(?P<options>.*))?"
)


class Fault(msgspec.Struct, frozen=True):
    """One fault to come.

    Attributes:
        kind: what goes wrong.
        post: the number of the first batch POST (or export job) it hits, counting all that
            arrive, from 1; None: the next one.
        times: how many POSTs in a row it hits; -1: for ever.
        retry_after: seconds for the ``Retry-After`` header; None: no such header.
        seconds: how long a SLOW answer takes.

    Raises:
        ValueError: a number is out of its range.
    """

    kind: FaultKind | ExportFaultKind
    post: int | None = None
    times: int = 1
    retry_after: float | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Refuse numbers that could never mean anything."""
        if self.post is not None and self.post < 1:
            raise ValueError("a fault's post is counted from 1")
        if self.times < 1 and self.times != FOR_EVER:
            raise ValueError("a fault's times is 1 or more, or -1 for ever")
        for seconds in (self.seconds, self.retry_after):
            if seconds is not None and not 0 <= seconds < math.inf:
                raise ValueError("a fault's seconds and retry_after are 0 or more, and finite")

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Return the fault that a command line names.

        The form is ``KIND[@POST][xTIMES][:OPTION=NUMBER[,OPTION=NUMBER]]`` with the options
        ``retry_after`` and ``seconds``: ``close-after@3``, ``internal@1x3``,
        ``too-many@2:retry_after=1``.

        Raises:
            ValueError: the text has another form; the message names what would do.
        """
        match = _TEXT_FORM.fullmatch(text.strip().lower())
        kinds = {kind.value: kind for kind in (*FaultKind, *ExportFaultKind)}
        if match is None or match["kind"] not in kinds:
            known = ", ".join(kinds)
            raise ValueError(
                f"unknown fault {text!r}: write KIND[@POST][xTIMES][:OPTION=NUMBER], "
                f"where KIND is one of {known}"
            )
        return cls(
            kinds[match["kind"]],
            post=int(match["post"]) if match["post"] else None,
            times=int(match["times"]) if match["times"] else 1,
            **_parse_options(match["options"]),
        )


def _parse_options(text: str | None) -> dict[str, float]:
    options: dict[str, float] = {}
    for option in (text or "").split(",") if text is not None else ():
        name, _, value = option.strip().partition("=")
        if name not in ("retry_after", "seconds"):
            raise ValueError(f"unknown fault option {name!r}: use retry_after=N or seconds=N")
        try:
            options[name] = float(value)
        except ValueError:
            raise ValueError(f"the fault option {name} needs a number, not {value!r}") from None
    return options


class FaultPlan:
    """The faults still to come, in the order they were given. Thread-safe."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = list(faults)

    def add(self, fault: Fault) -> None:
        """Add a fault after those that are already planned."""
        with self._lock:
            self._faults.append(fault)

    def take(self, number: int) -> Fault | None:
        """Return the fault that hits batch POST ``number``, and use it up by one.

        The first that was planned wins; the others keep their count.
        """
        return self._take(number, FaultKind)

    def take_export(self, number: int) -> Fault | None:
        """Return the fault that hits export job ``number``, and use it up by one."""
        return self._take(number, ExportFaultKind)

    def _take(self, number: int, kinds: type[FaultKind] | type[ExportFaultKind]) -> Fault | None:
        with self._lock:
            for index, fault in enumerate(self._faults):
                if not isinstance(fault.kind, kinds):
                    continue
                if fault.post is None:
                    self._use_up(index, fault)
                    return fault
                reach = number - fault.post
                if reach >= 0 and (fault.times == FOR_EVER or reach < fault.times):
                    return fault
            return None

    def _use_up(self, index: int, fault: Fault) -> None:
        if fault.times == 1:
            del self._faults[index]
        elif fault.times != FOR_EVER:
            self._faults[index] = msgspec.structs.replace(fault, times=fault.times - 1)
