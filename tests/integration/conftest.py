"""A simulator that is served, and a shell that is set up to send to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import Shell

from bulksender.simulator import Simulator


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as served:
        yield served


@pytest.fixture
def shell(tmp_path: Path, simulator: Simulator) -> Shell:
    return Shell(
        tmp_path,
        BULKSENDER_BASE_URL=simulator.base_url,
        BULKSENDER_API_KEY=simulator.api_key,
        BULKSENDER_SUBACCOUNT=simulator.subaccount,
    )
