"""Draw `samples/terminal.svg`: the screen of a real run of `bulksender demo`, for the README.

Runs the command at a pseudo-terminal in a temporary folder, answers its question with `y`, and
turns what came back into an SVG that names no other host. Run it with the project's own Python.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

TARGET = Path(__file__).with_name("terminal.svg")
WIDTH = 100  # columns
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-LN-Za-ln-z]")  # everything but colours (SGR, `m`)


def screen_of_a_run() -> str:
    """What stands on the terminal after the demonstration, with its colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 80, WIDTH, 0, 0))
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.Popen(
            [sys.executable, "-m", "bulksender", "demo"],
            cwd=folder,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        pieces = []
        while piece := _read(ours):
            pieces.append(piece)
            if b"[y/N]" in piece:
                os.write(ours, b"y\n")
        child.wait()
    os.close(ours)
    return b"".join(pieces).decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


def lines_of(screen: str) -> list[str]:
    """The lines as they stand in the end: what a progress bar has overwritten is gone."""
    lines = [line.removesuffix("\r") for line in screen.split("\n")]
    return [_CONTROL.sub("", line.rpartition("\r")[2]) for line in lines]


def draw(lines: list[str]) -> str:
    """The lines as an SVG."""
    console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ bulksender demo"))
    for line in lines:
        console.print(Text.from_ansi(line))
    svg = console.export_svg(title="bulksender demo", unique_id="terminal")
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    TARGET.write_text(draw(lines_of(screen_of_a_run())), "utf-8")
    print(TARGET)
