from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4
from simulator_api import Api, Clock, Receiver

from bulksender.simulator import Simulator

SCHEMAS = Path(__file__).parents[3] / "../shared/8x8/sms_api.json"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start() -> Iterator[Callable[..., Api]]:
    """Start simulators that are stopped when the test is over."""
    with ExitStack() as stack:

        def start_one(**arguments: Any) -> Api:
            api = Api(stack.enter_context(Simulator(**arguments)))
            stack.callback(api.session.close)
            return api

        yield start_one


@pytest.fixture
def api(start: Callable[..., Api], clock: Clock) -> Api:
    """A simulator without faults, at the clock's time."""
    return start(clock=clock)


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    with ExitStack() as stack:

        def start_one(*statuses: int) -> Receiver:
            made = Receiver(statuses)
            stack.callback(made.close)
            return made

        yield start_one


@pytest.fixture(scope="session")
def conforms() -> Callable[[Any, str], None]:
    """Check a JSON value against a part of 8x8's OpenAPI document, named by its JSON pointer."""
    if not SCHEMAS.exists():
        pytest.skip("8x8's OpenAPI document, sms_api.json, is not beside this checkout")
    document = json.loads(SCHEMAS.read_text(encoding="utf-8"))
    registry: Registry[Any] = Registry().with_resource("urn:sms", DRAFT4.create_resource(document))

    def check(value: Any, pointer: str) -> None:
        Draft4Validator({"$ref": f"urn:sms#{pointer}"}, registry=registry).validate(value)

    return check
