from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bulksender.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger whose clock stands still."""
    folder = tmp_path / "ledger"
    with Ledger(
        folder / "ledger.db", clock=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    ) as it:
        yield it


@pytest.fixture
def convert(tmp_path: Path) -> Callable[[Path, str], Path]:
    """Have LibreOffice save a file as another kind; the new file is in a folder of its own."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice (soffice) is not on this machine")

    def convert_one(path: Path, kind: str) -> Path:
        folder = tmp_path / "converted"
        subprocess.run(
            [
                *(program, f"-env:UserInstallation={(tmp_path / 'office').as_uri()}"),
                *("--headless", "--convert-to", kind, "--outdir", str(folder), str(path)),
            ],
            check=True,
            capture_output=True,
            timeout=180,
        )
        made = folder / f"{path.stem}.{kind.partition(':')[0]}"
        assert made.exists()
        return made

    return convert_one
