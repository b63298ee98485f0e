from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ledger_steps import Clock

from bulksender.ledger import Ledger

if TYPE_CHECKING:
    from conftest import Desk


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(desk: Desk, clock: Clock) -> Desk:
    """A desk whose ledger goes by the clock."""
    desk.ledger.close()
    desk.ledger = Ledger(desk.path, clock=clock, durable=False)
    return desk
