"""How a template names columns, and what is local to a row."""

import pytest
from renderer_rows import refused, render, text

from bulksender.model import Cell

NAMES = {
    "First Name": "first_name",
    "Amount due (SGD)": "amount_due_sgd",
    "E-mail": "e_mail",
    "UPPER": "upper",
    "1st order": "_1st_order",
    "Prénom": "prénom",
    "名前": "名前",
    "  padded  ": "padded",
    "a__b": "a_b",
    "Class": "class",
    "Import": "import",
    "Date": "date",
    "Title": "title",
    "Money": "money",
    "Range": "range",
    "Loop": "loop",
    "Self": "self",
    "Context": "context",
    "Environment": "environment",
    "Undefined": "undefined",
    "Namespace": "namespace",
    "Dict": "dict",
}


@pytest.mark.parametrize(("header", "variable"), NAMES.items())
def test_a_column_is_named_in_snake_case(header: str, variable: str) -> None:
    assert text(f"Hi {{{{ {variable} }}}}!", {"Other": "no", header: "yes"}) == "Hi yes!"


@pytest.mark.parametrize("header", [*NAMES, 'with "quotes"', "In", "True", "None", "If", "%", "#"])
def test_a_column_is_named_as_written_in_row(header: str) -> None:
    quoted = header.replace('"', '\\"')
    assert text(f'Hi {{{{ row["{quoted}"] }}}}!', {"Other": "no", header: "yes"}) == "Hi yes!"


@pytest.mark.parametrize(
    "name", ["first_name", "FirstName", "firstname", "FIRST_NAME", 'row["first name"]',
             "row['FIRST_NAME']", "row.first_name"]
)  # fmt: skip
def test_a_column_is_found_without_regard_to_case_and_signs(name: str) -> None:
    assert text(f"Hi {{{{ {name} }}}}", {"First Name": "Anna"}) == "Hi Anna"


def test_filters_and_methods_work_on_either_way_of_naming() -> None:
    row: dict[str, Cell] = {"First Name": "anna lee"}
    template = '{{ first_name|upper }} {{ row["First Name"].title() }} {{ row.first_name[:4] }}'
    assert text(template, row) == "ANNA LEE Anna Lee anna"


def test_a_header_written_exactly_wins_over_one_that_only_matches() -> None:
    assert text("{{ name }}", {"NAME": "no", "name": "yes"}) == "yes"
    assert text('{{ row["NAME"] }} {{ name }}', {"NAME": "one", "name": "two"}) == "one two"


def test_a_missing_column_is_refused_with_the_nearest_and_all_the_others() -> None:
    said = refused("Hi {{ frist_name }}", "First Name", "City")
    assert "{{ frist_name }} has no column in the sheet" in said
    assert 'Did you mean "first_name"?' in said
    assert "first_name, city" in said


def test_a_missing_column_named_in_row_is_refused_with_its_line_and_the_nearest() -> None:
    said = refused('Hi\n\n{{ row["Frist Name"] }}', "First Name", "City")
    assert "line 3" in said
    assert 'row["Frist Name"] has no column' in said
    assert 'Did you mean "first_name"?' in said


@pytest.mark.parametrize(
    "template",
    [
        "{% if vip %}{{ frist_name }}{% endif %}",
        "{% if frist_name %}x{% endif %}",
        "{{ frist_name|default('you') }}",
        "{{ vip or frist_name }}",
        "{% for x in frist_name %}{% endfor %}",
        "{% macro m() %}{{ frist_name }}{% endmacro %}",
    ],
)
def test_a_missing_column_is_refused_wherever_it_stands(template: str) -> None:
    assert "frist_name" in refused(template, "VIP", "First Name")


def test_a_name_that_means_two_columns_is_refused() -> None:
    said = refused("{{ name }}", "Name", "NAME")
    assert 'could be any of 2 columns called "name"' in said


@pytest.mark.parametrize(
    "template", ["{{ row }}", "{{ row|string }}", "{% for x in row %}{% endfor %}"]
)
def test_the_whole_row_cannot_be_used(template: str) -> None:
    assert 'write row["Column"], not row alone' in refused(template, "Name")


@pytest.mark.parametrize("index", ["name", "0", "'Na' ~ 'me'"])
def test_a_column_cannot_be_chosen_by_a_cell(index: str) -> None:
    assert "takes a column's name in quotes" in refused(f"{{{{ row[{index}] }}}}", "Name")


def test_a_row_asks_for_no_more_columns_than_the_template_uses() -> None:
    row: dict[str, Cell] = {"A": 1, "B": 2, "C": 3, "D": 4}
    assert text("{{ d }}{{ row['b'] }}{{ d }}", row) == "424"


PLACES = ["name", "row.name", 'row["Name"]']


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "cell", ["{{ 1 + 1 }}", "{{ secret }}", "{% if %}", "{# gone #}", "{{", "#}", "%}", "\\{{ x }}"]
)
def test_a_cell_is_never_itself_rendered(place: str, cell: str) -> None:
    row: dict[str, Cell] = {"Name": cell, "Secret": "hidden"}
    assert text(f"Hi {{{{ {place} }}}}.", row) == f"Hi {cell}."
    assert text(f"Hi {{{{ {place}|trim }}}}.", row) == f"Hi {cell}."


@pytest.mark.parametrize("cell", ["<b>&'\"", "a\\nb", "100%", "%s", "{0}", "a\u2028b", "é"])
def test_a_cell_is_printed_as_it_is(cell: str) -> None:
    assert text("{{ name }}", {"Name": cell}) == cell


def test_what_a_row_sets_does_not_reach_the_next_row() -> None:
    template = "{% if first %}{% set greeting = 'Dear' %}{% endif %}{{ greeting|default('Hi') }}"
    rows: list[dict[str, Cell]] = [{"First": True}, {"First": False}, {"First": True}]
    assert render(template, *rows) == ["Dear", "Hi", "Dear"]


def test_a_variable_can_be_set_in_every_branch() -> None:
    template = (
        "{% if tier == 'G' %}{% set perk = 'lounge' %}{% else %}{% set perk = 'wifi' %}{% endif %}"
        "Enjoy the {{ perk }}"
    )
    assert render(template, {"Tier": "G"}, {"Tier": "S"}) == ["Enjoy the lounge", "Enjoy the wifi"]


def test_a_column_that_is_set_anew_is_the_rows_own_again_in_the_next_row() -> None:
    template = "{{ name }}{% if vip %}{% set name = 'Boss' %}{% endif %}-{{ name }}"
    rows: list[dict[str, Cell]] = [{"Name": "A", "VIP": True}, {"Name": "B", "VIP": False}]
    assert render(template, *rows) == ["A-Boss", "B-B"]


def test_a_loop_inside_the_template_counts_by_itself() -> None:
    template = "{% for item in items.split(',') %}{{ loop.index }}.{{ item }} {% endfor %}"
    rows: list[dict[str, Cell]] = [{"Items": "a,b"}, {"Items": "c"}]
    assert render(template, *rows) == ["1.a 2.b ", "1.c "]


def test_macros_are_the_rows_own() -> None:
    template = "{% macro hi(who) %}Hi {{ who }} of {{ city }}{% endmacro %}{{ hi(name) }}"
    rows: list[dict[str, Cell]] = [{"Name": "A", "City": "X"}, {"Name": "B", "City": "Y"}]
    assert render(template, *rows) == ["Hi A of X", "Hi B of Y"]


def test_a_static_template_needs_no_column_and_is_the_same_for_all() -> None:
    rows: list[dict[str, Cell]] = [{"Name": None}, {"Name": "B"}]
    assert render("We open at 9.", *rows) == ["We open at 9."] * 2


def test_line_breaks_of_the_template_stay_and_the_last_one_goes() -> None:
    assert text("Hi {{ name }}\n\nBye\n", {"Name": "Anna"}) == "Hi Anna\n\nBye"
    assert text("{# note #}Hi {{ name -}}  !", {"Name": "Anna"}) == "Hi Anna!"
