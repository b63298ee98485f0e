"""All campaigns in one process that starts each of them when it is due.

APScheduler wakes at the due times. What the clock says is asked again at every look at the files,
since a machine that was asleep, or whose clock was set, wakes nobody in time. Whether there is
anything to send is known to `bulksender run --scheduled` alone.
"""

from __future__ import annotations

import logging
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from threading import RLock

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

from bulksender.errors import BulksenderError, ExitCode, SettingsError
from bulksender.periods import last_due, next_due, zone
from bulksender.rules import Timing
from bulksender.scheduling import GO_ON_AFTER, GO_ON_TIMES, GOES_ON, Scheduled
from bulksender.scheduling.trigger import DueTrigger
from bulksender.stopping import listening

MOST_RUNS = 100
"""How many campaigns run at the same time; a paced one may take all day, and no other waits."""

ENDINGS = {
    ExitCode.DONE: "done",
    ExitCode.BUG: "failed by a bug in bulksender",
    ExitCode.USAGE: "failed: the command is wrong",
    ExitCode.REFUSED: "nothing was sent: it was refused, or waits for approval",
    ExitCode.REJECTED: "done, and 8x8 rejected some messages",
    ExitCode.UNKNOWN: "ended with UNKNOWN messages: bulksender reconcile settles them",
    ExitCode.STOPPED: "stopped early: run again, it goes on where it stopped",
    ExitCode.BUSY: "left alone: another process is working on it",
    ExitCode.ALREADY_SENT: "nothing to do: it is not due, or was sent already",
}
"""What each exit code of a run means, for people."""

_TOLD, _ENDED = True, False
Finder = Callable[[], Sequence[Scheduled | BulksenderError]]


def now() -> datetime:
    """The time by this machine's clock, in UTC."""
    return datetime.now(UTC)


def serve(
    find: Finder,
    command: Callable[[Scheduled], list[str]],
    say: Callable[[str], None],
    clock: Callable[[], datetime] = now,
    look_every: float = 60.0,
    go_on_after: timedelta = GO_ON_AFTER,
) -> None:
    """Run each campaign when it is due, until the process is told to end (`stopping.SIGNALS`).

    `find` names all campaigns; it is asked again every `look_every` seconds. A file that cannot be
    used is its error in the list, said once, and the others go on; where `find` raises, those
    of the last time go on. `command` has the words that run a campaign, `say` gets lines for
    people, from any thread but one at a time. `clock` is aware.

    What was missed before the start is made up, no later than its grace. A campaign that is added
    or gets another timing meanwhile counts from then on: nobody expects a file to be sent because
    it was saved. A run that stopped, or left messages UNKNOWN, is given again after `go_on_after`,
    some times: it goes on, or settles. Told to end, it starts nothing more, tells the running ones
    (SIGTERM) and waits for them; told again, it kills them. Call it in the main thread.
    """
    inbox: SimpleQueue[bool] = SimpleQueue()  # its put() may be called in a signal's handler
    daemon = _Daemon(find, command, say, clock, inbox, go_on_after)
    with listening(lambda *_: inbox.put(_TOLD)):
        try:
            daemon.begin()
            while not _told(inbox, look_every):
                daemon.look()
        finally:
            daemon.end()


def ending(code: int) -> str:
    """How a run has ended, in words, by its exit code; below 0: by a signal."""
    if code < 0:
        try:
            return f"ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"ended by signal {-code}"
    words = ENDINGS.get(ExitCode(code)) if code in ExitCode.__members__.values() else "ended"
    return f"{words} (exit code {code})"


def _told(inbox: SimpleQueue[bool], seconds: float) -> bool:
    try:
        return inbox.get(timeout=seconds)
    except Empty:
        return False


class _Daemon:
    """The campaigns that are known, which of them run, and up to when each was looked after.

    `_done` holds a timing and the newest due time that needs no run any more, also of campaigns
    that are gone: their files may only be broken for a while.
    """

    def __init__(
        self,
        find: Finder,
        command: Callable[[Scheduled], list[str]],
        say: Callable[[str], None],
        clock: Callable[[], datetime],
        inbox: SimpleQueue[bool],
        go_on_after: timedelta,
    ) -> None:
        self._find, self._command, self._say_one = find, command, say
        self._clock, self._inbox, self._go_on_after = clock, inbox, go_on_after
        self._lock, self._voice = RLock(), RLock()
        self._known: dict[str, Scheduled] = {}
        self._done: dict[str, tuple[Timing, datetime]] = {}
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._errors: set[str] = set()
        self._found_some = self._ending = False
        self._scheduler = BackgroundScheduler(
            timezone=UTC, executors={"default": ThreadPoolExecutor(MOST_RUNS)}
        )

    def begin(self) -> None:
        """Look for the first time, and make up what was missed."""
        logging.getLogger("apscheduler").addHandler(logging.NullHandler())  # we say it ourselves
        self._scheduler.start()
        self._say("Campaigns are run when they are due, until this process is told to end.")
        self.look()

    def look(self) -> None:
        """Look at the files and at the clock."""
        errors: list[str] = []
        try:
            found = self._find()
        except (BulksenderError, OSError) as error:
            errors.append(str(error))
        else:
            with self._lock:
                self._take_over(self._usable(found, errors))
        for told in dict.fromkeys(errors):
            if told not in self._errors:
                self._say(told)
        self._errors = set(errors)
        with self._lock:
            late = [name for name in self._known if self._open(name) is not None]
        for name in late:
            self._scheduler.add_job(self._run, args=[name], misfire_grace_time=None)

    def _usable(
        self, found: Sequence[Scheduled | BulksenderError], errors: list[str]
    ) -> dict[str, Scheduled]:
        """The campaigns by name; what is wrong with the others goes into `errors`."""
        usable: dict[str, Scheduled] = {}
        for each in found:
            if isinstance(each, BulksenderError):
                errors.append(str(each))
            elif each.name in usable:
                errors.append(f'{each.file}: there is another campaign "{each.name}": rename one.')
            else:
                try:
                    last_due(each.timing, self._clock())
                except SettingsError as error:
                    errors.append(f"{each.file}: {error}")
                else:
                    usable[each.name] = each
        return usable

    def _take_over(self, found: dict[str, Scheduled]) -> None:
        """Let these be the known ones."""
        moment = self._clock()
        for name in self._known.keys() - found.keys():
            self._forget(name)
        for name, scheduled in found.items():
            timing, done = self._done.get(name, (None, None))
            if done is None:
                done = moment if self._found_some else moment - scheduled.timing.grace
            elif timing != scheduled.timing:
                done = max(done, moment)
            self._done[name] = (scheduled.timing, done)
            if self._known.get(name) != scheduled:
                self._known[name] = scheduled
                self._schedule(scheduled, moment)
        self._found_some = True

    def _schedule(self, scheduled: Scheduled, moment: datetime) -> None:
        timing = scheduled.timing
        self._scheduler.add_job(
            self._run,
            DueTrigger(timing),
            args=[scheduled.name],
            id=scheduled.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=max(1, int(timing.grace.total_seconds())),
            replace_existing=True,
        )
        runs = next_due(timing, moment, 1)
        when = f"due next {_shown(runs[0][1], timing)}" if runs else "not due any more"
        self._say(f"{scheduled.name}: {when}")

    def _forget(self, name: str) -> None:
        del self._known[name]
        with suppress(JobLookupError):  # it was due for the last time
            self._scheduler.remove_job(name)
        self._say(f"{name}: not run any more, as its file is gone or cannot be used")

    def _open(self, name: str) -> datetime | None:
        """When a campaign was due, where that run is still to be started."""
        timing, done = self._done[name]
        moment = self._clock()
        run = last_due(timing, moment)
        if self._ending or name in self._running or run is None or run[1] <= done:
            return None
        if moment - run[1] > timing.grace:
            self._done[name] = (timing, run[1])
            self._say(f"{name}: missed {_shown(run[1], timing)}, too long ago to be made up")
            return None
        return run[1]

    def _start(self, name: str, times: int) -> subprocess.Popen[str] | None:
        """A campaign's process, where it is due (or to go on) and nobody has started it."""
        with self._lock:
            scheduled = self._known.get(name)
            if scheduled is None or self._ending or name in self._running:
                return None
            if times:
                self._say(f"{name}: goes on")
            else:
                due = self._open(name)
                if due is None:
                    return None
                self._done[name] = (scheduled.timing, due)
                self._say(f"{name}: due {_shown(due, scheduled.timing)}, started")
            try:
                child = subprocess.Popen(
                    self._command(scheduled),
                    cwd=scheduled.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    encoding="utf-8",
                    errors="replace",
                    start_new_session=True,  # a second signal cuts a run short: Ctrl-C is not its
                )
            except OSError as error:
                self._say(f"{name}: could not be started: {error.strerror}")
                return None
            self._running[name] = child
            return child

    def _run(self, name: str, times: int = 0) -> None:
        """Run a campaign, in a thread of its own, and say what it says; `times` it has gone on."""
        child = self._start(name, times)
        if child is None:
            return
        try:
            with child:
                for line in child.stdout or ():
                    self._say(f"{name}: {line.rstrip()}")
            self._say(f"{name}: {ending(child.returncode)}")
        finally:
            with self._lock:
                del self._running[name]
                if child.returncode in GOES_ON and times < GO_ON_TIMES and not self._ending:
                    self._go_on_later(name, times + 1)
            self._inbox.put(_ENDED)

    def _go_on_later(self, name: str, times: int) -> None:
        when = datetime.now(UTC) + self._go_on_after
        given = {"args": [name, times], "misfire_grace_time": None}
        self._scheduler.add_job(self._run, DateTrigger(when), **given)

    def end(self) -> None:
        """Start nothing more, tell the running ones, wait for them; kill them if told again."""
        with self._lock:
            self._ending = True
            for child in self._running.values():
                child.terminate()
            left = len(self._running)
        waiting = f" {left} running, which end in good order. Once more: at once." if left else ""
        self._say(f"Ending.{waiting}")
        while self._left():
            if self._inbox.get() is _TOLD:
                self._say("Killing what still runs.")
                with self._lock:
                    for child in self._running.values():
                        child.kill()
        self._scheduler.shutdown(wait=True)

    def _left(self) -> bool:
        with self._lock:
            return bool(self._running)

    def _say(self, text: str) -> None:
        with self._voice:
            self._say_one(text)


def _shown(due: datetime, timing: Timing) -> str:
    return f"{due.astimezone(zone(timing)):%Y-%m-%d %H:%M} {timing.timezone}"
