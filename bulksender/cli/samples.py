"""The sample campaign that `bulksender demo` runs: where it lies, and a copy to work on."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from bulksender.errors import SettingsError
from bulksender.settings import Job, SheetOptions

_ROOT = Path(__file__).parents[2]  # a checkout
_INSTALLED = Path(sys.prefix, "share", "bulksender")  # where a wheel puts them


def unpack(folder: Path) -> Job:
    """Copy the sample sheet and template into `folder`; returns the job that sends them."""
    root = _ROOT if (_ROOT / "samples" / "shop.xlsx").is_file() else _INSTALLED
    try:
        folder.mkdir(exist_ok=True)
        for name in ("samples/shop.xlsx", "templates/payment-reminder.txt"):
            shutil.copyfile(root / name, folder / Path(name).name)
    except OSError as error:
        raise SettingsError(
            f"The demonstration cannot be unpacked into {folder}: {error}"
        ) from error
    return Job(
        sheet=SheetOptions(path=str(folder / "shop.xlsx"), country="SG"),
        template=(folder / "payment-reminder.txt").read_text("utf-8"),
        source="LotusHome",
        simulate=True,
        batch_size=10,
        again=True,
        folder=str(Path.cwd()),
    )
