"""The commands that make campaigns run by themselves: schedule, and daemon."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bulksender.cli import options as o
from bulksender.cli.base import app, ending, given
from bulksender.errors import BulksenderError, ExitCode, SettingsError, did_you_mean

if TYPE_CHECKING:
    from bulksender.campaignfile import CampaignFile
    from bulksender.scheduling import Scheduled

_ENVIRONMENT = (
    *("BULKSENDER_API_KEY", "BULKSENDER_SUBACCOUNT", "BULKSENDER_REGION"),
    *("BULKSENDER_BASE_URL", "BULKSENDER_ACCOUNT"),
)
RUNS_SHOWN = 5
"""How many of a campaign's next runs are shown."""

schedule = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
app.add_typer(
    schedule, name="schedule", help="When campaigns are due; make them run by themselves."
)

_Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME…]", help="Campaigns; all that have a schedule, if none is named."
    ),
]
_Cron = Annotated[bool, typer.Option("--cron", help="In the crontab, instead of a systemd timer.")]


@schedule.callback()
def _before(context: typer.Context, json: o.Json = False, verbose: o.Verbose = False) -> None:
    """Show all campaigns in the folder `campaigns`, and their next five runs."""
    given.json, given.verbose = given.json or json, given.verbose or verbose
    if context.invoked_subcommand is None:
        shown()


@ending
def shown() -> ExitCode:
    """Show all campaigns, and their next five runs."""
    output = given.output(json=False, verbose=False)
    from bulksender import periods
    from bulksender.ledger import now

    listed, broken = [], []
    for found in _campaigns():
        if isinstance(found, BulksenderError):
            broken.append(found)
            continue
        timing = found.timing
        runs = periods.next_due(timing, now(), RUNS_SHOWN) if found.scheduled else []
        output.say(f"{found.name}  {timing.period}, {timing.timezone}", style="bold")
        if not found.scheduled:
            output.say("no [schedule]: it is run by hand", indent=2)
        for period, due in runs:
            output.say(f"{_local(due, timing.timezone)}  {period}", indent=2)
        listed.append(
            {
                "campaign": found.name,
                "file": str(found.file),
                "period": timing.period,
                "timezone": timing.timezone,
                "next": [{"period": period, "due": due.isoformat()} for period, due in runs],
            }
        )
    if not listed and not broken:
        output.say("There is no campaign in campaigns/. `bulksender new NAME` makes one.")
    for error in broken:
        output.error(str(error))
    output.object({"campaigns": listed})
    return ExitCode.REFUSED if broken else ExitCode.DONE


@schedule.command()
@ending
def install(
    names: _Names = None,
    cron: _Cron = False,
    print_only: Annotated[
        bool, typer.Option("--print", help="Show what would be installed; change nothing.")
    ] = False,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Install a timer for each campaign: systemd's, or with --cron a crontab line."""
    output = given.output(json, verbose)
    from bulksender.scheduling import crontab, systemd, units

    installed = []
    for each in _chosen(names, given.url(ledger)):
        if print_only and cron:
            lines = crontab.lines(each, [crontab.machine_clock()])
        elif print_only:
            name = units.unit(each.name)
            lines = [f"# {name}.timer", units.timer_text(each), f"# {name}.service"]
            lines.append(units.service_text(each))
        else:
            lines = (crontab if cron else systemd).install(each)
        for line in lines:
            output.say(line.rstrip("\n"))
        installed.append({"campaign": each.name, "lines": lines})
    unseen = [name for name in _ENVIRONMENT if os.environ.get(name)]
    if unseen and not print_only:
        place = "your crontab, above the campaigns" if cron else "~/.config/bulksender/environment"
        output.error(
            f"The timer does not see what is set in this shell only: {', '.join(unseen)}. Write "
            f"it into {place} (NAME=value), or name it in bulksender.toml."
        )
    output.object({"installed": [] if print_only else installed, "shown": installed})
    return ExitCode.DONE


@schedule.command()
@ending
def remove(
    names: _Names = None,
    cron: _Cron = False,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Take campaigns' timers away again."""
    output = given.output(json, verbose)
    from bulksender.scheduling import crontab, systemd

    where = crontab if cron else systemd
    wanted = names or [each.name for each in _scheduled()[0] if where.installed(each.name)]
    if not wanted:
        raise SettingsError("No campaign of this folder has a timer. Name the one to remove.")
    for name in wanted:
        for line in where.remove(name):
            output.say(line)
    output.object({"removed": wanted})
    return ExitCode.DONE


@app.command()
@ending
def daemon(
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Run all campaigns of the folder when they are due, until Ctrl-C."""
    output = given.output(json, verbose)
    from bulksender.scheduling import command
    from bulksender.scheduling.daemon import serve

    where = given.url(ledger)

    def find() -> list[Scheduled | BulksenderError]:
        return [
            found if isinstance(found, BulksenderError) else _timed(found, where)
            for found in _campaigns()
            if isinstance(found, BulksenderError) or found.scheduled
        ]

    serve(find, command, output.say)
    return ExitCode.DONE


def _campaigns() -> Iterable[CampaignFile | BulksenderError]:
    """Every campaign of the working folder; of one that cannot be read, why."""
    from bulksender.campaignfile import campaign_files, read_campaign

    names: dict[str, Path] = {}
    for file in campaign_files(Path()):
        try:
            found = read_campaign(file)
        except BulksenderError as error:
            yield error
            continue
        other = names.setdefault(found.name, file)
        if other != file:
            yield SettingsError(f'{file}: {other} has the name "{found.name}" as well: change one.')
            continue
        yield found


def _scheduled() -> tuple[list[CampaignFile], list[BulksenderError]]:
    """The campaigns that have a schedule, and why others cannot be read."""
    found, broken = [], []
    for each in _campaigns():
        if isinstance(each, BulksenderError):
            broken.append(each)
        elif each.scheduled:
            found.append(each)
    return found, broken


def _chosen(names: list[str] | None, ledger: str | None) -> list[Scheduled]:
    """The named campaigns, else all that have a schedule.

    Raises SettingsError, and the error of a file that cannot be read and may be wanted.
    """
    campaigns, broken = _scheduled()
    found = {each.name: _timed(each, ledger) for each in campaigns}
    missing = [name for name in names or () if name not in found]
    if broken and (missing or not names):
        raise broken[0]
    for name in missing:
        raise SettingsError(
            f'There is no campaign "{name}" with a [schedule] in campaigns/.'
            f"{did_you_mean(name, found)}"
        )
    if not found:
        raise SettingsError("No campaign in campaigns/ has a [schedule].")
    return [found[name] for name in names] if names else [*found.values()]


def _timed(campaign: CampaignFile, ledger: str | None) -> Scheduled:
    """What a timer has to know of a campaign."""
    from bulksender.ledger import ledger_path
    from bulksender.scheduling import Scheduled

    url = ledger or os.environ.get("BULKSENDER_LEDGER")
    return Scheduled(
        name=campaign.name,
        file=campaign.file.absolute(),
        folder=campaign.folder,
        timing=campaign.timing,
        ledger=str(ledger_path(url).absolute()) if url else None,
    )


def _local(moment: datetime, timezone: str) -> str:
    from zoneinfo import ZoneInfo

    return f"{moment.astimezone(ZoneInfo(timezone)):%a %Y-%m-%d %H:%M}"
