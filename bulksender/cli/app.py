"""The command line, whole: importing a module of commands adds its commands, in this order."""

from __future__ import annotations

from bulksender.cli import commands, going_on, history, monthly, schedules, suppression
from bulksender.cli.base import app

__all__ = ["app", "commands", "going_on", "history", "monthly", "schedules", "suppression"]
