"""Templates that would hang the program or fill the memory, each over a thousand rows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import pytest

from bulksender.renderer.limits import MOST_SOURCE

CHILD = """
import json, os, resource, signal, sys, time
from datetime import date
from bulksender.errors import TemplateError
from bulksender.renderer.template import Template, Unrendered

CELLS = {"Name": "Ann", "Width": "999999999", "Note": "ab " * 1000, "Due": date(2026, 1, 2)}

def outcome(source):
    try:
        template = Template(source, list(CELLS))
        cells = list(CELLS.values())
        row = tuple(cells[index] for index in template.columns)
        texts = template.texts([row] * 1000)
    except TemplateError as error:
        return "refused", str(error)
    if all(isinstance(text, Unrendered) for text in texts):
        return "rows refused", texts[0].why
    return "text", repr(texts[0])[:100]

def run(name, source):
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    signal.alarm(6)  # ends the process
    started = time.monotonic()
    try:
        how, said = outcome(source)
    except BaseException as error:
        how, said = "escaped", f"{type(error).__name__}: {error}"
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps([name, how, said[:300], seconds, peak]), flush=True)

for name, source in json.load(sys.stdin).items():
    child = os.fork()
    if not child:
        run(name, source)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        print(json.dumps([name, "killed", f"wait status {status}", 6.0, 0]), flush=True)
"""
LONG = "{% set long = 'a'.ljust(9999)|list %}"
BATCH = "{{% set {0} = 'a'|batch(9999, {1})|first %}}"
FOR = "{{% for {0} in '{1}' %}}"
END = "{% endfor %}"


def nested(depth: int) -> str:
    """Lists of 9,999 times the same list, `depth` deep."""
    names = [f"nest{index}" for index in range(depth + 1)]
    return BATCH.format(names[0], "'x'") + "".join(
        BATCH.format(then, before) for before, then in pairwise(names)
    )


NASTY = {
    "a text times 10**8": "{{ 'a' * 10**8 }}",
    "a cell times 10**8": "{{ name * 10**8 }}",
    "a number of times a text": "{{ 10**8 * name }}",
    "a list times 10**8": "{{ ([name] * 10**8)|length }}",
    "a list times a list's length": "{{ name }}{{ ([0] * 9999 * 9999)|length }}",
    "a power of powers": "{{ 10**10**10 }}",
    "a negative power of powers": "{{ name }}{{ (-9)**9**9**9 }}",
    "a product of a hundred numbers": "{{ name }}{{ " + "*".join(["99999999999"] * 50) + " }}",
    "a number of 5,000 digits": "{{ " + "9" * 5000 + " }}",
    "a sum of numbers of 4,200 digits": "{{ " + "9" * 4200 + " + 1 }}",
    "doubling by ~": "{% set x = name %}" + "{% set x = x ~ x %}" * 40,
    "doubling by +": "{% set x = name %}" + "{% set x = x + x %}" * 40,
    "doubling by join": "{% set x = name %}" + "{% set x = [x, x]|join %}" * 40,
    "doubling by format": "{% set x = name %}" + "{% set x = '%s%s'|format(x, x) %}" * 40,
    "doubling by .format": "{% set x = name %}" + "{% set x = '{0}{0}'.format(x) %}" * 40,
    "doubling by replace": "{% set x = name ~ 'a' %}" + "{% set x = x|replace('a', 'aa') %}" * 40,
    "doubling by .replace": "{% set x = name ~ 'a' %}" + "{% set x = x.replace('a','aaa') %}" * 40,
    "doubling by set blocks": "{% set x %}{{ name }}aaaaaa{% endset %}"
    + "{% set x %}{{ x }}{{ x }}{% endset %}" * 40,
    "doubling a list": "{% set x = [name] %}" + "{% set x = x + x %}" * 40,
    "doubling a list of lists": "{% set x = [name] %}" + "{% set x = [x, x] %}" * 40,
    "doubling a tuple": "{% set x = (name,) %}" + "{% set x = (x, x) %}" * 40,
    "doubling a dictionary": "{% set x = {'a': name} %}" + "{% set x = {'a': x, 'b': x} %}" * 40,
    "doubling by fromkeys": "{{ name }}{% set x = {}.fromkeys('abcdefghij') %}"
    + "{% set x = {}.fromkeys('abcdefghij', x) %}" * 20,
    "doubling by macros": "{% macro m0() %}x{% endmacro %}"
    + "".join(
        f"{{% macro m{n}() %}}{{{{ m{n - 1}() }}}}{{{{ m{n - 1}() }}}}{{% endmacro %}}"
        for n in range(1, 40)
    )
    + "{{ name }}{{ m39() }}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ name }}{{ m() }}",
    "a macro that calls itself twice": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}"
    "{% endif %}{% endmacro %}{{ name }}{{ m(30) }}",
    "a macro in its own default": "{% macro m(a=m()) %}{% endmacro %}{{ name }}{{ m() }}",
    "a recursive loop": "{{ name }}{% for x in [1] recursive %}{{ loop([1, 2]) }}{% endfor %}",
    "call blocks in a loop": "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}{{ name }}"
    + "{% call m() %}" * 14 + "x" + "{% endcall %}" * 14,
    "nested loops": "{{ name }}" + "".join(FOR.format(v, "x" * 99) for v in "abcd")
    + "x" + END * 4,
    "loops over a width": "{{ name }}{% for a in 'a'.ljust(9999) %}{% for b in 'a'.ljust(9999) %}"
    + END * 2,
    "a loop with a condition": "{{ name }}" + LONG
    + "{% for i in long if i == 'b' %}x{% endfor %}" * 300,
    "a loop that resets the count": "{{ name }}" + LONG
    + "".join(f"{{% for {v} in long %}}" for v in "abc")
    + "{% if 0|__row %}{% endif %}" + END * 3,
    "a loop around 15,000 characters": "{{ name }}{% for i in 'a'.ljust(4000) %}"
    + "x" * 15000 + END,
    "long prints in a loop": "{{ name }}{% for i in 'ab' %}" + "{{'a'.ljust(9999)}}" * 900 + END,
    "a thousand long prints": "{{ name }}" + "{{'a'.ljust(9999)}}" * 950,
    "a long cell two thousand times": "{{note}}" * 2000,
    "center": "{{ name|center(10**9) }}",
    ".center": "{{ name.center(10**9) }}",
    ".ljust": "{{ name.ljust(10**9) }}",
    ".rjust": "{{ name.rjust(10**9) }}",
    ".zfill": "{{ name.zfill(10**9) }}",
    ".expandtabs": "{{ (name ~ '\\t').expandtabs(10**9) }}",
    "indent": "{{ (name ~ '\\na')|indent(10**9) }}",
    "round": "{{ name }}{{ 5.5|round(10**9) }}",
    "truncate": "{{ name|truncate(10**12) }}",
    "wordwrap": "{{ note|wordwrap(1, wrapstring='x'.ljust(9999)) }}",
    "batch": "{{ name|batch(10**9, 'x')|list|length }}",
    "slice": "{{ name|slice(10**9, 'x')|list|length }}",
    "slice below the limit": "{{ name|slice(9999, 'x')|list|length }}",
    "format": "{{ name }}{{ '%999999999d'|format(1) }}",
    "format with a star": "{{ name }}{{ '%*d'|format(999999999, 1) }}",
    "format with a precision": "{{ name }}{{ '%.999999999f'|format(1) }}",
    ".format": "{{ '{:>999999999}'.format(name) }}",
    ".format with a precision": "{{ name }}{{ '{:.999999999f}'.format(1.5) }}",
    ".format with a width in a number": "{{ '{:>{}}'.format(name, 999999999) }}",
    ".format with a width in a text": "{{ '{:>{}}'.format(name, '999999999') }}",
    ".format with a width in a list": "{{ '{0:>{1[0]}}'.format(name, [999999999]) }}",
    ".format_map": "{{ '{a:>{b}}'.format_map({'a': name, 'b': '999999999'}) }}",
    "a width from a cell": "{{ '{:>{w}}'.format(name, w=width) }}",
    "a center from a cell": "{{ name|center(width|int) }}",
    "an .ljust from a cell": "{{ name.ljust(width|int) }}",
    "a list from a cell": "{{ ([1] * (width|int))|length }}",
    "a power from a cell": "{{ 2 ** (width|int) }}",
    "a batch from a cell": "{{ name|batch(width|int, 'x')|list|length }}",
    "strftime": "{{ due.strftime('%999999999Y') }}",
    "the filter date": "{{ due|date('%999999999Y') }}",
    "a thousand wide years": "{{ due|date('" + "%999Y" * 1000 + "') }}",
    "a chain of replacements": "{{ name|replace('n', 'x'.ljust(999, 'x'))"
    "|replace('x', 'y'.ljust(999))|replace('y', 'z'.ljust(999)) }}",
    "filter blocks": "{{ name }}" + "{% filter replace('a', 'aaaaaaaaaa') %}" * 8 + "a"
    + "{% endfilter %}" * 8,
    "many sorts": "{{ name }}" + LONG + "{%set x=long|sort%}" * 900,
    "many sorts of a constant": "{{ 'a'|center(9999)|list|sort|first }}" * 400,
    "many selects": "{{ name }}" + LONG + "{%set x=long|select('eq','b')|list%}" * 400,
    "many selects in a list": "{{ name }}" + LONG
    + "{%set b='b'.ljust(9999,'b')|list%}{%set x=long|reject('in',b)|list%}" * 30,
    "maps that make long texts": "{{ name }}" + LONG
    + "".join(f"{{%set x{n}=long|map('center',9999)|list%}}" for n in range(20)),
    "maps that make long lists": "{{ name }}" + LONG
    + "{%set x=long|map('batch',9999,'x')|map('list')|list%}",
    "maps that sort long lists": "{{ name }}" + LONG
    + "{{long|map('center',9999)|map('list')|map('sort')|map('length')|sum}}",
    "a sum of lists": "{{ name }}" + LONG
    + "{{long|map('batch',9999,'x')|map('first')|sum(start=[])|length}}",
    "printing lists of texts": "{{ name }}" + LONG
    + "{{long|map('center',9999)|list|string|length}}",
    "printing lists of lists": "{{ name }}" + nested(3) + "{{ nest3|string|length }}",
    "joining lists of lists": "{{ name }}" + nested(3) + "{{ [nest3]|join|length }}",
    "formatting lists of lists": "{{ name }}" + nested(3) + "{{ '%s'|format(nest3)|length }}",
    "comparing lists of lists": "{{ name }}" + nested(3) + "{% set a = nest3 %}" + nested(3)
    + "{{ a == nest3 }}",
    "a join with a long mark": "{{ name }}" + LONG + "{{ long|join(d='x'.ljust(9999)) }}",
    "a .join of long texts": "{{ name }}" + LONG
    + "{{ 'x'.ljust(9999).join(long|map('center', 9999)) }}",
    "a megabyte": "x" * 1_000_000,
    "a megabyte of comment": "{#" + "x" * 1_000_000 + "#}",
    "5,000 parentheses": "{{ " + "(" * 5000 + "name" + ")" * 5000 + " }}",
    "5,000 brackets": "{{ " + "[" * 5000 + "name" + "]" * 5000 + " }}",
    "9,000 signs": "{{ " + "-" * 9000 + "1 }}",
    "600 signs": "{{ name }}{{ " + "- " * 600 + "1 }}",
    "600 nots": "{{ " + "not " * 600 + "name }}",
    "9,000 attributes": "{{ name" + ".a" * 9000 + " }}",
    "400 attributes": "{{ name" + ".a" * 400 + " }}",
    "3,000 filters": "{{ name" + "|trim" * 3000 + " }}",
    "300 filters": "{{ name" + "|trim" * 300 + " }}",
    "9,000 terms": "{{ 1" + "+1" * 9000 + " }}",
    "450 terms": "{{ 1" + "+1" * 450 + " }}",
    "3,000 ands": "{{ name" + " and 1" * 3000 + " }}",
    "300 ternaries": "{{ " + "1 if name else " * 300 + "2 }}",
    "400 nested ifs": "{% if name %}" * 400 + "x" + "{% endif %}" * 400,
    "300 nested filter blocks": "{% filter upper %}" * 300 + "x" + "{% endfilter %}" * 300,
    "30 nested loops": "{% for a in name %}" * 30 + "x" + END * 30,
    "20,000 braces": "{" * 19_999,
}  # fmt: skip
HARMLESS_BUT_ODD = {
    "a named date format": "{{ due|date(form='%999999999Y') }}",
    "a wide date by .format": "{{ '{:{f}}'.format(due, f='%99999999Y') }}",
    "money with a cell's places": "{{ 5|money('X', width|int) }}",
    "indent at form feeds": "{{ name }}{{ '\\x0c'.ljust(9999, '\\x0c')|indent(9999)|length }}",
    "striptags of 9,999 brackets": "{{ name }}{{ '<'.ljust(9999, '<')|striptags|length }}",
    "wordwrap of 9,999 hyphens": "{{ name }}{{ '-'.ljust(9999, '-')|wordwrap(1)|length }}",
    "digits above any integer": "{{ name }}{% set x='9'.ljust(9999,'9')|int %}{{ x // 3 }}",
    "2,500 prints": "{{name}}" * 2500,
    "500 ifs": "{% if name %}{% set a=1 %}{% endif %}" * 500,
    "900 elifs": "{% if name=='x' %}x" + "{% elif name=='y' %}" * 900 + "{% endif %}",
    "1,600 sets": "{%set a=1%}" * 1600,
    "150 filters": "{{ name" + "|trim" * 150 + " }}",
    "60 brackets": "{{ " + "[" * 60 + "name" + "]" * 60 + "|length }}",
    "150 calls deep": "{{ name }}{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}{% endmacro %}"
    "{{ m(150) }}",
    "percent-encoding a hundred times": "{{ name }}{% set x='%'" + "|urlencode" * 100 + " %}",
    "escaping eighty times": "{{ name }}{% set x='<&>'" + "|forceescape" * 80 + " %}",
}


class Ended(NamedTuple):
    """How a template ended: `how` in a word, what was said, how long it took, megabytes held."""

    how: str
    said: str
    seconds: float
    megabytes: int


@pytest.fixture(scope="module")
def ended() -> Iterator[dict[str, Ended]]:
    """What became of each template; one process starts all the others."""
    child = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=json.dumps(NASTY | HARMLESS_BUT_ODD),
        capture_output=True,
        text=True,
        timeout=900,
        check=True,
    )
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    yield {name: Ended(*rest) for name, *rest in lines}


@pytest.mark.parametrize("name", NASTY)
def test_an_expensive_template_is_refused_within_five_seconds(
    ended: dict[str, Ended], name: str
) -> None:
    found = ended[name]
    assert found.how in ("refused", "rows refused"), found
    assert ("emplate" in found.said) is (found.how == "refused")
    assert "MemoryError" not in found.said
    assert found.seconds < 5, found


@pytest.mark.parametrize("name", NASTY)
def test_an_expensive_template_holds_little_memory(ended: dict[str, Ended], name: str) -> None:
    found = ended[name]
    assert found.how != "killed", found
    assert found.megabytes < 350, found


@pytest.mark.parametrize("name", HARMLESS_BUT_ODD)
def test_an_odd_template_ends_soon_whatever_becomes_of_it(
    ended: dict[str, Ended], name: str
) -> None:
    found = ended[name]
    assert found.how in ("refused", "rows refused", "text"), found
    assert found.seconds < 5, found
    assert found.megabytes < 350, found


def test_there_are_enough_of_them_and_short_ones() -> None:
    assert len(NASTY) >= 60
    assert sum(len(source) <= MOST_SOURCE for source in NASTY.values()) >= len(NASTY) - 2
