"""A template that only prints columns says the same as when Jinja renders it row by row."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulksender.errors import TemplateError
from bulksender.model import Cell, Shown, formatted
from bulksender.renderer.limits import TooExpensive
from bulksender.renderer.template import Template, Unrendered

HEADERS = ("Name", "Amount", "Due", "Note")
ROW_BY_ROW = ["{% if true %}{% endif %}", "{% set x = 1 %}"]
"""Either, put before a template, prints nothing and leaves the template to Jinja."""

STRAIGHT_FILTERS = [
    *("upper", "lower", "title", "trim", "capitalize", "length", "wordcount", "string", "abs"),
    *('money("SGD")', 'money("$", 0)', 'money(currency="SGD")', 'money("S$", places=0)', "money"),
    *("number", "number(2)", "number(places=0)", "round", "round(1)", 'round(1, "ceil")'),
    *("int", "float", "int(7)", "float(default=0)"),
    *("date", 'date("%d %b")', 'date(form="%d %b %Y")', 'date("%H:%M")'),
    *('default("there")', 'default("x", true)', 'd("x", boolean=true)', "default(none)"),
    *("center(9)", "e", "urlencode", "striptags", "reverse"),
]
JINJAS_FILTERS = [
    *('replace("a", "b")', "truncate(5)", 'map("upper")', 'join("-")', "first", "last", "list")
]
"""Those that want Jinja's environment or context."""


class Percent(NamedTuple):
    """How a sheet shows parts of a hundred."""

    digits: int

    def text(self, value: float) -> str:
        return f"{value:.{self.digits}%}"


FORMS = [formatted(Percent(0)), formatted(Percent(2))]
NUMBERS = st.floats(-(2.0**40), 2.0**40, width=32)
WORDS = st.sampled_from(
    [
        *("nan", "1,234.50", "12.5", "1234.56", "1.234", "O'BRIEN-TAN", "a  b", "2026-11-30"),
        *("%d", "{{ x }}"),
    ]
)
CELLS: st.SearchStrategy[Cell] = st.one_of(
    *(st.none(), WORDS, st.text(min_size=1, max_size=8)),
    *(st.integers(-(10**6), 10**9), NUMBERS, st.booleans(), st.dates(), st.datetimes()),
    st.builds(Shown, NUMBERS, st.sampled_from(["00042", "15%", "1.50 €"])),
    st.builds(lambda form, value: form(value), st.sampled_from(FORMS), NUMBERS),
)
ALIKE = st.sampled_from(
    [
        *(WORDS, st.text(min_size=1, max_size=8), st.integers(0, 99), NUMBERS, st.dates()),
        *(CELLS, st.none() | WORDS, st.none() | st.dates(), st.dates() | WORDS),
    ]
)
LITERAL = st.text(st.sampled_from("Hi %s%d%%\n\t'\"\\$€🎉中}"), max_size=6)


@st.composite
def sources(draw: st.DrawFn, filters: list[str]) -> str:
    """Text, and one to four columns behind filters."""
    pieces = [draw(LITERAL)]
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(["name", "amount", "due", 'row["Note"]']))
        chain = draw(st.lists(st.sampled_from(filters), max_size=3))
        pieces += ["{{ " + " | ".join([name, *chain]) + " }}", draw(LITERAL)]
    return "".join(pieces)


@st.composite
def sheets(draw: st.DrawFn) -> list[tuple[Cell, ...]]:
    """Rows, of which some columns hold one kind of cells and others all kinds."""
    columns = [draw(ALIKE) for _ in HEADERS]
    size = draw(st.sampled_from([0, 1, 2, 30]))
    return draw(st.lists(st.tuples(*columns), min_size=min(size, 9), max_size=size))


Made = list[str | Unrendered] | str


def made(template: Template, rows: list[tuple[Cell, ...]]) -> Made:
    """The texts and refusals, or what the whole template is refused for."""
    used = [tuple(row[index] for index in template.columns) for row in rows]
    try:
        return template.texts(used)
    except TemplateError as error:
        return f"{type(error).__name__}: {error}"


def is_straight(source: str) -> bool:
    return Template(source, HEADERS)._straight is not None


def both(source: str, rows: list[tuple[Cell, ...]]) -> Made:
    """What a template that only prints makes of the rows; checked against every other way."""
    template = Template(source, HEADERS)
    assert template._straight is not None
    return agreed(template, source, rows)


def agreed(template: Template, source: str, rows: list[tuple[Cell, ...]]) -> Made:
    found = made(template, rows)
    for before in ROW_BY_ROW:
        other = Template(before + source, HEADERS)
        assert other._straight is None
        assert found == made(other, rows)
    return found


@settings(deadline=None, max_examples=300)
@given(sources(STRAIGHT_FILTERS), sheets())
def test_columns_and_filters_print_what_jinja_prints(
    source: str, rows: list[tuple[Cell, ...]]
) -> None:
    found = both(source, rows)
    assert isinstance(found, str) or len(found) == len(rows)


@settings(deadline=None, max_examples=100)
@given(sources([*STRAIGHT_FILTERS, *JINJAS_FILTERS * 3, "round(-1)"]), sheets())
def test_filters_that_need_jinjas_context_change_nothing_either(
    source: str, rows: list[tuple[Cell, ...]]
) -> None:
    agreed(Template(source, HEADERS), source, rows)


@pytest.mark.parametrize(
    "chain", [*STRAIGHT_FILTERS, "title | upper", 'trim | default("x")', 'd("x") | upper']
)
def test_each_filter_takes_each_kind_of_cell_as_jinja_does(chain: str) -> None:
    cells: list[Cell] = [
        *(None, "nan", "1,234.50", "12.5", "maria lim", "2026-11-30", 7, -2.5, 1e20, True),
        *(date(2026, 11, 30), datetime(2026, 11, 30, 9, 5)),
        *(Shown(42, "00042"), FORMS[0](0.15), FORMS[1](0.125)),
    ]
    source = "<{{ name | " + chain + " }}>"
    found = both(source, [(cell, None, None, None) for cell in cells])
    assert isinstance(found, list)
    assert any(isinstance(text, str) and text.startswith("<") for text in found)
    for cell in cells:  # many of a kind come together, which first and last of a list do not
        both(source, [(cell, None, None, None)] * 20)


def test_thousands_of_rows_keep_their_order_around_those_that_fail() -> None:
    rows: list[tuple[Cell, ...]] = [
        (
            None if index % 997 == 0 else f"NAME {index}",
            "no number" if index % 1009 == 500 else index / 4,
            None if index % 5 == 0 else date(2026, 1 + index % 12, 1),
            index,
        )
        for index in range(6000)
    ]
    source = 'Hi {{ name | title }}, {{ amount | money("SGD") }} {{ due | default("soon") }}'
    found = both(source, rows)
    assert isinstance(found, list)
    assert found[1] == "Hi Name 1, SGD 0.25 2026-02-01"
    assert found[5] == "Hi Name 5, SGD 1.25 soon"
    failed = {index for index, text in enumerate(found) if isinstance(text, Unrendered)}
    blank = set(range(0, 6000, 997))
    assert failed == blank | set(range(500, 6000, 1009))
    assert {text.why for text in found if isinstance(text, Unrendered)} == {
        '"Name" is blank, and the text needs it',
        'the filter "money" needs a number, and the cell holds other text',
    }


def test_rows_that_all_fail_say_why_one_by_one() -> None:
    rows: list[tuple[Cell, ...]] = [(None, 1, "x", "x"), ("Ann", True, "x", "x")] * 20
    found = both("{{ name }} {{ amount | number }}", rows)
    assert (
        found
        == [
            Unrendered('"Name" is blank, and the text needs it'),
            Unrendered('the filter "number" needs a number, not TRUE or FALSE'),
        ]
        * 20
    )


@pytest.mark.parametrize(
    ("source", "row", "text"),
    [
        ("100% of {{ name }} %s %(x)s %%", ("Ann", None), "100% of Ann %s %(x)s %%"),
        ("{ {0} {name} } {{ name }} }}", ("Ann", None), "{ {0} {name} } Ann }}"),
        ("{{ name }}{% raw %}{{ name }}{% endraw %}", ("Ann", None), "Ann{{ name }}"),
        ("a{# {{ amount }} #}b{{ name }}", ("Ann", None), "abAnn"),
        ("\n{{ name }}\n\n", ("%s {{ amount }}\n", None), "\n%s {{ amount }}\n\n"),
        ("{{ name }}{{ name }}\\n", ("{0}", None), "{0}{0}\\n"),
        ("中🎉{{ amount }}é", (None, 1.5), "中🎉1.5é"),
        ('{{ name | default("%s {0}") }}', (None, None), "%s {0}"),
    ],
)
def test_what_stands_in_the_template_goes_out_as_it_stands(
    source: str, row: tuple[Cell, Cell], text: str
) -> None:
    assert both(source, [(*row, None, None)] * 12) == [text] * 12


@pytest.mark.parametrize(
    "source",
    [
        *("", "no column", "{{ name }}", "{{ name }}{{ name }} {{ amount }}", '{{ row["Note"] }}'),
        *("{{ row.Note | upper }}", "{# a #}{{ name }}{% raw %}{{{% endraw %}"),
        *("{{ name | upper | lower | title }}", "{{ name | upper() }}"),
        *('{{ amount | money(currency="SGD", places=0) }}', '{{ name | d("x", true) }}'),
        "{{ name }} " * 20,  # with what stands between them, as many prints as need not be counted
    ],
)
def test_columns_behind_filters_are_printed_without_jinja(source: str) -> None:
    assert is_straight(source)


@pytest.mark.parametrize(
    "source",
    [
        *("{% for c in name %}{{ c }}{% endfor %}", "{% if name %}{{ name }}{% endif %}"),
        *("{% set x = name %}{{ x }}", "{% set x %}a{% endset %}{{ name }}"),
        *(
            "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(name) }}",
            "{% with %}{{ name }}{% endwith %}",
        ),
        *("{% filter upper %}{{ name }}{% endfilter %}", "{{ name ~ note }}"),
        *("{{ amount + 1 }}", "{{ -amount }}", "{{ (amount * 2) | money }}", "{{ amount > 1 }}"),
        *("{{ name is string }}", "{{ name or note }}", "{{ not name }}", "{{ name in note }}"),
        *("{{ name if amount else note }}", "{{ name.upper() }}", "{{ name[0] }}", "{{ [name] }}"),
        *('{{ "text" }}', "{{ 5 }}", '{{ "x" | upper }}', "{{ name | default(note) }}"),
        *("{{ name | money(*[]) }}", "{{ name | money(**{}) }}"),
        *["{{ name | " + each + " }}" for each in JINJAS_FILTERS],
        "{{ name }}" * 41,
    ],
)
def test_whatever_else_a_template_does_is_left_to_jinja(source: str) -> None:
    assert not is_straight(source)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{ name | center(99999999) }}", "it asks for a width or a count above 10,000"),
        ("{{ name | center(width=99999999) }}", "it asks for a width or a count above 10,000"),
        ("{{ amount | round(99999999) }}", "it asks for a width or a count above 10,000"),
        ("{{ name | indent(99999999) }}", "it asks for a width or a count above 10,000"),
        ('{{ due | date("%9999d") }}', "a format in it asks for an enormous width"),
        ('{{ name | upper }}{{ due | date("%9999d") }}', "a format in it asks for an enormous"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 500])
def test_an_expensive_filter_ends_the_run(source: str, why: str, size: int) -> None:
    rows: list[tuple[Cell, ...]] = [("Ann", 1.5, date(2026, 11, 30), None)] * size
    found = both(source, rows)
    assert isinstance(found, str)
    assert found.startswith(f"TooExpensive: The template is too expensive: {why}")


def test_what_is_too_expensive_in_a_late_row_ends_the_run() -> None:
    rows: list[tuple[Cell, ...]] = [("Ann", 1, None, None)] * 700
    source = '{{ amount | default(99999999) }}{{ name | default("x") }}'
    assert both(source, rows) == ["1Ann"] * 700
    found = both(source, [*rows, ("Ann", None, None, None)])
    assert isinstance(found, str) and "a width or a count" in found


def test_a_form_of_dates_fits_dates_times_and_text_alike() -> None:
    cells: list[Cell] = [date(2026, 11, 30), datetime(2026, 11, 30, 9, 5), "2026-11-30", "soon", 5]
    found = both('{{ due | date("%d %b") }}', [(None, None, cell, None) for cell in cells * 20])
    assert (
        found
        == [
            *["30 Nov"] * 3,
            Unrendered("a date is not readable; write it like 2026-11-30"),
            Unrendered('the filter "date" needs a date, not a number; format the column as a date'),
        ]
        * 20
    )


@pytest.mark.parametrize("form", ["%9999d", "%0100000d"])
def test_a_date_of_an_enormous_width_is_refused_whether_it_is_named_or_not(form: str) -> None:
    for source in (f'{{{{ d|date("{form}") }}}}', f'{{{{ d|date(form="{form}") }}}}'):
        for template in (source, "{% if true %}{% endif %}" + source):
            with pytest.raises(TooExpensive, match="enormous width"):
                Template(template, ["D"]).texts([(date(2026, 6, 1),)] * 3)


def test_a_long_date_by_name_is_refused_as_row_by_row() -> None:
    source = '{{ d|date(form="' + "%A" * 1_300 + '") }}'
    rows = [(date(2026, 6, 1),), (date(2026, 6, 1),), (date(2026, 6, 3),)]
    for template in (source, "{% if true %}{% endif %}" + source):
        with pytest.raises(TooExpensive, match="more than 10,000 characters"):
            Template(template, ["D"]).texts(rows)
