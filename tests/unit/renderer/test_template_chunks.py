"""A chunk rendered in one loop says exactly what its rows say one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bulksender.model import Cell
from bulksender.renderer.template import Template, Unrendered

HEADERS = ("Name", "Amount", "Due", "Note")
TEMPLATES = [
    "Hi {{ name }}",
    "Hi {{ name|title }}, pay {{ amount|money('SGD') }} by {{ due|date('%d %b') }}.",
    "{% if amount and amount > 3 %}{{ name|upper }}{% else %}{{ note or 'none' }}{% endif %}",
    "{% for c in name %}{{ loop.index }}{{ c }}{% endfor %}{{ row['Note'] }}",
    "{% set x = name|default('you') %}{{ x }} {{ amount / amount }}",
    "{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(name) }}{{ m(note) }}",
    "{{ note }}{{ note }}{{ amount }}",
    "no column at all",
    "",
]

CELLS: st.SearchStrategy[Cell] = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.sampled_from(["{{ name }}", "{% if %}", "\n", "12,50", "2026-11-30", "a\ud83d"]),
    st.integers(-5, 10**7),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
    st.dates(),
)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), max_size=12)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(TEMPLATES), ROWS)
def test_a_chunk_renders_as_its_rows_do_one_by_one(
    source: str, rows: list[tuple[Cell, ...]]
) -> None:
    template = Template(source, HEADERS)
    used = [tuple(row[index] for index in template.columns) for row in rows]
    together = template.texts(used)
    alone = [text for row in used for text in template.texts([row])]
    assert together == alone


@settings(deadline=None)
@given(st.lists(st.text(min_size=1), min_size=1, max_size=20), st.data())
def test_a_failing_row_changes_no_other(names: list[str], data: st.DataObject) -> None:
    template = Template("Hi {{ name }} {{ amount|money }}", HEADERS)
    amounts: list[Cell] = [5] * len(names)
    bad = data.draw(st.sets(st.integers(0, len(names) - 1)))
    for index in bad:
        amounts[index] = data.draw(st.sampled_from(["x", None, True]))
    cells = {"name": names, "amount": amounts}
    order = [HEADERS[index].lower() for index in template.columns]
    rows = [tuple(cells[name][index] for name in order) for index in range(len(names))]
    found = template.texts(rows)
    assert {i for i, text in enumerate(found) if isinstance(text, Unrendered)} == bad
    assert all(found[i] == f"Hi {name} 5.00" for i, name in enumerate(names) if i not in bad)


def test_many_rows_keep_their_order() -> None:
    template = Template("{{ name }}", HEADERS)
    assert template.texts([(f"N{index}",) for index in range(10_000)]) == [
        f"N{index}" for index in range(10_000)
    ]


def test_no_rows_no_texts() -> None:
    assert Template("Hi {{ name }}", HEADERS).texts([]) == []
    assert Template("Hi", HEADERS).texts([]) == []
