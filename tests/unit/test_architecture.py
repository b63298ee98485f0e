"""Imports run one way, heavy packages stay in their stage, and no module grows without end.

`cli` → `campaign` → stages → `ledger` → the base. Every import is read, those inside functions
and under TYPE_CHECKING included: what only a type checker sees is an arrow all the same.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "bulksender"
MOST_LINES = 400

STAGES = frozenset(
    {
        *("fetcher", "loader", "renderer", "timetable", "chunker", "sender", "reporter"),
        *("notifier", "scheduling"),
    }
)
BASE = frozenset(
    {
        *("model", "errors", "settings", "source", "headers", "ooxml", "notices", "tables"),
        *("timing", "beside", "zipping", "stopping", "garbage", "eventlog", "metrics"),
        *("rules", "campaignfile", "periods", "regions", "prices"),
    }
)
SHEETS = frozenset({"tables", "reporter"})
AFTERWARDS = frozenset(
    {
        *("settling", "retrying", "forgetting", "suppressing", "cancelling", "pricing"),
        *("guarding", "periodic", "runpage", "delivering"),
    }
)
BELOW_STAGES = BASE | {"ledger"}
BELOW_CAMPAIGN = STAGES | BELOW_STAGES

# Part of the package → the parts that it may import. The package itself ("") offers names only.
ALLOWED: dict[str, AbstractSet[str]] = {
    "": {"campaign"} | AFTERWARDS | BELOW_CAMPAIGN,
    "__main__": {"cli"},
    "cli": {"campaign", "reading", "simulator"} | AFTERWARDS | BELOW_CAMPAIGN,
    "campaign": BELOW_CAMPAIGN | {"reading", "screening", "delivering"},
    "reading": {"loader", "renderer"} | BASE,  # neither the ledger nor the network
    "screening": {"loader"} | BELOW_STAGES,  # it looks at what the loader brings
    "settling": {"sender"} | BELOW_STAGES,
    "retrying": {"campaign", "delivering", "reading", "screening"} | BELOW_CAMPAIGN,
    "forgetting": {"sender"} | BELOW_STAGES,
    "suppressing": {"loader"} | BELOW_STAGES,
    "cancelling": {"sender"} | BELOW_STAGES,
    "pricing": {"sender"} | BELOW_STAGES,
    "guarding": BELOW_STAGES,
    "periodic": {"fetcher"} | BELOW_STAGES,
    "delivering": {"timetable"} | BELOW_STAGES,
    "runpage": {"delivering", "pricing", "reporter"} | BELOW_STAGES,
    **dict.fromkeys(STAGES, BELOW_STAGES),
    "ledger": BASE,
    **dict.fromkeys(BASE, BASE),
    "simulator": set(),
}

# Package → the parts that may import it.
KEPT_IN: dict[str, AbstractSet[str]] = {
    **dict.fromkeys(("pandas", "pyarrow"), SHEETS),
    "openpyxl": SHEETS | {"suppressing"},  # which exports its list
    "xlrd": {"tables"},
    "olefile": {"tables"},
    "isal": {"zipping"},
    "requests": {"sender", "fetcher", "simulator"},  # the simulator brings delivery receipts
    "urllib3": {"sender"},
    "tenacity": {"sender", "fetcher"},
    "sqlalchemy": {"ledger", "fetcher"},  # an export may be a query
    "fsspec": {"fetcher"},
    "paramiko": {"fetcher"},
    "holidays": {"timetable"},
    "apprise": {"notifier"},
    "apscheduler": {"scheduling"},
    "sqlite3": {"ledger"},
}


def part_of(module: str) -> str:
    """The part of the package that a module's dotted name (without the package's) belongs to."""
    return module.partition(".")[0]


def imported(tree: ast.AST, here: list[str], modules: set[str]) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything that a module imports; `here` is its package's path."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for name in node.names:
                full = f"{base}.{name.name}"
                yield node.lineno, full if full in modules else base
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in ("import_module", "__import__"):
                yield node.lineno, str(node.args[0].value)


def violations(package: Path) -> list[str]:
    """What the rules above forbid in a package's tree, in words with file and line."""
    root = package.name
    files = {file: file.relative_to(package.parent).with_suffix("").parts
             for file in sorted(package.rglob("*.py"))}  # fmt: skip
    modules = {".".join(part for part in parts if part != "__init__") for parts in files.values()}
    found = []
    for file, parts in files.items():
        text = file.read_text("utf-8")
        where = file.relative_to(package.parent).as_posix()
        if (lines := text.count("\n")) > MOST_LINES:
            found.append(f"{where}: {lines} lines, more than {MOST_LINES}")
        own = "" if parts[1] == "__init__" else parts[1]
        if own not in ALLOWED:
            found.append(f"{where}: {own} has no place in the layers")
            continue
        for line, name in imported(ast.parse(text), list(parts[:-1]), modules):
            top, _, inside = name.partition(".")
            if top == root:
                if part_of(inside) != own and part_of(inside) not in ALLOWED[own]:
                    found.append(f"{where}:{line}: {own or root} must not import {name}")
            elif own not in KEPT_IN.get(top, {own}):
                found.append(f"{where}:{line}: {own or root} must not import {top}")
    return found


def test_imports_run_one_way_and_modules_stay_small() -> None:
    assert violations(PACKAGE) == []


def test_a_sheet_is_read_before_the_ledger_and_the_network_are_imported() -> None:
    told = "import sys, bulksender.reading; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    there = set(ended.stdout.split())
    assert "bulksender.reading" in there
    assert not there & {"bulksender.ledger", "sqlalchemy", "sqlite3", "requests", "urllib3"}


def test_every_part_of_the_package_has_a_place() -> None:
    parts = {file.stem for file in PACKAGE.glob("*.py")} - {"__init__"}
    parts |= {file.parent.name for file in PACKAGE.glob("*/__init__.py")}
    assert parts <= ALLOWED.keys()
    assert parts >= STAGES | BASE | AFTERWARDS | {"cli", "campaign", "ledger", "simulator"}


# The checker itself, on trees that are wrong in one place

BAD = {
    "stage imports stage": ("loader/__init__.py", "from bulksender.renderer import Renderer"),
    "stage imports a module of a stage": ("sender/wire.py", "import bulksender.reporter.values"),
    "stage named from the package": ("loader/csv.py", "from bulksender import chunker"),
    "relative": ("sender/client.py", "from ..loader import csv"),
    "relative to the package": ("sender/client.py", "from .. import campaign"),
    "inside a function": ("ledger/run.py", "def f():\n    from bulksender.sender import Sender"),
    "for a type checker": (
        "model.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import bulksender.ledger",
    ),
    "by its name": ("settings.py", "import importlib\nimportlib.import_module('bulksender.cli')"),
    "campaign imports cli": ("campaign.py", "from bulksender.cli import app"),
    "campaign imports simulator": ("campaign.py", "from bulksender.simulator import Simulator"),
    "sender imports simulator": ("sender/client.py", "import bulksender.simulator"),
    "simulator imports model": ("simulator/app.py", "from bulksender.model import Message"),
    "the package's own names": ("chunker.py", "from bulksender import Job"),
    "a module without a place": ("helpers.py", "import re"),
    "pandas": ("renderer/template.py", "import pandas as pd"),
    "openpyxl": ("cli/app.py", "from openpyxl.utils import cell"),
    "xlrd": ("source.py", "import xlrd"),
    "requests": ("cli/app.py", "def f():\n    import requests"),
    "requests in ledger": ("ledger/run.py", "from requests.auth import AuthBase"),
    "tenacity": ("simulator/app.py", "import tenacity"),
    "sqlalchemy": ("reporter/summary.py", "from sqlalchemy import select"),
    "sqlite3": ("cli/app.py", "import sqlite3"),
    "too long": ("model.py", "x = 1\n" * (MOST_LINES + 1)),
}
GOOD = {
    "__init__.py": "from bulksender.campaign import plan",
    "__main__.py": "from bulksender.cli import main",
    "campaign.py": "from bulksender import chunker, loader\nfrom bulksender.ledger import Run",
    "chunker.py": "from bulksender.model import Batch",
    "cli/__init__.py": "from bulksender import campaign\nimport bulksender.simulator",
    "cli/app.py": "from . import main\nfrom bulksender.settings import Job",
    "ledger/__init__.py": "from .run import Run",
    "ledger/run.py": "import sqlite3, sqlalchemy.exc\nfrom ..model import Batch",
    "loader/__init__.py": "from bulksender.tables import csv, xls",
    "tables/parquet.py": "import pandas",
    "loader/csv.py": "import csv",
    "model.py": "x = 1\n" * MOST_LINES,
    "sender/client.py": "import requests, tenacity\nfrom bulksender.ledger import Attempt",
    "simulator/app.py": "import requests\nfrom bulksender.simulator import wire",
}


def grown(folder: Path, tree: dict[str, str]) -> Path:
    package = folder / "bulksender"
    for name, text in tree.items():
        file = package / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return package


def test_a_tree_that_keeps_the_rules_passes(tmp_path: Path) -> None:
    assert violations(grown(tmp_path, GOOD)) == []


@pytest.mark.parametrize("how", BAD)
def test_a_tree_that_breaks_one_rule_is_found_out(tmp_path: Path, how: str) -> None:
    name, text = BAD[how]
    found = violations(grown(tmp_path, GOOD | {name: text}))
    assert len(found) == 1, found
    assert found[0].startswith(f"bulksender/{name}")
