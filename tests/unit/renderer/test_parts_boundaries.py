"""Where one part becomes two, and two three, with what takes two units on the seam."""

from __future__ import annotations

import pytest
from renderer_rows import invalid, message

from bulksender.renderer.segments import measure, seams

EXTENSION = "€{}[]~|^\\\f"
SURROGATES = ["😀", "𝒜", "🇸", "𠮷", "\U0010ffff"]


def parts(text: str) -> tuple[str, int]:
    found = measure(text)
    return found.encoding.value, found.parts


@pytest.mark.parametrize(
    ("length", "wanted"), [(159, 1), (160, 1), (161, 2), (305, 2), (306, 2), (307, 3), (459, 3)]
)
@pytest.mark.parametrize("char", ["a", "@", "Ω", "\n", "é"])
def test_gsm7_at_the_boundaries(char: str, length: int, wanted: int) -> None:
    assert parts(char * length) == ("GSM7", wanted)


@pytest.mark.parametrize(
    ("length", "wanted"), [(69, 1), (70, 1), (71, 2), (133, 2), (134, 2), (135, 3), (201, 3)]
)
@pytest.mark.parametrize("char", ["李", "`", "’", "\u200d", "ę"])
def test_ucs2_at_the_boundaries(char: str, length: int, wanted: int) -> None:
    assert parts(char * length) == ("UCS2", wanted)


@pytest.mark.parametrize("char", EXTENSION)
@pytest.mark.parametrize(
    ("before", "behind", "wanted"),
    [
        (158, 0, 1),  # 160 septets
        (159, 0, 2),
        (0, 158, 1),
        (0, 159, 2),
        (151, 153, 2),  # ends part 1 exactly
        (152, 151, 2),  # does not fit into part 1, and opens part 2
        (152, 152, 3),  # 306 septets, one of them lost at the seam
        (153, 151, 2),  # opens part 2 by itself
        (153, 152, 3),
        (304, 0, 2),  # ends part 2
        (305, 0, 3),
        (305, 151, 3),
        (305, 152, 4),
    ],
)
def test_an_extension_character_is_never_split(
    char: str, before: int, behind: int, wanted: int
) -> None:
    assert parts("a" * before + char + "a" * behind) == ("GSM7", wanted)


@pytest.mark.parametrize("char", SURROGATES)
@pytest.mark.parametrize(
    ("before", "behind", "wanted"),
    [
        (68, 0, 1),
        (69, 0, 2),
        (0, 68, 1),
        (0, 69, 2),
        (65, 67, 2),
        (66, 65, 2),
        (66, 66, 3),
        (67, 65, 2),
        (67, 66, 3),
        (132, 0, 2),
        (133, 0, 3),
        (133, 65, 3),
        (133, 66, 4),
    ],
)
def test_a_surrogate_pair_is_never_split(char: str, before: int, behind: int, wanted: int) -> None:
    assert parts("李" * before + char + "李" * behind) == ("UCS2", wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a" * 153 + "b" * 8, [153]),
        ("a" * 152 + "€" + "b" * 10, [152]),
        ("a" * 151 + "€" + "b" * 10, [152]),
        ("€" * 153, [76, 152]),
        ("李" * 71, [67]),
        ("李" * 66 + "😀" + "李" * 9, [66]),
        ("李" * 65 + "😀" + "李" * 9, [66]),
        ("😀" * 67, [33, 66]),
        ("a" * 460, [153, 306, 459]),
    ],
)
def test_seams_are_where_each_part_but_the_first_begins(text: str, wanted: list[int]) -> None:
    assert list(seams(text, measure(text).encoding)) == wanted


@pytest.mark.parametrize("length", [1530, 1531])
def test_ten_parts_go_out_and_eleven_do_not(length: int) -> None:
    template = "a" * length
    if length == 1530:
        assert message(template).parts == 10
    else:
        assert "takes 11 SMS parts" in invalid(template)


def test_an_extension_character_on_the_last_seam_makes_the_eleventh_part() -> None:
    text = "a" * 152 + "€" + "a" * (1530 - 153 - 2 + 1)
    assert len(text) + 1 == 1530
    assert "takes 11 SMS parts" in invalid(text)


def test_the_parts_of_a_message_are_those_of_the_text_that_is_sent() -> None:
    made = message("{{ name }}" + "a" * 151 + "{{ sum }}" + "a" * 152, {"Name": "é", "Sum": "€"})
    assert (made.parts, made.encoding.value) == (3, "GSM7")
    assert measure(made.text).parts == made.parts
