"""`bulksender new` writes a campaign's file to start from, in which everything is true.

Then, where a campaign's settings come from, and that its ledger is one file from everywhere.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import available_timezones

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from shell import Ended, Shell

from bulksender.campaignfile import read_campaign
from bulksender.campaignfile.form import FileForm
from bulksender.campaignfile.starter import starter
from bulksender.cli.running import defaults_of
from bulksender.ledger import ledger_path
from bulksender.settings import Defaults, read_defaults
from bulksender.simulator import Simulator

# The command


def test_new_writes_a_file_that_can_be_checked_as_it_stands(shell: Shell) -> None:
    made = shell.run("new", "offer", "--json", TZ="Asia/Tokyo")
    assert made.code == 0
    assert made.json == {"campaign": "offer", "file": "campaigns/offer.toml"}
    assert "bulksender check campaigns/offer.toml" in made.err
    file = shell.folder / "campaigns" / "offer.toml"
    assert read_campaign(file).timing.timezone == "Asia/Tokyo"
    checked = shell.run("check", "campaigns/offer.toml", "--json")
    assert checked.code == 0
    assert checked.json["sheet"] == "contacts.csv"
    assert checked.json["campaign"] == "offer"
    assert checked.json["counts"]["READY"] > 0


@pytest.mark.parametrize("zone", ["Nowhere/Atall", "UTC", ""])
def test_where_nobody_knows_the_time_zone_the_file_says_utc(shell: Shell, zone: str) -> None:
    assert shell.run("new", "offer", TZ=zone).code == 0
    named = read_campaign(shell.folder / "campaigns" / "offer.toml").timing.timezone
    assert named in ("UTC", "Etc/UTC")


def test_new_leaves_a_file_that_is_there_as_it_is(shell: Shell) -> None:
    (shell.folder / "campaigns").mkdir()
    file = shell.write("campaigns/offer.toml", "mine")
    ended = shell.run("new", "offer")
    assert ended.code == 3
    assert "campaigns/offer.toml is there already; it was left as it is." in ended.err
    assert file.read_text() == "mine"


def test_new_leaves_a_file_alone_that_is_called_campaigns(shell: Shell) -> None:
    file = shell.write("campaigns", "mine")
    ended = shell.run("new", "offer")
    assert ended.code == 3
    assert "campaigns is there already; it was left as it is." in ended.err
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["", "a b", "../a", "campaigns/a", "-", "ä", "a" * 64, ".a", "a\n"]
)
def test_new_takes_no_name_that_could_not_be_a_files(shell: Shell, name: str) -> None:
    ended = shell.run("new", "--", name)
    assert ended.code == 3
    assert "A campaign's name has up to 63 letters" in ended.err
    assert not (shell.folder / "campaigns").exists()


# What stands in the file


class Starter:
    """The starter's lines, and the same with comment marks taken away."""

    def __init__(self) -> None:
        self.lines = starter("x", "Asia/Singapore").splitlines()
        self.header: dict[int, int] = {}
        """Place of a line with a key → the place of its table's header."""
        above = -1
        for place, line in enumerate(self.lines):
            bare = self.bare(line)
            if bare is not None and bare.startswith("["):
                above = place
            elif bare is not None:
                self.header[place] = above

    @staticmethod
    def bare(line: str) -> str | None:
        """A line without its comment mark; None for one that holds neither key nor table."""
        bare = line.removeprefix("# ")
        holds = bare.startswith("[") or (bare.partition(" = ")[0].isidentifier() and " = " in bare)
        return bare if holds else None

    def table(self, place: int) -> str:
        """The table that a line stands in."""
        header = self.header[place]
        return (self.bare(self.lines[header]) or "").split("]")[0].strip("[") if header >= 0 else ""

    def key(self, place: int) -> str:
        return (self.bare(self.lines[place]) or "").partition(" = ")[0]

    def replaced(self, place: int) -> str | None:
        """The key that a line says it stands instead of."""
        said = self.lines[place].partition("# instead of ")[2]
        return said.partition(":")[0].strip() or None

    def commented(self) -> list[int]:
        """The places of the keys that are commented."""
        return [place for place in self.header if self.lines[place].startswith("# ")]

    def using(self, *places: int) -> str:
        """The file with these lines in use, and their headers; what they replace is away."""
        lines = list(self.lines)
        for place in places:
            for used in (place, self.header[place]):
                if used >= 0:
                    lines[used] = self.bare(lines[used]) or ""
            for other in self.header:
                if (self.table(other), self.key(other)) == (
                    self.table(place),
                    self.replaced(place),
                ):
                    lines[other] = ""
        return "\n".join(lines)


STARTER = Starter()
VARIANTS = [place for place in STARTER.commented() if STARTER.table(place) == "variants"]
ALONE = [place for place in STARTER.commented() if place not in VARIANTS]
TABLES = sorted({STARTER.table(place) for place in ALONE})


def readable(folder: Path, text: str) -> None:
    """Read a campaign's file that says this; raises SettingsError where it cannot be."""
    (folder / "campaigns").mkdir(exist_ok=True)
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "templates" / "offer.txt").write_text("Hi")
    (folder / "campaigns" / "x.toml").write_text(text)
    read_campaign(folder / "campaigns" / "x.toml")


def keys_of(kind: type[Struct]) -> Iterator[tuple[str, str]]:
    """(table, key) of every key that a campaign's file may have."""
    for field in msgspec.structs.fields(kind):
        kinds = (field.type, *getattr(field.type, "__args__", ()))
        tables = [each for each in kinds if isinstance(each, type) and issubclass(each, Struct)]
        for table in tables:
            yield from ((field.name, each.name) for each in msgspec.structs.fields(table))
        if not tables:
            yield "", field.name


def test_the_starter_shows_every_key_that_there_is_and_no_other() -> None:
    shown = {(STARTER.table(place), STARTER.key(place)) for place in STARTER.header}
    assert shown | {("variants", "template")} == set(keys_of(FileForm))


@pytest.mark.parametrize("place", ALONE, ids=lambda place: STARTER.lines[place][:30])
def test_a_line_of_the_starter_is_valid_without_its_comment_mark(
    tmp_path: Path, place: int
) -> None:
    needed = [at for at in ALONE if STARTER.key(place) == "query" and STARTER.key(at) == "database"]
    text = STARTER.using(place, *needed)
    raw = tomllib.loads(text)
    table = raw[STARTER.table(place)] if STARTER.table(place) else raw
    assert STARTER.key(place) in table
    readable(tmp_path, text)


@pytest.mark.parametrize("table", TABLES)
def test_all_lines_of_a_table_are_valid_together(tmp_path: Path, table: str) -> None:
    here = [place for place in ALONE if STARTER.table(place) == table]
    text = STARTER.using(*here)
    raw = tomllib.loads(text)
    replaced = {STARTER.replaced(place) for place in here}
    assert {STARTER.key(place) for place in here} - replaced <= set(raw[table] if table else raw)
    readable(tmp_path, text)


def test_everything_in_the_starter_is_valid_together(tmp_path: Path) -> None:
    apart = ("query", "database", "in_place")  # a path's export can be old, a query's cannot
    readable(tmp_path, STARTER.using(*(at for at in ALONE if STARTER.key(at) not in apart)))


def test_the_starters_variants_are_valid_instead_of_its_text(tmp_path: Path) -> None:
    lines = STARTER.using(*VARIANTS).splitlines()
    text = "\n".join(line for line in lines if not line.startswith('text = "Hi'))
    assert [each["name"] for each in tomllib.loads(text)["variants"]] == ["A", "B"]
    readable(tmp_path, text)


@settings(max_examples=50, deadline=None)
@given(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", fullmatch=True),
    st.sampled_from(sorted(available_timezones())),
)
def test_the_starter_is_valid_for_any_name_and_time_zone(
    tmp_path_factory: pytest.TempPathFactory, name: str, zone: str
) -> None:
    file = tmp_path_factory.mktemp("new") / f"{name}.toml"
    text = starter(name, zone)
    file.write_text(text)
    found = read_campaign(file)
    assert (found.name, found.timing.timezone) == (name, zone)
    assert max(map(len, text.splitlines())) < 120 + len(name)
    shown = text.replace(f'# name = "{name}"', f'name = "{name}"')
    assert tomllib.loads(shown)["name"] == name


# Where a campaign's settings come from

LEAST = (
    'period = "monthly"\ntimezone = "UTC"\n[recipients]\npath = "contacts.csv"\n'
    '[message]\ntext = "Hi {{ name }}"\n'
)
ENDS = {
    "relative": "books/l.db",
    "up": "../l.db",
    "sqlite": "sqlite:///books/l.db",
    "sqlite and home": "sqlite:///~/l.db",
    "home": "~/l.db",
    "absolute": "/var/l.db",
    "sqlite absolute": "sqlite:////var/l.db",
}
TYPED = [(".", "campaigns/x.toml"), ("campaigns", "x.toml"), ("..", "here/campaigns/x.toml")]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign's folder, with a campaign in it."""
    here = tmp_path / "here"
    (here / "campaigns").mkdir(parents=True)
    (here / "campaigns" / "x.toml").write_text(LEAST)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return here


@pytest.mark.parametrize("named", ENDS)
def test_a_ledger_means_the_same_file_wherever_the_command_is_typed(
    here: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    (here / "bulksender.toml").write_text(f'ledger = "{ENDS[named]}"\n')
    files = set()
    for working, typed in TYPED:
        monkeypatch.chdir(here / working)
        found = defaults_of(read_campaign(Path(typed))).ledger
        assert found is not None
        files.add(ledger_path(found).resolve())
    monkeypatch.chdir(here)
    own = read_defaults().ledger  # what every other command takes in that folder
    assert own is not None
    assert files == {ledger_path(own).resolve()}


def test_the_ledger_of_a_folder_is_in_that_folder(here: Path) -> None:
    assert Defaults(ledger="l.db").from_folder(here).ledger == str(here / "l.db")
    assert Defaults(ledger="sqlite:///l.db").from_folder(here).ledger == f"sqlite:///{here}/l.db"
    assert Defaults(ledger="/l.db").from_folder(here).ledger == "/l.db"
    assert Defaults(ledger="~/l.db").from_folder(here).ledger == "~/l.db"


@pytest.mark.parametrize("url", ["postgresql://host/db", "mysql:///db", "sqlite:///", "sqlite://"])
def test_what_is_no_sqlite_file_is_refused_from_everywhere(
    shell: Shell, simulator: Simulator, url: str
) -> None:
    (shell.folder / "campaigns").mkdir()
    shell.write("campaigns/x.toml", LEAST)
    shell.write("bulksender.toml", f'ledger = "{url}"\n')
    told = []
    for working, typed in (("", "campaigns/x.toml"), ("campaigns", "x.toml")):
        ended = typed_in(shell, working, "check", typed, BULKSENDER_LEDGER="")
        assert ended.code == 3
        told.append(ended.err)
    assert "The ledger is a SQLite file: write sqlite:///PATH" in told[0]
    assert told[0] == told[1]


def typed_in(shell: Shell, working: str, *arguments: str, **environ: str) -> Ended:
    """`bulksender ARGUMENTS…`, typed in a folder below the shell's."""
    ended = subprocess.run(
        [sys.executable, "-m", "bulksender", *arguments],
        cwd=shell.folder / working,
        env=shell.environ | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def test_nobody_is_texted_twice_by_a_command_from_another_folder(
    shell: Shell, simulator: Simulator
) -> None:
    shell.write("bulksender.toml", 'ledger = "books/l.db"\ncountry = "sg"\n')
    shell.write("people.csv", "Name,Mobile\nAnn,91230001\nBob,91230002\n")
    (shell.folder / "campaigns").mkdir()
    shell.write("campaigns/x.toml", LEAST.replace("contacts.csv", "people.csv"))
    first = typed_in(shell, "", "run", "campaigns/x.toml", BULKSENDER_LEDGER="")
    assert first.code == 0, first.err
    again = typed_in(shell, "campaigns", "run", "x.toml", BULKSENDER_LEDGER="")
    assert again.code == 8
    assert "has run for" in again.err
    assert [message.destination for message in simulator.messages] == ["+6591230001", "+6591230002"]
    assert (shell.folder / "books" / "l.db").is_file()
    assert not (shell.folder / "campaigns" / "books").exists()


def test_what_the_campaigns_file_says_goes_before_bulksender_toml(here: Path) -> None:
    (here / "bulksender.toml").write_text(
        'subaccount = "general"\naccount = "theirs"\nregion = "us"\nsource = "Shop"\n'
        'api_key_file = "general.txt"\nprices = "/srv/prices.csv"\n'
    )
    (here / "campaigns" / "x.toml").write_text(
        LEAST + '[account]\nsubaccount = "own_one"\napi_key_file = "keys/own.txt"\n'
    )
    found = defaults_of(read_campaign(here / "campaigns" / "x.toml"))
    assert (found.subaccount, found.account, found.region) == ("own_one", "theirs", "us")
    assert found.api_key_file == str(here / "keys/own.txt")
    assert (found.source, found.prices) == ("Shop", "/srv/prices.csv")


def test_a_campaigns_region_goes_before_an_address_in_bulksender_toml(here: Path) -> None:
    (here / "bulksender.toml").write_text('base_url = "https://elsewhere.test"\n')
    file = here / "campaigns" / "x.toml"
    file.write_text(LEAST + '[account]\nregion = "us"\n')
    found = defaults_of(read_campaign(file))
    assert (found.region, found.base_url) == ("us", None)
    file.write_text(LEAST + '[account]\nregion = "us"\nbase_url = "https://own.test"\n')
    assert defaults_of(read_campaign(file)).base_url == "https://own.test"


def test_paths_in_bulksender_toml_start_at_its_folder(here: Path) -> None:
    (here / "bulksender.toml").write_text('api_key_file = "key.txt"\nprices = "prices.csv"\n')
    found = defaults_of(read_campaign(here / "campaigns" / "x.toml"))
    assert (found.api_key_file, found.prices) == (str(here / "key.txt"), str(here / "prices.csv"))


ORDER = ["command line", "environment", "campaign", "bulksender.toml"]


@pytest.mark.parametrize("first", range(len(ORDER)), ids=ORDER)
def test_the_command_line_goes_before_the_environment_before_the_campaign_before_the_folder(
    shell: Shell, simulator: Simulator, first: int
) -> None:
    """Each place but the first names a sub-account that the server does not know."""
    given = {name: simulator.subaccount if at == first else "wrong_one"
             for at, name in enumerate(ORDER) if at >= first}  # fmt: skip
    account = f'[account]\nsubaccount = "{given["campaign"]}"\n' if "campaign" in given else ""
    (shell.folder / "campaigns").mkdir()
    shell.write("campaigns/x.toml", LEAST.replace("contacts", "people") + account)
    shell.write("people.csv", "Name,Mobile\nAnn,+6591230001\n")
    shell.write("bulksender.toml", f'subaccount = "{given["bulksender.toml"]}"\n')
    ended = shell.run(
        *("run", "campaigns/x.toml"),
        *(("--subaccount", given["command line"]) if "command line" in given else ()),
        BULKSENDER_SUBACCOUNT=given.get("environment", ""),
    )
    assert ended.code == 0, ended.err
    assert len(simulator.messages) == 1
