"""Telling a campaign's owner, and the machine's watchers, how a run ended."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bulksender.cli.output import Output, next_step
from bulksender.errors import (
    BulksenderError,
    ExitCode,
    LedgerError,
    ReportError,
    SettingsError,
    WaitsForApproval,
)

if TYPE_CHECKING:
    from bulksender.campaignfile import CampaignFile
    from bulksender.ledger import Ledger, Run
    from bulksender.notifier import Kind, News
    from bulksender.reporter import Summary

_KINDS: dict[ExitCode, Kind] = {
    ExitCode.REJECTED: "rejected",
    ExitCode.UNKNOWN: "unknown",
    ExitCode.STOPPED: "stopped",
}


class Owner:
    """Who is told: by the run's page, the metrics file, and what the campaign's file names.

    `period` is set once it is known. A timer that starts the campaign again and again (`once`) has
    the same thing told once. None of what is told holds a number or a text.
    """

    def __init__(
        self,
        campaign: CampaignFile,
        book: Ledger,
        output: Output,
        rehearsal: bool,
        metrics_file: Path | None,
        once: bool,
    ):
        self._campaign = campaign
        self._book = book
        self._output = output
        self._rehearsal = rehearsal
        self._metrics_file = metrics_file
        self._once = once
        self.period = ""

    def ended(self, run: Run, summary: Summary, code: ExitCode, stopped: str) -> None:
        """A run has ended; `stopped` says why not, or why there is no result."""
        from bulksender import runpage
        from bulksender.notifier import News

        why, command = _with_command(stopped)
        command = command or _with_command(next_step(code, run.id) or "")[1]
        outcome = f"{why} {runpage.outcome_of(run)}".strip()
        page = self._page(run, summary, outcome, command)
        self._metrics(summary, code)
        cost = summary.cost
        self._tell(
            News(
                kind=_KINDS.get(code, "finished"),
                campaign=self._campaign.name,
                period=self.period,
                run=run.id,
                rehearsal=self._rehearsal,
                said=outcome,
                counts=summary.counts,
                rows=summary.rows,
                parts=summary.parts,
                cost=f"{cost.amount:,} {cost.currency}" if cost else "",
                next=command,
                output=summary.output,
                page=str(page) if page else None,
            )
        )

    def refused(self, error: BulksenderError) -> None:
        """`error` says why nothing was sent, or not all; of a plan that waits, that it does."""
        from bulksender.notifier import News
        from bulksender.periodic import Missed

        kind: Kind = _KINDS.get(error.exit_code, "refused")
        if isinstance(error, WaitsForApproval):
            kind = "waits"
        if isinstance(error, Missed):
            kind, self.period = "missed", error.period
        said, command = _with_command(str(error))
        self._tell(
            News(
                kind=kind,
                campaign=self._campaign.name,
                period=self.period,
                rehearsal=self._rehearsal,
                said=said,
                next=command,
            )
        )

    def _page(self, run: Run, summary: Summary, outcome: str, command: str) -> Path | None:
        """Write the run's page; None where that fails, which is said."""
        from bulksender import periodic, runpage

        place = periodic.page_of(self._campaign, self.period, self._book.clock())
        try:
            runpage.write_run_page(run, summary, place, outcome=outcome, following=command)
        except (ReportError, LedgerError, OSError) as error:
            self._output.error(f"The report could not be written: {error}")
            return None
        self._output.say(f"Report: {periodic.seen_from_here(place)}", style="bold")
        return place

    def _metrics(self, summary: Summary, code: ExitCode) -> None:
        if self._metrics_file is None:
            return
        from bulksender.metrics import Metrics, write_metrics

        sample = Metrics(
            campaign=self._campaign.name,
            period=self.period,
            run=summary.run or "",
            counts=summary.counts,
            parts=summary.parts,
            batches=summary.batches,
            cost=summary.cost.amount if summary.cost else None,
            currency=summary.cost.currency if summary.cost else "",
            seconds=summary.seconds,
            exit_code=code,
            ended=self._book.clock().timestamp(),
        )
        try:
            write_metrics(self._metrics_file, sample)
        except SettingsError as error:
            self._output.error(str(error))

    def _tell(self, news: News) -> None:
        from bulksender.ledger import note_told
        from bulksender.notifier import notify

        what = f"{news.kind}{' (rehearsal)' * news.rehearsal}: {news.said}"
        with suppress(LedgerError):  # which may be the very news
            new = note_told(self._book, self._campaign.name, self.period, what)
            if self._once and not new:
                return
        for problem in notify(news, self._campaign.notify):
            self._output.error(problem)


def _with_command(said: str) -> tuple[str, str]:
    """A sentence that ends with the command to type next, as two: the command may be blank."""
    why, colon, command = said.rpartition(": bulksender ")
    return (f"{why}.", f"bulksender {command}") if colon else (said, "")
