"""A campaign's file is read whole, or refused with the place in it and what to write there."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from bulksender.campaignfile import CampaignFile, campaign_files, read_campaign
from bulksender.campaignfile.form import FileForm
from bulksender.errors import SettingsError
from bulksender.rules import Delivery, Export, Guardrails, Notify, Pace, Timing, Variant

TOP = 'period = "monthly"\ntimezone = "Asia/Singapore"\n'
PEOPLE = '[recipients]\npath = "contacts.csv"\n'
TEXT = '[message]\ntext = "Hi {{ name }}"\n'
LEAST = TOP + PEOPLE + TEXT

FULL = """\
name = "offer"
country = "sg"
period = "monthly"
timezone = "Asia/Singapore"

[recipients]
path = "exports/contacts-*.xlsx"
newest = "time"
sheet = "Contacts"
phone_columns = ["Mobile", "Phone"]
text_column = "Text"
id_column = "Customer"
opt_out_columns = ["Do not text"]
opt_in_columns = ["Consent"]
require_opt_in = true
include_hidden = true

[message]
template = "templates/offer.txt"
source = "MyShop"
source_by_country = { US = "+15550100", GB = "Shop" }
encoding = "UCS2"
max_parts = 3
plain_punctuation = true

[output]
sheet = "out/{campaign}-{period}"
report = "out/{campaign}-{date:%Y-%m-%d}.html"

[schedule]
time = "09:30"
day = 31
weekday = "Friday"
date = 2026-12-24
grace = "6h"

[delivery]
window = "09:00-20:30"
days = ["mon", "Tuesday"]
holidays = true
closed = [2026-12-24, "2026-12-31"]
pace = "1,500/hour"

[guardrails]
max_recipients = 5000
max_cost = 150
max_invalid = 20.5
max_change = 300
max_age = "2d"
min_gap = "36h"
require_approval = true

[notify]
urls = ["env:OWNER_URL"]
on = ["refused", "unknown"]

[account]
subaccount = "my_subaccount"
region = "us"
base_url = "https://sms.us.8x8.com"
account = "my_account"
api_key_file = "key.txt"
prices = "prices.csv"

[sending]
batch_size = 500
concurrency = 2
resend_absent = true
"""


class Folder:
    """A campaign's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / "campaigns" / "x.toml"
        (path / "campaigns").mkdir()
        (path / "templates").mkdir()
        (path / "templates" / "offer.txt").write_text("\ufeffOffer", "utf-8")

    def read(self, text: str | bytes) -> CampaignFile:
        """Read campaigns/x.toml with this in it."""
        self.file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_campaign(self.file)

    def refusal(self, text: str | bytes) -> str:
        """What is wrong in it, without the file's own name."""
        with pytest.raises(SettingsError) as caught:
            self.read(text)
        start = f"{self.file}: "
        assert str(caught.value).startswith(start)
        return str(caught.value).removeprefix(start)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_everything_that_a_file_can_say_is_read(folder: Folder) -> None:
    found = folder.read(FULL)
    assert (found.name, found.file, found.folder) == ("offer", folder.file, folder.path)
    assert found.timing == Timing(
        period="monthly",
        timezone="Asia/Singapore",
        time=time(9, 30),
        day=31,
        weekday=4,
        date=date(2026, 12, 24),
        grace=timedelta(hours=6),
    )
    assert found.scheduled
    assert found.export == Export(path="exports/contacts-*.xlsx", newest="time")
    assert found.delivery == Delivery(
        timezone="Asia/Singapore",
        opens=time(9),
        closes=time(20, 30),
        days=(0, 1),
        holidays=True,
        closed=(date(2026, 12, 24), date(2026, 12, 31)),
        pace=Pace(1500, "hour"),
    )
    assert found.guardrails == Guardrails(
        max_recipients=5000,
        max_cost=150,
        max_invalid=20.5,
        max_change=300,
        max_age=timedelta(days=2),
        min_gap=timedelta(hours=36),
        require_approval=True,
    )
    assert found.notify == Notify(urls=("env:OWNER_URL",), on=("refused", "unknown"))
    assert msgspec.structs.astuple(found.account) == (
        *("my_subaccount", "us", "https://sms.us.8x8.com"),
        *("my_account", "key.txt", "prices.csv"),
    )
    assert (found.batch_size, found.concurrency, found.resend_absent) == (500, 2, True)


def test_the_text_and_the_sheet_of_a_full_file_are_read(folder: Folder) -> None:
    found = folder.read(FULL)
    assert (found.template, found.variants, found.source) == ("Offer", (), "MyShop")
    assert found.sources == {"US": "+15550100", "GB": "Shop"}
    assert (found.encoding, found.max_parts, found.plain_punctuation) == ("UCS2", 3, True)
    assert msgspec.structs.asdict(found.sheet) == {
        "path": "",
        "sheet": "Contacts",
        "country": "SG",
        "phone_columns": ("Mobile", "Phone"),
        "text_column": "Text",
        "id_column": "Customer",
        "include_hidden": True,
        "opt_out_columns": ("Do not text",),
        "opt_in_columns": ("Consent",),
        "require_opt_in": True,
    }
    assert (found.output, found.in_place) == ("out/{campaign}-{period}", False)
    assert found.page == "out/{campaign}-{date:%Y-%m-%d}.html"


def test_the_full_file_names_every_key_but_those_that_exclude_others() -> None:
    said = set(leaves(tomllib.loads(FULL))) | {("message", "source_by_country")}
    left_out = {("recipients", "query"), ("recipients", "database"), ("message", "text")}
    every = {path for path in keys_of(FileForm) if path[0] != "variants"}
    assert every - said == left_out | {("output", "in_place")}


def test_a_file_that_says_the_least_has_the_defaults(folder: Folder) -> None:
    found = folder.read(LEAST)
    assert (found.name, found.scheduled, found.delivery) == ("x", False, None)
    assert (found.sheet.country, found.sheet.opt_out_columns) == (None, None)
    assert (found.guardrails, found.sources) == (Guardrails(), {})
    assert found.notify.on == ("finished", "refused", "rejected", "unknown")
    assert (found.batch_size, found.concurrency, found.max_parts) == (1000, 4, 10)
    day = date(2026, 12, 1)
    assert found.placed(found.output, "2026-12", day) == folder.path / "results/x-2026-12"
    assert found.placed(found.page, "2026-12", day) == folder.path / "results/x-2026-12.html"


def test_variants_bring_texts_of_their_own(folder: Folder) -> None:
    found = folder.read(
        TOP + PEOPLE + '[[variants]]\nname = "A"\ntext = "One"\nweight = 3\n'
        '[[variants]]\nname = "B"\ntemplate = "templates/offer.txt"\n'
    )
    assert found.template is None
    assert found.variants == (
        Variant(name="A", template="One", weight=3),
        Variant(name="B", template="Offer", weight=1),
    )


def test_a_query_is_read_with_its_database(folder: Folder) -> None:
    found = folder.read(TOP + '[recipients]\nquery = "SELECT 1"\ndatabase = "env:DB"\n' + TEXT)
    assert found.export == Export(query="SELECT 1", database="env:DB")


def test_a_column_of_texts_needs_no_template(folder: Folder) -> None:
    assert folder.read(TOP + PEOPLE + 'text_column = "Text"\n').template is None


@pytest.mark.parametrize("written", ['"09:00"', '"9:00"', '"09:00:00"', "09:00:00"])
def test_a_time_of_day_may_be_a_text_or_one_of_toml(folder: Folder, written: str) -> None:
    assert folder.read(f"{LEAST}[schedule]\ntime = {written}\n").timing.time == time(9)


@pytest.mark.parametrize("written", ["2026-12-24", '"2026-12-24"'])
def test_a_date_may_be_one_of_toml_or_a_text(folder: Folder, written: str) -> None:
    found = folder.read(f'{LEAST}[schedule]\ntime = "09:00"\ndate = {written}\n')
    assert found.timing.date == date(2026, 12, 24)


@pytest.mark.parametrize("country", ["SG", "sg", "Singapore"])
def test_a_country_is_known_by_its_code_or_its_name(folder: Folder, country: str) -> None:
    assert folder.read(f'country = "{country}"\n{LEAST}').sheet.country == "SG"


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(folder: Folder) -> None:
    plain = folder.read(FULL)
    assert folder.read(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode()) == plain


# Keys

KEYS = {
    "a misspelt key": (
        LEAST + '[delivery]\nwindw = "09:00-20:00"',
        'delivery.windw: there is no such key. Did you mean "window"? '
        "Known here: window, days, holidays, closed, pace.",
    ),
    "a key of a table at the top": (
        'window = "09:00-20:00"\n' + LEAST,
        "window: there is no such key. It belongs in [delivery]: delivery.window.",
    ),
    "a key that several tables have": (
        'sheet = "Contacts"\n' + LEAST,
        "sheet: there is no such key. It belongs in [recipients]: recipients.sheet, "
        "or in [output]: output.sheet.",
    ),
    "a key of another table": (
        LEAST + '[sending]\nmax_age = "2d"',
        "sending.max_age: there is no such key. It belongs in [guardrails]: guardrails.max_age.",
    ),
    "a misspelt key of another table": (
        "holiday = true\n" + LEAST,
        'holiday: there is no such key. Did you mean "holidays"? '
        "It belongs in [delivery]: delivery.holidays.",
    ),
    "a key of a variant": (
        LEAST + "weight = 2",
        "message.weight: there is no such key. It belongs in [[variants]]: variants.weight.",
    ),
    "a key of the top in a table": (
        TOP + PEOPLE + 'country = "SG"\n' + TEXT,
        "recipients.country: there is no such key. "
        "It belongs at the beginning of the file, before any [table].",
    ),
    "a table in a table": (
        LEAST + '[recipients.delivery]\nwindow = "09:00-20:00"',
        "recipients.delivery: there is no such key. It belongs to the tables: [delivery].",
    ),
    "a key of bulksender.toml": (
        LEAST + '[account]\nledger = "l.db"',
        "account.ledger: there is no such key. It belongs in bulksender.toml.",
    ),
    "a misspelt table": (
        LEAST + '[delivry]\nwindow = "09:00-20:00"',
        'delivry: there is no such key. Did you mean "delivery"?',
    ),
    "a key like no other": (
        LEAST + "zzz = 1",
        "message.zzz: there is no such key. Known here: template, text, source,",
    ),
    "a misspelt key of the second variant": (
        TOP + PEOPLE + '[[variants]]\nname = "A"\ntext = "x"\n[[variants]]\nnmae = "B"',
        'variants[2].nmae: there is no such key. Did you mean "name"?',
    ),
    "a key that is no word": (
        LEAST + '"a\\nb" = 1',
        'message."a\\nb": there is no such key.',
    ),
    "an empty file": ("", 'period: this key is missing. Write it like period = "monthly".'),
    "nothing but comments": ("# period\n\n", "period: this key is missing."),
    "no time zone": (
        'period = "daily"\n' + PEOPLE + TEXT,
        'timezone: this key is missing. Write it like timezone = "Asia/Singapore".',
    ),
    "no recipients": (
        TOP + TEXT,
        "recipients: this table is missing. Write it like [recipients].",
    ),
    "no time": (
        LEAST + "[schedule]\nday = 1",
        'schedule.time: this key is missing. Write it like time = "09:00".',
    ),
    "a variant without a name": (
        TOP + PEOPLE + '[[variants]]\ntext = "x"',
        'variants[1].name: this key is missing. Write it like name = "A".',
    ),
}


@pytest.mark.parametrize("case", KEYS)
def test_a_key_that_is_not_known_or_missing_is_told_with_its_right_place(
    folder: Folder, case: str
) -> None:
    text, told = KEYS[case]
    assert folder.refusal(text).startswith(told)


# Types

TYPES = {
    "period = 1": "period: expected a text in quotes, got a whole number.",
    "recipients = 'contacts.csv'": (
        "recipients: expected a table: [recipients], got a text in quotes."
    ),
    "message = 'Hi'": "message: expected a table: [message], got a text in quotes.",
    "variants = 'A'": "variants: there may be several tables: write [[variants]] above each",
    "variants = ['A']": "variants: there may be several tables: write [[variants]] above each",
    "[variants]\nname = 'A'": (
        "variants: there may be several tables: write [[variants]] above each of them."
    ),
    "[[recipients]]\npath = 'x'": (
        "recipients: there is only one: write [recipients], in single brackets."
    ),
    "recipients.path = ['a.csv']": (
        "recipients.path: expected a text in quotes, got a list [ … ]."
    ),
    "recipients.phone_columns = 'Mobile'": (
        'recipients.phone_columns: expected a list of texts: ["…"], got a text in quotes.'
    ),
    "recipients.phone_columns = ['Mobile', 2]": (
        "recipients.phone_columns[2]: expected a text in quotes, got a whole number."
    ),
    "recipients.require_opt_in = 'yes'": (
        "recipients.require_opt_in: expected true or false, got a text in quotes."
    ),
    "recipients.require_opt_in = 1": (
        "recipients.require_opt_in: expected true or false, got a whole number."
    ),
    "message.max_parts = '3'": (
        "message.max_parts: expected a whole number, got a text in quotes."
    ),
    "message.max_parts = true": ("message.max_parts: expected a whole number, got true or false."),
    "message.max_parts = 2.5": "message.max_parts: expected a whole number, got a number.",
    "message.source_by_country = 'US'": (
        'message.source_by_country: expected a table such as { US = "MyShop" }, got a text'
    ),
    "message.source_by_country = { US = 1 }": (
        "message.source_by_country.US: expected a text in quotes, got a whole number."
    ),
    "schedule.date = '24.12.2026'": (
        'schedule.date: "24.12.2026" is not a date; write it like 2026-12-24.'
    ),
    "schedule.date = '2026-02-30'": 'schedule.date: "2026-02-30" is not a date;',
    "schedule.date = 2026-12-24T09:00:00": (
        "schedule.date: expected a date such as 2026-12-24, got a date with a time."
    ),
    "schedule.time = 9": "schedule.time: expected a text in quotes, got a whole number.",
    "delivery.window = ['09:00', '20:00']": (
        "delivery.window: expected a text in quotes, got a list [ … ]."
    ),
    "delivery.window.opens = '09:00'": ("delivery.window: expected a text in quotes, got a table."),
    "delivery.closed = 2026-12-24": (
        "delivery.closed: expected a list of dates: [2026-12-24], got a date"
    ),
    "delivery.closed = [2026-12-24, 'Easter']": (
        'delivery.closed[2]: "Easter" is not a date; write it like 2026-12-24.'
    ),
    "guardrails.max_invalid = '20%'": (
        "guardrails.max_invalid: expected a number, got a text in quotes."
    ),
    "guardrails.max_cost = true": "guardrails.max_cost: expected a number, got true or false.",
    "notify.urls = 'mailto://a'": "notify.urls: expected a list of texts",
}


@pytest.mark.parametrize("wrong", TYPES, ids=lambda line: line[:50])
def test_a_value_of_a_wrong_type_is_told_in_plain_words(folder: Folder, wrong: str) -> None:
    assert folder.refusal(with_line(wrong)).startswith(TYPES[wrong])


# Values

VALUES = {
    "period = 'montly'": (
        'period: "montly" is not known. Did you mean "monthly"? '
        "There are: monthly, weekly, daily, once."
    ),
    "recipients.newest = 'nmae'": (
        'recipients.newest: "nmae" is not known. Did you mean "name"? There are: name, time.'
    ),
    "message.encoding = 'gsm'": (
        'message.encoding: "gsm" is not known. Did you mean "GSM7"? There are: AUTO, GSM7, UCS2.'
    ),
    "notify.on = ['refused', 'finishd']": (
        'notify.on[2]: "finishd" is not known. Did you mean "finished"? '
        "There are: finished, refused, rejected, unknown."
    ),
    "timezone = 'Asia/Singapor'": (
        'timezone: there is no time zone "Asia/Singapor". Did you mean "Asia/Singapore"?'
    ),
    "timezone = '../etc'": 'timezone: there is no time zone "../etc".',
    "timezone = ''": "timezone: it is empty: give it a value, or take the line away.",
    "name = 'a/b'": "name: a campaign's name has up to 63 letters",
    "country = 'Singapor'": (
        'country: there is no country "Singapor". Did you mean "Singapore"? Write it like "SG".'
    ),
    "recipients.path = '  '": "recipients.path: it is empty:",
    'recipients.path = "a\\u0000b"': "recipients.path: it holds a character that no text has",
    "message.text = ''": "message.text: it is empty:",
    "message.source = 'Übersee'": 'message.source: "Übersee" cannot be a sender ID: up to 11',
    "message.source_by_country = { us = 'Shop' }": (
        "message.source_by_country.us: a country is two capital letters here, such as US."
    ),
    "message.source_by_country = { XX = 'Shop' }": "message.source_by_country.XX: a country is",
    "message.source_by_country = { US = 'äöü' }": 'message.source_by_country.US: "äöü" cannot be',
    "message.max_parts = 11": "message.max_parts: 11 is out of range: 1 to 10.",
    "schedule.time = '25:00'": (
        'schedule.time: "25:00" is not a time of day; write it like "09:00".'
    ),
    "schedule.day = 0": "schedule.day: 0 is out of range: 1 to 31.",
    "schedule.day = 32": "schedule.day: 32 is out of range: 1 to 31.",
    "schedule.weekday = 'monkey'": 'schedule.weekday: "monkey" is not a day of the week.',
    "schedule.grace = '1 day'": (
        'schedule.grace: "1 day" is not a length of time: write it like 90s, 15m, 2h or 90d.'
    ),
    "schedule.grace = '0d'": "schedule.grace: give at least 1m",
    "schedule.date = 0001-01-01": "schedule.date: 0001-01-01 is not a day on which",
    "delivery.window = '9-20'": (
        'delivery.window: "9-20" is not a window; write it like "09:00-20:00".'
    ),
    "delivery.days = []": "delivery.days: no day is left on which anybody may be texted.",
    "delivery.days = ['mon', 'wend']": (
        'delivery.days: "wend" is not a day of the week. Did you mean "wed"?'
    ),
    "delivery.pace = '500 an hour'": (
        'delivery.pace: "500 an hour" is not a pace; write it like "500/hour"'
    ),
    "guardrails.max_recipients = -1": "guardrails.max_recipients: -1 is out of range: 0 to",
    "guardrails.max_recipients = 99999999999999999999": (
        "guardrails.max_recipients: the number is too large."
    ),
    f"guardrails.max_recipients = 0x{'f' * 5000}": (
        "guardrails.max_recipients: the number is too large."
    ),
    "guardrails.max_cost = nan": "guardrails.max_cost: nan is not a number to compare with;",
    "guardrails.max_cost = -inf": "guardrails.max_cost: -inf is not a number to compare with;",
    "guardrails.max_cost = -0.5": "guardrails.max_cost: -0.5 is out of range: 0 to",
    f"guardrails.max_cost = {'9' * 400}": "guardrails.max_cost: the number is too large.",
    "guardrails.max_invalid = 101": "guardrails.max_invalid: 101.0 is out of range: 0 to 100.",
    "guardrails.max_change = 1e9": "guardrails.max_change: 1,000,000,000.0 is out of range:",
    "guardrails.max_age = 'two days'": (
        'guardrails.max_age: "two days" is not a length of time: write it like'
    ),
    "guardrails.min_gap = '3'": 'guardrails.min_gap: "3" is not a length of time: write it like',
    "account.region = 'asai'": ('account.region: There is no region "asai". Did you mean "asia"?'),
    "account.base_url = 'http://sms.example.com'": (
        "account.base_url: The base URL of sms.example.com is not https"
    ),
    "account.subaccount = 'a b'": "account.subaccount: That cannot be a sub-account id",
    "sending.batch_size = 0": "sending.batch_size: 0 is out of range: 1 to 10,000.",
    "sending.concurrency = 65": "sending.concurrency: 65 is out of range: 1 to 64.",
}


def with_line(wrong: str) -> str:
    """The least file with one more dotted line, or another value in a line's stead."""
    raw: dict[str, Any] = {
        "period": "monthly",
        "timezone": "Asia/Singapore",
        "recipients": {"path": "contacts.csv"},
        "message": {"text": "Hi"},
    }
    for key, value in tomllib.loads(wrong).items():
        if isinstance(value, dict):
            value = raw.get(key, {"time": "09:00"} if key == "schedule" else {}) | value
        raw[key] = value
    return written(raw)


def written(raw: dict[str, Any]) -> str:
    """A file that says this: TOML, its inline tables and all."""
    lines = [f"{literal(key)} = {literal(value)}" for key, value in raw.items()]
    return "\n".join(lines) + "\n"


def literal(value: Any) -> str:
    """A value as TOML writes it, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)} = {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(letter):08x}" for letter in value) + '"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return hex(value) if value > 0 else str(value)
    return value.isoformat() if isinstance(value, (date, time)) else repr(value)


def test_what_a_file_is_told_names_no_option_of_the_command_line(folder: Folder) -> None:
    refusal = folder.refusal(with_line("message.source = 'Übersee'"))
    assert refusal.endswith("or a number of up to 16 characters.")


@pytest.mark.parametrize("wrong", VALUES, ids=lambda line: line[:50])
def test_a_value_that_cannot_be_is_told_with_how_it_is_written(folder: Folder, wrong: str) -> None:
    assert folder.refusal(with_line(wrong)).startswith(VALUES[wrong])


# What does not go together

A = '[[variants]]\nname = "A"\ntext = "One"\n'
QUERY = '[recipients]\nquery = "SELECT 1"\ndatabase = "sqlite://"\n'
TOGETHER = {
    "a path and a query": (
        TOP + PEOPLE + 'query = "SELECT 1"\ndatabase = "sqlite://"\n' + TEXT,
        "recipients: give either path (a sheet) or query (a database).",
    ),
    "neither path nor query": (
        TOP + '[recipients]\nsheet = "Contacts"\n' + TEXT,
        "recipients: give either path (a sheet) or query (a database).",
    ),
    "a query without a database": (
        TOP + '[recipients]\nquery = "SELECT 1"\n' + TEXT,
        "recipients.database: a query needs its database: an SQLAlchemy URL,",
    ),
    "no text": (TOP + PEOPLE, "message: there is no text: give template (a file) or text,"),
    "no variants": ("variants = []\n" + TOP + PEOPLE, "message: there is no text:"),
    "two texts": (
        LEAST + 'template = "templates/offer.txt"\n',
        "message: template and text exclude each other: give one of them.",
    ),
    "variants beside a text": (
        LEAST + A,
        "message: with variants, each of them brings the text.",
    ),
    "a variant without text": (
        TOP + PEOPLE + A + '[[variants]]\nname = "B"\n',
        "variants[2]: there is no text: give template (a file) or text.",
    ),
    "a variant with two texts": (
        TOP + PEOPLE + A + 'template = "templates/offer.txt"\n',
        "variants[1]: template and text exclude each other",
    ),
    "variants of one name": (
        TOP + PEOPLE + A + A.replace('"A"', '" A "'),
        "variants: each variant needs a name of its own.",
    ),
    "a variant's name that is empty": (
        TOP + PEOPLE + A.replace('"A"', '""'),
        "variants[1].name: it is empty:",
    ),
    "a weight of nothing": (
        TOP + PEOPLE + A + "weight = 0\n",
        "variants[1].weight: 0 is out of range: 1 to 1,000,000.",
    ),
    "max_age with a query": (
        TOP + QUERY + TEXT + '[guardrails]\nmax_age = "2d"\n',
        "guardrails.max_age: what a query brings is never old; leave it out.",
    ),
    "once without a date": (
        'period = "once"\ntimezone = "UTC"\n' + PEOPLE + TEXT + '[schedule]\ntime = "09:00"\n',
        "schedule.date: a campaign that runs once needs its date.",
    ),
    "a result without its period": (
        LEAST + '[output]\nsheet = "results"\n',
        "output.sheet: a run would overwrite what an earlier one has written: put {period}",
    ),
    "a report without its period": (
        LEAST + '[output]\nreport = "results.html"\n',
        "output.report: a run would overwrite what an earlier one has written: put {period}",
    ),
    "a result and a report of one name": (
        LEAST + '[output]\nsheet = "{period}.html"\nreport = "{period}.html"\n',
        "output.report: that is the sheet's name too",
    ),
    "in_place beside a sheet": (
        LEAST + '[output]\nsheet = "{period}"\nin_place = true\n',
        "output.in_place: in_place and sheet exclude each other.",
    ),
    "a query in place": (
        TOP + QUERY + TEXT + "[output]\nin_place = true\n",
        "output.in_place: only a sheet of this machine can be written into",
    ),
    "a URL in place": (
        TOP + '[recipients]\npath = "s3://a/b.csv"\n' + TEXT + "[output]\nin_place = true\n",
        "output.in_place: only a sheet of this machine can be written into",
    ),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_keys_that_do_not_go_together_are_refused(folder: Folder, case: str) -> None:
    text, told = TOGETHER[case]
    assert folder.refusal(text).startswith(told)


def test_a_campaign_that_runs_once_may_overwrite_its_result(folder: Folder) -> None:
    text = LEAST.replace("monthly", "once") + '[output]\nsheet = "out"\nreport = "out.html"\n'
    assert folder.read(text).output == "out"


def test_a_result_in_place_needs_no_name(folder: Folder) -> None:
    assert folder.read(LEAST + "[output]\nin_place = true\n").in_place


def test_a_campaign_without_a_schedule_is_run_by_hand(folder: Folder) -> None:
    assert not folder.read(LEAST.replace("monthly", "once")).scheduled


# The file itself

NOT_TOML = {
    "syntax": ((TOP + "[recipients\n").encode(), "at line 3"),
    "a key twice": ((LEAST + 'text = "Ho"\n').encode(), "at line 7"),
    "no quotes": (b"period = monthly\n", "at line 1"),
    "a date that cannot be": (b"date = 2026-02-30\n", "at line 1"),
    "a number without end": (f"period = {'9' * 5000}".encode(), "cannot be read as TOML"),
    "lists without end": (b"x = " + b"[" * 5000, "cannot be read as TOML"),
    "another encoding": ((TOP + "# Grüße\n").encode("cp1252"), "not written in UTF-8 (line 3)"),
    "UTF-16": (LEAST.encode("utf-16"), "not written in UTF-8 (line 1)"),
    "NUL": (b"period\0", "cannot be read as TOML"),
}


@pytest.mark.parametrize("case", NOT_TOML)
def test_what_is_no_toml_is_told_with_its_line(folder: Folder, case: str) -> None:
    content, told = NOT_TOML[case]
    assert told in folder.refusal(content)


def test_a_folder_instead_of_a_file_is_refused(folder: Folder) -> None:
    with pytest.raises(SettingsError, match=r"campaigns: it cannot be read: Is a directory\."):
        read_campaign(folder.path / "campaigns")


def test_a_missing_file_is_told_with_the_nearest_and_how_to_make_one(folder: Folder) -> None:
    (folder.path / "campaigns" / "december.toml").write_text(LEAST)
    (folder.path / "bulksender.toml").write_text("")
    for typed in ("campaigns/decembre.toml", "campaigns/december", "decembr.toml"):
        with pytest.raises(SettingsError) as caught:
            read_campaign(folder.path / typed)
        near = folder.path / "campaigns" / "december.toml"
        assert str(caught.value) == (
            f"{folder.path / typed}: there is no such campaign file. Did you mean {near}? "
            "`bulksender new NAME` makes one."
        )


def test_a_missing_file_where_there_is_no_campaign_is_told_without_a_guess(tmp_path: Path) -> None:
    (tmp_path / "bulksender.toml").write_text("")
    with pytest.raises(SettingsError, match=r"no such campaign file\. `bulksender new NAME`"):
        read_campaign(tmp_path / "bulksenders.toml")


def test_a_file_name_that_is_no_campaigns_name_is_refused(folder: Folder) -> None:
    file = folder.path / "campaigns" / "my offer.toml"
    file.write_text(LEAST)
    with pytest.raises(SettingsError, match="name: a campaign's name has up to 63 letters"):
        read_campaign(file)
    file.write_text('name = "offer"\n' + LEAST)
    assert read_campaign(file).name == "offer"


TEMPLATES = {
    "missing": ("templates/ofer.txt", 'ofer.txt. Did you mean "offer.txt"?'),
    "a folder": ("templates", "cannot be read: Is a directory"),
    "another encoding": ("templates/latin.txt", "not written in UTF-8 (line 2)"),
    "blank": ("templates/blank.txt", "is empty"),
}


@pytest.mark.parametrize("table", ["[message]\n", '[[variants]]\nname = "A"\n'])
@pytest.mark.parametrize("case", TEMPLATES)
def test_a_template_that_cannot_be_read_is_told(folder: Folder, case: str, table: str) -> None:
    template, told = TEMPLATES[case]
    (folder.path / "templates" / "latin.txt").write_bytes(b"Hi\nGr\xfc\xdfe")
    (folder.path / "templates" / "blank.txt").write_text("\n  \n")
    refusal = folder.refusal(TOP + PEOPLE + table + f'template = "{template}"\n')
    key = "message" if "message" in table else "variants[1]"
    assert refusal.startswith(f"{key}.template: ")
    assert f"{folder.path / template}" in refusal
    assert told in refusal


# Where its paths start

WORKING = [
    (".", "campaigns/x.toml"),
    ("campaigns", "x.toml"),
    ("campaigns", "./x.toml"),
    ("campaigns", "../campaigns/x.toml"),
    ("campaigns/old", "../x.toml"),
    ("campaigns", "old/../x.toml"),
    ("templates", "../campaigns/x.toml"),
    ("..", "here/campaigns/x.toml"),
]


@pytest.mark.parametrize(("working", "typed"), WORKING)
def test_paths_start_at_the_folder_of_campaigns_wherever_the_command_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, working: str, typed: str
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    folder = Folder(here)
    (here / "campaigns" / "old").mkdir()
    folder.file.write_text(FULL)
    monkeypatch.chdir(here / working)
    found = read_campaign(Path(typed))
    assert found.folder == here
    assert found.template == "Offer"
    assert found.placed("out/{period}", "2026-12", date.min) == here / "out/2026-12"


def test_paths_of_a_file_that_stands_elsewhere_start_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "x.toml").write_text(LEAST)
    monkeypatch.chdir(tmp_path)
    assert read_campaign(Path("desk/x.toml")).folder == tmp_path / "desk"


def test_an_absolute_place_stays_where_it_is(folder: Folder) -> None:
    found = folder.read(LEAST + '[output]\nsheet = "/srv/{campaign}/{period}"\n')
    assert found.placed(found.output, "2026-12", date.min) == Path("/srv/x/2026-12")


def test_the_campaigns_of_a_folder_are_the_toml_files_in_campaigns(folder: Folder) -> None:
    assert campaign_files(folder.path) == []
    for name in ("b.toml", "a.toml", "notes.txt"):
        (folder.path / "campaigns" / name).write_text("")
    (folder.path / "campaigns" / "c.toml").mkdir()
    assert [path.name for path in campaign_files(folder.path)] == ["a.toml", "b.toml"]
    assert campaign_files(folder.path / "nowhere") == []


# Every other way in which a file can be wrong


def keys_of(kind: type[Struct]) -> Iterator[tuple[str, ...]]:
    """The path of every key of a struct that is no table itself."""
    for field in msgspec.structs.fields(kind):
        inner = [
            each
            for each in (field.type, *getattr(field.type, "__args__", ()))
            if isinstance(each, type) and issubclass(each, Struct)
        ]
        yield from ((field.name, *path) for table in inner for path in keys_of(table))
        if not inner:
            yield (field.name,)


def leaves(raw: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every key of a file, tables included."""
    for key, value in raw.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from leaves(value, (*above, key))


def at(raw: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """The table that the last key of a path stands in."""
    for key in path[:-1]:
        raw = raw[key]
    return raw


def variant_file() -> dict[str, Any]:
    raw = tomllib.loads(FULL)
    del raw["message"]["template"]
    return raw | {"variants": [{"name": "A", "text": "One"}, {"name": "B", "text": "Two"}]}


PATHS = sorted(set(leaves(tomllib.loads(FULL))))
values = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        st.dates(),
        st.datetimes(),
        st.times(),
        st.sampled_from(
            ["{", "{date:%Q}", "{period!r}", "24:00", "00:00-24:00", "9/day", "99999d"]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["US", "name", "text", "path", "a b"]), inner, max_size=3),
    ),
    max_leaves=4,
)


def read_or_told(folder: Folder, raw: dict[str, Any]) -> str | None:
    """None for a file that can be read, else what is wrong with it; any other error is a bug."""
    folder.file.write_text(written(raw), "utf-8")
    try:
        found = read_campaign(folder.file)
    except SettingsError as error:
        assert str(error).startswith(f"{folder.file}: ")
        return str(error).removeprefix(f"{folder.file}: ")
    assert isinstance(found, CampaignFile)
    found.placed(found.output, "2026-12", date(2026, 12, 1))
    found.placed(found.page, "2026-12", date(2026, 12, 1))
    return None


QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_without_one_key_a_file_is_valid_or_the_key_is_named(
    folder: Folder, path: tuple[str, ...]
) -> None:
    raw = tomllib.loads(FULL)
    del at(raw, path)[path[-1]]
    told = read_or_told(folder, raw)
    needed = {("period",), ("timezone",), ("recipients",), ("schedule", "time")}
    assert (told is not None) == (path in needed | {("recipients", "path")})
    assert told is None or told.startswith((".".join(path), "recipients: give either path"))


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_a_misspelt_key_is_named_with_the_right_one(folder: Folder, path: tuple[str, ...]) -> None:
    raw = tomllib.loads(FULL)
    table = at(raw, path)
    wrong = path[-1][:-1] + "x" if path[-1] not in ("US", "GB") else "XQ"
    table[wrong] = table.pop(path[-1])
    told = read_or_told(folder, raw)
    assert told is not None
    assert told.startswith(".".join((*path[:-1], wrong)) + ": ")
    assert wrong in ("XQ", "ox") or f'"{path[-1]}"' in told
    assert wrong == "XQ" or path[-1] in told.partition(wrong)[2]


@QUICK
@given(st.sampled_from(PATHS), values)
def test_any_other_value_is_read_or_told_with_its_key(
    folder: Folder, path: tuple[str, ...], value: object
) -> None:
    raw = tomllib.loads(FULL)
    at(raw, path)[path[-1]] = value
    told = read_or_told(folder, raw)
    assert told is None or told.startswith(path[0])
    assert told is None or "`" not in told


@QUICK
@given(st.sampled_from(["name", "text", "template", "weight"]), st.integers(0, 1), values)
def test_any_other_value_of_a_variant_is_read_or_told_with_its_key(
    folder: Folder, key: str, place: int, value: object
) -> None:
    raw = deepcopy(variant_file())
    raw["variants"][place][key] = value
    told = read_or_told(folder, raw)
    assert told is None or told.startswith("variants")


@QUICK
@given(st.text(max_size=60), st.integers(0, len(FULL)), st.integers(0, 20))
def test_any_damage_to_the_text_is_told_with_the_file(
    folder: Folder, noise: str, start: int, length: int
) -> None:
    content = (FULL[:start] + noise + FULL[start + length :]).encode("utf-8", "surrogatepass")
    folder.file.write_bytes(content)
    try:
        assert read_campaign(folder.file).folder == folder.path
    except SettingsError as error:
        assert str(error).startswith(f"{folder.file}: ")
