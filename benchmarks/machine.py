"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
import sysconfig
from contextlib import suppress
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    *("bulksender", "msgspec", "jinja2", "phonenumbers", "requests", "SQLAlchemy", "isal"),
    *("pandas", "openpyxl"),
)


def facts(folder: Path) -> dict[str, str]:
    """Name → value: the day, the machine, and the versions of what is measured.

    The disk is the one of `folder`: it makes a difference what has to reach it.
    """
    memory = _first(r"^MemTotal: +(\d+) kB", "/proc/meminfo") or "0"
    found = {
        "date": date.today().isoformat(),
        "CPU": _first(r"^model name\s*: (.+)", "/proc/cpuinfo") or platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{int(memory) / (1 << 20):.1f} GiB",
        "disk": _disk(folder),
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version() + _builder(),
        "SQLite": sqlite3.sqlite_version,
    }
    if commit := _commit():
        found["commit"] = commit
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _builder() -> str:
    """Who built the interpreter, where that is known: one without optimisations is far slower."""
    return " of Debian" if "deb_system" in sysconfig.get_scheme_names() else ""


def _disk(folder: Path) -> str:
    """The kind of file system that a folder is on."""
    mounts = [line.split(" ") for line in Path("/proc/mounts").read_text().splitlines()]
    above = {str(place) for place in (folder.resolve(), *folder.resolve().parents)}
    return max((mount for mount in mounts if mount[1] in above), key=lambda m: len(m[1]))[2]


def _commit() -> str:
    """The commit that is measured, with `-dirty` where files differ from it; "" if unknown."""
    told = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev"]
    with suppress(OSError):
        return subprocess.run(told, capture_output=True, text=True, check=False).stdout.strip()
    return ""


def _first(pattern: str, file: str) -> str:
    """What the pattern's group finds in a file; nothing where there is no such file or line."""
    with suppress(OSError):
        found = re.search(pattern, Path(file).read_text(), re.MULTILINE)
        return found[1] if found else ""
    return ""
