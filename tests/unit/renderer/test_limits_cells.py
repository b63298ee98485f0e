"""Cells as long as a workbook allows, made so that reading them could take for ever."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

CHILD = """
import json, resource, sys, time
from bulksender.errors import TemplateError
from bulksender.renderer.template import Template
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
template, cells = json.load(sys.stdin)
for name, cell in cells.items():
    started = time.monotonic()
    try:
        Template(template, ["Name"]).texts([(cell,)] * 3)
    except TemplateError:
        pass
    print(json.dumps([name, time.monotonic() - started]), flush=True)
"""
MOST = 32_767  # characters of a cell in a workbook
CELLS = {
    "digits": "9" * MOST,
    "digits and a letter": "9" * (MOST - 1) + "x",
    "thousands and a letter": "1" + ",123" * 8000 + "x",
    "points and a letter": "1" + ".123" * 8000 + "x",
    "angle brackets": "<" * MOST,
    "tags": "<>" * 16_000,
    "comments": "<!--" * 8000,
    "hyphens": "-" * MOST,
    "words": "a " * 16_000,
    "line breaks": "\n" * MOST,
    "apostrophes": "a'" * 16_000 + "!",
    "spaces and a letter": " " * (MOST - 1) + "x",
    "a long fraction of a second": "2026-01-02T00:00:00." + "0" * 32_000,
}
USES = [
    *("|float(0)", "|int(0)", "|money", "|number", "|date", "|title", "|striptags", "|wordcount"),
    *("|wordwrap(9)|length", "|truncate(20)", "|urlencode", "|e|length", "|indent|length"),
    *("|filesizeformat", "|replace('9', '8')", "|unique|join", "|trim", " + 'a'", " ~ 'a'"),
    *(".split()|length", ".strip()|length", " is number", "[:20]"),
]


@pytest.mark.parametrize("use", USES)
def test_no_cell_holds_the_program_up(use: str) -> None:
    try:
        child = subprocess.run(
            [sys.executable, "-c", CHILD],
            input=json.dumps([f"{{{{ name{use} }}}}", CELLS]),
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        done = child.stdout
    except subprocess.TimeoutExpired as error:
        done = (error.stdout or b"").decode()
    seconds = dict(json.loads(line) for line in done.splitlines())
    assert seconds.keys() == CELLS.keys()
    assert max(seconds.values()) < 5, seconds
