"""Campaigns for the tests of what schedules them, and commands that stand in for the system's."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

from bulksender.rules import PeriodKind, Timing
from bulksender.scheduling import Scheduled

ODD = """it's 100% "odd" & $HOME;é"""


def timing(
    period: PeriodKind, zone: str, at: str = "09:00", day: int = 1, weekday: int = 0
) -> Timing:
    once = date(2027, 3, 28) if period == "once" else None
    return Timing(
        period=period,
        timezone=zone,
        time=time.fromisoformat(at),
        day=day,
        weekday=weekday,
        date=once,
    )


def scheduled(
    timing: Timing, folder: Path = Path("/srv/sms"), name: str = "news", ledger: str | None = None
) -> Scheduled:
    file = folder / "campaigns" / f"{name}.toml"
    return Scheduled(name=name, file=file, folder=folder, timing=timing, ledger=ledger)


def stub(folder: Path, name: str, script: str) -> Path:
    """An executable sh script."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    file.chmod(0o755)
    return file
