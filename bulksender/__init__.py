"""bulksender: one SMS to each row of a spreadsheet, through 8x8's batch API."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bulksender.campaign import plan, report, send
    from bulksender.errors import BulksenderError
    from bulksender.ledger import Ledger, Run
    from bulksender.reporter import Summary
    from bulksender.retrying import retry
    from bulksender.sender import Sender
    from bulksender.settings import Account, Job, SheetOptions
    from bulksender.settling import reconcile

__all__ = [
    "Account",
    "BulksenderError",
    "Job",
    "Ledger",
    "Run",
    "Sender",
    "SheetOptions",
    "Summary",
    "plan",
    "reconcile",
    "report",
    "retry",
    "send",
]

_HOMES = {
    "Account": "settings",
    "BulksenderError": "errors",
    "Job": "settings",
    "Ledger": "ledger",
    "Run": "ledger",
    "Sender": "sender",
    "SheetOptions": "settings",
    "Summary": "reporter",
    "plan": "campaign",
    "reconcile": "settling",
    "report": "campaign",
    "retry": "retrying",
    "send": "campaign",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `bulksender --help` stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
