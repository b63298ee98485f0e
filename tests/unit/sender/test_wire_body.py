"""What a batch's POST says of when it is to be sent, and by whom."""

from __future__ import annotations

from typing import Any

import msgspec

from bulksender.model import Batch, Encoding, Message
from bulksender.sender.wire import encode
from bulksender.settings import Job, SheetOptions

RUN = "abcdefghjk"
DUE = "2026-03-03T04:00:00.000+00:00"
NUMBERS = ("+6591234567", "+447400123456", "+12125550123")


def body(due: str = "", **changes: Any) -> dict[str, Any]:
    """The body of a batch to three countries."""
    messages = [
        Message(row, number, f"Hi {row}", 1, Encoding.GSM7, due=due)
        for row, number in enumerate(NUMBERS, 2)
    ]
    job = Job(sheet=SheetOptions(path="sheet.csv"), template="Hi", **changes)
    found: dict[str, Any] = msgspec.json.decode(encode(Batch(RUN, 1, messages), job))
    return found


def test_a_batch_that_is_due_says_when() -> None:
    assert body(DUE)["template"]["scheduled"] == DUE


def test_a_batch_that_goes_at_once_says_nothing() -> None:
    assert "scheduled" not in body()["template"]


def test_the_time_of_a_batch_goes_before_that_of_its_run() -> None:
    at = "2026-03-05T09:00:00+08:00"
    assert body(scheduled=at)["template"]["scheduled"] == at
    assert body(DUE, scheduled=at)["template"]["scheduled"] == DUE


def test_a_country_may_have_a_sender_id_of_its_own() -> None:
    made = body(source="Shop", sources={"SG": "ShopSG", "GB": "ShopUK"})
    assert [message.get("source") for message in made["messages"]] == ["ShopSG", "ShopUK", None]
    assert made["template"]["source"] == "Shop"


def test_without_sender_ids_by_country_no_message_names_one() -> None:
    assert all("source" not in message for message in body(source="Shop")["messages"])
