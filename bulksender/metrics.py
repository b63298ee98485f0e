"""A campaign's last run as metrics: a file for the textfile collector of Prometheus' node_exporter.

The format is the text-based one of https://prometheus.io/docs/instrumenting/exposition_formats/,
the names follow https://prometheus.io/docs/practices/naming/. One file may hold several campaigns:
each run replaces the lines of its own campaign and keeps those of the others. A campaign's name,
its period and its run's id are the only texts in it.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout
from msgspec import Struct

from bulksender.errors import SettingsError
from bulksender.model import RowStatus

PATIENCE = 10.0
"""Seconds to wait for another campaign that writes to the same file."""

_FAMILIES = {
    "bulksender_run_rows": "Rows of the last run's sheet, by status.",
    "bulksender_run_parts": "SMS parts planned by the last run.",
    "bulksender_run_batches": "Batches planned by the last run.",
    "bulksender_run_cost": "Cost of the last run as estimated, in the currency of the label.",
    "bulksender_run_seconds": "Seconds that the last run took.",
    "bulksender_run_exit_code": "Exit code of the last run: 0 is done, 5 ended with UNKNOWN rows.",
    "bulksender_run_end_timestamp_seconds": "When the last run ended, in seconds since 1970.",
    "bulksender_run_info": "The period and the id of the last run; always 1.",
}
"""Metric → its help. All are gauges; in a file, the lines of each stand together."""

_HEADS = {
    name: f"# HELP {name} {what}\n# TYPE {name} gauge\n".encode()
    for name, what in _FAMILIES.items()
}
_VALUE = rb'"((?:[^"\\]|\\["\\n])*)"'
_SAMPLE = re.compile(
    rb"(\w+)\{campaign=" + _VALUE + rb"(?:,\w+=" + _VALUE + rb")*\} [-+.\dA-Za-z]+"
)
_COMMENT = re.compile(rb"# (?:HELP|TYPE) (\w+) .*")


class Metrics(Struct, frozen=True, kw_only=True):
    """A run in numbers. `counts` is status → rows; a status that is not in it has none.

    `cost` is in `currency` (ISO 4217; None: no prices are known), `seconds` wall time, `ended`
    seconds since 1970 (UTC). `run` is "" where nothing was planned.
    """

    campaign: str
    period: str = ""
    run: str = ""
    counts: dict[str, int]
    parts: int
    batches: int
    cost: float | None = None
    currency: str = ""
    seconds: float
    exit_code: int
    ended: float


class _Line(Struct, frozen=True):
    """A sample of a file: the metric, the campaign as its label is written, the whole line."""

    name: str
    campaign: bytes
    text: bytes


def check_metrics(path: Path) -> None:
    """Raise SettingsError where `write_metrics` could not write; to be asked before sending."""
    _check_folder(path)
    if not os.access(path.resolve().parent, os.W_OK):
        raise SettingsError(
            f"--metrics-file {path}: nothing may be written to {path.resolve().parent}, which is "
            "needed to replace the file as a whole."
        )
    _lines_of(path)


def write_metrics(path: Path, sample: Metrics, *, patience: float = PATIENCE) -> None:
    """Put a run's metrics in place of its campaign's earlier ones; the file changes at once.

    It is readable by everybody (mode 0644), as the collector is another user. Others that write to
    it are waited for, `patience` seconds. Raises SettingsError where it cannot be written, or holds
    what this module does not write; it is as it was then. Whoever has sent by now says so, and
    keeps the run's own exit code: a SettingsError's would say that nothing was sent.
    """
    _check_folder(path)  # filelock would make it
    target = path.resolve()  # a link stays one
    try:
        with FileLock(target.with_name(f".{target.name}.lock"), timeout=patience):
            own = _lines(sample)
            others = [line for line in _lines_of(path) if line.campaign != own[0].campaign]
            _replace(target, _written(sorted(others + own, key=_campaign)))
    except Timeout:
        raise SettingsError(
            f"--metrics-file {path}: another process is writing to it, for {patience:.0f} s now."
        ) from None
    except OSError as error:
        raise SettingsError(
            f"--metrics-file {path} could not be written: {error.strerror}."
        ) from error


def _check_folder(path: Path) -> None:
    if not path.resolve().parent.is_dir():
        raise SettingsError(f"--metrics-file {path}: there is no folder {path.resolve().parent}.")


def _lines(sample: Metrics) -> list[_Line]:
    campaign = _escaped(sample.campaign)

    def line(name: str, value: float, **labels: str) -> _Line:
        more = [f',{label}="{_escaped(text).decode()}"' for label, text in labels.items()]
        labelled = b'%s{campaign="%s"%s}' % (name.encode(), campaign, "".join(more).encode())
        return _Line(name, campaign, labelled + f" {value}".encode())

    rows = [
        line("bulksender_run_rows", sample.counts.get(status.value, 0), status=status.value)
        for status in RowStatus  # also those with none, so that an alert ends where it began
    ]
    cost = sample.cost
    return [
        *rows,
        line("bulksender_run_parts", sample.parts),
        line("bulksender_run_batches", sample.batches),
        *([] if cost is None else [line("bulksender_run_cost", cost, currency=sample.currency)]),
        line("bulksender_run_seconds", sample.seconds),
        line("bulksender_run_exit_code", int(sample.exit_code)),
        line("bulksender_run_end_timestamp_seconds", sample.ended),
        line("bulksender_run_info", 1, period=sample.period, run=sample.run),
    ]


def _escaped(text: str) -> bytes:
    r"""A label's value: `\`, `"` and line feeds are written `\\`, `\"` and `\n`."""
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return escaped.encode("utf-8", "replace")


def _lines_of(path: Path) -> list[_Line]:
    """The samples that a file holds; none where there is no file. Raises SettingsError."""
    if not path.exists():
        return []
    if not path.is_file():
        raise SettingsError(f"--metrics-file {path} is no file; give one that ends in .prom.")
    try:
        written = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"--metrics-file {path} cannot be read: {error.strerror}.") from error
    *lines, rest = written.split(b"\n")
    found = [_line_of(line) for line in lines]
    if rest or None in found:
        at = len(lines) + 1 if rest else found.index(None) + 1
        raise SettingsError(
            f"--metrics-file {path}: line {at} was not written by this bulksender, so the file is "
            "left alone. Name another file; node_exporter reads all that end in .prom."
        )
    return [line for line in found if isinstance(line, _Line)]


def _line_of(line: bytes) -> _Line | bool | None:
    """A sample of ours, True for a comment of ours, None for anything else."""
    comment, sample = _COMMENT.fullmatch(line), _SAMPLE.fullmatch(line)
    name = (comment or sample or [b"", b""])[1].decode()
    if name not in _FAMILIES:
        return None
    return _Line(name, sample[2], line) if sample else True


def _campaign(line: _Line) -> bytes:
    return line.campaign


def _written(lines: list[_Line]) -> bytes:
    written = []
    for name, head in _HEADS.items():
        samples = [line.text + b"\n" for line in lines if line.name == name]
        written += [head, *samples] if samples else []
    return b"".join(written)


def _replace(target: Path, content: bytes) -> None:
    """All or nothing: the collector, which reads at any moment, never finds half a file."""
    half = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")  # not .prom: not read
    try:
        with half.open("xb") as file:
            file.write(content)
            os.fsync(file.fileno())
        half.chmod(0o644)
        half.replace(target)
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)
