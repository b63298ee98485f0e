"""Who must not be texted, whatever the text: sent before, or does not want to be."""

from __future__ import annotations

from collections.abc import Sequence

from bulksender.ledger import Ledger, Suppressed, runs_of_period, suppressed_among
from bulksender.loader import Chunk
from bulksender.model import ACCEPTED, Previous, Recipient, Recipients, RejectedRow, RowStatus
from bulksender.settings import Job

_UNSETTLED = frozenset({RowStatus.UNKNOWN, RowStatus.SENDING})
_SENT = (ACCEPTED - {RowStatus.CANCELLED}) | {RowStatus.ALREADY_SENT}


class Screen:
    """Takes rows out of chunks by what earlier runs have written beside them, and by opt-outs.

    What a rehearsal against the simulator has written says nothing to a run that reaches people,
    and what another period's run has written says nothing to a campaign.
    """

    def __init__(self, job: Job, history: Ledger | None):
        self._job = job
        self._history = history
        self._rehearsals = (
            history.pretended() if history is not None and not job.pretended else frozenset()
        )
        self._of_period: frozenset[str] | None = None
        if job.campaign is not None:
            found = runs_of_period(history, job.campaign, job.period) if history else frozenset()
            self._of_period = found

    def __call__(self, chunk: Chunk) -> tuple[Sequence[Recipient], list[RejectedRow]]:
        """The recipients that may be texted, and all other rows with the reason."""
        refused = [self._sent_before(row) or row for row in chunk.refused]
        columns = Recipients.of(chunk.recipients)
        listed = self._suppressed(columns.destinations)
        if columns.all_new and not listed:
            return columns, refused
        recipients = []
        for row in columns:
            if row.previous is None and not row.opted_out and row.destination not in listed:
                recipients.append(row)
                continue
            out = self._sent_before(row) or _opted_out(row, listed.get(row.destination))
            if out is not None:
                refused.append(out)
                continue
            recipients.append(row)
        return recipients, refused

    def _suppressed(self, numbers: Sequence[str]) -> dict[str, Suppressed]:
        return {} if self._history is None else suppressed_among(self._history, numbers)

    def _previous(self, row: Recipient | RejectedRow) -> Previous | None:
        previous = row.previous
        return None if previous is None or previous.run in self._rehearsals else previous

    def _sent_before(self, row: Recipient | RejectedRow) -> RejectedRow | None:
        """A row that comes in with an earlier result and must not go out again.

        A row that 8x8 refused was not sent, umid or not. One whose outcome is not known may have
        been, and stays what it is.
        """
        previous = self._previous(row)
        if self._job.again or previous is None:
            return None
        if previous.status == RowStatus.OPTED_OUT and previous.run:
            said = "opted out in an earlier run; empty its status cell to take it in again"
            return RejectedRow(row.row, RowStatus.OPTED_OUT, said, row.destination, previous)
        if self._of_period is not None and previous.run not in self._of_period:
            return None
        number = previous.destination if previous.umid else ""
        number = f"+{number.lstrip('+')}" if number else row.destination
        run = f" in run {previous.run}" if previous.run else ""
        if previous.status in _UNSETTLED:
            said = f"may have been sent{run}: settle that run first"
            return RejectedRow(row.row, RowStatus.UNKNOWN, said, number, previous)
        if previous.status == RowStatus.REJECTED:
            return None
        if previous.umid or previous.status in _SENT:
            elsewhere = row.destination and number != row.destination
            said = f"sent before{run}" + (", to another number" if elsewhere else "")
            return RejectedRow(row.row, RowStatus.ALREADY_SENT, said, number, previous)
        return None


def _opted_out(row: Recipient, listed: Suppressed | None) -> RejectedRow | None:
    if not row.opted_out and listed is None:
        return None
    said = listed.why if listed else "the row's own opt-out column says so"
    return RejectedRow(row.row, RowStatus.OPTED_OUT, said, row.destination, row.previous)
