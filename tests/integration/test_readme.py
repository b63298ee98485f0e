"""Every command in the README is run; every option and command is in it, and in `--help`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from campaign_folder import receiving
from shell import ROOT, Shell

from bulksender.errors import ExitCode
from bulksender.model import RowStatus
from bulksender.simulator import Fault, FaultKind, Simulator
from bulksender.source import RESULT_COLUMNS

README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = (
    *("check", "send", "resume", "reconcile", "retry", "report", "runs", "show", "purge", "forget"),
    *("new", "run", "approve", "cancel", "schedule", "daemon", "suppress", "demo", "simulator"),
)
SUBCOMMANDS = (
    *("schedule install", "schedule remove"),
    *("suppress add", "suppress remove", "suppress import", "suppress list", "suppress export"),
)
MONTHLY = "## Every month"
LOST = "## What happens when the answer is lost"


def section(title: str) -> str:
    """What stands below a title, up to the next one of its kind."""
    return README.partition(f"{title}\n")[2].partition("\n## ")[0]


def commands() -> list[str]:
    """The lines that begin with `$` in the README's first console blocks, in order."""
    return typed_in(README.partition(MONTHLY)[0])


def typed_in(text: str) -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line.strip()[2:] for block in blocks for line in block.splitlines() if "$ " in line]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with Simulator(api_key="your-key", subaccount="your_subaccount") as simulator:
        yield Shell(tmp_path, BULKSENDER_BASE_URL=simulator.base_url)


def help_of(shell: Shell, *command: str) -> str:
    ended = shell.run(*command, "--help", COLUMNS="300")
    assert ended.code == 0, ended.err
    return ended.out


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    made = {line.split()[1] for line in commands() if line.startswith("make ")}
    assert made == {"demo", "test"}
    assert made <= targets


def test_the_first_real_send_works_as_it_is_written(shell: Shell) -> None:
    typed = [line for line in commands() if not line.startswith("make ")]
    assert typed[-1].startswith("bulksender send contacts.csv")
    ended = shell.bash("\n".join([*typed[:-1], f"{typed[-1]} --yes"]))
    assert ended.code == 0, ended.err
    assert "40 QUEUED" in ended.out
    assert (shell.folder / "contacts-results.csv").is_file()


def shown(text: str) -> list[str]:
    """A terminal's lines, but for what is another each time: the run's id, how long it took."""
    runs = re.sub(r"\b[0-9a-z]{10}(?=:|  FINISHED|$)", "RUN", text, flags=re.MULTILINE)
    took = re.sub(r"in [\d.]+ s, [\d,]+ rows/s", "in N s", runs)
    return took.strip().splitlines()


def test_the_transcript_of_a_lost_answer_is_what_really_happens(tmp_path: Path) -> None:
    (block,) = re.findall(r"```console\n(.*?)```", section(LOST), re.DOTALL)
    typed = [(line, text) for line, text in re.findall(r"^\$ (.*)\n([^$]*)", block, re.MULTILINE)]
    assert len(typed) == 4
    faults = [Fault(FaultKind.CLOSE_AFTER, post=2), Fault(FaultKind.CLOSE_BEFORE, post=3)]
    with Simulator(api_key="your-key", subaccount="your_subaccount", faults=faults) as simulator:
        shell = Shell(
            tmp_path,
            BULKSENDER_BASE_URL=simulator.base_url,
            BULKSENDER_API_KEY="your-key",
            BULKSENDER_SUBACCOUNT="your_subaccount",
        )
        for line, text in typed:
            ended = shell.bash(f"{line} 2>&1 || true")
            found = shown(ended.out)
            before, *after = re.split(r"^…\n", text, flags=re.MULTILINE)  # any lines in between
            told = shown(before)
            assert found[: len(told)] == told, line
            if not after:
                assert found == told, line
            for told in filter(None, map(shown, after)):
                assert found[-len(told) :] == told, line
        assert len({message.destination for message in simulator.messages}) == 40
        assert len(simulator.messages) == 40


def test_demo_runs_and_writes_the_workbook(shell: Shell) -> None:
    ended = shell.run("demo", "--yes", "--json")
    assert ended.code == 0, ended.err
    counts = ended.json["counts"]
    assert counts == {"INVALID": 7, "DUPLICATE": 2, "OPTED_OUT": 3, "QUEUED": 48}
    assert (shell.folder / "demo" / "shop-results.xlsx").is_file()


def test_every_month_works_as_it_is_written(shell: Shell) -> None:
    typed = typed_in(section(MONTHLY))
    assert [line.split()[1] for line in typed] == [
        "new",
        "check",
        "run",
        "schedule",
        "schedule",
        "run",
    ]
    [example] = re.findall(r"```toml\n(.*?)```", section(MONTHLY), re.DOTALL)
    exports = shell.folder / "exports"
    exports.mkdir()
    (exports / "contacts-2026-11.csv").write_bytes((ROOT / "samples" / "contacts.csv").read_bytes())
    with receiving() as inbox:
        given = "export BULKSENDER_API_KEY=your-key BULKSENDER_SUBACCOUNT=your_subaccount\n"
        given += f"export OWNER_URL={inbox.url}\n"
        for line in typed:
            # this test's server is on this machine too, so both runs are rehearsals
            ledger = {"BULKSENDER_LEDGER": "rehearsal.db"} if "--simulate" in line else {}
            ended = shell.bash(f"{given}{line}", **ledger)
            assert ended.code == 0, (line, ended.err)
            if line.startswith("bulksender new"):
                (shell.folder / "campaigns" / "november-offer.toml").write_text(example, "utf-8")
        assert shell.bash(f"{given}{typed[-1]}").code == ExitCode.ALREADY_SENT
    results = {file.suffix for file in (shell.folder / "results").glob("november-offer-*")}
    assert results == {".csv", ".html"}
    timers = [*shell.folder.rglob("bulksender-november-offer.timer")]
    assert any(file.is_symlink() for file in timers)


@pytest.mark.parametrize("command", [*COMMANDS, *SUBCOMMANDS])
def test_every_option_of_a_command_is_in_the_readmes_table(shell: Shell, command: str) -> None:
    listed = {}
    for line in re.findall(r"^\| `--.*", README, re.MULTILINE):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for option in re.findall(r"--[a-z-]+", cells[0]):
            listed[option] = cells[2]
    told = {
        option
        for option, of in listed.items()
        if of == "all"
        or (command in of.removeprefix("all but ").split(", ")) != of.startswith("all but")
    }
    said = help_of(shell, *command.split())
    offered = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", said, re.MULTILINE))
    offered |= set(re.findall(r"^ +(--[a-z-]+), -\w", said, re.MULTILINE))
    assert offered - {"--help"} == told


def test_every_command_is_in_the_readme_and_in_help(shell: Shell) -> None:
    told = set(re.findall(r"^\| `bulksender (\w+)", README, re.MULTILINE))
    offered = set(re.findall(r"^  (\w+)  ", help_of(shell).partition("Commands:")[2], re.MULTILINE))
    assert told == offered == set(COMMANDS)


def test_exit_codes_in_the_readme_are_the_programs() -> None:
    section = README.partition("## Exit codes")[2].partition("## ")[0]
    assert [int(code) for code in re.findall(r"^\| (\d) \|", section, re.MULTILINE)] == sorted(
        ExitCode
    )


def test_the_added_columns_and_their_states_are_in_the_readme() -> None:
    section = README.partition("## The columns that are added")[2].partition("\n## ")[0]
    table = "\n".join(re.findall(r"^\| `.*", section, re.MULTILINE))
    cells = [line.split("|")[1] for line in table.splitlines()]
    assert tuple(re.findall(r"`(\w+)`", " ".join(cells))) == RESULT_COLUMNS
    told = set(re.findall(r"`([A-Z_]+)`", section))
    assert told >= {
        *("INVALID", "DUPLICATE", "OPTED_OUT", "ALREADY_SENT"),
        *("READY", "QUEUED", "REJECTED", "UNKNOWN"),
    }
    assert told - {"GSM7", "UCS2"} <= {status.value for status in RowStatus}


def test_settings_of_the_toml_file_are_in_the_readme() -> None:
    from bulksender.settings import Defaults

    paragraph = README.partition("A `bulksender.toml`")[2].partition("\n\n")[0]
    assert tuple(re.findall(r"`(\w+)`", paragraph)) == Defaults.__struct_fields__


def test_the_figures_of_how_fast_are_those_of_the_benchmark() -> None:
    said = README.partition("## How fast")[2].partition("\n## ")[0]
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text("utf-8")
    found = {
        cells[0]: cells[3]
        for line in results.splitlines()
        if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 6
    }
    rows = re.findall(r"^\| (.+?) \| ([+-]?\d.*?) \|$", said, re.MULTILINE)
    assert len(rows) == len(found) - 2  # but for the header and the line below it
    assert all(found[what] == measured for what, measured in rows)
    speed = found["1,000,000 rows, XLSX → XLSX"].split(" ")[0].replace(",", "")
    assert f"in {round(1_000_000 / int(speed))} seconds on two cores" in said
    date = re.search(r"\| date \| (\S+) \|", results)
    assert date is not None and f"Measured by `make bench` on {date[1]}" in said
    assert (ROOT / "benchmarks" / "speed.svg").is_file()
