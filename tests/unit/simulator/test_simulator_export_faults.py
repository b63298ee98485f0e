"""What goes wrong with a log export, on demand."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
import requests
from simulator_api import Api, Clock, sms

from bulksender.simulator import ExportFaultKind, Fault, FaultKind

ALL = frozenset({f"m{number}" for number in range(1, 8)})


def filled(start: Callable[..., Api], *faults: Fault | str, **arguments: Any) -> Api:
    """A simulator that was sent seven messages before its faults were planned."""
    api = start(**arguments)
    api.batch(*(sms(number, clientMessageId=f"m{number}") for number in range(1, 8)))
    for fault in faults:
        api.sim.inject(Fault.parse(fault) if isinstance(fault, str) else fault)
    return api


def begun(api: Api) -> requests.Response:
    return api.call("POST", f"{api.messages_path}/exports", json={})


def states(api: Api, times: int = 4) -> list[dict[str, Any]]:
    path = f"{api.messages_path}/exports/{begun(api).json()['jobId']}"
    return [api.call("GET", path).json() for _ in range(times)]


def link(api: Api) -> str:
    [found] = states(api)[-1]["data"]
    return str(found)


def get(url: str, follow: bool = False) -> requests.Response:
    return requests.get(url, timeout=5, allow_redirects=follow)


def ids(text: str) -> list[str]:
    return [row["clientmessageid"] for row in csv.DictReader(io.StringIO(text))]


def test_unavailable_starts_no_job(start: Callable[..., Api]) -> None:
    api = filled(start, "export-unavailable")
    answer = begun(api)
    assert (answer.status_code, answer.content) == (503, b"")
    assert begun(api).status_code == 202


@pytest.mark.parametrize(
    ("kind", "end"),
    [("failed", "failed"), ("error", "error"), ("cancelled", "cancelled"), ("empty", "empty"),
     ("stuck", "running")],
)  # fmt: skip
def test_a_job_ends_as_its_fault_has_it(start: Callable[..., Api], kind: str, end: str) -> None:
    api = filled(start, f"export-{kind}")
    assert states(api, 5) == [
        {"status": "queued"},
        {"status": "running"},
        {"status": end},
        {"status": end},
        {"status": end},
    ]
    assert set(ids(get(link(api)).text)) == ALL, "the next job is as it should be"


def test_gaps_leave_out_every_third_message(start: Callable[..., Api]) -> None:
    api = filled(start, "export-gaps")
    assert ids(get(link(api)).text) == ["m1", "m2", "m4", "m5", "m7"]


def test_gaps_leave_two_messages_whole(start: Callable[..., Api]) -> None:
    api = start(faults=[Fault(ExportFaultKind.GAPS)])
    api.batch(sms(1, clientMessageId="a"), sms(2, clientMessageId="b"))
    assert ids(get(link(api)).text) == ["a", "b"]


def test_expired_is_a_link_that_nobody_can_use(start: Callable[..., Api], clock: Clock) -> None:
    api = filled(start, "export-expired", clock=clock)
    job = states(api)[-1]
    assert job["status"] == "succeeded"
    assert job["expires"] == "2026-03-02T09:00:00.250Z"
    assert get(job["data"][0]).status_code == 404


def test_elsewhere_is_a_link_to_another_host(start: Callable[..., Api]) -> None:
    api = filled(start, "export-elsewhere")
    assert link(api).startswith("https://files.example.com/")


def test_redirect_leads_from_this_host_to_another(start: Callable[..., Api]) -> None:
    api = filled(start, "export-redirect")
    found = link(api)
    assert found.startswith(f"{api.sim.base_url}/")
    answer = get(found)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://files.example.com/")
    assert answer.content == b""


def test_moved_leads_to_the_file_on_this_host(start: Callable[..., Api]) -> None:
    api = filled(start, "export-moved")
    found = link(api)
    answer = get(found)
    assert (answer.status_code, answer.content) == (302, b"")
    assert answer.headers["Location"].startswith("/")
    assert set(ids(get(found, follow=True).text)) == ALL


def test_truncated_is_half_of_the_file(start: Callable[..., Api]) -> None:
    api = filled(start, "export-truncated@1")
    cut, whole = link(api), get(link(api)).content
    with requests.get(cut, timeout=5, stream=True) as answer:
        assert int(answer.headers["Content-Length"]) == len(whole)
        came = b""
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            for piece in answer.iter_content(1):
                came += piece
    assert 0 < len(came) < len(whole)


def test_garbage_is_no_csv(start: Callable[..., Api]) -> None:
    api = filled(start, "export-garbage")
    answer = get(link(api))
    assert answer.status_code == 200
    assert b"umid" not in answer.content


# Which jobs are hit


def test_an_export_fault_counts_the_jobs_and_not_the_batches(start: Callable[..., Api]) -> None:
    api = filled(start, "export-failed@2")
    for _ in range(2):
        assert api.batch(sms()).status_code == 200
    assert [states(api)[-1]["status"] for _ in range(3)] == ["succeeded", "failed", "succeeded"]


def test_a_batch_fault_counts_the_batches_and_not_the_jobs(start: Callable[..., Api]) -> None:
    api = filled(start, "internal", "unauthorized@3")
    assert states(api)[-1]["status"] == "succeeded"
    assert begun(api).status_code == 202
    assert [api.batch(sms()).status_code for _ in range(3)] == [500, 401, 200]


def test_faults_of_both_sorts_stand_beside_each_other(start: Callable[..., Api]) -> None:
    faults = [Fault(FaultKind.INTERNAL), Fault(ExportFaultKind.ERROR), Fault(FaultKind.GONE)]
    api = filled(start, *faults)
    assert states(api)[-1]["status"] == "error"
    assert [api.batch(sms()).status_code for _ in range(3)] == [500, 410, 200]
    assert states(api)[-1]["status"] == "succeeded"


def test_a_job_that_is_refused_is_not_counted(start: Callable[..., Api]) -> None:
    api = filled(start, "export-failed@1")
    wrong = api.call("POST", f"{api.messages_path}/exports", json={"limit": -1})
    assert wrong.status_code == 400
    assert states(api)[-1]["status"] == "failed"


@pytest.mark.parametrize("times", [1, 2, -1])
def test_an_export_fault_lasts_as_long_as_it_was_told(
    start: Callable[..., Api], times: int
) -> None:
    api = filled(start, f"export-unavailablex{times}")
    expected = [503 if times == -1 or job < times else 202 for job in range(3)]
    assert [begun(api).status_code for _ in range(3)] == expected


@pytest.mark.parametrize("kind", ExportFaultKind)
def test_an_export_fault_is_named_on_the_command_line(kind: ExportFaultKind) -> None:
    assert Fault.parse(kind.value) == Fault(kind)
    assert Fault.parse(f"{kind.value}@2x3") == Fault(kind, post=2, times=3)


def test_a_fault_that_is_unknown_is_told_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown fault 'export-lost'.*export-gaps"):
        Fault.parse("export-lost")
