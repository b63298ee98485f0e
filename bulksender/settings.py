"""What a run is asked to do (`Job`), and where an account's settings come from.

A setting is taken from the command line, else the environment, else `bulksender.toml` in the
working folder, else its default. The API key is never an argument and never stored.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from bulksender.errors import SettingsError, did_you_mean
from bulksender.rules import Delivery, Variant

REGIONS = {
    "asia": "https://sms.8x8.com",
    "us": "https://sms.us.8x8.com",
    "europe": "https://sms.8x8.uk",
    "indonesia": "https://sms.8x8.id",
}
"""8x8's base URL by region."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_SCHEDULE = timedelta(days=7)
"""How far ahead 8x8 takes a scheduled message."""


class SheetOptions(Struct, frozen=True, kw_only=True):
    """How to read the sheet. Column names are matched as the loader matches headers.

    Opt-out and opt-in columns are known by their names; where some are named here, only those
    count. With `require_opt_in`, a blank opt-in cell is a no.
    """

    path: str
    sheet: str | None = None
    country: str | None = None
    phone_columns: tuple[str, ...] = ()
    text_column: str | None = None
    id_column: str | None = None
    include_hidden: bool = False
    opt_out_columns: tuple[str, ...] | None = None
    opt_in_columns: tuple[str, ...] | None = None
    require_opt_in: bool = False


class Job(Struct, frozen=True, kw_only=True):
    """Everything a run is asked to do; kept in the ledger with the run. Holds no secret.

    `scheduled` and `expiry` are ISO 8601 with an offset. `template` is Jinja2 source; None where
    every row brings its own text. `folder` is where its paths were typed.

    The last ones are a campaign's: `campaign` is its name, `period` the one that it runs for, which
    began at `since` (ISO 8601, UTC); `campaign_file` is where it stands, `timezone` its own. With
    `variants`, each number has one of their templates. `sources` are sender IDs by country (ISO
    3166-1 alpha-2); `delivery` says when people may get their message. `prices` is a price list's
    file, `account` 8x8's account id, whose list it is otherwise.
    """

    sheet: SheetOptions
    template: str | None = None
    source: str | None = None
    subaccount: str = ""
    base_url: str = REGIONS["asia"]
    simulate: bool = False
    encoding: Literal["AUTO", "GSM7", "UCS2"] = "AUTO"
    max_parts: int = 10
    plain_punctuation: bool = False
    batch_size: int = 1_000
    concurrency: int = 4
    scheduled: str | None = None
    expiry: str | None = None
    strict: bool = False
    again: bool = False
    output: str | None = None
    in_place: bool = False
    folder: str = "."
    campaign: str | None = None
    period: str = ""
    since: str = ""
    campaign_file: str = ""
    timezone: str = "UTC"
    variants: tuple[Variant, ...] = ()
    sources: dict[str, str] = {}
    delivery: Delivery | None = None
    prices: str | None = None
    account: str | None = None

    def path(self, name: str) -> Path:
        """A path that was typed in `folder`, seen from the working folder of today."""
        return Path(name) if Path.cwd() == Path(self.folder) else Path(self.folder, name)

    @property
    def pretended(self) -> bool:
        """Whether nobody is reached: the server is on this machine, like the simulator."""
        return self.simulate or is_loopback(self.base_url)

    def check(self, now: datetime | None = None) -> Job:
        """Return the job itself; raises SettingsError for a value that 8x8 would not take.

        The limits are those of 8x8's OpenAPI document and its guide (sub-account id, source,
        batch size, schedule).
        """
        now = now or datetime.now(UTC)
        _in_range("--batch-size", self.batch_size, 1, 10_000)
        _in_range("--concurrency", self.concurrency, 1, 64)
        _in_range("--max-parts", self.max_parts, 1, 10)
        if self.template is None and self.sheet.text_column is None and not self.variants:
            raise SettingsError(
                "There is no text to send: give a template with -t FILE or --text, "
                "or a column of texts with --text-column."
            )
        for source in (self.source, *self.sources.values()):
            if source is not None:
                check_source(source)
        self.check_times(now)
        if self.encoding not in ("AUTO", "GSM7", "UCS2"):
            raise SettingsError(f'--encoding "{self.encoding}": 8x8 knows AUTO, GSM7 and UCS2.')
        if self.in_place and self.output is not None:
            raise SettingsError("--output and --in-place exclude each other: give one of them.")
        return self

    def check_times(self, now: datetime) -> None:
        """Raise SettingsError where the schedule or the expiry cannot be kept any more."""
        if self.scheduled is not None:
            check_schedule(self.scheduled, now)
        if self.expiry is not None:
            check_expiry(self.expiry, self.scheduled, now)


class Account(Struct, frozen=True):
    """Where messages go and who sends them. `api_key` stays in memory only."""

    base_url: str
    subaccount: str
    api_key: str = ""

    def of_batch(self, base_url: str, subaccount: str) -> Account:
        """The account that a batch went to, by what the ledger says of it, with this one's key.

        Servers on this machine are one and the same: a simulator comes back on another port. What
        is blank (older ledgers did not keep it) is this account's own.
        """
        here = is_loopback(base_url) and is_loopback(self.base_url)
        url = self.base_url if here or not base_url else base_url
        return Account(url, subaccount or self.subaccount, self.api_key)

    def __repr__(self) -> str:
        return f"Account({self.base_url}, {self.subaccount})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("base_url", self.base_url), ("subaccount", self.subaccount)]


class Defaults(Struct, frozen=True, forbid_unknown_fields=True):
    """What `bulksender.toml` may say."""

    subaccount: str | None = None
    region: str | None = None
    base_url: str | None = None
    api_key_file: str | None = None
    source: str | None = None
    country: str | None = None
    ledger: str | None = None
    account: str | None = None
    prices: str | None = None

    def from_folder(self, folder: Path) -> Defaults:
        """The same with the paths in it seen from a folder, wherever the command was typed."""
        if folder.absolute() == Path.cwd():
            return self
        places = {
            name: str(folder / path)
            for name in ("api_key_file", "prices")
            if (path := getattr(self, name)) is not None
        }
        if self.ledger is not None:
            places["ledger"] = _ledger_from(folder, self.ledger)
        return msgspec.structs.replace(self, **places)


def _ledger_from(folder: Path, url: str) -> str:
    """A ledger's URL or path seen from a folder, the same file that it means within that folder.

    `~` is the same home everywhere; what is no SQLite file is refused where the ledger is opened.
    """
    scheme = "sqlite:///" if url.startswith("sqlite:///") else ""
    path = url.removeprefix(scheme)
    if not path or "://" in path or (path.startswith("~") and not scheme):
        return url
    return f"{scheme}{folder / path}"


def read_defaults(folder: Path | None = None) -> Defaults:
    """Read `bulksender.toml` in `folder` (default: the working folder), if there is one."""
    path = (folder or Path.cwd()) / "bulksender.toml"
    try:
        raw = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return Defaults()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read as TOML: {error}") from error
    known = Defaults.__struct_fields__
    for name in raw:
        if name not in known:
            raise SettingsError(
                f'{path}: there is no setting "{name}".{did_you_mean(name, known)} '
                f"Known settings: {', '.join(known)}."
            )
    try:
        return msgspec.convert(raw, Defaults)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {error}") from error


def base_url(
    option: str | None,
    region: str | None,
    defaults: Defaults,
    environ: Mapping[str, str] = os.environ,
) -> str:
    """The URL to send to, from `--base-url`, `--region`, the environment and the settings file.

    Raises SettingsError for an unknown region, and for plain http anywhere but on loopback.
    """
    url = option
    if url is None and region is None:
        url = environ.get("BULKSENDER_BASE_URL") or None
    if url is None and region is None:
        region = environ.get("BULKSENDER_REGION") or None
    if url is None and region is None:
        url, region = defaults.base_url, defaults.region
    return check_base_url(url) if url else region_url(region or "asia")


def region_url(region: str) -> str:
    """8x8's base URL of a region; raises SettingsError for an unknown one."""
    if region.lower() not in REGIONS:
        raise SettingsError(
            f'There is no region "{region}".{did_you_mean(region, REGIONS)} '
            f"8x8 has: {', '.join(REGIONS)}."
        )
    return REGIONS[region.lower()]


def check_base_url(url: str) -> str:
    """The URL without its trailing slash; https everywhere, http on loopback only."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    odd = re.search(r"[@?#\s]", url)
    if not host or parts.scheme not in ("https", "http") or odd or port == 0:
        raise SettingsError(
            "The base URL is not an address like https://sms.8x8.com (a name and a password do "
            "not belong there); correct --base-url or BULKSENDER_BASE_URL."
        )
    if parts.scheme == "http" and not is_loopback(url):
        raise SettingsError(
            f"The base URL of {host} is not https: the API key would travel in the clear. "
            "Plain http is only allowed to this machine."
        )
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine."""
    return urlsplit(url).hostname in LOOPBACK


def subaccount(
    option: str | None, defaults: Defaults, environ: Mapping[str, str] = os.environ
) -> str:
    """The sub-account id; empty where none is set. Raises SettingsError for an impossible one."""
    name = option or environ.get("BULKSENDER_SUBACCOUNT") or defaults.subaccount or ""
    if name and not re.fullmatch(r"[A-Za-z0-9\-._&]{3,50}", name):
        raise SettingsError(
            "That cannot be a sub-account id (--subaccount, BULKSENDER_SUBACCOUNT): it has 3 to 50 "
            "of the letters a-z, digits and - . _ &"
        )
    return name


def api_key(file: Path | None, defaults: Defaults, environ: Mapping[str, str] = os.environ) -> str:
    """The API key from `--api-key-file`, else the environment, else the settings file's file.

    Raises SettingsError where there is none, and for one that could not be a header's value.
    """
    path = file
    key = environ.get("BULKSENDER_API_KEY", "") if path is None else ""
    if path is None and not key and defaults.api_key_file:
        path = Path(defaults.api_key_file)
    if path is not None:
        try:
            key = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"The API key file {path} cannot be read: {error}") from error
    key = key.strip()
    if not key:
        where = f"{path} is empty" if path else "BULKSENDER_API_KEY is not set"
        raise SettingsError(
            f"There is no API key: {where}. Make one at https://connect.8x8.com/, then set "
            "BULKSENDER_API_KEY or give --api-key-file FILE. To try without one: --simulate."
        )
    if not re.fullmatch(r"[!-~]+", key):
        raise SettingsError(
            "The API key holds a space, a line break or a character that no key has; copy it again."
        )
    return key


def check_source(source: str) -> None:
    """Raise SettingsError unless 8x8 would take `source` as a sender ID.

    The stricter of 8x8's OpenAPI document (16 characters) and its guide: letters, digits and
    spaces up to 11 characters, or an optional + and digits up to 16 characters.
    """
    if re.fullmatch(r"\+?[0-9]{1,16}", source) and len(source) <= 16:
        return
    if re.fullmatch(r"[A-Za-z0-9 ]{1,11}", source) and source.strip():
        return
    raise SettingsError(
        f'"{source}" cannot be a sender ID: up to 11 letters, digits and spaces, '
        "or a number of up to 16 characters. Correct --source."
    )


def check_schedule(scheduled: str, now: datetime) -> None:
    """Raise SettingsError unless `scheduled` lies ahead, by 7 days at most (8x8's limit)."""
    when = instant("--schedule", scheduled)
    if when <= now:
        raise SettingsError(f"--schedule {scheduled} has already passed; give another time.")
    if when > now + MAX_SCHEDULE:
        raise SettingsError(
            f"--schedule {scheduled} is more than 7 days ahead, the most that 8x8 takes."
        )


def check_expiry(expiry: str, scheduled: str | None, now: datetime) -> None:
    """Raise SettingsError unless `expiry` lies behind the time at which the message is sent."""
    when = instant("--expiry", expiry)
    if when <= now:
        raise SettingsError(f"--expiry {expiry} has already passed.")
    if scheduled is not None and when <= instant("--schedule", scheduled):
        raise SettingsError(
            f"--expiry {expiry} is not after --schedule {scheduled}, so nobody would get the text."
        )


def instant(option: str, text: str) -> datetime:
    """An ISO 8601 time with an offset, as an aware datetime; raises SettingsError otherwise."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None or "T" not in text.upper():
        raise SettingsError(
            f'{option} "{text}" is not a time with an offset: write it like '
            "2026-12-01T09:00:00+08:00."
        )
    return when


def duration(option: str, text: str) -> timedelta:
    """A length of time such as `90s`, `15m`, `2h` or `90d`; raises SettingsError otherwise."""
    found = re.fullmatch(r"(\d{1,5})([smhd])", text.strip().lower())
    if found is None:
        raise SettingsError(
            f'{option} "{text}" is not a length of time: write it like 90s, 15m, 2h or 90d.'
        )
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    return timedelta(**{units[found[2]]: int(found[1])})


def _in_range(option: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise SettingsError(f"{option} {value:,} is out of range: {least:,} to {most:,}.")
