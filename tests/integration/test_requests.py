"""What goes over the wire: requests that 8x8's OpenAPI document allows, and nothing that leaks."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft4Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

from bulksender.model import Message
from bulksender.settings import Account
from bulksender.simulator import Fault, FaultKind, Simulator

if TYPE_CHECKING:
    from conftest import Desk

SCHEMAS = Path(__file__).parents[2] / "../shared/8x8/sms_api.json"
KEY = "k3y-that-nobody-may-see"
SCHEDULED = (datetime.now(UTC) + timedelta(days=2)).isoformat(timespec="seconds")
EXPIRY = (datetime.now(UTC) + timedelta(days=3)).isoformat(timespec="seconds")


@pytest.fixture(scope="module")
def conforms() -> Callable[[dict[str, Any]], None]:
    """Check a batch against 8x8's schema BatchSmsRequest (OpenAPI 3.0: JSON Schema draft 4).

    The schema says that a message must have a text; the guide says that the template's text stands
    in for it. So the text that such a message will have is filled in before it is checked.
    """
    if not SCHEMAS.exists():
        pytest.skip("8x8's OpenAPI document, sms_api.json, is not beside this checkout")
    document = json.loads(SCHEMAS.read_text(encoding="utf-8"))
    registry: Registry[Any] = Registry().with_resource("urn:sms", DRAFT4.create_resource(document))
    validator = Draft4Validator(
        {"$ref": "urn:sms#/components/schemas/BatchSmsRequest"}, registry=registry
    )

    def check(batch: dict[str, Any]) -> None:
        default = {name: text for name, text in batch["template"].items() if name == "text"}
        validator.validate(batch | {"messages": [default | each for each in batch["messages"]]})

    return check


def bodies(sim: Simulator) -> list[dict[str, Any]]:
    return [json.loads(post.body) for post in sim.posts]


def sent(desk: Desk, sim: Simulator, messages: list[Message], **job: Any) -> list[dict[str, Any]]:
    run = desk.plan(messages, **job)
    assert desk.send(run, sim) is None
    assert desk.counts(run) == {"QUEUED": len(messages)}
    return bodies(sim)


def shared(desk: Desk, rows: int, text: str = "Hello everybody") -> list[Message]:
    return [desk.message(row, text) for row in range(2, rows + 2)]


def personal(desk: Desk, rows: int) -> list[Message]:
    return [desk.message(row) for row in range(2, rows + 2)]


JOBS: list[dict[str, Any]] = [
    {},
    {"source": "Shop 24"},
    {"source": "+6591234567"},
    {"encoding": "GSM7"},
    {"encoding": "UCS2"},
    {"scheduled": SCHEDULED},
    {"scheduled": SCHEDULED, "expiry": EXPIRY, "source": "A" * 11, "encoding": "GSM7"},
]


@pytest.mark.parametrize("make", [shared, personal])
@pytest.mark.parametrize("job", JOBS, ids=lambda job: "+".join(job) or "plain")
def test_every_post_is_one_that_8x8s_schema_allows(
    desk: Desk,
    simulated: Callable[..., Simulator],
    conforms: Callable[[dict[str, Any]], None],
    make: Callable[[Desk, int], list[Message]],
    job: dict[str, Any],
) -> None:
    posted = sent(desk, simulated(), make(desk, 23), **job)
    assert [len(batch["messages"]) for batch in posted] == [5, 5, 5, 5, 3]
    for batch in posted:
        conforms(batch)


def test_the_largest_ids_and_numbers_are_still_allowed(
    desk: Desk,
    simulated: Callable[..., Simulator],
    conforms: Callable[[dict[str, Any]], None],
) -> None:
    rows = [
        desk.message(1_048_576, reference="ü" * 400, destination="+123456789012345"),
        desk.message(1_048_577, reference="id,with \"quotes\"\n", destination="+1234567"),
    ]  # fmt: skip
    sim = simulated()
    [batch] = sent(desk, sim, rows)
    conforms(batch)
    assert [m.client_message_id for m in sim.messages] == [
        each["clientMessageId"] for each in batch["messages"]
    ]


def test_a_text_that_all_share_travels_once(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated()
    for batch in sent(desk, sim, shared(desk, 12)):
        assert batch["template"]["text"] == "Hello everybody"
        assert not any("text" in each for each in batch["messages"])
    assert {m.text for m in sim.messages} == {"Hello everybody"}


def test_texts_that_differ_travel_with_their_messages(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated()
    for batch in sent(desk, sim, personal(desk, 12)):
        assert "text" not in batch["template"]
    assert {(m.destination, m.text) for m in sim.messages} == {
        (m.destination, m.text) for m in personal(desk, 12)
    }


def test_one_text_that_differs_keeps_every_text_with_its_own_message(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated()
    messages = [*shared(desk, 4), desk.message(6, "Only for you")]
    sent(desk, sim, messages)
    assert {(m.destination, m.text) for m in sim.messages} == {
        (m.destination, m.text) for m in messages
    }


@pytest.mark.parametrize("text", ["{{ name }}", '"\\\n\t', "€^{}[]~|", "Grüße 🎉", " ", "\u2028"])
def test_a_text_arrives_as_it_was_written(
    desk: Desk, simulated: Callable[..., Simulator], text: str
) -> None:
    sim = simulated()
    sent(desk, sim, [desk.message(2, text), desk.message(3, f"{text}!")], encoding="UCS2")
    assert [m.text for m in sim.messages] == [text, f"{text}!"]


def test_source_encoding_schedule_and_expiry_are_in_the_template(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated()
    job = {"source": "Shop", "encoding": "GSM7", "scheduled": SCHEDULED, "expiry": EXPIRY}
    for batch in sent(desk, sim, personal(desk, 12), **job):
        assert batch["template"] == job
        assert all(each.keys() == {"destination", "clientMessageId", "text"}
                   for each in batch["messages"])  # fmt: skip
    assert {m.scheduled for m in sim.messages} == {datetime.fromisoformat(SCHEDULED)}


def test_what_was_not_asked_for_is_not_sent(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    for batch in sent(desk, simulated(), personal(desk, 10)):
        assert batch["template"].keys() <= {"encoding"}
        assert None not in batch["template"].values()


def test_every_message_is_asked_about(desk: Desk, simulated: Callable[..., Simulator]) -> None:
    posted = sent(desk, simulated(), personal(desk, 12))
    assert [batch["includeMessagesInResponse"] for batch in posted] == [True] * 3


def test_batch_ids_are_short_and_never_repeated_not_even_by_a_resumed_run(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated(faults=[Fault(FaultKind.UNAUTHORIZED, post=3)])
    run = desk.plan(25)
    desk.send(run, sim)
    desk.send(desk.reopened(run), sim)
    desk.send(desk.plan(5), sim)
    ids = [batch["clientBatchId"] for batch in bodies(sim)]
    assert len(ids) == len(set(ids)) == 7
    assert all(1 <= len(each) <= 20 for each in ids)
    assert all(each.startswith(run.id) for each in ids[:6])


def test_message_ids_name_run_and_row_with_the_users_id_behind_and_are_unique(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated()
    rows = [desk.message(row, reference=f"C-{row % 2}") for row in range(2, 14)]
    first, second = desk.plan(rows), desk.plan(rows)
    for run in (first, second):
        desk.send(run, sim)
    ids = [each["clientMessageId"] for batch in bodies(sim) for each in batch["messages"]]
    assert ids == [f"{run.id}-{row}-C-{row % 2}" for run in (first, second) for row in range(2, 14)]
    assert len(set(ids)) == 24


def test_the_key_is_in_one_header_and_nowhere_else(
    desk: Desk, simulated: Callable[..., Simulator], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    faults = [Fault(FaultKind.UNAUTHORIZED, post=3), Fault(FaultKind.CLOSE_AFTER, post=4)]
    sim = simulated(api_key=KEY, faults=faults)
    run = desk.plan(25)
    first = desk.send(run, sim)
    desk.send(desk.reopened(run), sim)

    assert {post.status for post in sim.posts} == {200, 401, None}  # so it arrived in its header
    for post in sim.posts:
        assert KEY.encode() not in post.body
        assert KEY not in str(post.headers)
    desk.ledger.close()
    for file in desk.path.parent.glob("**/*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes()
    assert KEY not in caplog.text
    assert caplog.records
    assert first is not None
    assert KEY not in first


def test_numbers_and_texts_are_not_logged(
    desk: Desk, simulated: Callable[..., Simulator], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    faults = [Fault(kind, post=n) for n, kind in enumerate(FaultKind, 1)]
    run = desk.plan(200)
    stopped = desk.send(run, simulated(faults=faults))
    assert caplog.records
    for private in ("65912", "Text of row"):
        assert private not in caplog.text
        assert private not in (stopped or "")


def test_a_wrong_key_is_told_without_the_key(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    run = desk.plan(5)
    stopped = desk.send(run, simulated(), key=KEY)
    assert stopped is not None
    assert "API key" in stopped
    assert KEY not in stopped
    assert KEY not in repr(Account("https://sms.8x8.com", "shop", KEY))
