"""What a result sheet says in its columns, the same for every kind of sheet."""

from __future__ import annotations

from bulksender.ledger import Result
from bulksender.model import ACCEPTED, RowStatus
from bulksender.source import RESULT_COLUMNS

Values = tuple[str | int | None, ...]
"""One value for each of RESULT_COLUMNS, and perhaps the variant: "" is a blank cell, None leaves
what is there."""

UMID, DESTINATION = RESULT_COLUMNS.index("umid"), RESULT_COLUMNS.index("destination")
"""The values that each row has for itself."""

_PLANNED = ACCEPTED | {RowStatus.READY, RowStatus.SENDING, RowStatus.REJECTED, RowStatus.UNKNOWN}
_POSTED = _PLANNED - {RowStatus.READY}


def values_of(result: Result, kept: bool, beside: bool = True, varied: bool = False) -> Values:
    """A row's values in the order of RESULT_COLUMNS; of a plan that is not `kept`, without a run.

    Where the run is `varied`, the row's variant stands behind them.

    A row that was sent by an earlier run keeps what that run wrote; only its status is new. A row
    whose outcome in an earlier run is not known keeps everything. Where the sheet itself is not
    there (`beside` is False), there is nothing to keep.
    """
    came_unknown = result.status is RowStatus.UNKNOWN and not result.encoding
    if beside and came_unknown:
        return (None,) * (len(RESULT_COLUMNS) + varied)
    if beside and result.status is RowStatus.ALREADY_SENT:
        new = {"status": result.status.value, "status_detail": result.detail}
        if result.umid:  # another run's, where that has settled the row
            new["umid"] = result.umid
        return (*(new.get(name) for name in RESULT_COLUMNS), *(None,) * varied)
    planned, posted = result.status in _PLANNED, result.status in _POSTED
    return (
        result.umid,
        result.status.value,
        result.detail,
        result.destination,
        result.parts if planned else "",
        result.encoding if planned else "",
        result.batch_id if posted else "",
        result.sent_at if posted else "",
        result.run if kept else "",
        *((result.variant if planned else "",) * varied),
    )
