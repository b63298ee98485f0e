"""`campaigns/NAME.toml` → frozen values; what is wrong in it is told with its place in the file.

Relative paths start at the campaign's folder: the one that holds `campaigns`, else the file's own.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any, Literal, TypeVar

from msgspec import Struct

from bulksender.campaignfile import words
from bulksender.campaignfile.form import NEWS, AccountNames, FileForm, FormError, parsed
from bulksender.errors import SettingsError, did_you_mean
from bulksender.rules import Delivery, Export, Guardrails, Notify, Timing, Variant
from bulksender.settings import SheetOptions, check_source, duration

__all__ = ["AccountNames", "CampaignFile", "campaign_files", "read_campaign"]

Said = TypeVar("Said")
Meant = TypeVar("Meant")


class CampaignFile(Struct, frozen=True, kw_only=True):
    """A campaign as its file says it.

    `folder` is where relative paths start. `sheet` has no path yet: `export` says where the
    recipients come from. `template` is Jinja2 source, None where variants or a column bring the
    texts. `output` and `page` are paths with placeholders, which `placed` fills. `scheduled` says
    whether the file names a time at which it is due.
    """

    name: str
    file: Path
    folder: Path
    timing: Timing
    scheduled: bool
    export: Export
    sheet: SheetOptions
    template: str | None
    source: str | None
    sources: dict[str, str]
    encoding: Literal["AUTO", "GSM7", "UCS2"]
    max_parts: int
    plain_punctuation: bool
    variants: tuple[Variant, ...]
    output: str
    page: str
    in_place: bool
    delivery: Delivery | None
    guardrails: Guardrails
    notify: Notify
    account: AccountNames
    batch_size: int
    concurrency: int
    resend_absent: bool

    def placed(self, place: str, period: str, today: date) -> Path:
        """A path of the file with its placeholders filled, from the campaign's folder on."""
        filled = place.format_map({"campaign": self.name, "period": period, "date": today})
        return self.folder / filled


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
        return tomllib.loads(file.read_text("utf-8-sig"))
    except FileNotFoundError as error:
        near = [path.name for path in file.absolute().parent.glob("*.toml")]
        raise SettingsError(
            f"{file}: there is no such campaign file.{did_you_mean(file.name, near)} "
            "`bulksender new NAME` makes one."
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read as TOML: {error}") from error


class _Reader:
    """From a file's form to what it means. Raises FormError."""

    def __init__(self, file: Path, form: FileForm):
        self._file = file
        self._form = form
        path = file.absolute()
        in_campaigns = path.parent.name == "campaigns"
        self._folder = path.parent.parent if in_campaigns else path.parent

    def read(self) -> CampaignFile:
        form = self._form
        repeats = form.period != "once"
        return CampaignFile(
            name=self._name(),
            file=self._file,
            folder=self._folder,
            timing=self._timing(),
            scheduled=form.schedule is not None,
            export=self._export(),
            sheet=self._sheet(),
            template=self._template(),
            source=_source("message.source", form.message.source),
            sources=self._sources(),
            encoding=form.message.encoding,
            max_parts=_within("message.max_parts", form.message.max_parts, 1, 10),
            plain_punctuation=form.message.plain_punctuation,
            variants=self._variants(),
            output=_at(
                "output.sheet",
                lambda place: words.output(place, repeats and not form.output.in_place),
                form.output.sheet,
            ),
            page=_at(
                "output.report", lambda place: words.output(place, repeats), form.output.report
            ),
            in_place=form.output.in_place,
            delivery=self._delivery(),
            guardrails=self._guardrails(),
            notify=self._notify(),
            account=form.account,
            batch_size=_within("sending.batch_size", form.sending.batch_size, 1, 10_000),
            concurrency=_within("sending.concurrency", form.sending.concurrency, 1, 64),
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
        timezone = _at("timezone", words.timezone, form.timezone)
        if plan is None:
            return Timing(period=form.period, timezone=timezone, time=time(), date=date(1970, 1, 1))
        if form.period == "once" and plan.date is None:
            raise FormError("schedule.date", "a campaign that runs once needs its date.")
        return Timing(
            period=form.period,
            timezone=timezone,
            time=_at("schedule.time", words.time_of_day, plan.time),
            day=_within("schedule.day", plan.day, 1, 31),
            weekday=_at("schedule.weekday", words.weekday, plan.weekday),
            date=plan.date,
            grace=duration(f"{self._file}: schedule.grace", plan.grace),
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
        said, country = self._form.recipients, self._form.country
        return SheetOptions(
            path="",
            sheet=said.sheet,
            country=country.upper() if country else None,
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
        try:
            return (self._folder / template).read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise FormError(
                f"{key}.template", f"{self._folder / template} cannot be read: {error}"
            ) from error

    def _variants(self) -> tuple[Variant, ...]:
        found = []
        for place, each in enumerate(self._form.variants, 1):
            key = f"variants[{place}]"
            text = self._text(key, each.template, each.text)
            if text is None:
                raise FormError(key, "there is no text: give template (a file) or text.")
            weight = _within(f"{key}.weight", each.weight, 1, 1_000_000)
            found.append(Variant(name=each.name, template=text, weight=weight))
        names = {each.name.strip() for each in found} - {""}
        if len(names) < len(found):
            raise FormError("variants", "each variant needs a name of its own.")
        return tuple(found)

    def _sources(self) -> dict[str, str]:
        for country, source in self._form.message.source_by_country.items():
            key = f"message.source_by_country.{country}"
            if not re.fullmatch("[A-Z]{2}", country):
                raise FormError(key, "a country is two capital letters, such as SG.")
            _source(key, source)
        return self._form.message.source_by_country

    def _delivery(self) -> Delivery | None:
        said = self._form.delivery
        if said is None:
            return None
        opens, closes = _at("delivery.window", words.window, said.window)
        return Delivery(
            timezone=self._form.timezone,
            opens=opens,
            closes=closes,
            days=_at("delivery.days", words.weekdays, said.days),
            holidays=said.holidays,
            closed=said.closed,
            pace=_at("delivery.pace", words.pace, said.pace),
        )

    def _guardrails(self) -> Guardrails:
        said = self._form.guardrails
        for name in ("max_recipients", "max_cost", "max_invalid", "max_change"):
            value = getattr(said, name)
            if value is not None and not value >= 0:
                raise FormError(f"guardrails.{name}", "it cannot be less than nothing.")
        ages = {
            name: None if age is None else duration(f"{self._file}: guardrails.{name}", age)
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

    def _notify(self) -> Notify:
        said = self._form.notify
        for kind in said.on:
            if kind not in NEWS:
                raise FormError(
                    "notify.on",
                    f'"{kind}" is not known.{did_you_mean(kind, NEWS)} There are: '
                    f"{', '.join(NEWS)}.",
                )
        return Notify(urls=said.urls, on=said.on)


def _at(key: str, meaning: Callable[[Said], Meant], said: Said) -> Meant:
    """What a value means; what is wrong with it is told with its place."""
    try:
        return meaning(said)
    except ValueError as error:
        raise FormError(key, str(error)) from error


def _within(key: str, value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        raise FormError(key, f"{value:,} is out of range: {least:,} to {most:,}.")
    return value


def _source(key: str, source: str | None) -> str | None:
    if source is not None:
        try:
            check_source(source)
        except SettingsError as error:
            raise FormError(key, str(error).removesuffix(" Correct --source.")) from error
    return source
