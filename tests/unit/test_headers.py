"""How a name that somebody types finds a header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulksender.headers import find, key, variable

SAME = [
    "First Name",
    "first_name",
    "FIRSTNAME",
    "first-name",
    " First  name ",
    "First.Name",
    "Ｆirst Name",
]


@pytest.mark.parametrize("name", SAME)
def test_case_spaces_and_signs_make_no_difference(name: str) -> None:
    assert key(name) == key("First Name") == "firstname"
    assert find(["City", "First Name"], name) == [1]


@pytest.mark.parametrize(
    ("one", "other"),
    [("First Name", "Last Name"), ("Phone 1", "Phone 2"), ("é", "e"), ("Name", "Names")],
)
def test_other_letters_and_digits_do(one: str, other: str) -> None:
    assert key(one) != key(other)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        *(
            ("First Name", "first_name"),
            ("Amount due (SGD)", "amount_due_sgd"),
            ("E-mail", "e_mail"),
        ),
        *(("a__b  c", "a_b_c"), ("_x_", "x"), ("1st", "_1st"), ("Prénom", "prénom")),
        *(("Pre\u0301nom", "prénom"), ("ＡＢＣ", "abc"), ("名前", "名前"), ("Straße", "straße")),
        *(("%", ""), ("", ""), ("Mobile\nNo.", "mobile_no")),
    ],
)
def test_a_header_in_snake_case(header: str, name: str) -> None:
    assert variable(header) == name


@pytest.mark.parametrize("header", ["ชื่อ", "नाम", "பெயர்", "ឈ្មោះ"])
def test_the_marks_of_other_scripts_belong_to_their_letters(header: str) -> None:
    assert variable(header) == header


def test_names_that_differ_in_a_mark_only_are_two_names() -> None:
    assert find(["มี", "มู"], "มี ") == [0]


@pytest.mark.parametrize("header", ["Straße", "ΟΔΟΣ", "İsim", "ﬁrst", "Ⅷ", "½ price", "1st", "ǅ"])
def test_a_header_is_found_by_its_variable(header: str) -> None:
    assert find(["Other", header], variable(header)) == [1]


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_every_header_with_a_letter_is_found_by_its_variable(header: str) -> None:
    name = variable(header)
    if name:
        assert find(["\0", header], name) == [1]


def test_a_header_written_exactly_wins() -> None:
    assert find(["NAME", "name", "Name"], "name") == [1]
    assert find(["name", "name"], "name") == [0, 1]


def test_all_headers_that_match_are_told() -> None:
    assert find(["First Name", "City", "FIRST_NAME"], "firstname") == [0, 2]


@pytest.mark.parametrize("name", ["", " ", "-", "City"])
def test_a_name_that_means_no_column_finds_none(name: str) -> None:
    assert find(["First Name", "%"], name) == []
