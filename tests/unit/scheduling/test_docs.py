"""What docs/scheduling.md shows can be used as it stands, and is what the code does."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from scheduled_campaigns import scheduled, stub, timing

from bulksender.errors import ExitCode
from bulksender.periods import next_due
from bulksender.scheduling import command
from bulksender.scheduling.crontab import fields

DOCS = (Path(__file__).parents[3] / "docs" / "scheduling.md").read_text("utf-8")
RUN = "bulksender run campaigns/NAME.toml"


def block(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)
    return str(found)


def step() -> str:
    """The script of the workflow's last step."""
    workflow = yaml.safe_load(block("yaml"))
    return str(workflow["jobs"]["run"]["steps"][-1]["run"])


def operator() -> dict[str, str]:
    """The arguments of the DAG's operator, by their source."""
    calls = [node for node in ast.walk(ast.parse(block("python"))) if isinstance(node, ast.Call)]
    [found] = [call for call in calls if ast.unparse(call.func) == "BashOperator"]
    return {word.arg: ast.unparse(word.value) for word in found.keywords if word.arg}


def test_the_commands_are_the_ones_that_timers_start() -> None:
    typed = re.findall(r"^\$ (.*)$", DOCS, re.MULTILINE)
    words = command(scheduled(timing("daily", "UTC"), Path("/srv")), ["bulksender"])
    assert [*words[:2], "campaigns/NAME.toml", *words[3:]] == shlex.split(typed[0])
    assert typed[1:] == [
        "bulksender schedule install NAME",
        "bulksender schedule install NAME --cron",
        "bulksender daemon",
    ]


def test_the_dag_compiles_and_runs_the_plain_command() -> None:
    compile(block("python"), "dag.py", "exec")
    bash = shlex.split(ast.literal_eval(operator()["bash_command"]))
    assert [bash[0], *bash[3:]] == RUN.split()
    assert bash[1] == "--ledger"
    assert operator()["skip_on_exit_code"] == str(int(ExitCode.ALREADY_SENT))


def test_the_workflow_loads_and_starts_when_it_says() -> None:
    workflow = yaml.safe_load(block("yaml"))
    [at] = workflow[True]["schedule"]  # YAML 1.1 takes `on` for true
    asked = timing("monthly", "UTC", "01:00")
    assert at["cron"] == fields(asked, [UTC], datetime(2027, 1, 1, tzinfo=UTC))
    due = next_due(asked, datetime(2027, 1, 1, tzinfo=UTC), 1)[0][1]
    assert f"{due.astimezone(ZoneInfo('Asia/Singapore')):%H:%M} in Singapore" in block("yaml")
    environ = workflow["jobs"]["run"]["steps"][-1]["env"]
    assert environ.keys() == {"BULKSENDER_API_KEY", "BULKSENDER_LEDGER"}
    assert "self-hosted" in workflow["jobs"]["run"]["runs-on"]


@pytest.mark.parametrize("code", ExitCode)
def test_the_workflows_step_fails_unless_all_is_well(tmp_path: Path, code: ExitCode) -> None:
    stub(tmp_path, "bulksender", f'echo "$@" > "{tmp_path}/told"; exit {int(code)}')
    ended = subprocess.run(
        ["/bin/bash", "-e", "-c", step()],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        check=False,
    )
    assert ended.returncode == (0 if code is ExitCode.ALREADY_SENT else code)
    assert f"bulksender {(tmp_path / 'told').read_text('utf-8').strip()}" == RUN


def test_every_exit_code_is_told() -> None:
    table = DOCS.partition("## Exit codes")[2]
    assert re.findall(r"^\| (\d+) \|", table, re.MULTILINE) == [str(int(code)) for code in ExitCode]
