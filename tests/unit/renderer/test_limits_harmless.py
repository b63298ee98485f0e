"""Ordinary templates are not refused, and say what they should."""

from __future__ import annotations

import time
from datetime import date

import pytest
from renderer_rows import Row, text

from bulksender.renderer.template import Template

ROW: Row = {
    "Name": "Ann Tan",
    "Amount": 1234.5,
    "Count": 3,
    "Items": "tea, milk ,eggs",
    "City": "SINGAPORE",
    "Due": date(2026, 11, 30),
    "Note": None,
    "Price": "19.90",
}
ORDINARY = {
    "Hi {{ name }}!": "Hi Ann Tan!",
    "{{ name.split()[0] }}": "Ann",
    "{{ name.split(' ')|first }} {{ name.split()|last }}": "Ann Tan",
    "{{ name|upper }} {{ name|lower }} {{ city|capitalize }}": "ANN TAN ann tan Singapore",
    "{{ city|title }}": "Singapore",
    "{{ name|length }} {{ name|wordcount }}": "7 2",
    "{{ name|replace('Ann', 'Anna') }}": "Anna Tan",
    "{{ name|truncate(6, leeway=0) }} {{ name|truncate(5, true, '', 0) }}": "Ann... Ann T",
    "{{ name|trim }}|{{ ' a '|trim }}": "Ann Tan|a",
    "{{ name|center(11) }}|": "  Ann Tan  |",
    "{{ name|reverse }}": "naT nnA",
    "{{ name|list|join('-') }}": "A-n-n- -T-a-n",
    "{{ note|default('nothing') }} {{ note|d('no') }}": "nothing no",
    "{{ note or 'friend' }}": "friend",
    "{{ 'you' if note is not defined else note }}": "you",
    "{{ amount|money('SGD') }} {{ amount|number }}": "SGD 1,234.50 1,234.5",
    "{{ amount|round }} {{ amount|round|int }} {{ 2.4|round(0, 'ceil')|int }}": "1234 1234 3",
    "{{ '%.2f'|format(amount) }} {{ '%05d'|format(count) }}": "1234.50 00003",
    "{{ '{:,.2f} {:>5}'.format(amount, count) }}": "1,234.50     3",
    "{{ price|float + 1 }} {{ price|float|money('$') }}": "20.9 $19.90",
    "{{ count + 1 }} {{ count * 2 }} {{ count ** 2 }} {{ 7 // 2 }} {{ 7 % 4 }}": "4 6 9 3 3",
    "{{ (count - 5)|abs }} {{ -count }} {{ count / 2 }}": "2 -3 1.5",
    "{{ due|date('%d %b %Y') }} {{ due }}": "30 Nov 2026 2026-11-30",
    "{{ due.day }}/{{ due.month }} {{ due.strftime('%A') }}": "30/11 Monday",
    "{{ name ~ ' (' ~ count ~ ')' }}": "Ann Tan (3)",
    "{% if count > 2 and name %}many{% else %}few{% endif %}": "many",
    "{% if count == 1 %}one{% elif count == 3 %}three{% else %}?{% endif %}": "three",
    "{{ 'yes' if 'Ann' in name else 'no' }} {{ 'x' not in name }}": "yes TRUE",
    "{% for item in items.split(',') %}{{ loop.index }} {{ item|trim }};{% endfor %}": (
        "1 tea;2 milk;3 eggs;"
    ),
    "{% for i in items.split(',') %}{{ i|trim }}{{ ', ' if not loop.last }}{% endfor %}": (
        "tea, milk, eggs"
    ),
    "{{ items.split(',')|map('trim')|sort|join(' ') }}": "eggs milk tea",
    "{{ items.split(',')|map('trim')|map('capitalize')|join(' & ') }}": "Tea & Milk & Eggs",
    "{{ items.split(',')|map('trim')|select('ne', 'milk')|join(', ') }}": "tea, eggs",
    "{{ items.split(',')|map('trim')|reject('in', ['tea'])|list|length }}": "2",
    "{{ items.split(',')|length }} {{ items.split(',')[1:]|join('+') }}": "3  milk +eggs",
    "{% for c in name|list if c != ' ' %}{{ c }}{% endfor %}": "AnnTan",
    "{% for x in [] %}{{ x }}{% else %}none{% endfor %}": "none",
    "{% for a in 'ab' %}{% for b in '12' %}{{ a }}{{ b }} {% endfor %}{% endfor %}": (
        "a1 a2 b1 b2 "
    ),
    "{% for x in 'abcd' %}{{ loop.cycle('-', '+') }}{{ loop.revindex }}{% endfor %}": "-4+3-2+1",
    "{% for pair in 'abcde'|batch(2, '_') %}{{ pair|join }} {% endfor %}": "ab cd e_ ",
    "{% for part in 'abcdef'|slice(3) %}{{ part|join }}.{% endfor %}": "ab.cd.ef.",
    "{% for key, value in {'a': 1, 'b': 2}|dictsort %}{{ key }}={{ value }} {% endfor %}": (
        "a=1 b=2 "
    ),
    "{% for key, value in {'a': 1}.items() %}{{ key }}{{ value }}{% endfor %}": "a1",
    "{{ {'SINGAPORE': 'SG'}[city] }} {{ {'x': 1}.get(city, 'other') }}": "SG other",
    "{{ [3, 1, 2]|sort|join }} {{ [3, 1, 2]|max }} {{ [3, 1]|min }} {{ [3, 1]|sum }}": (
        "123 3 1 4"
    ),
    "{{ 'banana'|unique|join }} {{ [1, 1, 2]|unique|list|length }}": "ban 2",
    "{% macro hi(who, mark='!') %}Hi {{ who }}{{ mark }}{% endmacro %}{{ hi(name) }}": (
        "Hi Ann Tan!"
    ),
    "{% macro box() %}[{{ caller() }}]{% endmacro %}{% call box() %}a{% endcall %}": "[a]",
    "{% set first = name.split()[0] %}Dear {{ first }}, {{ first|upper }}": "Dear Ann, ANN",
    "{% set line %}{{ name }}: {{ count }}{% endset %}{{ line }} {{ line|length }}": (
        "Ann Tan: 3 10"
    ),
    "{% with a = count, b = 2 %}{{ a + b }}{% endwith %}": "5",
    "{% filter upper %}hi {{ name }}{% endfilter %}": "HI ANN TAN",
    "a  {%- if true %} b {%- endif %}  c\n{{- name -}}\n d": "a b  cAnn Tand",
    "{# nothing #}a{# to see #}b": "ab",
    "{{ count is odd }} {{ count is even }} {{ count is divisibleby 3 }}": "TRUE FALSE TRUE",
    "{{ name is string }} {{ count is number }} {{ note is none }}": "TRUE TRUE FALSE",
    "{{ 'a' is lower }} {{ 3 is sameas 3 }} {{ 2 is in [1, 2] }}": "TRUE TRUE TRUE",
    "{{ 'a\nb'|indent(2) }}": "a\n  b",
    "{{ 'one two three'|wordwrap(7) }}": "one two\nthree",
    "{{ '<b>a</b> b'|striptags }} {{ 'a b&c'|urlencode }}": "a b a%20b%26c",
    "{{ 'a<b'|e }} {{ 2048|filesizeformat }}": "a&lt;b 2.0 kB",
    "{{ name.startswith('A') }} {{ name.find('T') }} {{ name.count('n') }}": "TRUE 4 3",
    "{{ '7'.zfill(3) }} {{ 'a'.rjust(3, '.') }} {{ name.replace('Tan', 'T.') }}": (
        "007 ..a Ann T."
    ),
    "{{ ', '.join(['a', 'b']) }} {{ 'a-b'.partition('-')[2] }}": "a, b b",
    "{{ name[0] }}{{ name[-1] }} {{ name[:3] }} {{ name[::2] }}": "An Ann AnTn",
    "{{ row['Amount']|int }} {{ row.City|lower }}": "1234 singapore",
    "{% raw %}{{ name }}{% endraw %}": "{{ name }}",
    "{% set total = 0 %}{{ total + count }} {{ 1 < count <= 3 }}": "3 TRUE",
    "{{ [name, city]|join(', ') }} {{ (name, city)|last }}": "Ann Tan, SINGAPORE SINGAPORE",
    "{{ [{'n': 'a', 'v': 2}, {'n': 'b', 'v': 1}]|sort(attribute='v')|map(attribute='n')|join }}": (
        "ba"
    ),
    "{% for group, found in ['aa', 'b', 'cc']|groupby('0') %}{{ group }}{% endfor %}": "abc",
}


@pytest.mark.parametrize("template", ORDINARY)
def test_an_ordinary_template_says_what_it_should(template: str) -> None:
    assert text(template, ROW) == ORDINARY[template]


def test_there_are_enough_of_them() -> None:
    assert len(ORDINARY) >= 40


@pytest.mark.parametrize(
    "template",
    [
        "Dear {{ name|title }}, you owe {{ amount|money('SGD') }} by {{ due }}.",
        "{% for word in name.split() %}{{ word[0] }}.{% endfor %} owes {{ '%.2f'|format(amount) }}",
        "{% if amount > 100 %}{{ name ~ '!' }}{% else %}{{ name|upper }}{% endif %}",
    ],
)
def test_a_hundred_thousand_rows_of_an_ordinary_template_go_out(template: str) -> None:
    made = Template(template, ["Name", "Amount", "Due"])
    cells = ("ann tan", 1234.5, "30 Nov")
    row = tuple(cells[index] for index in made.columns)
    started = time.monotonic()
    for _ in range(10):
        texts = made.texts([row] * 10_000)
        assert len(texts) == 10_000
        assert all(isinstance(found, str) for found in texts)
    assert time.monotonic() - started < 60


def test_a_list_in_a_loop_is_no_more_than_its_items() -> None:
    words = ",".join(f"w{number}" for number in range(200))
    template = "{% for word in words.split(',') %}{{ word[1:]|int % 2 }}{% endfor %}"
    assert text(template, {"Words": words}) == "01" * 100
