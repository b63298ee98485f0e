"""Events for machines: one whole line each, whatever becomes of the stream; nothing personal."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from typing import Any, TextIO

import msgspec
import pytest

from bulksender.errors import ExitCode, LogUnavailable, SheetError
from bulksender.eventlog import (
    BatchSent,
    Event,
    EventLog,
    Events,
    RunEnded,
    RunPlanned,
    RunRefused,
    RunStarted,
    Silent,
)
from bulksender.model import RowStatus

SENT = BatchSent(
    run="svzs2fxe86",
    number=3,
    rows=1000,
    counts={RowStatus.QUEUED: 990, RowStatus.REJECTED: 10},
    http_status=200,
    attempts=2,
    seconds=0.412,
    batch_id="11111111-2222-3333-4444-555555555555",
)
ALL: list[Event] = [
    RunPlanned(
        run="svzs2fxe86",
        rows=1250,
        counts={RowStatus.READY: 1204, RowStatus.DUPLICATE: 46},
        batches=2,
        parts=1300,
        cost=12.34,
        currency="USD",
    ),
    RunStarted(
        run="svzs2fxe86",
        rows=1204,
        batches=2,
        concurrency=4,
        scheduled="2026-11-24T01:00:00Z",
    ),
    SENT,
    RunEnded(
        run="svzs2fxe86",
        exit_code=ExitCode.UNKNOWN,
        rows=1250,
        counts={RowStatus.QUEUED: 1201, RowStatus.UNKNOWN: 3, RowStatus.DUPLICATE: 46},
        batches=2,
        parts=1300,
        seconds=1.5,
    ),
    RunRefused.of(SheetError("Row 12: the cell says ...")),
]


def clock() -> datetime:
    singapore = timezone(timedelta(hours=8))
    return datetime(2026, 11, 23, 8, 30, 15, 123456, tzinfo=singapore)


def logged(*events: Event, as_json: bool = True, campaign: str = "") -> list[str]:
    stream = io.StringIO()
    log = EventLog(stream, as_json, clock)
    log = log.about(campaign, "2026-11") if campaign else log
    for event in events:
        log.event(event)
    return stream.getvalue().splitlines()


def test_a_batch_is_one_json_object_on_one_line() -> None:
    [line] = logged(SENT, campaign="november-offer")
    assert json.loads(line) == {
        "ts": "2026-11-23T00:30:15.123Z",
        "event": "batch",
        "campaign": "november-offer",
        "period": "2026-11",
        "run": "svzs2fxe86",
        "number": 3,
        "rows": 1000,
        "counts": {"QUEUED": 990, "REJECTED": 10},
        "http_status": 200,
        "attempts": 2,
        "seconds": 0.412,
        "batch_id": "11111111-2222-3333-4444-555555555555",
        "scheduled": None,
    }
    assert line.startswith('{"ts":"2026-11-23T00:30:15.123Z","event":"batch","campaign":')


def test_a_run_is_a_line_for_each_thing_that_happens() -> None:
    told = [json.loads(line) for line in logged(*ALL)]
    assert [each["event"] for each in told] == [
        "run_planned",
        "run_started",
        "batch",
        "run_ended",
        "run_refused",
    ]
    assert [each["run"] for each in told] == ["svzs2fxe86"] * 4 + [None]
    assert told[3]["exit_code"] == 5


def test_as_text_it_is_a_line_of_names_and_values() -> None:
    lines = logged(SENT, ALL[-1], as_json=False, campaign="november offer")
    assert lines == [
        '2026-11-23T00:30:15.123Z batch campaign="november offer" period=2026-11 run=svzs2fxe86 '
        "number=3 rows=1000 QUEUED=990 REJECTED=10 http_status=200 attempts=2 seconds=0.412 "
        "batch_id=11111111-2222-3333-4444-555555555555",
        '2026-11-23T00:30:15.123Z run_refused campaign="november offer" period=2026-11 '
        "reason=SheetError exit_code=3",
    ]


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("name", ["a\nb", 'a "b"', "ä\u2028ö", "a\x1b[2Jb", "a\udcff", "x=y"])
def test_no_name_breaks_the_line_or_the_stream(name: str, as_json: bool) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", newline="")

    EventLog(stream, as_json, clock).about(name).event(SENT)

    [line] = raw.getvalue().decode("ascii").splitlines()
    assert line.isprintable()
    assert json.dumps(name) in line


def test_a_refusal_is_told_by_its_kind_and_not_in_its_words() -> None:
    refused = RunRefused.of(LogUnavailable("8x8 said: no such number +65 9123 4567"), run="abc")
    assert refused == RunRefused(run="abc", reason="LogUnavailable", exit_code=ExitCode.UNKNOWN)
    assert "9123" not in logged(refused)[0]
    with pytest.raises(ValueError, match="no sentence"):
        RunRefused(reason="The cell says +65 9123 4567.", exit_code=ExitCode.REFUSED)


def test_no_event_has_a_field_for_what_is_personal() -> None:
    """Whoever adds a field thinks about it here: texts are ids, names of kinds, or times."""
    texts = {
        field.name
        for kind in (RunPlanned, RunStarted, BatchSent, RunEnded, RunRefused)
        for field in msgspec.structs.fields(kind)
        if field.type in (str, str | None, Any)
    }
    assert texts == {"run", "currency", "scheduled", "batch_id", "reason"}
    with pytest.raises(TypeError, match="destination"):
        BatchSent(run="abc", destination="+6591234567")  # type: ignore[call-arg]


def test_lines_of_many_threads_stay_whole() -> None:
    read, write = os.pipe()
    with os.fdopen(read) as reader, os.fdopen(write, "w") as writer:
        one = EventLog(writer)
        logs = [one.about(f"campaign-{n}") for n in range(4)]

        def tell(log: EventLog) -> None:
            for _ in range(50):
                log.event(SENT)

        threads = [threading.Thread(target=tell, args=(log,)) for log in logs]
        for thread in threads:
            thread.start()
        lines = [reader.readline() for _ in range(200)]
        for thread in threads:
            thread.join()
    assert {json.loads(line)["campaign"] for line in lines} == {f"campaign-{n}" for n in range(4)}


def closed() -> TextIO:
    stream = io.StringIO()
    stream.close()
    return stream


def nobody_reads() -> TextIO:
    read, write = os.pipe()
    os.close(read)
    return io.TextIOWrapper(io.FileIO(write, "w"), write_through=True)


def full_disk() -> TextIO:
    return io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True)


@pytest.mark.parametrize("stream", [closed, nobody_reads, full_disk])
def test_a_stream_that_is_gone_ends_no_run(stream: Any) -> None:
    made = stream()
    log = EventLog(made, clock=clock)
    told = 0
    for event in ALL:
        log.event(event)
        told += 1
    made.close()
    assert told == len(ALL)


_PIPED = """
import sys
from bulksender.cli.streams import forgive
from bulksender.eventlog import EventLog, RunRefused
from bulksender.errors import SheetError
forgive()
log = EventLog(sys.stderr)
sys.stdin.read()  # until the reader is gone
for _ in range(10_000):
    log.event(RunRefused.of(SheetError("")))
print("done")
"""


def test_a_reader_that_leaves_does_not_end_the_process() -> None:
    with subprocess.Popen([sys.executable, "-c", _PIPED], stdin=-1, stdout=-1, stderr=-1) as made:
        assert made.stdin is not None and made.stdout is not None and made.stderr is not None
        made.stderr.close()
        made.stdin.close()
        assert made.stdout.read() == b"done\n"
    assert made.returncode == 0


def test_the_time_is_that_of_the_event() -> None:
    stream = io.StringIO()
    before = datetime.now().astimezone()
    EventLog(stream).event(SENT)
    after = datetime.now().astimezone()

    told = datetime.fromisoformat(json.loads(stream.getvalue())["ts"])
    assert before - timedelta(milliseconds=1) <= told <= after


def test_whoever_sends_may_be_given_a_log_or_silence() -> None:
    stream = io.StringIO()
    listeners: list[Events] = [Silent(), EventLog(stream, clock=clock)]
    for listener in listeners:
        listener.event(SENT)
    assert len(stream.getvalue().splitlines()) == 1
