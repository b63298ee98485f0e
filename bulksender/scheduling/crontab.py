"""A campaign's lines in the crontab of its user, by crontab(1) and crontab(5).

cron knows the machine's own time zone and no other, no last day of a month, and makes up nothing.
So a line of five exact fields stands only where the campaign's clocks go as the machine's do; else
the command is started every hour, at the minutes at which a run may be due, and does nothing where
none is. A line for the machine's start makes up what was missed.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from bulksender.errors import SettingsError
from bulksender.periods import next_due, zone
from bulksender.rules import Timing
from bulksender.scheduling import Scheduled, command

MOST_BYTES = 999
"""How long a line may be; cron cuts off or refuses what is longer (MAX_COMMAND is 1,000)."""

LOOKED_AHEAD = timedelta(days=731)
"""For how long the campaign's clocks must go as the machine's do, to trust that they always do."""

PATIENCE = 60.0
"""Seconds after which `crontab` is not waited for any longer."""

_RUNS = {"monthly": 24, "weekly": 105, "daily": 731, "once": 1}


def lines(
    scheduled: Scheduled,
    clocks: Sequence[tzinfo],
    now: datetime | None = None,
    program: Sequence[str] | None = None,
) -> list[str]:
    """The campaign's lines, without their ends: each behind a comment that says whose it is.

    `clocks` are the time zones that cron may go by, `program` the words that start bulksender.
    Raises SettingsError for a command that a crontab cannot hold.
    """
    words = _escaped(["cd", str(scheduled.folder)]) + " && "
    words += _escaped(command(scheduled, program))
    when = fields(scheduled.timing, clocks, now or datetime.now(UTC))
    made = [f"{when} {words}", f"@reboot {words}"]
    if (longest := max(len(line.encode()) for line in made)) > MOST_BYTES:
        raise SettingsError(
            f"cron takes lines of up to {MOST_BYTES} bytes, and this campaign's has {longest}: "
            "give its file or folder a shorter path, or use a systemd timer instead of --cron."
        )
    return [line for each in made for line in (_mark(scheduled.name), each)]


def fields(timing: Timing, clocks: Sequence[tzinfo], now: datetime) -> str:
    """The five fields of a crontab line that hit every due time, whichever clock cron goes by."""
    runs = [due for _, due in next_due(timing, now, _RUNS[timing.period])]
    exact = _exact(timing)
    if exact is not None and all(_alike(timing, clock, runs, now) for clock in clocks):
        return exact
    shown = [_rounded(due).astimezone(clock) for due in runs for clock in clocks]
    # A minute of a campaign that is over is as good as any other, since nothing will be due.
    minutes = sorted({moment.minute for moment in shown}) or [timing.time.minute]
    return f"{','.join(map(str, minutes))} * * * *"


def _exact(timing: Timing) -> str | None:
    """The fields that show the very due time; None where no five fields can."""
    at = timing.time
    if at != time(at.hour, at.minute):
        return None
    start = f"{at.minute} {at.hour}"
    if timing.period == "daily":
        return f"{start} * * *"
    if timing.period == "weekly":
        return f"{start} * * {(timing.weekday + 1) % 7}"
    if timing.period == "monthly" and timing.day <= 28:
        return f"{start} {timing.day} * *"
    if timing.period == "once" and timing.date is not None:
        return f"{start} {timing.date.day} {timing.date.month} *"
    return None


def _alike(timing: Timing, clock: tzinfo, runs: Sequence[datetime], now: datetime) -> bool:
    """Whether a clock goes as the campaign's does, and shows the wanted time at each run."""
    own = zone(timing)
    days = [now + timedelta(days=day) for day in range(LOOKED_AHEAD.days)]
    same = all(
        moment.astimezone(clock).utcoffset() == moment.astimezone(own).utcoffset()
        for moment in [*days, *runs]
    )
    return same and all(due.astimezone(clock).time() == timing.time for due in runs)


def _rounded(due: datetime) -> datetime:
    """The first whole minute at which a run is due."""
    begun = due.replace(second=0, microsecond=0)
    return begun if begun == due else begun + timedelta(minutes=1)


def _escaped(words: Sequence[str]) -> str:
    """Words for cron's sh; cron itself takes `%` for the line's end and `\\%` for a `%`.

    What else a backslash means to cron differs from one to another, so there may be none.
    """
    return _plain(shlex.join(words), r"\\").replace("%", r"\%")


def _mark(name: str) -> str:
    return _plain(f"# bulksender {name}")


def _plain(text: str, but: str = "") -> str:
    if re.search(rf"[\x00-\x1f\x7f\ud800-\udfff{but}]", text):
        raise SettingsError(
            f"A crontab cannot hold {text!r}: it has a backslash, a control character or bytes "
            "that are no text. Rename the file or folder, or use a systemd timer instead of "
            "--cron."
        )
    return text


def machine_clock() -> tzinfo:
    """The time zone that cron goes by: the machine's own, whatever TZ says in this shell."""
    try:
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):  # without the file, C libraries take UTC
        return UTC


def install(
    scheduled: Scheduled,
    program: Sequence[str] | None = None,
    now: datetime | None = None,
    clock: tzinfo | None = None,
) -> list[str]:
    """Put the campaign's lines into the user's crontab, in place of its earlier ones.

    Every other line stays byte for byte. Returns lines for people; raises SettingsError where it
    cannot be done. `clock` is the machine's time zone.
    """
    before = _read()
    kept, _ = _without(before, scheduled.name)
    clocks = [machine_clock() if clock is None else clock, *_named_clocks(kept)]
    made = lines(scheduled, clocks, now, program)
    if kept and not kept.endswith(b"\n"):
        kept += b"\n"
    _write(kept + "".join(f"{line}\n" for line in made).encode())
    return ["Written to your crontab (crontab -l shows it):", *made]


def remove(name: str) -> list[str]:
    """Take a campaign's lines out of the user's crontab; returns lines for people.

    Raises SettingsError where there is none, or it cannot be done.
    """
    kept, removed = _without(_read(), name)
    if not removed:
        raise SettingsError(
            f'There is no line of the campaign "{name}" in your crontab: nothing was removed.'
        )
    _write(kept)
    return ["Removed from your crontab:", *(line.decode(errors="replace") for line in removed)]


def installed(name: str) -> bool:
    """Whether a campaign stands in the user's crontab."""
    return bool(_without(_read(), name)[1])


def _without(crontab: bytes, name: str) -> tuple[bytes, list[bytes]]:
    """The crontab without a campaign's lines, and these; a marker takes along the line behind it.

    But not one that is none of ours: somebody may have put another line there.
    """
    kept: list[bytes] = []
    removed: list[bytes] = []
    behind_mark = False
    for line in crontab.splitlines(keepends=True):
        text = line.rstrip(b"\r\n")
        ours = behind_mark and text.endswith(b" --scheduled")
        behind_mark = text == _mark(name).encode()
        if ours or behind_mark:
            removed.append(text)
        else:
            kept.append(line)
    return b"".join(kept), removed


def _named_clocks(crontab: bytes) -> list[tzinfo]:
    """The time zones that the crontab itself names: some crons heed CRON_TZ, others do not."""
    found: list[tzinfo] = []
    for match in re.finditer(rb"^[ \t]*CRON_TZ[ \t]*=(.*)$", crontab, re.MULTILINE):
        named = match[1].decode(errors="replace").strip(" \t\r\"'")
        found.append(zone(Timing(period="daily", timezone=named, time=time())))
    return found


def _read() -> bytes:
    """The user's crontab; empty where there is none."""
    ended = _crontab("-l")
    if ended.returncode == 0:
        return ended.stdout
    told = ended.stderr.decode(errors="replace").strip()
    if re.search(r"no crontab|can't open .*no such file", told, re.IGNORECASE):  # vixie, busybox
        return b""
    raise SettingsError(
        f"Your crontab cannot be read, and was left as it is: crontab -l said: {told}"
    )


def _write(text: bytes) -> None:
    ended = _crontab("-", text)
    if ended.returncode:
        told = ended.stderr.decode(errors="replace").strip()
        raise SettingsError(f"Your crontab was not changed: crontab said: {told}")


def _crontab(option: str, text: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["crontab", option],
            env={**os.environ, "LC_ALL": "C"},  # so that "no crontab" is understood
            input=text,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except FileNotFoundError:
        raise SettingsError(
            "There is no crontab command on this machine. Install cron (Debian, Ubuntu: apt-get "
            "install cron), or let --print show the lines and put them where your cron reads them."
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SettingsError(
            f"The crontab command did not answer ({type(error).__name__}): nothing was changed."
        ) from None
