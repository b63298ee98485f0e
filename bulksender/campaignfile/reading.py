"""From a campaign's file to what it means."""

from __future__ import annotations

import os
import re
import tomllib
from datetime import date, time
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bulksender.campaignfile import meaning, words
from bulksender.campaignfile.checking import FormError, parsed
from bulksender.campaignfile.form import RESULTS, AccountNames, FileForm
from bulksender.campaignfile.values import CampaignFile
from bulksender.errors import SettingsError, did_you_mean
from bulksender.regions import region_named
from bulksender.rules import Delivery, Export, Guardrails, Notify, Timing, Variant
from bulksender.settings import (
    Defaults,
    SheetOptions,
    check_base_url,
    region_url,
    subaccount,
)

_MOST = {
    "max_recipients": 1_000_000_000,
    "max_cost": 1_000_000_000,
    "max_invalid": 100,
    "max_change": 1_000_000,
}


def read_campaign(file: Path) -> CampaignFile:
    """Read and check a campaign's file, and the templates that it names.

    Raises SettingsError for the first thing that is wrong, with its path in the file.
    """
    try:
        form = parsed(_toml(file))
        return _Reader(file, form).read()
    except FormError as error:
        place = f"{error.key}: " if error.key else ""
        raise SettingsError(f"{file}: {place}{error}") from error


def campaign_files(folder: Path) -> list[Path]:
    """The campaigns' files in `folder`/campaigns, by name."""
    return sorted(path for path in (folder / "campaigns").glob("*.toml") if path.is_file())


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text_in(file))
    except FileNotFoundError as error:
        raise FormError(
            "", f"there is no such campaign file.{_near(file)} `bulksender new NAME` makes one."
        ) from error
    except (ValueError, RecursionError) as error:
        raise FormError("", f"cannot be read as TOML: {error}") from error


def _near(file: Path) -> str:
    """A campaign's file that may be meant, as somebody would type it."""
    folder = file.parent
    files = [path for path in folder.glob("*.toml") if path.name != "bulksender.toml"]
    names = {path.stem: path for path in [*campaign_files(folder), *files]}
    found = get_close_matches(file.stem, names, 1)
    return f" Did you mean {names[found[0]]}?" if found else ""


def _text_in(file: Path) -> str:
    """What stands in a text file. Raises FileNotFoundError, and FormError for all else."""
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise FormError(
            "", f"it is not written in UTF-8 (line {line}): save it as that."
        ) from error
    except FileNotFoundError:
        raise
    except OSError as error:
        raise FormError("", f"it cannot be read: {error.strerror}.") from error


class _Reader:
    """From a file's form to what it means. Raises FormError."""

    def __init__(self, file: Path, form: FileForm):
        self._file = file
        self._form = form
        path = Path(os.path.abspath(file))  # noqa: PTH100 -- without `..`, links stay as they are
        in_campaigns = path.parent.name == "campaigns"
        self._folder = path.parent.parent if in_campaigns else path.parent

    def read(self) -> CampaignFile:
        form = self._form
        return CampaignFile(
            name=self._name(),
            file=self._file,
            folder=self._folder,
            timing=self._timing(),
            scheduled=form.schedule is not None,
            export=self._export(),
            sheet=self._sheet(),
            template=self._template(),
            source=meaning.source("message.source", form.message.source),
            sources=self._sources(),
            encoding=form.message.encoding,
            max_parts=meaning.within("message.max_parts", form.message.max_parts, 1, 10),
            plain_punctuation=form.message.plain_punctuation,
            variants=self._variants(),
            output=self._output(),
            page=meaning.at("output.report", self._placed, form.output.report),
            in_place=form.output.in_place,
            delivery=self._delivery(),
            guardrails=self._guardrails(),
            notify=Notify(urls=form.notify.urls, on=form.notify.on),
            account=self._account(),
            batch_size=meaning.within("sending.batch_size", form.sending.batch_size, 1, 10_000),
            concurrency=meaning.within("sending.concurrency", form.sending.concurrency, 1, 64),
            resend_absent=form.sending.resend_absent,
        )

    def _name(self) -> str:
        name = self._form.name or self._file.stem
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", name):
            raise FormError(
                "name",
                "a campaign's name has up to 63 letters a-z, digits and - _ . (it is the file's "
                "name, where the file does not say one).",
            )
        return name

    def _timing(self) -> Timing:
        form, plan = self._form, self._form.schedule
        timezone = meaning.at("timezone", words.timezone, form.timezone)
        if plan is None:
            return Timing(period=form.period, timezone=timezone, time=time(), date=date(1970, 1, 1))
        if form.period == "once" and plan.date is None:
            raise FormError("schedule.date", "a campaign that runs once needs its date.")
        return Timing(
            period=form.period,
            timezone=timezone,
            time=meaning.at("schedule.time", words.time_of_day, plan.time),
            day=meaning.within("schedule.day", plan.day, 1, 31),
            weekday=meaning.at("schedule.weekday", words.weekday, plan.weekday),
            date=plan.date and meaning.at("schedule.date", words.run_day, plan.date),
            grace=meaning.grace(plan.grace),
        )

    def _export(self) -> Export:
        said = self._form.recipients
        if (said.path is None) == (said.query is None):
            raise FormError("recipients", "give either path (a sheet) or query (a database).")
        if said.query is not None and said.database is None:
            raise FormError(
                "recipients.database",
                'a query needs its database: an SQLAlchemy URL, or "env:NAME" for one that stands '
                "in an environment variable.",
            )
        return Export(path=said.path, newest=said.newest, query=said.query, database=said.database)

    def _sheet(self) -> SheetOptions:
        said = self._form.recipients
        return SheetOptions(
            path="",
            sheet=said.sheet,
            country=meaning.country(self._form.country),
            phone_columns=said.phone_columns,
            text_column=said.text_column,
            id_column=said.id_column,
            include_hidden=said.include_hidden,
            opt_out_columns=said.opt_out_columns,
            opt_in_columns=said.opt_in_columns,
            require_opt_in=said.require_opt_in,
        )

    def _template(self) -> str | None:
        form = self._form
        if form.variants and (form.message.template or form.message.text):
            raise FormError("message", "with variants, each of them brings the text.")
        found = self._text("message", form.message.template, form.message.text)
        if found is None and not form.variants and form.recipients.text_column is None:
            raise FormError(
                "message",
                "there is no text: give template (a file) or text, variants, or "
                "recipients.text_column.",
            )
        return found

    def _text(self, key: str, template: str | None, text: str | None) -> str | None:
        if template is not None and text is not None:
            raise FormError(key, "template and text exclude each other: give one of them.")
        if template is None:
            return text
        file = self._folder / template
        try:
            found = _text_in(file)
        except FileNotFoundError as error:
            near = did_you_mean(file.name, [path.name for path in file.parent.glob("*")])
            raise FormError(f"{key}.template", f"there is no file {file}.{near}") from error
        except FormError as error:
            raise FormError(f"{key}.template", f"{file}: {error}") from error
        if not found.strip():
            raise FormError(f"{key}.template", f"{file} is empty.")
        return found

    def _variants(self) -> tuple[Variant, ...]:
        found = []
        for place, each in enumerate(self._form.variants, 1):
            key = f"variants[{place}]"
            text = self._text(key, each.template, each.text)
            if text is None:
                raise FormError(key, "there is no text: give template (a file) or text.")
            weight = meaning.within(f"{key}.weight", each.weight, 1, 1_000_000)
            found.append(Variant(name=each.name, template=text, weight=weight))
        names = {each.name.strip() for each in found}
        if len(names) < len(found):
            raise FormError("variants", "each variant needs a name of its own.")
        return tuple(found)

    def _sources(self) -> dict[str, str]:
        for country, source in self._form.message.source_by_country.items():
            key = f"message.source_by_country.{country}"
            if region_named(country) != country:
                such = region_named(country) or "SG"
                raise FormError(key, f"a country is two capital letters here, such as {such}.")
            meaning.source(key, source)
        return self._form.message.source_by_country

    def _delivery(self) -> Delivery | None:
        said = self._form.delivery
        if said is None:
            return None
        opens, closes = meaning.at("delivery.window", words.window, said.window)
        return Delivery(
            timezone=self._form.timezone,
            opens=opens,
            closes=closes,
            days=meaning.at("delivery.days", words.weekdays, said.days),
            holidays=said.holidays,
            closed=said.closed,
            pace=meaning.at("delivery.pace", words.pace, said.pace),
        )

    def _guardrails(self) -> Guardrails:
        said = self._form.guardrails
        for name, most in _MOST.items():
            if (value := getattr(said, name)) is not None:
                meaning.within(f"guardrails.{name}", value, 0, most)
        ages = {
            name: None if age is None else meaning.length(f"guardrails.{name}", age)
            for name, age in (("max_age", said.max_age), ("min_gap", said.min_gap))
        }
        if said.max_age is not None and self._form.recipients.query is not None:
            raise FormError("guardrails.max_age", "what a query brings is never old; leave it out.")
        return Guardrails(
            max_recipients=said.max_recipients,
            max_cost=said.max_cost,
            max_invalid=said.max_invalid,
            max_change=said.max_change,
            require_approval=said.require_approval,
            **ages,
        )

    def _output(self) -> str:
        said, export = self._form.output, self._form.recipients
        if said.sheet is not None and said.sheet == said.report:
            raise FormError(
                "output.report", "that is the sheet's name too: give it one of its own."
            )
        if not said.in_place:
            return meaning.at("output.sheet", self._placed, said.sheet or RESULTS)
        if said.sheet is not None:
            raise FormError("output.in_place", "in_place and sheet exclude each other.")
        if export.path is None or "://" in export.path:
            raise FormError(
                "output.in_place", "only a sheet of this machine can be written into; leave it out."
            )
        return RESULTS

    def _placed(self, place: str) -> str:
        return words.output(place, self._form.period)

    def _account(self) -> AccountNames:
        said = self._form.account
        if said.region is not None:
            meaning.settled("account.region", region_url, said.region)
        if said.base_url is not None:
            meaning.settled("account.base_url", check_base_url, said.base_url)
        if said.subaccount is not None:
            meaning.settled(
                "account.subaccount", lambda name: subaccount(name, Defaults()), said.subaccount
            )
        return said
