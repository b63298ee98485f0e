"""A blank cell: false in a condition, replaced by default and or, and never printed."""

import pytest
from renderer_rows import invalid, render, text

from bulksender.model import Cell, RejectedRow

BLANK: dict[str, Cell] = {"First Name": None, "City": "Ipoh"}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{% if first_name %}Hi {{ first_name }}{% else %}Hi{% endif %}", "Hi"),
        ("Hi{% if not first_name %} there{% endif %}", "Hi there"),
        ("Hi {{ first_name or 'you' }}", "Hi you"),
        ("Hi {{ first_name|default('you') }}", "Hi you"),
        ("Hi {{ first_name|d('you') }}", "Hi you"),
        ("Hi {{ first_name|default(city) }}", "Hi Ipoh"),
        ("Hi {{ first_name|default('you')|title }}", "Hi You"),
        ("Hi {{ first_name if first_name else 'you' }}", "Hi you"),
        ("Hi{{ ' ' ~ first_name if first_name }}", "Hi"),
        ("Hi {{ first_name or city or 'you' }}", "Hi Ipoh"),
        ("{% if first_name is defined %}a{% else %}b{% endif %}", "b"),
        ("{% if first_name == '' %}a{% else %}b{% endif %}", "a"),
        ("{% if first_name != '' %}a{% else %}b{% endif %}", "b"),
        ("{% if first_name == 'Anna' %}a{% else %}b{% endif %}", "b"),
        ("{% if first_name in ['Anna', 'Ben'] %}a{% else %}b{% endif %}", "b"),
        ("{% if first_name and city %}a{% else %}b{% endif %}", "b"),
        ("Hi {{ row['First Name'] or 'you' }}", "Hi you"),
        ("Hi {{ row.first_name|default('you') }}", "Hi you"),
        ("{% set who = first_name or 'you' %}Hi {{ who }}", "Hi you"),
        ("Hi {{ [first_name or 'you', city]|join(' of ') }}", "Hi you of Ipoh"),
    ],
)
def test_a_blank_cell_that_is_not_printed_does_no_harm(template: str, expected: str) -> None:
    assert text(template, BLANK) == expected


PRINTED = [
    *("first_name", "row['First Name']", "row.first_name", "first_name ~ '!'", "'!' ~ first_name"),
    *("'Hi ' + first_name", "first_name + '!'", "first_name * 2", "first_name[:1]", "-first_name"),
    *("first_name[0]", "first_name.strip()", "first_name.title()", "first_name.x", "first_name()"),
    *("first_name and city", "[first_name, city]|join(' ')", "'%s'|format(first_name)"),
    *("'Hi %s' % first_name", "'Hi {}'.format(first_name)", "first_name < 5", "5 > first_name"),
    *("[first_name]", "(first_name, city)", "{'name': first_name}", "[first_name]|string"),
    *("'%r'|format(first_name)", "'{!r}'.format(first_name)"),
]
FILTERS = [
    *("upper", "lower", "capitalize", "title", "trim", "string", "replace('a', 'b')", "length"),
    *("first", "last", "list", "int", "float", "round", "round(2)", "abs", "money", "number"),
    *("money('SGD')", "date", "date('%d %b')", "truncate(5)", "center(9)", "wordwrap(5)", "indent"),
    *("e", "safe", "striptags", "urlencode", "reverse", "sort", "sum", "min", "max", "wordcount"),
    *("filesizeformat", "format", "pprint", "upper|default('x')", "trim|default('x')"),
]


@pytest.mark.parametrize("printed", [*PRINTED, *(f"first_name|{name}" for name in FILTERS)])
def test_a_blank_cell_that_would_be_printed_refuses_the_row_and_is_named(printed: str) -> None:
    said = invalid(f"Hi {{{{ {printed} }}}}", BLANK)
    assert '"First Name" is blank' in said


@pytest.mark.parametrize(
    "template",
    [
        "{% if first_name > 5 %}a{% endif %}",
        "{% for letter in first_name %}{{ letter }}{% endfor %}",
        "{% set who = first_name %}{{ who }}",
        "{% filter upper %}{{ first_name }}{% endfilter %}",
        "{% macro hi(who) %}{{ who }}{% endmacro %}{{ hi(first_name) }}",
        "{% set who %}{{ first_name }}{% endset %}Hi {{ who }}",
        "{% with who = first_name %}{{ who }}{% endwith %}",
    ],
)
def test_a_blank_cell_that_a_statement_needs_refuses_the_row(template: str) -> None:
    assert '"First Name" is blank' in invalid(template, BLANK)


@pytest.mark.parametrize(
    ("cell", "expected"), [(0, "Points: 0"), (False, "Points: FALSE"), (0.0, "Points: 0")]
)
def test_zero_and_false_are_not_blank(cell: Cell, expected: str) -> None:
    assert text("Points: {{ points }}", {"Points": cell}) == expected
    assert text("Points: {{ points|default('none') }}", {"Points": cell}) == expected


def test_a_row_with_a_blank_does_not_stop_the_others() -> None:
    rows: list[dict[str, Cell]] = [{"Name": "A"}, {"Name": None}, {"Name": "C"}]
    first, second, third = render("Hi {{ name }}", *rows)
    assert (first, third) == ("Hi A", "Hi C")
    assert isinstance(second, RejectedRow)
    assert second.row == 3
    assert second.destination == "+6591234567"


@pytest.mark.parametrize(
    "printed", ["{'G': 'Gold'}.get(tier)", "none", "tier|default(none)", "[none]|first"]
)
def test_nobody_is_called_none(printed: str) -> None:
    """A text that says None is as public a mistake as one that says nan."""
    [found] = render(f"Dear {{{{ {printed} }}}} member", {"Tier": None})
    assert isinstance(found, RejectedRow), found
