"""What people see: plain lines, coloured on a terminal; with `--json` one object for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from bulksender.errors import ExitCode

if TYPE_CHECKING:
    from bulksender.ledger import Group
    from bulksender.model import RowStatus
    from bulksender.notices import Notice
    from bulksender.reporter import Summary
    from bulksender.reporter.summary import Details

_STYLES = {
    "READY": "cyan",
    "QUEUED": "green",
    "DELIVERED": "green",
    "SENT": "green",
    "INVALID": "yellow",
    "REJECTED": "red",
    "UNKNOWN": "bold red",
}
_CONTROLS = dict.fromkeys((*range(10), *range(11, 32), *range(127, 160)), "�")
MOST_CHARACTERS = 400
"""How much of a text a preview shows."""


class Output:
    """Where the command speaks: standard output, or standard error when `--json` has that."""

    def __init__(self, json: bool, verbose: bool = False):
        self.json = json
        self.verbose = verbose
        self._people = Console(
            stderr=json, highlight=False, markup=False, emoji=False, soft_wrap=True
        )
        self._errors = Console(
            stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True
        )

    @property
    def interactive(self) -> bool:
        """Whether somebody sits there who can answer."""
        return sys.stdin is not None and sys.stdin.isatty() and self._people.is_terminal

    def say(self, line: str | Text = "", style: str = "", indent: int = 0) -> None:
        """A line for people: wrapped at words on a terminal, one line elsewhere."""
        text = Text(line, style) if isinstance(line, str) else line
        text.plain = text.plain.translate(_CONTROLS)
        if self._people.is_terminal:
            self._print(self._people, Padding(text, (0, 0, 0, indent)), wrap=True)
        else:
            self._print(self._people, Text(" " * indent) + text)

    def error(self, message: str) -> None:
        """What went wrong, on standard error."""
        said = message.translate(_CONTROLS)
        self._print(self._errors, Text.assemble(("bulksender: ", "bold red"), said))

    def object(self, summary: Summary) -> None:
        """The JSON object, where it is asked for."""
        if self.json:
            import msgspec

            with suppress(OSError):
                sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
                sys.stdout.flush()

    def ask(self, question: str) -> bool:
        """A question that takes yes or no; anything but a clear yes is no."""
        self._people.print(f"{question} [y/N] ", style="bold", end="")
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def chosen(self, path: str, described: tuple[str, ...]) -> None:
        """What was read, and what was chosen in it."""
        self.say(path, style="bold")
        for line in described:
            self.say(line, indent=2)

    def plan(self, summary: Summary, details: Details) -> None:
        """Counts by state, problems, parts and encodings, previews."""
        self.say()
        self._counts(summary)
        self._groups("Problems", details.problems, _ALL_OF_THEM if details.more_problems else "")
        repairs = [notice for notice in details.notices if notice.repair]
        self._lines("Numbers that were mended", map(_mended, repairs))
        others = [_noticed(notice) for notice in details.notices if not notice.repair]
        self._groups("Worth knowing", details.notes, "and others" * details.more_notes, others)
        if not details.previews:
            return
        self.say()
        self.say("The first texts", style="bold")
        for message in details.previews:
            parts = _plural(message.parts, "part")
            head = f"row {message.row}, {parts}, {_NAMES[message.encoding]}: "
            text = message.text[:MOST_CHARACTERS]
            more = " …" if len(message.text) > MOST_CHARACTERS else ""
            shown = Text.assemble((head, "dim"), text.replace("\n", " ⏎ "), more)
            self.say(shown, indent=2)

    def done(self, summary: Summary) -> None:
        """How it ended, and where the result is."""
        self.say()
        self._counts(summary)
        speed = f", {summary.rows_per_second:,.0f} rows/s" if summary.seconds else ""
        run = f"Run {summary.run}: " if summary.run else ""
        self.say(f"{run}{_plural(summary.batches, 'batch', 'batches')} in "
                 f"{summary.seconds:,.1f} s{speed}")  # fmt: skip
        if summary.output:
            self.say(f"Result: {summary.output}", style="bold")

    @contextmanager
    def progress(self, total: int) -> Iterator[Callable[[dict[RowStatus, int]], None]]:
        """A progress bar on a terminal; nothing elsewhere. Yields what the sender calls."""
        if not self._people.is_terminal:
            yield lambda counts: None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Remaining

        columns = (TextColumn("Sending"), BarColumn(), MofNCompleteColumn(), Remaining())
        with Progress(*columns, console=self._people) as bar:
            task = bar.add_task("sending", total=total)
            yield lambda counts: bar.advance(task, sum(counts.values()))

    def _print(self, console: Console, what: Text | Padding, wrap: bool = False) -> None:
        """Print, as long as somebody listens: a run does not end because a pipe does."""
        with suppress(OSError):
            console.print(what, soft_wrap=not wrap)

    def _counts(self, summary: Summary) -> None:
        self.say(_plural(summary.rows, "row"), style="bold")
        width = max((len(f"{rows:,}") for rows in summary.counts.values()), default=0)
        for status, rows in summary.counts.items():
            style = _STYLES.get(status, "dim")
            self.say(Text.assemble(f"{rows:>{width},} ", (status, style)), indent=2)
        if summary.parts:
            encodings = ", ".join(
                f"{_plural(rows, 'text')} in {_NAMES[name]}"
                for name, rows in summary.encodings.items()
                if rows
            )
            self.say(f"{_plural(summary.parts, 'SMS part')}: {encodings}", indent=2)

    def _groups(
        self, title: str, groups: list[Group], more: str, others: Sequence[Text] = ()
    ) -> None:
        lines = [
            Text.assemble(
                (f"{group.status} ", _STYLES.get(group.status, "dim")) if group.status else "",
                _about(group.rows, group.first, group.detail),
            )
            for group in groups
        ]
        self._lines(title, [*others, *lines, *([Text(more, "dim")] if more else [])])

    def _lines(self, title: str, lines: Iterable[Text]) -> None:
        lines = list(lines)
        if not lines:
            return
        self.say()
        self.say(title, style="bold")
        for line in lines:
            self.say(line, indent=2)


_NAMES = {"GSM7": "GSM 7-bit", "UCS2": "UCS-2"}
_ALL_OF_THEM = "and others; check with -o FILE writes all of them beside their rows"


def _about(rows: int, first: Sequence[int], what: str) -> str:
    """`37 rows: the number is too short (rows 2, 5, 9 …)`; of a single row, its number."""
    if rows == 1:
        return f"row {first[0]}: {what}"
    more = " …" if rows > len(first) else ""
    return f"{rows:,} rows: {what} (rows {', '.join(map(str, first))}{more})"


def _noticed(notice: Notice) -> Text:
    return Text(_about(notice.rows, notice.first, notice.what) if notice.rows else notice.what)


def _mended(notice: Notice) -> Text:
    where = f", as in row {notice.first[0]}: {notice.example}"
    return Text(f"{_plural(notice.rows, 'row')}: {notice.what}{where}")


def _plural(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def next_step(code: ExitCode, run: str) -> str | None:
    """The command to type next, where there is one."""
    return {
        ExitCode.STOPPED: f"Go on with: bulksender resume {run}",
        ExitCode.UNKNOWN: "Some messages may or may not have been accepted; they are not sent "
        "again before that is settled.",
        ExitCode.REJECTED: "8x8 rejected some messages; status_detail in the result says why.",
    }.get(code)
