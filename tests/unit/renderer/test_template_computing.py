"""Text is not computed with: what looks like a sum would be another text."""

from __future__ import annotations

import pytest

from bulksender.renderer.template import Template, Unrendered

HEADERS = ["Amount", "Fee", "Name"]


def text_of(source: str, *cells: object) -> str | Unrendered:
    template = Template(source, HEADERS)
    row = tuple(cells[index] for index in template.columns)
    [made] = template.texts([row])  # type: ignore[list-item]
    return made


@pytest.mark.parametrize("sum_", ["amount + fee", "amount * 2", "2 * amount", "amount * 10**9"])
def test_numbers_that_are_text_are_not_added_or_multiplied(sum_: str) -> None:
    made = text_of(f"{{{{ {sum_} }}}}", "12.5", "2", "Ann")
    assert isinstance(made, Unrendered)
    assert "name|float" in made.why


def test_numbers_that_are_numbers_are() -> None:
    assert text_of("{{ amount + fee }} {{ amount * 2 }}", 12.5, 2, "Ann") == "14.5 25"
    assert text_of("{{ amount|float + fee|float }}", "1,012.50", "2", "Ann") == "1014.5"


def test_words_may_be_put_together() -> None:
    assert text_of("{{ 'Hi ' + name }}", "1", "2", "Ann") == "Hi Ann"


def test_a_format_by_percent_says_what_to_write_instead() -> None:
    made = text_of("{{ '%.2f' % amount }}", 12.5, 2, "Ann")
    assert isinstance(made, Unrendered)
    assert '"%.2f"|format' in made.why
    assert text_of('{{ "%.2f"|format(amount) }}', 12.5, 2, "Ann") == "12.50"


@pytest.mark.parametrize("cell", ["abc", "S$", "1.234"])
def test_float_does_not_turn_what_it_cannot_read_into_nothing(cell: str) -> None:
    assert isinstance(text_of("You owe {{ amount|float }}", cell, "2", "Ann"), Unrendered)
    assert text_of("{{ amount|float(0) }}", cell, "2", "Ann") == "0"
