"""What ends a run, and the exit code each ending has.

Rows that cannot be sent are values (`model.RejectedRow`), never exceptions: an exception here means
that the run cannot go on. Every message says what, where (file, sheet, row, column) and what to
do next; none holds a phone number, a text or a key.

    BulksenderError
    ├── Refused                 before anything was sent                          exit 3
    │   ├── SheetError          the spreadsheet cannot be used
    │   ├── TemplateError       the text cannot be used
    │   ├── SettingsError       an option, an environment variable or a settings file
    │   ├── LedgerError         the ledger cannot be opened, read or written
    │   ├── NoConsent           nobody said yes
    │   ├── GuardrailTripped    (guarding) a campaign's own rules refuse the run
    │   ├── DoesNotFit          (timetable) window and pace leave no room within 7 days
    │   ├── Missed              (periodic) it was due longer ago than its grace
    │   └── WaitsForApproval    the plan is kept until somebody approves it
    ├── Stopped                 sending stopped early; `resume` goes on            exit 6
    │   └── ReportError         everything is in the ledger, the sheet could not be written
    ├── LogUnavailable          8x8's log could not be read; nothing was settled   exit 5
    ├── RunBusy                 another process works on this run                  exit 7
    └── AlreadySent             a plan with the same content was sent before       exit 8
        ├── PeriodDone          (periodic) the campaign has run for the period
        └── NotDue              (periodic) a timer asks, and there is nothing to do
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum


class ExitCode(IntEnum):
    """What the command tells the shell; the same for every command."""

    DONE = 0
    BUG = 1
    USAGE = 2
    REFUSED = 3
    REJECTED = 4
    UNKNOWN = 5
    STOPPED = 6
    BUSY = 7
    ALREADY_SENT = 8


class BulksenderError(Exception):
    """The base of all errors that end a run. `str()` of one is fit for the sheet's owner."""

    exit_code = ExitCode.REFUSED


class Refused(BulksenderError):
    """Refused before sending: nothing has left this machine."""


class SheetError(Refused):
    """The spreadsheet cannot be used as it is; names the file and, where known, the place."""


class TemplateError(Refused):
    """The template cannot be used as it is, or not with this sheet's columns."""


class SettingsError(Refused):
    """An option, an environment variable or a settings file says what cannot be done."""


class LedgerError(Refused):
    """The ledger cannot be opened, read or written."""


class NoConsent(Refused):
    """Nobody said yes to sending."""


class WaitsForApproval(Refused):
    """The plan is kept as it is, until somebody approves it."""


class Stopped(BulksenderError):
    """Sending stopped early. Nothing is lost: the ledger knows each row's state."""

    exit_code = ExitCode.STOPPED


class ReportError(Stopped):
    """The result sheet could not be written; the ledger holds everything it would have said."""


class LogUnavailable(BulksenderError):
    """8x8's log could not be read to its end, so what is UNKNOWN stays so; nothing was changed."""

    exit_code = ExitCode.UNKNOWN


class RunBusy(BulksenderError):
    """Another living process owns this run."""

    exit_code = ExitCode.BUSY


class AlreadySent(BulksenderError):
    """A plan with the same content was already sent; nothing was done."""

    exit_code = ExitCode.ALREADY_SENT


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """`' Did you mean "Mobile"?'` for the known name nearest to `wrong`, or an empty string."""
    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(wrong.lower(), by_lower, n=1, cutoff=0.6)
    return f' Did you mean "{by_lower[near[0]]}"?' if near else ""


def listed(texts: Iterable[str]) -> str:
    """Names for an error message, in quotes, at most twenty."""
    names = [f'"{text}"' for text in texts if text]
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(names[:20]) + more if names else "(none)"
