"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
from contextlib import suppress
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    *("bulksender", "msgspec", "jinja2", "phonenumbers", "requests", "SQLAlchemy", "isal"),
    *("pandas", "openpyxl"),
)


def facts() -> dict[str, str]:
    """Name → value: the day, the machine, and the versions of what is measured."""
    memory = _first(r"^MemTotal: +(\d+) kB", "/proc/meminfo") or "0"
    found = {
        "date": date.today().isoformat(),
        "CPU": _first(r"^model name\s*: (.+)", "/proc/cpuinfo") or platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{int(memory) / (1 << 20):.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
    }
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _first(pattern: str, file: str) -> str:
    """What the pattern's group finds in a file; nothing where there is no such file or line."""
    with suppress(OSError):
        found = re.search(pattern, Path(file).read_text(), re.MULTILINE)
        return found[1] if found else ""
    return ""
