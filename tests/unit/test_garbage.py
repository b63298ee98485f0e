"""The collector looks at nothing when a process ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
from bulksender.garbage import collect_rarely

class Cycle:
    def __init__(self):
        self.own = self
    def __del__(self):
        print("collected")

if {rarely}:
    collect_rarely()
left = Cycle()
"""


@pytest.mark.parametrize(("rarely", "ending"), [(False, "collected\n"), (True, "")])
def test_nothing_is_collected_when_the_process_ends(rarely: bool, ending: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(rarely=rarely)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == ending
