"""The pipeline: plan, send, report.

    sheet → loader → renderer → ledger → chunker → sender → ledger → reporter → sheet

Three phases, each restartable; the ledger is the only thing between them. Rows that cannot be sent
travel beside those that can, as values.
"""

from __future__ import annotations

import time
from pathlib import Path

from bulksender import chunker, loader, reporter
from bulksender.errors import AlreadySent, ExitCode, Refused, SettingsError
from bulksender.ledger import RESUMABLE, Ledger, Run
from bulksender.loader import Chunk
from bulksender.model import Recipient, RejectedRow, RowStatus
from bulksender.renderer import Renderer
from bulksender.reporter import Summary
from bulksender.sender import Sender
from bulksender.settings import Job, instant


def plan(job: Job, ledger: Ledger, history: Ledger | None = None) -> Run:
    """Read, check and render every row of the sheet into the ledger; nothing is sent.

    `history` is where earlier runs are, when `ledger` is a scratch one. Raises SheetError and
    TemplateError for what no row could survive.
    """
    sheet = loader.open_sheet(job.sheet)
    renderer = Renderer(job, sheet.headers)
    unfinished: set[str] = set()
    with ledger.plan(job) as run:
        for chunk in sheet.chunks(renderer.columns):
            recipients, refused = screen(chunk, job, unfinished)
            messages, unrenderable = renderer.render(recipients)
            run.add(messages, refused + unrenderable)
        run.seal(sheet.facts)  # duplicates fall out here, across the whole sheet
        _refuse_twins(unfinished, history or ledger)
    return run


def send(run: Run, sender: Sender) -> None:
    """Send what is READY, batch by batch, until nothing is left or the sender has to stop."""
    with sender:
        first = run.last_batch() + 1
        for batch in chunker.chunk(run.ready(), run.job.batch_size, run.id, first):
            if not sender.submit(batch):  # claim, POST, record
                break
    run.end()


def report(run: Run, output: Path | None = None, *, started: float | None = None) -> Summary:
    """Write the sheet back with each row's outcome; `started` is a time.monotonic() value."""
    written = reporter.write(run, output or output_of(run.job))
    seconds = 0.0 if started is None else time.monotonic() - started
    return reporter.summarise(run, seconds=seconds, output=written)


def screen(
    chunk: Chunk, job: Job, unfinished: set[str]
) -> tuple[list[Recipient], list[RejectedRow]]:
    """Take out whoever has been texted already, or does not want to be.

    Adds to `unfinished` the runs that rows say they are still waiting in.
    """
    refused = [_if_sent(row, job) or row for row in chunk.refused]
    recipients = []
    for row in chunk.recipients:
        out = _if_sent(row, job) or _if_opted_out(row)
        if out is not None:
            refused.append(out)
            continue
        recipients.append(row)
        if row.previous is not None and row.previous.status == RowStatus.READY:
            unfinished.add(row.previous.run)
    return recipients, refused


def _if_opted_out(row: Recipient) -> RejectedRow | None:
    if not row.opted_out:
        return None
    said = "the row's own opt-out column says so"
    return RejectedRow(row.row, RowStatus.OPTED_OUT, said, row.destination, row.previous)


def _if_sent(row: Recipient | RejectedRow, job: Job) -> RejectedRow | None:
    """A row that comes in with result columns and must not go out again.

    A row that 8x8 refused was not sent, umid or not. A row whose outcome is not known may have
    been, so it stays where it is.
    """
    previous = row.previous
    if job.again or previous is None:
        return None
    run = f" (run {previous.run})" if previous.run else ""
    if previous.status in _UNSETTLED:
        said = f"may have been sent before{run}: settle that run first"
    elif previous.status == RowStatus.ALREADY_SENT or (
        previous.umid and previous.status != RowStatus.REJECTED
    ):
        said = f"sent before{run}"
    else:
        return None
    return RejectedRow(row.row, RowStatus.ALREADY_SENT, said, row.destination, previous)


_UNSETTLED = frozenset({RowStatus.UNKNOWN, RowStatus.SENDING})


def _refuse_twins(unfinished: set[str], history: Ledger) -> None:
    """A row that still waits in a stopped run would go out twice if that run were resumed."""
    waiting = history.unfinished(unfinished) if unfinished else None
    if waiting is not None:
        raise Refused(
            f"Rows of this sheet still wait in run {waiting.id}, which was stopped: go on with "
            f"`bulksender resume {waiting.id}` instead of sending the sheet anew."
        )


def refuse_unsendable(run: Run, ledger: Ledger) -> None:
    """The rules that refuse a whole plan before anybody is asked.

    Raises Refused for `--strict` and where no row can go out, AlreadySent for a plan that was sent
    before.
    """
    counts = run.counts()
    bad = {status: rows for status, rows in counts.items() if status is not RowStatus.READY}
    if run.job.strict and bad:
        said = ", ".join(f"{rows:,} {status}" for status, rows in bad.items())
        raise Refused(f"Not every row can be sent ({said}), and --strict asks for that.")
    if not counts:
        raise Refused(f"{run.job.sheet.path}: there are no rows below the header.")
    if counts.keys() == {RowStatus.INVALID}:
        raise Refused(f"None of the {sum(counts.values()):,} rows can be sent.")
    before = None if run.job.again else already_sent(run, ledger)
    if before is not None:
        go_on = (
            f"It is not finished: `bulksender resume {before.id}` goes on."
            if before.state in RESUMABLE
            else "To send it a second time on purpose, add --again."
        )
        raise AlreadySent(
            f"The same texts to the same numbers were sent before: run {before.id}, "
            f"{before.created_at[:16].replace('T', ' ')} UTC. {go_on}"
        )


def already_sent(run: Run, ledger: Ledger) -> Run | None:
    """The newest approved run with the same content as this plan."""
    if run.hash is None or RowStatus.READY not in run.counts():
        return None
    return ledger.sent_before(run.hash, but=run)


def output_of(job: Job) -> Path:
    """Where a job's result goes. Raises SettingsError where that place cannot be."""
    return reporter.output_path(Path(job.sheet.path), job.output, job.in_place)


def check_output(job: Job) -> None:
    """Raise SettingsError, before anything is sent, where the result could not be written."""
    reporter.check_output(output_of(job))


def resumable(run_id: str | None, ledger: Ledger) -> Run:
    """The run to resume: the one named, else the newest that needs it. Raises Refused."""
    run = ledger.run(run_id) if run_id else ledger.newest(*RESUMABLE)
    if run is None:
        raise Refused("No run in the ledger waits to be resumed.")
    if run.state in RESUMABLE or run.counts().get(RowStatus.SENDING):
        return run
    raise Refused(f"Run {run.id} cannot be resumed: it is {run.state.lower()}.")


def check_schedule(job: Job, ledger: Ledger) -> None:
    """Raise SettingsError where a resumed run's scheduled time has passed meanwhile."""
    if job.scheduled and instant("--schedule", job.scheduled) <= ledger.clock():
        raise SettingsError(
            f"The run was scheduled for {job.scheduled}, which has passed: give it a new time with "
            "--schedule."
        )


def ending(summary: Summary, stopped: str | None) -> ExitCode:
    """The exit code of a run that was sent (or tried)."""
    left = {RowStatus.READY, RowStatus.SENDING} & summary.counts.keys()
    if stopped is not None and left:
        return ExitCode.STOPPED
    if RowStatus.UNKNOWN in summary.counts:
        return ExitCode.UNKNOWN
    if RowStatus.REJECTED in summary.counts:
        return ExitCode.REJECTED
    return ExitCode.DONE
