"""The text of a campaign's timer and service, for the systemd of its user.

By systemd.timer(5), systemd.time(7), systemd.service(5) and systemd.unit(5). systemd knows time
zones and last days of months; a local time that the clocks skip it leaves out, so these days stand
in the timer by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bulksender.errors import SettingsError
from bulksender.periods import due_day, next_due, zone
from bulksender.rules import WEEKDAYS, Timing
from bulksender.scheduling import GO_ON_AFTER, GO_ON_TIMES, GOES_ON, Scheduled, command

YEARS_AHEAD = 10
"""How far ahead days are looked for on which the clocks skip or repeat the due time."""

MOST_BYTES = 255
"""How long a unit's name may be, its ending included (systemd.unit(5))."""

_TIMER = """\
# Made by bulksender, which replaces and removes it.
[Unit]
Description=When the bulksender campaign {name} is due

[Timer]
{calendar}
Persistent=true
AccuracySec=1min

[Install]
WantedBy=timers.target
"""

# A run that stopped, or left messages UNKNOWN, is started again some times: it goes on, or settles.
# mixed: a run hears one SIGTERM and ends in good order, its own processes only at its word.
_SERVICE = """\
# Made by bulksender, which replaces and removes it.
[Unit]
Description=A run of the bulksender campaign {name}, where it is due
StartLimitIntervalSec=1d
StartLimitBurst={times}

[Service]
Type=exec
WorkingDirectory={folder}
EnvironmentFile=-%E/bulksender/environment
ExecStart={command}
SuccessExitStatus=8
RestartForceExitStatus={goes_on}
RestartSec={after}
KillMode=mixed
TimeoutStopSec=5min
NoNewPrivileges=yes
"""


def unit(name: str) -> str:
    """A campaign's unit name without its ending, written as systemd-escape does.

    All but ASCII letters, digits and `:_.` becomes `\\xNN`, byte by byte; a hyphen stays, since no
    path is meant and it is how people know the campaign. Raises SettingsError for one too long.
    """
    escaped = "".join(
        chr(byte) if re.match(rb"[\w:.-]", bytes([byte])) else f"\\x{byte:02x}"
        for byte in _plain(name, "The campaign's name").encode()
    )
    found = f"bulksender-{escaped}"
    if not name or len(f"{found}.service") > MOST_BYTES:
        raise SettingsError(
            f'systemd takes no unit with the name "{found}": give the campaign a short name.'
        )
    return found


def calendar(timing: Timing, now: datetime | None = None) -> list[str]:
    """The OnCalendar expressions by which systemd fires whenever a run is due, and never else."""
    at = f"{timing.time.isoformat('auto')} {timing.timezone}"
    lines = [f"{days} {at}" for days in _days(timing)]
    begin = now or datetime.now(UTC)
    for key, when in next_due(timing, begin, _count(timing)):
        if when - begin > timedelta(days=366 * YEARS_AHEAD):
            break
        nominal = datetime.combine(due_day(timing, key), timing.time, zone(timing))
        shown = when.astimezone(zone(timing)).replace(tzinfo=None)
        twice = nominal.utcoffset() != nominal.replace(fold=1).utcoffset()
        if twice or shown != nominal.replace(tzinfo=None):
            lines.append(f"{when.replace(tzinfo=None).isoformat(' ')} UTC")
    return lines


def _days(timing: Timing) -> list[str]:
    """The days of a timing, as systemd.time(7) writes them; `~01` is the last day of a month."""
    if timing.period == "once":
        return [due_day(timing, "once").isoformat()]
    if timing.period == "daily":
        return ["*-*-*"]
    if timing.period == "weekly":
        return [f"{WEEKDAYS[timing.weekday].capitalize()} *-*-*"]
    if timing.day <= 28:
        return [f"*-*-{timing.day:02}"]
    if timing.day == 31:
        return ["*-*~01"]
    return [f"*-01,03..12-{timing.day}", "*-02~01"]


def _count(timing: Timing) -> int:
    a_year = {"monthly": 12, "weekly": 53, "daily": 366, "once": 1}
    return a_year[timing.period] * YEARS_AHEAD


def timer_text(scheduled: Scheduled, now: datetime | None = None) -> str:
    """The text of `bulksender-NAME.timer`."""
    lines = "\n".join(f"OnCalendar={each}" for each in calendar(scheduled.timing, now))
    return _TIMER.format(name=_specified(scheduled.name), calendar=lines)


def service_text(scheduled: Scheduled, program: Sequence[str] | None = None) -> str:
    """The text of `bulksender-NAME.service`; `program` are the words that start bulksender.

    Raises SettingsError for a path that cannot be written into a unit.
    """
    words = command(scheduled, program)
    for word in words:
        _plain(word, "The command")
    if "$" in words[0]:  # systemd takes the first word as it stands, `$$` included
        raise SettingsError(
            f"systemd cannot start {words[0]}: install bulksender in a folder without $ in its "
            "name."
        )
    folder = _plain(str(scheduled.folder), "The campaign's folder")
    if folder != folder.strip() or folder.endswith("\\"):
        raise SettingsError(
            f"systemd cannot work in the folder {folder!r}: rename it, so that it ends in neither "
            "a space nor a backslash."
        )
    return _SERVICE.format(
        name=_specified(scheduled.name),
        folder=_specified(folder),
        command=" ".join(_quoted(word) for word in words),
        goes_on=" ".join(str(int(code)) for code in GOES_ON),
        after=int(GO_ON_AFTER.total_seconds()),
        times=GO_ON_TIMES + 1,
    )


def _quoted(word: str) -> str:
    """A word of a command line, after the section "Command lines" of systemd.service(5)."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{_specified(escaped)}"'


def _specified(text: str) -> str:
    """Text in which no `%` is a specifier (systemd.unit(5))."""
    return text.replace("%", "%%")


def _plain(text: str, what: str) -> str:
    """The text; raises SettingsError where a line of a UTF-8 file cannot hold it."""
    if re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", text):
        raise SettingsError(
            f"{what} cannot be written into a unit of systemd: {text!r} holds a control character "
            "or bytes that are no text. Rename it."
        )
    return text
