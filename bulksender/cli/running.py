"""A campaign's run, from its file to the news of how it ended. Nobody is asked anything."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from bulksender.cli.costs import reckon
from bulksender.cli.desk import Desk, Watchers
from bulksender.cli.opening import (
    chosen_account,
    chosen_base_url,
    chosen_subaccount,
    known_account,
    opened_account,
    opened_history,
    opened_ledger,
    overridden,
)
from bulksender.cli.output import Output
from bulksender.cli.owner import Owner
from bulksender.cli.sending import (
    decide_and_send,
    reconcile_and_report,
    send_and_report,
    show_plan,
)
from bulksender.errors import (
    BulksenderError,
    ExitCode,
    ReportError,
    RunBusy,
    WaitsForApproval,
)
from bulksender.eventlog import EventLog, Events, Silent

if TYPE_CHECKING:
    from bulksender.campaignfile import CampaignFile
    from bulksender.fetcher import Fetched
    from bulksender.ledger import Ledger, Run
    from bulksender.periodic import Todo
    from bulksender.settings import Account, Defaults, Job


class Asked(Struct, frozen=True, kw_only=True):
    """What the options say beside the campaign's file."""

    period: str | None = None
    scheduled: bool = False
    subaccount: str | None = None
    region: str | None = None
    base_url: str | None = None
    api_key_file: Path | None = None
    simulate: bool = False
    metrics_file: Path | None = None


def run_campaign(
    file: Path,
    asked: Asked,
    ledger: str | None,
    output: Output,
    started: float,
    log: EventLog | None = None,
) -> ExitCode:
    """Read a campaign's file, and run it for its period."""
    from bulksender.campaignfile import read_campaign

    campaign = read_campaign(file)
    with opened_ledger(ledger, defaults_of(campaign)) as book:
        return Conductor(campaign, asked, book, output, started, log).run()


def check_campaign(
    file: Path, asked: Asked, ledger: str | None, output: Output, started: float
) -> ExitCode:
    """Read a campaign's file, and look at what would go out. Nothing is kept."""
    from bulksender.campaignfile import read_campaign
    from bulksender.ledger import Ledger

    campaign = read_campaign(file)
    with (
        opened_history(ledger, defaults_of(campaign)) as history,
        Ledger.scratch() as scratch,
    ):
        return Conductor(campaign, asked, history or scratch, output, started).check(scratch)


def defaults_of(campaign: CampaignFile) -> Defaults:
    """The settings file of the campaign's folder, with what the campaign's own file says."""
    from bulksender.settings import read_defaults

    own = {
        name: value
        for name, value in msgspec.structs.asdict(campaign.account).items()
        if value is not None
    }
    if "region" in own:
        own.setdefault("base_url", None)
    found = msgspec.structs.replace(read_defaults(campaign.folder), **own)
    return found.from_folder(campaign.folder)


class Conductor:
    """Runs a campaign for a period. The clock is that of `book`, the ledger."""

    def __init__(
        self,
        campaign: CampaignFile,
        asked: Asked,
        book: Ledger,
        output: Output,
        started: float | None = None,
        log: EventLog | None = None,
    ):
        from bulksender.settings import is_loopback

        self._campaign = campaign
        self._asked = asked
        self._book = book
        self._output = output
        self._started = time.monotonic() if started is None else started
        self._log = log
        self._defaults = defaults_of(campaign)
        self._base_url = chosen_base_url(asked.base_url, asked.region, self._defaults)
        self._pretended = asked.simulate or is_loopback(self._base_url)
        self._owner = Owner(
            campaign, book, output, self._pretended, asked.metrics_file, once=asked.scheduled
        )
        self._period = ""

    def run(self) -> ExitCode:
        """Do what is left to do for the period. Raises BulksenderError; the owner is told then."""
        from bulksender import metrics, notifier, periodic

        self._output.unattended = not self._output.interactive or self._log is not None
        if self._asked.metrics_file is not None:
            metrics.check_metrics(self._asked.metrics_file)
        notifier.check_urls(self._campaign.notify)
        with periodic.alone(self._campaign, self._book), self._telling():
            self._choose_period()
            return self._do(self._todo())

    def check(self, scratch: Ledger) -> ExitCode:
        """Plan only: what would go out, when, at what cost, and what refuses it."""
        from bulksender import campaign, notifier, periodic

        notifier.check_urls(self._campaign.notify)
        self._choose_period()
        job, fetched = self._job(scratch.path.parent)
        run = campaign.plan(job, scratch, self._book)
        account = known_account(job, self._defaults, self._asked.api_key_file)
        reckon(run, account, self._book, self._output)
        summary = show_plan(run, self._output, self._started)
        self._output.object(summary)
        campaign.refuse_unsendable(run, scratch)
        self._guard(run, account, fetched)
        todo = self._todo()
        if not isinstance(todo, periodic.Begin):
            self._output.say()
            self._output.say(f"For {self._period} there is run {todo.run.id} already.")
        return ExitCode.DONE

    def _choose_period(self) -> None:
        from bulksender import periodic

        asked, book = self._asked, self._book
        if asked.scheduled and asked.period is None:
            self._period = periodic.period_due(self._campaign, book, self._pretended)
        else:
            self._period = periodic.period_asked(self._campaign, asked.period, book)
        self._owner.period = self._period

    def _todo(self) -> Todo:
        from bulksender import periodic

        return periodic.todo(self._campaign, self._period, self._book, self._pretended)

    def _do(self, todo: Todo) -> ExitCode:
        from bulksender import periodic
        from bulksender.reporter import summarise

        match todo:
            case periodic.Done(run):
                if self._output.json:
                    self._output.object(summarise(run, seconds=0.0))
                raise periodic.PeriodDone(
                    f"{self._campaign.name} has run for {self._period}: run {run.id}"
                    f"{periodic.cancelled_of(run)}. Nothing was done."
                )
            case periodic.Wait(run):
                raise AlreadyWaits(f"Run {run.id} waits for approval: bulksender approve {run.id}")
            case periodic.GoOn(run):
                return self._go_on(run)
            case periodic.Settle(run):
                return self._settle(run)
            case periodic.Send(run):
                return self._send_approved(run)
        return self._begin()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Tell the owner what has refused the run, but not that there is nothing to do.

        Of a result that could not be written the owner was told with the run's end.
        """
        from bulksender import periodic

        try:
            yield
        except (periodic.PeriodDone, periodic.NotDue, RunBusy, AlreadyWaits, ReportError):
            raise
        except BulksenderError as error:
            self._owner.refused(error)
            raise

    def _begin(self) -> ExitCode:
        """Plan the period anew, and send it unless something refuses that."""
        from bulksender import periodic
        from bulksender.reading import reading

        job, fetched = self._job(periodic.result_folder(self._campaign, self._period, self._book))
        with ExitStack() as opened:
            with reading(job) as begun:
                from bulksender import campaign

                campaign.require_writable(job)
                account = opened.enter_context(self._account_of(job))
                run = campaign.plan(job, self._book, begun=begun)
            return decide_and_send(
                run, self._desk(account), lambda: self._decide(run, account, fetched)
            )

    def _decide(self, run: Run, account: Account, fetched: Fetched) -> float:
        """The guardrails decide, then whoever has to approve."""
        self._guard(run, account, fetched)
        if self._campaign.guardrails.require_approval:
            run.wait_for_consent()
            raise WaitsForApproval(
                f"Run {run.id} is planned and waits for approval: bulksender approve {run.id}"
            )
        return 0.0

    def _guard(self, run: Run, account: Account | None, fetched: Fetched) -> None:
        from bulksender.guarding import guard
        from bulksender.pricing import balance_for

        guard(
            run,
            self._campaign.guardrails,
            self._book,
            costs=run.costs,
            balance=balance_for(run, account),
            exported_at=fetched.modified_at,
        )

    def _go_on(self, run: Run) -> ExitCode:
        """Resume a run that stopped."""
        from bulksender import campaign

        job = overridden(run.job, self._asked.base_url, None, None)
        campaign.refuse_crossing(run.job, job)
        with self._account_of(job) as account, self._book.owning(run.id):
            run = self._book.run(run.id)
            run.reopen(job)
            self._output.say(f"Run {run.id}: {job.sheet.path}", style="bold")
            return send_and_report(run, self._desk(account))

    def _settle(self, run: Run) -> ExitCode:
        """Ask 8x8's log for what is UNKNOWN."""
        from bulksender.settling import SETTLE

        with self._account_of(run.job) as account, self._book.owning(run.id):
            run = self._book.run(run.id)
            self._output.say(f"Run {run.id}: {run.job.sheet.path}", style="bold")
            again = self._campaign.resend_absent
            return reconcile_and_report(run, self._desk(account), run.job, SETTLE, again)

    def _send_approved(self, run: Run) -> ExitCode:
        """Send a plan that somebody has approved, as it is."""
        with self._account_of(run.job) as account, self._book.owning(run.id):
            run = self._book.run(run.id)
            run.approve()
            self._output.say(f"Run {run.id}: {run.job.sheet.path}", style="bold")
            return send_and_report(run, self._desk(account))

    def _account_of(self, job: Job) -> AbstractContextManager[Account]:
        return opened_account(job, self._defaults, self._asked.api_key_file)

    def _desk(self, account: Account) -> Desk:
        events: Events = Silent()
        if self._log is not None:
            events = self._log.about(self._campaign.name, self._period)
        watchers = Watchers(events, self._owner.ended)
        return Desk(self._book, account, self._output, self._started, True, watchers)

    def _job(self, folder: Path) -> tuple[Job, Fetched]:
        """Fetch the export, below `folder` where it is not a file of this machine; the job."""
        from bulksender import periodic

        campaign, defaults, asked = self._campaign, self._defaults, self._asked
        fetched = periodic.fetched(campaign, self._period, folder, self._book.clock)
        job = periodic.job_of(
            campaign,
            self._period,
            fetched.path,
            self._book.clock(),
            subaccount=chosen_subaccount(asked.subaccount, defaults),
            base_url=self._base_url,
            simulate=asked.simulate,
            source=campaign.source or defaults.source,
            country=defaults.country.upper() if defaults.country else None,
            account=chosen_account(defaults),
            prices=defaults.prices,
        )
        return job, fetched


class AlreadyWaits(WaitsForApproval):
    """The plan waits still; its owner was told when it began to."""
