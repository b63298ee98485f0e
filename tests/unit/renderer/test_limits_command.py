"""Expensive templates through the whole command, with a gigabyte to live on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from shell import Ended, Shell

LIMITED = (
    "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)); "
    "from bulksender.cli import main; sys.argv[0] = 'bulksender'; main()"
)
NASTY = {
    "a text times": "{{ 'a' * 10**8 }}",
    "nested loops": "{{ name }}" + "{% for a in 'a'.ljust(9999) %}" * 3 + "x" + "{% endfor %}" * 3,
    "doubling": "{% set x = name %}" + "{% set x = x ~ x %}" * 40 + "{{ x }}",
    "powers": "{{ 10**10**10 }}",
    "a width": "{{ '{:>999999999}'.format(name) }}",
    "a width from a cell": "{{ '{:>{w}}'.format(name, w=width) }}",
    "a width from a cell in a method": "{{ name.ljust(width|int) }}",
    "many sorts": "{{name}}{%set l='a'.ljust(9999)|list%}" + "{%set x=l|sort%}" * 900,
    "400 filters": "{{ name" + "|trim" * 400 + " }}",
    "600 signs": "{{ name }}{{ " + "- " * 600 + "1 }}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ name }}{{ m() }}",
    "a megabyte": "x" * 1_000_000,
}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path)
    rows = "".join(f"Ann,+659123{number:04},999999999\n" for number in range(1000))
    made.write("sheet.csv", f"Name,Mobile,Width\n{rows}")
    return made


def check(shell: Shell, template: str) -> Ended:
    shell.write("text.txt", template)
    return shell.bash(
        f'timeout 12 python -c "{LIMITED}" check sheet.csv -t text.txt', PYTHONWARNINGS="default"
    )


@pytest.mark.parametrize("name", NASTY)
def test_check_refuses_an_expensive_template_within_five_seconds(shell: Shell, name: str) -> None:
    started = time.monotonic()
    ended = check(shell, NASTY[name])
    assert ended.code == 3, ended
    assert "emplate" in ended.err
    assert "Traceback" not in ended.err
    assert "bug in bulksender" not in ended.err
    assert time.monotonic() - started < 5 + 2  # and the start of the program


def test_check_takes_an_ordinary_template_with_as_little_memory(shell: Shell) -> None:
    ended = check(shell, "Hi {{ name|title }}{% for w in name.split() %} {{ w }}{% endfor %}")
    assert ended.code == 0, ended.err
    assert "1,000 READY" in ended.out
