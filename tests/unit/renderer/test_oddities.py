"""What a notice is made of: split links, control characters, braces, placeholders, error cells."""

from __future__ import annotations

import pytest
from renderer_rows import Row, recipients, renderer

from bulksender.model import Cell, Message
from bulksender.notices import Notice
from bulksender.renderer.oddities import A_NO, SAID
from bulksender.renderer.oddities import CONTROL as CONTROL_BIT
from bulksender.renderer.oddities import NOTHING as NOTHING_BIT
from bulksender.renderer.oddities import SPLIT_LINK as SPLIT_LINK_BIT
from bulksender.renderer.oddities import UNRENDERED as UNRENDERED_BIT

CONTROL, NOTHING = SAID[CONTROL_BIT], SAID[NOTHING_BIT]
SPLIT_LINK, UNRENDERED = SAID[SPLIT_LINK_BIT], SAID[UNRENDERED_BIT]

LINK = "https://shop.example/pay/12345"  # 30 characters


def found_in(messages: list[Message]) -> list[tuple[int, int, int]]:
    return [(each.row, each.oddities, each.saving) for each in messages if each.oddities]


def notices(template: str, *rows: Row, **job: object) -> list[Notice]:
    """The notices of rows that all go out."""
    made = renderer(template, list(rows[0]), **job)
    messages, refused = made.render(recipients(made, rows))
    assert refused == []
    assert len(messages) == len(rows)
    return made.notices(found_in(messages))


def whats(template: str, *rows: Row, **job: object) -> list[str]:
    return [notice.what for notice in notices(template, *(rows or ({"Name": "Ann"},)), **job)]


def links(*texts: str) -> bool:
    return SPLIT_LINK in whats("{{ t }}", *({"T": text} for text in texts))


@pytest.mark.parametrize(
    ("before", "split"),
    [(122, False), (123, False), (124, True), (140, True), (152, True), (153, False)],
)
def test_a_link_on_a_gsm7_seam(before: int, split: bool) -> None:
    assert links("a" * (before - 1) + " " + LINK + " " + "b" * 60) is split


@pytest.mark.parametrize(
    ("before", "split"), [(36, False), (37, False), (38, True), (66, True), (67, False)]
)
def test_a_link_on_a_ucs2_seam(before: int, split: bool) -> None:
    assert links("李" * (before - 1) + " " + LINK + " " + "李" * 60) is split


@pytest.mark.parametrize(
    ("euros", "before", "split"),
    [
        (0, 123, False),
        (0, 124, True),
        (1, 122, False),
        (1, 123, True),
        (2, 121, False),
        (2, 122, True),
    ],
)
def test_extension_characters_before_a_link_move_the_seam(
    euros: int, before: int, split: bool
) -> None:
    text = "€" * euros + "a" * (before - euros - 1) + " " + LINK + " " + "b" * 60
    assert links(text) is split


@pytest.mark.parametrize(("before", "split"), [(114, False), (115, True)])
def test_extension_characters_in_a_link_count_twice(before: int, split: bool) -> None:
    link = "https://shop.example/~a/[b]/{c}/x"
    assert len(link) == 33
    assert sum(char in "~[]{}" for char in link) == 5
    assert links("a" * before + " " + link + " " + "b" * 60) is split


@pytest.mark.parametrize(("pairs", "before", "split"), [(1, 36, False), (1, 37, True)])
def test_surrogate_pairs_before_a_link_move_the_seam(pairs: int, before: int, split: bool) -> None:
    text = "😀" * pairs + "李" * (before - 2 * pairs) + " " + LINK + " " + "李" * 60
    assert links(text) is split


def test_a_link_in_one_part_is_not_split() -> None:
    assert not links("a" * 129 + " " + LINK)  # 160 septets, past where the seam would be
    assert not links("李" * 39 + " " + LINK)
    assert links("a" * 130 + " " + LINK)


def test_any_of_several_links_may_be_split() -> None:
    assert links(f"{LINK} {'a' * 100} {LINK} {'b' * 50}")
    assert links(f"{LINK} {'a' * 120} {'b' * 130} {LINK} {LINK}")
    assert not links(f"{LINK} {'a' * 121} {LINK} {LINK}")


@pytest.mark.parametrize(
    "link",
    [
        "http://shop.example/a",
        "HTTPS://SHOP.EXAMPLE/A",
        "www.shop.example",
        "shop.example/sale",
        "bit.ly/3xYz12",
        "t.co/a",
        "https://例え.jp/a",
        "https://user@shop.example:8443/a?b=c&d=%20#e",
    ],
)
def test_links_as_people_write_them(link: str) -> None:
    text = f"{'a' * 149} {link} {'b' * 100}"
    assert links(text if link.isascii() else f"{'a' * 63} {link} {'b' * 100}")


@pytest.mark.parametrize("word", ["and/or", "24/7", "1.5/2", "e.g. a/b", "km/h"])
def test_what_only_looks_like_a_link_is_none(word: str) -> None:
    assert not links(f"{'a' * (152 - len(word) // 2)} {word} {'b' * 100}")


def test_a_split_link_is_told_with_its_rows() -> None:
    rows: list[Row] = [{"T": "short"}, {"T": "a" * 140 + " " + LINK}, {"T": "b" * 141 + " " + LINK}]
    [found] = notices("{{ t }}", *rows)
    assert (found.what, found.rows, found.first) == (SPLIT_LINK, 2, (3, 4))


@pytest.mark.parametrize("char", ["\0", "\x07", "\t", "\x0b", "\f", "\x1b", "\x7f", "\x85", "\x9f"])
def test_a_control_character_is_told(char: str) -> None:
    assert CONTROL in whats("Hi {{ name }}", {"Name": f"A{char}n"})


@pytest.mark.parametrize("char", ["\n", "\r\n", "\u00a0", "\u200d", "\u200b", "é", "李", "\u00ad"])
def test_line_breaks_and_invisible_letters_are_no_control_characters(char: str) -> None:
    assert CONTROL not in whats("Hi {{ name }}", {"Name": f"A{char}n"})


@pytest.mark.parametrize(
    "template",
    [
        "{% raw %}Hi {{ name }}{% endraw %}",
        "{% raw %}{% if a %}{% endraw %}",
        "{{ '{{' }} name",
        "Hi {{ name }} }}",
    ],
)
def test_braces_that_go_out_are_told(template: str) -> None:
    assert UNRENDERED in whats(template)


def test_braces_in_a_cell_and_in_a_text_of_its_own_are_told() -> None:
    assert UNRENDERED in whats("{{ t }}", {"T": "Hi {{ name }}"})
    made = renderer(None, ["Text"])
    [person] = recipients(made, [{"Text": "x"}])
    own = type(person)(person.row, person.destination, (), "Hi {{ name }}")
    [message], _ = made.render([own])
    assert message.text == "Hi {{ name }}"
    assert [(notice.what, notice.first) for notice in made.notices(found_in([message]))] == [
        (UNRENDERED, (2,))
    ]


@pytest.mark.parametrize("template", ["Hi {{ name }}", "{# {{ x }} #}Hi", "{ {name } }", "a}b{c"])
def test_braces_that_do_their_work_are_not(template: str) -> None:
    assert UNRENDERED not in whats(template)


@pytest.mark.parametrize(
    "said",
    [
        *(
            "{name}",
            "{ name }",
            "((name))",
            "<<name>>",
            "[name]",
            "[Name]",
            "{NAME}",
            "[First Name]",
        ),
        *("<<first_name>>", "${name}", "%name%"),
    ],
)
def test_placeholders_of_other_programs_are_told(said: str) -> None:
    [what] = whats(f"Hi {said}, bye", {"Name": "Ann", "First Name": "Ann"})
    assert said in what
    assert "{{ " in what


@pytest.mark.parametrize(
    "said",
    [
        *("{you}", "((really))", "<<Sale>>", "[sic]", "(name)", "<name>", "name", "{}", "[]"),
        *("[1]", "{{ name }}", "5% off, 10% less", "f(x)", "[name unknown]", "(( ))"),
    ],
)
def test_ordinary_brackets_are_not(said: str) -> None:
    assert whats(f"Hi {said} bye") == []


def test_placeholders_inside_raw_text_and_between_tags_are_told() -> None:
    assert len(whats("{% if name %}Hi {name}{% endif %}")) == 1
    assert len(whats("Hi {{ name }}, [name]")) == 1


@pytest.mark.parametrize(
    "cell",
    [
        *("nan", "NaN", "NAN", "null", "NULL", "None", "undefined", "NaT", "#N/A", "#REF!"),
        *("#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "N/A", "<NA>"),
    ],
)
def test_a_cell_that_says_nothing_in_words_is_told_with_its_row(cell: str) -> None:
    [found] = notices("Hi {{ name }}", {"Name": "Ann"}, {"Name": cell}, {"Name": "Nan Lee"})
    assert (found.what, found.rows, found.first) == (NOTHING, 1, (3,))


@pytest.mark.parametrize("cell", ["Nan", "Nanette", "Null Island", "nana", "none of it", "0", "-"])
def test_names_that_only_begin_so_are_not(cell: str) -> None:
    assert whats("Hi {{ name }}", {"Name": cell}) == []


def test_such_a_cell_that_the_text_does_not_use_is_not_told() -> None:
    assert whats("Hi {{ name }}", {"Name": "Ann", "Other": "#N/A"}) == []


def test_a_text_of_its_own_that_is_such_a_word_is_told() -> None:
    made = renderer(None, ["Text"])
    [person] = recipients(made, [{"Text": "x"}])
    messages, _ = made.render([type(person)(person.row, person.destination, (), "#N/A")])
    assert [(notice.what, notice.first) for notice in made.notices(found_in(messages))] == [
        (NOTHING, (2,))
    ]


def test_a_notice_names_the_first_five_rows_and_counts_all() -> None:
    [found] = notices("Hi {{ name }}", *[{"Name": "null"}] * 12)
    assert (found.rows, found.first) == (12, (2, 3, 4, 5, 6))


@pytest.mark.parametrize(
    ("template", "cell", "told"),
    [
        *(("{% if paid %}a{% else %}b{% endif %}", cell, True) for cell in ("No", "FALSE", "0")),
        *(("{{ 'a' if not paid else 'b' }}", cell, True) for cell in ("no", "Nein")),
        *(("{% if paid and name %}a{% endif %}b", cell, True) for cell in ("N",)),
        *(("{% if paid %}a{% endif %}b", cell, False) for cell in ("Yes", False, 0, None, "x")),
        ('{% if paid == "Yes" %}a{% endif %}b', "No", False),
        ("{{ paid }}", "No", False),
    ],
)
def test_an_if_that_takes_the_text_no_for_a_yes_is_told(
    template: str, cell: Cell, told: bool
) -> None:
    found = whats(template, {"Paid": cell, "Name": "Ann"})
    assert (SAID[A_NO] in found) is told
