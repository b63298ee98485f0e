"""What people see: plain lines, coloured on a terminal; with `--json` one object for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from bulksender.errors import ExitCode

if TYPE_CHECKING:
    from bulksender.cancelling import Cancelled
    from bulksender.cli.listing import ListedRun
    from bulksender.forgetting import Forgotten, Purged
    from bulksender.ledger import BatchLine, Group, Inquiry, Run
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
        self.unattended = False
        """Whether what is said goes into somebody's log: it shows no number and no text then."""
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

    def object(self, summary: object) -> None:
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
        mended = _noticed if self.unattended else _mended
        self._lines("Numbers that were mended", map(mended, repairs))
        others = [_noticed(notice) for notice in details.notices if not notice.repair]
        self._groups("Worth knowing", details.notes, "and others" * details.more_notes, others)
        if not details.previews or self.unattended:
            return
        self.say()
        self.say("The first texts", style="bold")
        for message in details.previews:
            parts = plural(message.parts, "part")
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
        self.say(f"{run}{plural(summary.batches, 'batch', 'batches')} in "
                 f"{summary.seconds:,.1f} s{speed}")  # fmt: skip
        if summary.output:
            self.say(f"Result: {summary.output}", style="bold")

    def timings(self, spent: dict[str, float]) -> None:
        """Where the time of a command went."""
        self.say()
        self.say("Where the time went", style="bold")
        for stage, seconds in [*spent.items(), ("total", sum(spent.values()))]:
            self.say(f"{stage:<10} {seconds:8,.2f} s", indent=2)

    def inquiry(self, inquiry: Inquiry, held: int) -> None:
        """What 8x8's log has settled, and what it has not; `held` wait for another run."""
        if not (inquiry.found or inquiry.absent or inquiry.open or held):
            self.say("No message of this run is UNKNOWN.", indent=2)
        if held:
            self.say(f"{plural(held, 'message')} may have been sent in another run, which "
                     "status_detail names: settle that one first.", indent=2)  # fmt: skip
        if inquiry.failed:
            self.error(f"One account's log could not be asked: {inquiry.failed}")
        if inquiry.found:
            self.say(f"{_are(inquiry.found)} in it.", indent=2)
        if inquiry.resent:
            self.say(f"{_are(inquiry.resent)} not in it, though it has caught up: "
                     "sent again now.", indent=2)  # fmt: skip
        if inquiry.absent - inquiry.resent:
            self.say(f"{_are(inquiry.absent - inquiry.resent)} not in it, though it has caught up: "
                     "8x8 never had them. --resend-absent sends them again.", indent=2)  # fmt: skip
        if inquiry.missing:
            self.say(f"It lacks {plural(inquiry.missing, 'message')} that 8x8 has accepted, so "
                     "what it lacks proves nothing yet. Try again later.", indent=2)  # fmt: skip
        elif inquiry.open:
            self.say(f"{_are(inquiry.open)} not in it, and it may not have caught up: try again "
                     f"after {local_time(inquiry.settles_at)}.", indent=2)  # fmt: skip

    def run_line(self, run: ListedRun, now: datetime) -> None:
        """A run in two lines."""
        counts = ", ".join(f"{rows:,} {status}" for status, rows in run.counts.items())
        tags = [f"again of {run.parent}"] * (run.parent is not None)
        tags += ["never approved, nothing was sent"] * (run.state in ("PLANNING", "PLANNED"))
        tags += [f"{run.campaign} {run.period}"] * (run.campaign is not None)
        tags += ["rehearsal"] * run.rehearsal + ["texts and numbers removed"] * run.purged
        self.say(Text.assemble((run.run, "bold"), f"  {run.state}  {_age(run.created_at, now)}  ",
                               run.sheet, *(f"  ({tag})" for tag in tags)))  # fmt: skip
        self.say(counts or "no rows", indent=2)
        if run.next:
            self.say(Text.assemble("next: ", (run.next, "cyan")), indent=2)

    def whole_run(self, run: Run, summary: Summary, children: Sequence[str]) -> None:
        """Everything that the ledger knows of a run, but for its texts and numbers."""
        job = run.job
        self.say(f"Run {run.id}: {job.sheet.path}", style="bold")
        where = "the simulator" if job.simulate else job.base_url
        facts = {
            "state": run.state.lower(),
            "campaign": job.campaign and f"{job.campaign} {job.period}",
            "planned": local_time(run.created_at),
            "approved": run.approved_at and local_time(run.approved_at),
            "ended": run.ended_at and local_time(run.ended_at),
            "purged": run.purged_at and local_time(run.purged_at),
            "tries again": run.parent,
            "tried again by": ", ".join(children),
            "sent to": f"{job.subaccount} at {where}" if job.subaccount else where,
            "sender ID": job.source,
            "scheduled": job.scheduled,
        }
        for name, value in facts.items():
            if value:
                self.say(f"{name:<14} {value}", indent=2)
        self.say()
        self._counts(summary)
        for batch in run.batch_lines():
            self._batch(batch)
        for number, inquiry in enumerate(run.inquiries(), 1):
            self.say()
            self.say(f"Look {number} into 8x8's log, {local_time(inquiry.asked_at)}: "
                     f"{inquiry.found:,} found, {inquiry.absent:,} not there, "
                     f"{inquiry.open:,} not there yet")  # fmt: skip

    def _batch(self, batch: BatchLine) -> None:
        self.say()
        at_8x8 = f", 8x8's {batch.batch_id}" if batch.batch_id else ""
        self.say(f"Batch {batch.number}: {plural(batch.rows, 'row')}, {batch.state}{at_8x8}")
        for attempt in batch.attempts:
            status = f"HTTP {attempt.http_status}" if attempt.http_status else "no answer"
            more = f", {attempt.error}" if attempt.error else ""
            more += f", errorId {attempt.error_id}" if attempt.error_id else ""
            when = local_time(attempt.started_at, "milliseconds")
            took = _seconds(attempt.started_at, attempt.ended_at)
            self.say(f"{when}, {took:.3f} s: {status}{more}", indent=2)
        if not batch.attempts:
            when = local_time(batch.claimed_at, "milliseconds")
            self.say(f"{when}: claimed; no attempt was recorded", indent=2)

    def cancelled(self, cancelled: Cancelled) -> None:
        """What a cancellation has caught, and what it has not."""
        if cancelled.caught:
            self.say(f"{_are(cancelled.caught)} cancelled at 8x8.")
        if cancelled.waiting:
            self.say(f"{plural(cancelled.waiting, 'message')} that 8x8 was never given: "
                     "not sent any more.")  # fmt: skip
        if cancelled.missed:
            self.error(f"{_are(cancelled.missed)} too near to its time, or gone: 8x8 did not "
                       "cancel it.")  # fmt: skip
        if cancelled.unsure:
            self.error(f"Of {plural(cancelled.unsure, 'message')} 8x8 did not say whether it has "
                       f"cancelled them ({cancelled.reason}); give the command again.")  # fmt: skip
        if cancelled.unknown:
            self.error(f"Of {plural(cancelled.unknown, 'message')} nobody knows whether 8x8 has "
                       "them; settle them, then cancel again: bulksender reconcile "
                       f"{cancelled.run}")  # fmt: skip

    def purged(self, purged: Purged) -> None:
        """What a purge has removed, and what it has not."""
        self.say(f"Texts and numbers of {plural(purged.runs, 'run')} removed "
                 f"({plural(purged.rows, 'row')}); their counts stay.")  # fmt: skip
        self._removed_files(purged.files)
        for kept in purged.kept:
            self.say(f"Run {kept['run']} was kept: {kept['reason']}.")

    def forgotten(self, forgotten: Forgotten) -> None:
        """Where a person was removed from."""
        self.say(f"Removed from {plural(forgotten.rows, 'row')} in "
                 f"{plural(forgotten.runs, 'run')}.")  # fmt: skip
        if forgotten.removed_at_8x8:
            self.say(f"8x8 removes it from {plural(forgotten.removed_at_8x8, 'message')}.")
        self._removed_files(forgotten.files)
        if forgotten.unknown:
            self.say(f"{plural(forgotten.unknown, 'message')} of them UNKNOWN: whether 8x8 has "
                     "them cannot be said any more.")  # fmt: skip
        if forgotten.failed_at_8x8:
            self.error(
                f"8x8 has not removed {plural(forgotten.failed_at_8x8, 'message')}, so their runs "
                f"still hold the number: {forgotten.reason}. Give the command again."
            )
        self.say("Sheets and results that hold the number are files of yours; they were not "
                 "touched.")  # fmt: skip

    def _removed_files(self, files: Sequence[str]) -> None:
        for file in files:
            self.say(f"Removed as a whole: {file}, a copy of the ledger before an upgrade.")

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
        self.say(plural(summary.rows, "row"), style="bold")
        width = max((len(f"{rows:,}") for rows in summary.counts.values()), default=0)
        for status, rows in summary.counts.items():
            style = _STYLES.get(status, "dim")
            self.say(Text.assemble(f"{rows:>{width},} ", (status, style)), indent=2)
        if summary.parts:
            encodings = ", ".join(
                f"{plural(rows, 'text')} in {_NAMES[name]}"
                for name, rows in summary.encodings.items()
                if rows
            )
            self.say(f"{plural(summary.parts, 'SMS part')}: {encodings}", indent=2)

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
    if not first:
        return f"{plural(rows, 'row')}: {what}"
    if rows == 1:
        return f"row {first[0]}: {what}"
    more = " …" if rows > len(first) else ""
    return f"{rows:,} rows: {what} (rows {', '.join(map(str, first))}{more})"


def _noticed(notice: Notice) -> Text:
    return Text(_about(notice.rows, notice.first, notice.what) if notice.rows else notice.what)


def _mended(notice: Notice) -> Text:
    where = f", as in row {notice.first[0]}: {notice.example}"
    return Text(f"{plural(notice.rows, 'row')}: {notice.what}{where}")


def plural(number: int, one: str, many: str | None = None) -> str:
    """`1 row`, `1,204 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def local_time(moment: str, to: str = "seconds") -> str:
    """A time of the ledger's (ISO, UTC) as the user's clock shows it."""
    here = datetime.fromisoformat(moment).astimezone().replace(tzinfo=None)
    return here.isoformat(" ", timespec=to)


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _age(moment: str, now: datetime) -> str:
    """`just now`, `5 minutes ago`, `3 hours ago`, `12 days ago`."""
    seconds = (now - datetime.fromisoformat(moment)).total_seconds()
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{plural(int(seconds // size), name)} ago"
    return "just now"


def _are(messages: int) -> str:
    return f"{plural(messages, 'message')} {'is' if messages == 1 else 'are'}"


def next_step(code: ExitCode, run: str) -> str | None:
    """The command to type next, where there is one."""
    return {
        ExitCode.STOPPED: f"Go on with: bulksender resume {run}",
        ExitCode.UNKNOWN: "Some messages may or may not have been accepted; they are not sent "
        f"again before that is settled: bulksender reconcile {run}",
        ExitCode.REJECTED: "8x8 rejected some messages; status_detail in the result says why. "
        f"To try them again: bulksender retry {run}",
    }.get(code)
