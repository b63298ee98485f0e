"""A folder with samples and a shell in it: runs the real command as people do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must be one JSON object and nothing else."""
        assert self.out.count("\n") == 1, self.out
        found: dict[str, Any] = json.loads(self.out)
        return found


class Shell:
    """Runs commands in `folder`, with a ledger, a home and settings of their own."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        self.environ = {
            **kept,
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder / "home"),
            "BULKSENDER_LEDGER": str(folder / "ledger.db"),
            "PYTHONWARNINGS": "error",
            "COLUMNS": "120",
            **environ,
        }
        for sample in ("samples/contacts.csv", "samples/shop.xlsx"):
            shutil.copy(ROOT / sample, folder)
        shutil.copytree(ROOT / "templates", folder / "templates")

    def run(self, *arguments: str, stdin: str = "", **environ: str) -> Ended:
        """`bulksender ARGUMENTS…`."""
        return self._ended([sys.executable, "-m", "bulksender", *arguments], stdin, environ)

    def bash(self, script: str, **environ: str) -> Ended:
        """A script, as somebody would type it."""
        return self._ended(["bash", "-euo", "pipefail", "-c", script], "", environ)

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """`bulksender ARGUMENTS…`, still running."""
        return subprocess.Popen(
            [sys.executable, "-m", "bulksender", *arguments],
            cwd=self.folder,
            env=self.environ | environ,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def write(self, name: str, text: str) -> Path:
        """A file in the folder."""
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def _ended(self, command: list[str], stdin: str, environ: dict[str, str]) -> Ended:
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ | environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)
