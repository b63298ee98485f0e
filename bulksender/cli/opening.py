"""From what was typed to what a command needs: the job, the ledger, the account."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bulksender.errors import SettingsError, TemplateError

if TYPE_CHECKING:
    from bulksender.ledger import Ledger
    from bulksender.settings import Account, Defaults, Job


def defaults_here() -> Defaults:
    """The settings file of the working folder."""
    from bulksender.settings import read_defaults

    return read_defaults()


@contextmanager
def opened_ledger(option: str | None, defaults: Defaults) -> Iterator[Ledger]:
    """The ledger that was named, else the one in the user's data folder."""
    from bulksender.ledger import Ledger

    with Ledger(_ledger_file(option, defaults)) as ledger:
        yield ledger


def _ledger_file(option: str | None, defaults: Defaults) -> Path:
    from bulksender.ledger import ledger_path

    url = option or os.environ.get("BULKSENDER_LEDGER") or defaults.ledger
    if url is not None:
        return ledger_path(url)
    from platformdirs import user_data_path

    return user_data_path("bulksender") / "ledger.db"


@contextmanager
def opened_history(option: str | None, defaults: Defaults) -> Iterator[Ledger | None]:
    """The ledger, if there is one: looking at a sheet makes none."""
    if not _ledger_file(option, defaults).is_file():
        yield None
        return
    with opened_ledger(option, defaults) as ledger:
        yield ledger


@contextmanager
def opened_account(job: Job, defaults: Defaults, api_key_file: Path | None) -> Iterator[Account]:
    """The account to send from; with `--simulate` the simulator's, which lives in this block."""
    from bulksender.settings import Account, api_key

    if job.simulate:
        from bulksender.simulator import Simulator

        with Simulator(port=0) as served:
            yield Account(served.base_url, served.subaccount, served.api_key)
        return
    if not job.subaccount:
        raise SettingsError(
            "There is no sub-account: give --subaccount ID or set BULKSENDER_SUBACCOUNT. "
            "To try without an account: --simulate."
        )
    yield Account(job.base_url, job.subaccount, api_key(api_key_file, defaults))


def chosen_subaccount(option: str | None, defaults: Defaults) -> str:
    """The sub-account to send from; empty where none is named."""
    from bulksender.settings import subaccount

    return subaccount(option, defaults)


def known_account(job: Job, defaults: Defaults, api_key_file: Path | None = None) -> Account | None:
    """The account that may be asked for prices; None where there is no key, or no sub-account."""
    from bulksender.settings import Account, api_key

    if job.account is None or not job.subaccount:
        return None
    try:
        return Account(job.base_url, job.subaccount, api_key(api_key_file, defaults))
    except SettingsError:
        return None


def chosen_account(defaults: Defaults) -> str | None:
    """8x8's account id, whose prices and balance are asked for; None where none is named."""
    return os.environ.get("BULKSENDER_ACCOUNT") or defaults.account


def chosen_base_url(option: str | None, region: str | None, defaults: Defaults) -> str:
    """The address to send to."""
    from bulksender.settings import base_url

    return base_url(option, region, defaults)


def overriding_base_url(option: str | None) -> str | None:
    """What a resumed run's base URL is overridden with: the option, else the environment."""
    from bulksender.settings import check_base_url, region_url

    url = option or os.environ.get("BULKSENDER_BASE_URL")
    if url:
        return check_base_url(url)
    region = os.environ.get("BULKSENDER_REGION")
    return region_url(region) if region else None


def overridden(job: Job, base_url: str | None, schedule: str | None, expiry: str | None) -> Job:
    """A run's job with what the options and the environment of today override."""
    import msgspec

    from bulksender.settings import Defaults

    changes = {
        "base_url": overriding_base_url(base_url),
        "subaccount": chosen_subaccount(None, Defaults()) or None,
        "scheduled": schedule,
        "expiry": expiry,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    if schedule is not None and job.delivery is not None:
        raise SettingsError("--schedule: the campaign's file says when this run's messages go out.")
    return msgspec.structs.replace(job, **given)


def job_from(
    defaults: Defaults,
    sheet: Path,
    template: Path | None,
    text: str | None,
    *,
    country: str | None,
    sheet_name: str | None,
    phone_column: str | None,
    text_column: str | None,
    id_column: str | None,
    include_hidden: bool,
    source: str | None,
    **settings: object,
) -> Job:
    """The job that the options describe. Raises SettingsError for what cannot be."""
    import msgspec

    from bulksender.settings import Job, SheetOptions

    country = country or defaults.country
    job = Job(
        sheet=SheetOptions(
            path=str(sheet),
            sheet=sheet_name,
            country=country.upper() if country else None,
            phone_columns=tuple(
                name.strip() for name in (phone_column or "").split(",") if name.strip()
            ),
            text_column=text_column,
            id_column=id_column,
            include_hidden=include_hidden,
        ),
        template=_template(template, text),
        folder=str(Path.cwd()),
        source=source or defaults.source,
        account=chosen_account(defaults),
        prices=defaults.prices,
    )
    return msgspec.structs.replace(job, **settings).check()


def _template(file: Path | None, text: str | None) -> str | None:
    if file is not None and text is not None:
        raise SettingsError("-t and --text exclude each other: give one of them.")
    if file is None:
        return text
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"The template {file} cannot be read: {error}") from error
