"""Once a period: which one a campaign is to run for, and what is left to do in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from bulksender import periods
from bulksender.campaignfile import CampaignFile, read_campaign
from bulksender.errors import AlreadySent, Refused, RunBusy, SettingsError
from bulksender.fetcher import Fetched, fetch
from bulksender.ledger import (
    RESUMABLE,
    Ledger,
    Run,
    RunState,
    iso,
    note_missed,
    previous_run,
    run_of_period,
    waiting_run,
)
from bulksender.model import RowStatus
from bulksender.settings import Job
from bulksender.source import DELIMITED, ZIPPED_WORKBOOKS


class NotDue(AlreadySent):
    """A scheduler has asked, and there is nothing to do for now."""


class PeriodDone(AlreadySent):
    """The campaign has run for the period."""


class Missed(Refused):
    """The run of a `period` was due longer ago than the campaign's grace."""

    def __init__(self, said: str, period: str):
        super().__init__(said)
        self.period = period


class Begin(Struct, frozen=True):
    """Nothing was planned in this period yet, or nothing that counts."""


class GoOn(Struct, frozen=True):
    """The period's run stopped: it is to be resumed."""

    run: Run


class Settle(Struct, frozen=True):
    """The period's run has ended, and what became of some messages is not known."""

    run: Run


class Send(Struct, frozen=True):
    """The plan that waited was approved: it is to be sent as it is."""

    run: Run


class Wait(Struct, frozen=True):
    """The plan waits for approval."""

    run: Run


class Done(Struct, frozen=True):
    """The period's run has ended."""

    run: Run


Todo = Begin | GoOn | Settle | Send | Wait | Done


def _refuse_namesake(campaign: CampaignFile, run: Run | None) -> None:
    """Raise SettingsError where the run is that of another file with the same name."""
    if run is None or not run.job.campaign_file:
        return
    other = Path(run.job.campaign_file)
    if other.is_file() and not other.samefile(campaign.file):
        raise SettingsError(
            f"{campaign.file}: run {run.id} of this period is that of another campaign of the "
            f'name "{campaign.name}", {other}. Give one of them another name ("name" at the '
            "beginning of the file)."
        )


@contextmanager
def alone(campaign: CampaignFile, ledger: Ledger) -> Iterator[None]:
    """Be the only process that runs this campaign. Raises RunBusy."""
    try:
        with ledger.owning(f"campaign-{campaign.name}"):
            yield
    except RunBusy as error:
        if f"campaign-{campaign.name}" not in str(error):
            raise
        raise RunBusy(f"Another process is running the campaign {campaign.name}.") from error


def cancelled_of(run: Run) -> str:
    """What to say of a run whose messages were cancelled; nothing of another."""
    rows = run.counts().get(RowStatus.CANCELLED, 0)
    return f" ({rows:,} of its messages were cancelled)" if rows else ""


def todo(campaign: CampaignFile, period: str, ledger: Ledger, pretended: bool) -> Todo:
    """What is left to do for a period; rehearsals count for themselves."""
    place = (ledger, campaign.name, period, pretended)
    run = run_of_period(*place)
    waiting = waiting_run(*place) if run is None else None
    _refuse_namesake(campaign, run or waiting)
    if run is None:
        if waiting is None:
            return Begin()
        return Send(waiting) if waiting.consent_at else Wait(waiting)
    family = [ledger.run(run_id) for run_id in run.family()]
    for member in family:
        if member.state in RESUMABLE:
            return GoOn(member)
    for member in family:
        if member.purged_at is None and RowStatus.UNKNOWN in member.counts():
            return Settle(member)
    return Done(run)


def period_asked(campaign: CampaignFile, asked: str | None, ledger: Ledger) -> str:
    """The period that somebody names, else today's in the campaign's time zone.

    Raises SettingsError for what is no period's key.
    """
    if asked is not None:
        return periods.check_key(campaign.timing, asked)
    return periods.key(campaign.timing, ledger.clock())


def period_due(campaign: CampaignFile, ledger: Ledger, pretended: bool) -> str:
    """The period whose run is due, for a scheduler that asks at any time.

    Raises NotDue where there is nothing to do, and Missed, once a period, where the run was due
    longer ago than the campaign's grace and is not made up any more.
    """
    timing, now = campaign.timing, ledger.clock()
    if not campaign.scheduled:
        raise NotDue(f"{campaign.name} has no [schedule]: it is run by hand.")
    found = periods.last_due(timing, now)
    if found is None:
        raise NotDue(f"{campaign.name} is not due yet.")
    period, due = found
    if not isinstance(todo(campaign, period, ledger, pretended), Begin):
        return period
    if now - due <= timing.grace:
        return period
    first = previous_run(ledger, campaign.name, period, pretended) is None
    if first or not note_missed(ledger, campaign.name, period, pretended):
        upcoming = periods.next_due(timing, now, 1)
        when = f" It is due next at {_local(upcoming[0][1], campaign)}." if upcoming else ""
        raise NotDue(f"{campaign.name} is not due.{when}")
    raise Missed(
        f"{campaign.name} was due at {_local(due, campaign)}, longer ago than its grace, so "
        f"{period} is not made up by itself; somebody has to: bulksender run {campaign.file} "
        f"--period {period}",
        period,
    )


def _local(moment: datetime, campaign: CampaignFile) -> str:
    where = periods.zone(campaign.timing)
    return f"{moment.astimezone(where):%Y-%m-%d %H:%M} ({campaign.timing.timezone})"


def approvable(run_id: str, ledger: Ledger) -> Run:
    """The plan that waits for approval. Raises Refused for a run that does not."""
    run = ledger.run(run_id)
    if run.state is not RunState.WAITING:
        raise Refused(f"Run {run.id} does not wait for approval: it is {run.state.lower()}.")
    if run.consent_at:
        raise Refused(f"Run {run.id} was approved already. Send it with: {command_of(run, ledger)}")
    return run


def command_of(run: Run, ledger: Ledger) -> str:
    """What to type to send a plan that was approved."""
    campaign = read_campaign(Path(seen_from_here(Path(run.job.campaign_file))))
    return command(campaign, run.job.period, ledger.clock())


def command(campaign: CampaignFile, period: str, now: datetime) -> str:
    """What to type to run a period (again)."""
    named = "" if periods.key(campaign.timing, now) == period else f" --period {period}"
    return f"bulksender run {campaign.file}{named}"


def result_folder(campaign: CampaignFile, period: str, ledger: Ledger) -> Path:
    """The folder of a period's result, which is made. Raises SettingsError."""
    folder = campaign.placed(campaign.output, period, _today(campaign, ledger.clock())).parent
    return _made(folder, campaign)


def fetched(
    campaign: CampaignFile, period: str, folder: Path, clock: Callable[[], datetime]
) -> Fetched:
    """The export as a sheet; one that is no file of this machine is put below `folder`.

    Raises SettingsError and SheetError.
    """
    into = folder / f"{campaign.name}-{period}"
    if campaign.export.query is not None or "://" in (campaign.export.path or ""):
        _made(into, campaign, 0o700)
    return fetch(campaign.export, campaign.folder, into, clock)


def _made(folder: Path, campaign: CampaignFile, mode: int = 0o777) -> Path:
    try:
        folder.mkdir(mode, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"{campaign.file}: the folder {folder} cannot be made: {error.strerror}."
        ) from error
    return folder


def job_of(
    campaign: CampaignFile,
    period: str,
    sheet: Path,
    now: datetime,
    *,
    subaccount: str,
    base_url: str,
    simulate: bool,
    source: str | None,
    country: str | None,
    account: str | None,
    prices: str | None,
) -> Job:
    """The job of a campaign's period. Raises SettingsError for what 8x8 would not take."""
    output = campaign.placed(campaign.output, period, _today(campaign, now))
    suffix = sheet.suffix.lower()
    wanted = sheet.suffix if suffix in DELIMITED | ZIPPED_WORKBOOKS else ".xlsx"
    if output.suffix.lower() != wanted.lower():
        output = output.with_name(output.name + wanted)
    begins = periods.begins(campaign.timing, period)
    return Job(
        sheet=msgspec.structs.replace(
            campaign.sheet,
            path=seen_from_here(sheet),
            country=campaign.sheet.country or country,
        ),
        template=campaign.template,
        source=source,
        subaccount=subaccount,
        base_url=base_url,
        simulate=simulate,
        encoding=campaign.encoding,
        max_parts=campaign.max_parts,
        plain_punctuation=campaign.plain_punctuation,
        batch_size=campaign.batch_size,
        concurrency=campaign.concurrency,
        output=None if campaign.in_place else seen_from_here(output),
        in_place=campaign.in_place,
        folder=str(Path.cwd()),
        campaign=campaign.name,
        period=period,
        since="" if campaign.timing.period == "once" else iso(begins),
        campaign_file=str(campaign.file.absolute()),
        timezone=campaign.timing.timezone,
        variants=campaign.variants,
        sources=campaign.sources,
        delivery=campaign.delivery,
        account=account,
        prices=prices,
    ).check(now)


def seen_from_here(path: Path) -> str:
    """A path as somebody in the working folder would write it."""
    full = Path(os.path.abspath(path))  # noqa: PTH100 -- links stay as they are
    return str(full.relative_to(Path.cwd())) if full.is_relative_to(Path.cwd()) else str(full)


def page_of(campaign: CampaignFile, period: str, now: datetime) -> Path:
    """Where the run's report goes."""
    return campaign.placed(campaign.page, period, _today(campaign, now))


def _today(campaign: CampaignFile, now: datetime) -> date:
    """The date in the campaign's time zone."""
    return now.astimezone(periods.zone(campaign.timing)).date()
