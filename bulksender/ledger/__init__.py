"""What was promised, and what happened: the only thing between plan, send and report."""

from bulksender.ledger.records import Attempt, Group, Result, RunState
from bulksender.ledger.run import Run
from bulksender.ledger.store import RESUMABLE, Ledger, ledger_path

__all__ = ["RESUMABLE", "Attempt", "Group", "Ledger", "Result", "Run", "RunState", "ledger_path"]
