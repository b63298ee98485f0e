"""What was promised, and what happened: the only thing between plan, send and report."""

from bulksender.ledger.history import (
    ForgottenRows,
    PurgedRuns,
    Sent,
    copies,
    forget,
    purge_runs,
    runs,
    sent_to,
)
from bulksender.ledger.records import (
    Attempt,
    BatchLine,
    BatchState,
    Group,
    Inquiry,
    LogEntry,
    Result,
    RunLine,
    RunState,
    iso,
)
from bulksender.ledger.run import Run
from bulksender.ledger.settling import (
    MARGIN,
    Settling,
    Unsettled,
    newest_unsettled,
    unsettled,
)
from bulksender.ledger.store import RESUMABLE, Ledger, ledger_path

__all__ = [
    "MARGIN",
    "RESUMABLE",
    "Attempt",
    "BatchLine",
    "BatchState",
    "ForgottenRows",
    "Group",
    "Inquiry",
    "Ledger",
    "LogEntry",
    "PurgedRuns",
    "Result",
    "Run",
    "RunLine",
    "RunState",
    "Sent",
    "Settling",
    "Unsettled",
    "copies",
    "forget",
    "iso",
    "ledger_path",
    "newest_unsettled",
    "purge_runs",
    "runs",
    "sent_to",
    "unsettled",
]
