"""What refuses the whole run, what refuses a row, and what no template can reach."""

import pytest
from renderer_rows import invalid, recipients, refused, render, renderer, text

from bulksender.errors import TemplateError
from bulksender.model import Cell, RejectedRow

ROW: dict[str, Cell] = {"First Name": "Anna", "Amount": 5}


@pytest.mark.parametrize(
    ("template", "line"),
    [
        *(("Hi {{ first_name", 1), ("Hi {% if first_name %}x", 1), ("{% if %}x{% endif %}", 1)),
        *(("Hi\n\n{% endif %}", 3), ("a\n{{ first_name + }}", 2), ("{{ first name }}", 1)),
        *(("a\nb {{ 'x }}", 2), ("{% do x %}", 1), ("{% nonsense %}", 1), ("{{ a..b }}", 1)),
        *(("{% for x in %}{% endfor %}", 1), ("{# never closed", 1), ("x {{ } }}", 1)),
        ("{% for loop in [1] %}{% endfor %}", 1),
    ],
)
def test_a_syntax_error_is_refused_with_its_line(template: str, line: int) -> None:
    assert refused(template, "First Name").startswith(f"Template, line {line}: ")


@pytest.mark.parametrize(
    "template",
    [
        "{{ amount|money(currency='SGD', currency='USD') }}",
        "{% macro m(a, a) %}{% endmacro %}Hi",
        "{% set loop = 1 %}{{ loop }}",
    ],
)
def test_what_only_compiling_finds_wrong_is_refused_as_the_templates_mistake(template: str) -> None:
    assert refused(template, "Amount").startswith("Template")


@pytest.mark.parametrize(
    ("used", "nearest"),
    [("uper", "upper"), ("mony", "money"), ("numbr", "number"), ("titel", "title")],
)
@pytest.mark.parametrize(
    "template", ["a\n{{{{ x|{} }}}}", "a\n{{{{ x|upper|{}|lower }}}}",
                 "a\n{{% if x|{} %}}b{{% endif %}}", "a\n{{% filter {} %}}b{{% endfilter %}}"]
)  # fmt: skip
def test_an_unknown_filter_is_refused_with_the_nearest(
    template: str, used: str, nearest: str
) -> None:
    said = refused(template.format(used), "x")
    assert f'line 2: there is no filter "{used}"' in said
    assert f'Did you mean "{nearest}"?' in said


@pytest.mark.parametrize(
    "template", ["{{ x is foo }}", "{% if x is foo %}a{% endif %}", "{{ 'a' if x is foo }}"]
)
def test_an_unknown_test_is_refused(template: str) -> None:
    said = refused(template, "x")
    assert "foo" in said
    assert "line 1" in said


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("a\n{% include 'other.txt' %}", "include"),
        ("a\n{% import 'other.txt' as other %}", "import"),
        ("a\n{% from 'other.txt' import x %}", "import"),
        ("{# note #}\n{% extends 'other.txt' %}", "extends"),
        ("a\n{% block title %}x{% endblock %}", "block"),
    ],
)
def test_other_files_and_blocks_cannot_be_used(template: str, name: str) -> None:
    said = refused(template, "x")
    assert "line 2" in said
    assert name in said


@pytest.mark.parametrize(
    "name",
    [
        *("range", "lipsum", "cycler", "joiner", "namespace", "dict", "self", "loop", "super"),
        *("caller", "varargs", "kwargs", "context", "environment", "__builtins__", "request"),
        *("config", "os", "__import__", "open", "__rows", "__name__"),
    ],
)
@pytest.mark.parametrize("used", ["{{{{ {} }}}}", "{{{{ {}() }}}}", "{{{{ {}.x }}}}"])
def test_no_name_means_anything_but_a_column(used: str, name: str) -> None:
    said = refused(used.format(name), "First Name")
    assert name in said
    assert "no column" in said


@pytest.mark.parametrize(
    "expression",
    [
        *("first_name.__class__", "''.__class__.__mro__", "().__class__.__base__.__subclasses__()"),
        *("first_name['__class__']", "first_name|attr('__class__')", "amount.__init__"),
        *(
            "first_name.format.__globals__",
            "first_name.upper.__self__",
            "(first_name|upper).__doc__",
        ),
        *("'{0.__class__}'.format(first_name)", "'{x.__class__}'.format_map({'x': first_name})"),
        *("row['First Name'].__class__", "[].append(1)", "{}.update({})"),
    ],
)
def test_what_reaches_behind_a_value_refuses_the_run(expression: str) -> None:
    made = None
    with pytest.raises(TemplateError) as caught:
        made = renderer(f"{{{{ {expression} }}}}", list(ROW))
        made.render(recipients(made, [ROW]))
    assert "no template may do" in str(caught.value)
    assert "Anna" not in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    [
        *(
            "[first_name]|map(attribute='__class__')|first",
            "first_name|map(attribute='__class__')|list",
        ),
        *("first_name|attr('_x')", "first_name|attr('func_globals')"),
    ],
)
def test_filters_reach_nothing_behind_a_value_either(expression: str) -> None:
    [found] = found_or_refused(expression)
    assert not isinstance(found, str) or "class" not in found


def found_or_refused(expression: str) -> list[str | RejectedRow | None]:
    try:
        return [*render(f"Hi {{{{ {expression} }}}}", ROW)]
    except TemplateError:
        return [None]


def test_the_run_is_refused_for_the_template_although_a_row_is_at_fault_too() -> None:
    rows: list[dict[str, Cell]] = [{"Name": None}, {"Name": "Anna"}]
    made = renderer("{{ name }}{{ name.__class__ }}", ["Name"])
    with pytest.raises(TemplateError):
        made.render(recipients(made, rows))


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ amount / 0 }}", "cannot be made"),
        ("{{ first_name + amount }}", "cannot be made"),
        ("{{ first_name - 1 }}", "cannot be made"),
        ("{{ first_name() }}", "cannot be made"),
        ("{{ first_name.nothing }}", "no attribute"),
        ("{{ {'a': 1}[first_name] }}", ""),
        ("{{ first_name|money }}", "needs a number"),
    ],
)
def test_what_only_a_rows_cells_get_wrong_refuses_the_row(template: str, why: str) -> None:
    said = invalid(template, ROW)
    assert why in said
    assert "Anna" not in said


def test_one_rows_mistake_leaves_the_others_alone() -> None:
    rows: list[dict[str, Cell]] = [{"Due": "12.5"}, {"Due": "soon"}, {"Due": 3}, {"Due": None}]
    first, second, third, fourth = render("Pay {{ due|money('SGD') }}", *rows)
    assert (first, third) == ("Pay SGD 12.50", "Pay SGD 3.00")
    assert isinstance(second, RejectedRow)
    assert isinstance(fourth, RejectedRow)
    assert (second.row, fourth.row) == (3, 5)


def test_raw_braces_can_be_printed() -> None:
    assert text("{% raw %}{{ first_name }}{% endraw %} {{ '{{' }}", ROW) == "{{ first_name }} {{"
