"""How a campaign's timer comes to the systemd of its user, and how it goes.

The files are written and linked here, as `systemctl enable` would do it, so that the timer holds
from the next login on even where no systemd can be reached now (a server's `su`, a container).
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from bulksender.errors import SettingsError
from bulksender.scheduling import Scheduled
from bulksender.scheduling.units import service_text, timer_text, unit

PATIENCE = 60.0
"""Seconds after which `systemctl` is not waited for any longer."""


def install(
    scheduled: Scheduled, program: Sequence[str] | None = None, now: datetime | None = None
) -> list[str]:
    """Write, enable and start a campaign's timer; returns lines for people.

    What was there before is replaced. Enabled is the timer in any case, by the link that
    `systemctl enable` would make; where the user's systemd cannot be reached, the lines say what
    to type. Raises SettingsError where it cannot be written.
    """
    name = unit(scheduled.name)
    service, timer = service_text(scheduled, program), timer_text(scheduled, now)
    files = [units_folder() / f"{name}.service", units_folder() / f"{name}.timer"]
    try:
        _link(name).parent.mkdir(parents=True, exist_ok=True)
        for file, text in zip(files, (service, timer), strict=True):
            with _replacing(file) as new:
                _write(new, text)
        with _replacing(_link(name)) as new:
            new.symlink_to(files[1])
    except OSError as error:
        raise SettingsError(
            f"The timer cannot be written to {units_folder()}: {error.strerror}."
        ) from error
    return [f"Written: {files[1]}", f"Written: {files[0]}", *_begun(name)]


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A path to make something at, which then takes the place of `path` at once."""
    with tempfile.TemporaryDirectory(prefix=".bulksender-", dir=path.parent) as beside:
        new = Path(beside, path.name)
        yield new
        new.replace(path)


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _begun(name: str) -> list[str]:
    """Start the timer; what came of it, for people."""
    begin = (("daemon-reload",), ("restart", f"{name}.timer"))
    why = _systemctl(*begin)
    if why is None:
        said = [f"The timer runs: systemctl --user list-timers {shlex.quote(f'{name}.timer')}"]
    else:
        typed = " && ".join(shlex.join(["systemctl", "--user", *words]) for words in begin)
        said = [
            f"The timer does not run yet: {why}",
            "It is set to start with your next login, where systemd serves its users; to start it "
            f"now: {typed}",
        ]
    return [
        *said,
        "It stops when you log out, unless this was typed once: loginctl enable-linger",
    ]


def remove(name: str) -> list[str]:
    """Stop, disable and delete a campaign's timer; returns lines for people.

    A run that it has started goes on. Raises SettingsError where there is no timer, or it cannot
    be deleted.
    """
    units = unit(name)
    files = [units_folder() / f"{units}.timer", units_folder() / f"{units}.service"]
    there = [file for file in (_link(units), *files) if os.path.lexists(file)]
    if not there:
        raise SettingsError(
            f'There is no timer of the campaign "{name}" in {units_folder()}: nothing was removed.'
        )
    why = _systemctl(("stop", f"{units}.timer"))
    try:
        for file in there:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The timer cannot be removed from {units_folder()}: {error.strerror}."
        ) from error
    said = [f"Removed: {file}" for file in files if file in there]
    why = _systemctl(("daemon-reload",)) or why
    if why is not None:
        said.append(
            f"A timer that runs already was perhaps not stopped: {why} Then stop it yourself: "
            f"systemctl --user stop {shlex.quote(f'{units}.timer')}"
        )
    return said


def installed(name: str) -> bool:
    """Whether a campaign has a timer."""
    return os.path.lexists(units_folder() / f"{unit(name)}.timer")


def units_folder() -> Path:
    """Where systemd looks for the units of its user (systemd.unit(5))."""
    named = os.environ.get("XDG_CONFIG_HOME", "")
    config = Path(named) if os.path.isabs(named) else Path.home() / ".config"  # noqa: PTH117
    return config / "systemd" / "user"


def _link(name: str) -> Path:
    return units_folder() / "timers.target.wants" / f"{name}.timer"


def _systemctl(*commands: Sequence[str]) -> str | None:
    """Run `systemctl --user …` for each; None, or why one has failed, as a sentence."""
    for words in commands:
        try:
            ended = subprocess.run(
                ["systemctl", "--user", *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
        except FileNotFoundError:
            return "there is no systemctl on this machine."
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"systemctl did not answer ({type(error).__name__})."
        if ended.returncode:
            told = ended.stderr.decode(errors="replace").split("\n")[0].strip().rstrip(".")
            return f"systemctl {words[0]} said: {told or f'exit code {ended.returncode}'}."
    return None
