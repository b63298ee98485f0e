"""The pipeline: plan, send, report.

    sheet → loader → renderer → ledger → chunker → sender → ledger → reporter → sheet

Three phases, each restartable; the ledger is the only thing between them. Rows that cannot be sent
travel beside those that can, as values.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path

from bulksender import chunker, delivering, reporter
from bulksender.errors import AlreadySent, ExitCode, Refused, RunBusy, SettingsError
from bulksender.ledger import RESUMABLE, Ledger, Run, RunLine, RunState
from bulksender.model import RowStatus
from bulksender.reading import Reading, reading
from bulksender.reporter import Draft, Summary
from bulksender.screening import Screen
from bulksender.sender import Sender
from bulksender.settings import Job
from bulksender.timing import each_timed, timed


def plan(
    job: Job, ledger: Ledger, history: Ledger | None = None, begun: Reading | None = None
) -> Run:
    """Read, check and render every row of the sheet into the ledger; nothing is sent.

    `history` is where earlier runs are, when `ledger` is a scratch one; `begun` is the job's sheet
    where it is being read already. Raises SheetError and TemplateError for what no row could
    survive.
    """
    with ExitStack() as opened:
        sheet, renderer, chunks = begun or opened.enter_context(reading(job))
        screen = Screen(job, history or ledger)
        run = opened.enter_context(ledger.plan(job))
        for chunk in each_timed("read", chunks):
            with timed("render"):
                recipients, refused = screen(chunk)  # opt-outs, already sent
                messages, unrenderable = renderer.render(recipients)
            with timed("keep"):
                run.add(messages, refused + unrenderable)
        with timed("seal"):
            run.seal(sheet.facts)  # duplicates fall out here, across the whole sheet
            zones = delivering.give_times(run)
        run.notices = (*sheet.notices, *renderer.notices(run.oddities()), *zones)
    return run


def send(run: Run, sender: Sender) -> None:
    """Send what is READY, batch by batch, until nothing is left or the sender has to stop."""
    with sender, timed("send"):
        while not _submitted(run, sender):
            pass  # a batch's time has come before it left: what is left gets new ones
    run.end()


def _submitted(run: Run, sender: Sender) -> bool:
    """Send all batches; False where one of them could not keep the time that it was given."""
    try:
        in_time = delivering.timed(run)
    except Refused as error:
        sender.stop(str(error))
        return True
    late, first = False, run.last_batch() + 1
    for batch in chunker.chunk(run.ready(), run.job.batch_size, run.id, first):
        late = not in_time(batch)
        if late or not sender.submit(batch, in_time):  # claim, POST, record
            break
    done = sender.drain() and not late
    return done or sender.stopped is not None


def drafting(run: Run) -> AbstractContextManager[Draft | None]:
    """While the block sends a large run, its result is written to a draft for `report` already."""
    return reporter.drafting(run, output_of(run.job))


def report(
    run: Run,
    output: Path | None = None,
    *,
    started: float | None = None,
    draft: Draft | None = None,
) -> Summary:
    """Write the sheet back with each row's outcome; `started` is a time.monotonic() value.

    Raises SettingsError for an `output` that cannot be, ReportError where writing fails.
    """
    if output is not None:
        output = reporter.output_path(run.job.path(run.job.sheet.path), str(output), False)
        if not run.job.in_place:
            _refuse_sheet(output, run.job)
        reporter.check_writable(output)
    with timed("report"):
        written = reporter.write(run, output or output_of(run.job), draft)
        seconds = 0.0 if started is None else time.monotonic() - started
        return reporter.summarise(run, seconds=seconds, output=written)


def report_check(run: Run) -> Path:
    """Write the checked sheet to the job's output: what would become of each row.

    Raises SettingsError for an output that cannot be, ReportError where writing fails.
    """
    return reporter.write(run, output_of(run.job))


def refuse_unsendable(run: Run, ledger: Ledger) -> None:
    """The rules that refuse a whole plan before anybody is asked.

    Raises Refused for `--strict`, where no row can go out, and where rows still wait in a stopped
    run; AlreadySent for a plan that was sent before.
    """
    counts = run.counts()
    bad = {status: rows for status, rows in counts.items() if status is not RowStatus.READY}
    if run.job.strict and bad:
        said = ", ".join(f"{rows:,} {status}" for status, rows in bad.items())
        raise Refused(f"Not every row can be sent ({said}), and --strict asks for that.")
    if not counts:
        raise Refused(f"{run.job.sheet.path}: there are no rows below the header.")
    if RowStatus.INVALID in counts and not counts.keys() & _SENT_OR_TO_SEND:
        raise Refused(
            "No row can be sent. Mend what is listed as problems (`bulksender check` with -o FILE "
            "writes each beside its row), and try again."
        )
    if not run.job.again:
        _refuse_repeats(run, ledger)


_SENT_OR_TO_SEND = {RowStatus.READY, RowStatus.ALREADY_SENT, RowStatus.UNKNOWN}


def _refuse_repeats(run: Run, ledger: Ledger) -> None:
    before = ledger.sent_before(run)
    if before is not None:
        if before.state in RESUMABLE:
            go_on = f"It is not finished: `bulksender resume {before.id}` goes on."
        elif run.parent is not None:
            go_on = "Nothing is left to try again."
        elif run.job.campaign is not None:
            go_on = (
                "Whoever is in it has this text in this period; change the text to send another."
            )
        else:
            go_on = "To send it to everybody in it once more, add --again."
        raise AlreadySent(
            f"The same texts to the same numbers were sent before: run {before.id}, "
            f"{before.created_at[:16].replace('T', ' ')} UTC. {go_on}"
        )
    waiting = run.waiting_elsewhere()
    if waiting is not None:
        other, rows = waiting
        raise Refused(
            f"{rows:,} of these messages still wait in run {other}, which was stopped. Go on with "
            f"`bulksender resume {other}`, add what is new to its result sheet, and send that."
        )


def output_of(job: Job, or_else: str = ", or say --in-place") -> Path:
    """Where a job's result goes. Raises SettingsError where that place cannot be."""
    output = str(job.path(job.output)) if job.output else None
    if output is not None:
        _refuse_sheet(Path(output), job, or_else)
    return reporter.output_path(job.path(job.sheet.path), output, job.in_place)


def _refuse_sheet(output: Path, job: Job, or_else: str = "") -> None:
    if output.resolve() == job.path(job.sheet.path).resolve():
        raise SettingsError(f"--output {output} is the sheet itself: name another file{or_else}.")


def require_writable(job: Job, or_else: str = ", or say --in-place") -> None:
    """Raise SettingsError, before anything is sent, where the result could not be written.

    `or_else` is what may be done instead of writing to another file than the sheet.
    """
    reporter.check_writable(output_of(job, or_else))


def resumable(run_id: str | None, ledger: Ledger) -> Run:
    """The run to resume: the one named, else the newest that needs it. Raises Refused."""
    run = ledger.run(run_id) if run_id else ledger.newest(*RESUMABLE)
    if run is None:
        raise Refused("No run in the ledger waits to be resumed.")
    run.refuse_purged()
    if run.state is RunState.WAITING:
        raise Refused(f"Run {run.id} waits for approval: bulksender approve {run.id}")
    if run.state in (*RESUMABLE, RunState.FINISHED):  # of a finished run, the report is left
        return run
    raise Refused(f"Run {run.id} cannot be resumed: it is {run.state.lower()}.")


def refuse_crossing(planned: Job, resumed: Job) -> None:
    """Raise Refused where a rehearsal would reach people, or a real run a simulator."""
    if planned.pretended != resumed.pretended:
        raise Refused(
            f"The run was planned for {'a simulator' if planned.pretended else planned.base_url}, "
            f"and would now go to {'a simulator' if resumed.pretended else resumed.base_url}. "
            "Correct --base-url or BULKSENDER_BASE_URL."
        )


def reportable(run_id: str, ledger: Ledger) -> Run:
    """The run to report; raises Refused for one that holds no rows."""
    run = ledger.run(run_id)
    if run.state in (RunState.PLANNING, RunState.PLANNED, RunState.DECLINED):
        raise Refused(f"Run {run.id} was never approved, so there is nothing to report.")
    run.refuse_purged()
    with suppress(RunBusy), ledger.owning(run.id):
        run.settle_orphans()
    return run


def next_command(line: RunLine, ledger: Ledger, retried: bool) -> str:
    """What to type next about a run; empty where nothing is left to do."""
    unfinished = (RunState.SENDING, RunState.PLANNING, RunState.PLANNED)
    if line.state in unfinished and ledger.is_owned(line.id):
        return "wait: another process is working on it"
    if line.state is RunState.WAITING:
        if line.consented:
            return f"bulksender run {line.campaign_file} --period {line.period}"
        return f"bulksender approve {line.id}"
    if not line.approved or line.purged:
        return ""
    if line.state in RESUMABLE:
        return f"bulksender resume {line.id}"
    if RowStatus.UNKNOWN in line.counts:
        return f"bulksender reconcile {line.id}"
    if RowStatus.REJECTED in line.counts and not retried:
        return f"bulksender retry {line.id}"
    return ""


def ending(summary: Summary, stopped: str | None, tried_again: bool = False) -> ExitCode:
    """The exit code of a run that was sent (or tried); `tried_again` is what was rejected."""
    left = {RowStatus.READY, RowStatus.SENDING} & summary.counts.keys()
    if stopped is not None and left:
        return ExitCode.STOPPED
    if RowStatus.UNKNOWN in summary.counts:
        return ExitCode.UNKNOWN
    if RowStatus.REJECTED in summary.counts and not tried_again:
        return ExitCode.REJECTED
    return ExitCode.DONE
