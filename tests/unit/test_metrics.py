"""The metrics file: what Prometheus reads in it, other campaigns' lines, and all or nothing."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from filelock import FileLock
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from bulksender.errors import ExitCode, SettingsError
from bulksender.metrics import Metrics, check_metrics, write_metrics
from bulksender.model import RowStatus

NOVEMBER = Metrics(
    campaign="november-offer",
    period="2026-11",
    run="svzs2fxe86",
    counts={"QUEUED": 1204, "DUPLICATE": 46},
    parts=1300,
    batches=2,
    cost=12.34,
    currency="USD",
    seconds=1.5,
    exit_code=ExitCode.DONE,
    ended=1795420800.125,
)


def metrics(**changes: Any) -> Metrics:
    return msgspec.structs.replace(NOVEMBER, **changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bulksender.prom"


def families(path: Path) -> dict[str, Metric]:
    text = path.read_bytes().decode("utf-8")
    found = list(text_string_to_metric_families(text))
    assert len({family.name for family in found}) == len(found), "each stands together"
    return {family.name: family for family in found}


def values(path: Path, name: str, *labels: str) -> dict[tuple[str, ...], float]:
    """A metric's values by the values of its labels, after the campaign's."""
    return {
        tuple(sample.labels[label] for label in ("campaign", *labels)): sample.value
        for sample in families(path)[name].samples
    }


def test_prometheus_reads_what_a_run_did(path: Path) -> None:
    write_metrics(path, NOVEMBER)

    found = families(path)
    assert {family.type for family in found.values()} == {"gauge"}
    assert all(family.documentation.endswith(".") for family in found.values())
    mine = {name: family.samples[-1].value for name, family in found.items()}
    assert mine == {
        "bulksender_run_rows": 0,
        "bulksender_run_parts": 1300,
        "bulksender_run_batches": 2,
        "bulksender_run_cost": 12.34,
        "bulksender_run_seconds": 1.5,
        "bulksender_run_exit_code": 0,
        "bulksender_run_end_timestamp_seconds": 1795420800.125,
        "bulksender_run_info": 1,
    }
    assert found["bulksender_run_cost"].samples[0].labels["currency"] == "USD"
    assert found["bulksender_run_info"].samples[0].labels == {
        "campaign": "november-offer",
        "period": "2026-11",
        "run": "svzs2fxe86",
    }


def test_every_status_has_its_rows_also_those_that_have_none(path: Path) -> None:
    write_metrics(path, NOVEMBER)

    rows = values(path, "bulksender_run_rows", "status")
    assert rows["november-offer", "QUEUED"] == 1204
    assert rows["november-offer", "UNKNOWN"] == 0
    assert {status for _, status in rows} == {status.value for status in RowStatus}
    assert sum(rows.values()) == 1250


def test_the_file_is_lines_as_the_exposition_format_wants_them(path: Path) -> None:
    write_metrics(path, NOVEMBER)

    text = path.read_bytes()
    assert text.endswith(b"\n")
    assert b'\nbulksender_run_rows{campaign="november-offer",status="QUEUED"} 1204\n' in text
    assert text.startswith(b"# HELP bulksender_run_rows ")
    assert b"\n# TYPE bulksender_run_exit_code gauge\nbulksender_run_exit_code{" in text


@pytest.mark.parametrize(
    "name",
    ['a "b" c', "a\\n", "a\nb", 'back\\"slash\\', "Angebot für Ö", "{x=1} 2", "a\rb", "a\x85b"],
)
def test_any_name_of_a_campaign_comes_back_as_it_was(path: Path, name: str) -> None:
    write_metrics(path, metrics(campaign=name))
    write_metrics(path, NOVEMBER)
    write_metrics(path, metrics(campaign=name, parts=7))

    assert values(path, "bulksender_run_parts") == {(name,): 7, ("november-offer",): 1300}


def test_a_name_that_is_no_unicode_does_not_fail(path: Path) -> None:
    write_metrics(path, metrics(campaign="a\udcff"))
    assert values(path, "bulksender_run_parts") == {("a?",): 1300}


def test_a_run_replaces_the_lines_of_its_campaign_alone(path: Path) -> None:
    write_metrics(path, NOVEMBER)
    write_metrics(path, metrics(campaign="birthdays", run="aaaaaaaaaa", cost=None))
    december = metrics(period="2026-12", run="bbbbbbbbbb", exit_code=ExitCode.UNKNOWN, cost=None)

    write_metrics(path, december)

    assert values(path, "bulksender_run_info", "period", "run") == {
        ("november-offer", "2026-12", "bbbbbbbbbb"): 1,
        ("birthdays", "2026-11", "aaaaaaaaaa"): 1,
    }
    assert values(path, "bulksender_run_exit_code") == {("november-offer",): 5, ("birthdays",): 0}
    assert "bulksender_run_cost" not in families(path), "no longer known"


def test_campaigns_that_end_together_all_find_their_lines(path: Path) -> None:
    names = [f"campaign-{n}" for n in range(8)]
    writing = [
        threading.Thread(target=write_metrics, args=(path, metrics(campaign=name)))
        for name in names
    ]
    for thread in writing:
        thread.start()
    for thread in writing:
        thread.join()

    assert sorted(values(path, "bulksender_run_parts")) == [(name,) for name in names]


def test_whoever_holds_the_file_too_long_is_not_overrun(path: Path) -> None:
    with (
        FileLock(path.with_name(f".{path.name}.lock")),
        pytest.raises(SettingsError, match="another process is writing"),
    ):
        write_metrics(path, NOVEMBER, patience=0.01)
    assert not path.exists()


@pytest.mark.parametrize(
    "foreign",
    [
        "node_load1 0.5\n",
        "# HELP node_load1 1m load average.\n",
        "Dear customer,\n",
        'bulksender_run_parts{campaign="a"} 1',  # cut off
        'bulksender_run_parts{campaign="a} 1\n',
        'bulksender_run_moods{campaign="a"} 1\n',
        "\n",
    ],
)
def test_a_file_of_somebody_else_is_left_alone(path: Path, foreign: str) -> None:
    write_metrics(path, NOVEMBER)
    lines = path.read_text().count("\n")
    before = path.read_text() + foreign
    path.write_text(before)

    with pytest.raises(SettingsError, match=f"line {lines + 1} was not written by this"):
        write_metrics(path, NOVEMBER)
    with pytest.raises(SettingsError, match="left alone"):
        check_metrics(path)
    assert path.read_text() == before


def test_an_empty_file_is_written_to(path: Path) -> None:
    path.touch()
    check_metrics(path)
    write_metrics(path, NOVEMBER)
    assert values(path, "bulksender_run_parts") == {("november-offer",): 1300}


def test_the_collector_may_read_it_and_finds_no_half_file(path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_metrics(path, NOVEMBER)
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(path.parent.glob("*.prom")) == [path]
    assert [each.name for each in path.parent.glob(".*.tmp")] == []


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "metrics.txt"
    target.parent.mkdir()
    target.touch()
    path.symlink_to(target)

    write_metrics(path, NOVEMBER)

    assert path.is_symlink()
    assert values(target, "bulksender_run_parts") == {("november-offer",): 1300}


@pytest.mark.parametrize("write", [True, False])
def test_where_no_file_can_be_that_is_said(tmp_path: Path, write: bool) -> None:
    (tmp_path / "file").touch()
    nowhere = (tmp_path / "no" / "m.prom", tmp_path / "file" / "m.prom", tmp_path)
    for path in nowhere:
        with pytest.raises(SettingsError, match="--metrics-file"):
            write_metrics(path, NOVEMBER) if write else check_metrics(path)


def test_a_check_leaves_nothing_behind(path: Path) -> None:
    check_metrics(path)
    assert list(path.parent.iterdir()) == []
