"""Encoding and parts, against the tables of 3GPP TS 23.038 and a counter that is slow but plain."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulksender.model import Encoding
from bulksender.renderer.segments import code_points, measure

BASIC = "".join(  # TS 23.038, 6.2.1, by code point; 0x1B is the escape and no character
    map(
        chr,
        [
            *(0x40, 0xA3, 0x24, 0xA5, 0xE8, 0xE9, 0xF9, 0xEC, 0xF2, 0xC7, 0x0A, 0xD8, 0xF8, 0x0D),
            *(0xC5, 0xE5, 0x394, 0x5F, 0x3A6, 0x393, 0x39B, 0x3A9, 0x3A0, 0x3A8, 0x3A3, 0x398),
            *(0x39E, 0xC6, 0xE6, 0xDF, 0xC9, *range(0x20, 0x24), 0xA4, *range(0x25, 0x40), 0xA1),
            *(*range(0x41, 0x5B), 0xC4, 0xD6, 0xD1, 0xDC, 0xA7, 0xBF, *range(0x61, 0x7B)),
            *(0xE4, 0xF6, 0xF1, 0xFC, 0xE0),
        ],
    )
)
EXTENSION = "\f^{}\\[~]|€"  # 6.2.1.1: two septets each
FOREIGN = "`\t’“”–…ÀçÊêáíóúßẞşğİıЖ李अ\u00a0\u200b\ufeff\0\u2028"
assert len(BASIC) == 127


def slow(text: str, ucs2: bool = False) -> tuple[Encoding, int]:
    """Character by character: the encoding, and how many parts it fills."""
    gsm = not ucs2 and all(char in BASIC or char in EXTENSION for char in text)
    single, multi = (160, 153) if gsm else (70, 67)

    def units(char: str) -> int:
        return (2 if char in EXTENSION else 1) if gsm else (2 if ord(char) > 0xFFFF else 1)

    encoding = Encoding.GSM7 if gsm else Encoding.UCS2
    if sum(map(units, text)) <= single:
        return encoding, 1 if text else 0
    parts, used = 1, 0
    for char in text:
        if used + units(char) > multi:
            parts, used = parts + 1, 0
        used += units(char)
    return encoding, parts


def counted(text: str, ucs2: bool = False) -> tuple[Encoding, int]:
    found = measure(text, ucs2)
    return found.encoding, found.parts


@pytest.mark.parametrize("char", BASIC)
def test_every_character_of_the_default_alphabet_takes_one_septet(char: str) -> None:
    assert counted(char * 160) == (Encoding.GSM7, 1)
    assert counted(char * 161) == (Encoding.GSM7, 2)


@pytest.mark.parametrize("char", EXTENSION)
def test_every_character_of_the_extension_table_takes_two_septets(char: str) -> None:
    assert counted(char * 80) == (Encoding.GSM7, 1)
    assert counted(char * 81) == (Encoding.GSM7, 2)


@pytest.mark.parametrize("char", [char for char in FOREIGN if char not in BASIC])
def test_any_other_character_makes_it_ucs2_and_is_named(char: str) -> None:
    found = measure(f"Hi {char}{char}")
    assert found.encoding is Encoding.UCS2
    assert found.foreign == (char,)


@pytest.mark.parametrize(
    ("length", "parts"),
    [(0, 0), (1, 1), (160, 1), (161, 2), (306, 2), (307, 3), (459, 3), (460, 4), (1530, 10)],
)
def test_gsm7_parts(length: int, parts: int) -> None:
    assert counted("a" * length) == (Encoding.GSM7, parts)


@pytest.mark.parametrize(
    ("length", "parts"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)]
)
def test_ucs2_parts(length: int, parts: int) -> None:
    assert counted("李" * length) == (Encoding.UCS2, parts)
    assert counted("a" * length, ucs2=True) == (Encoding.UCS2, parts)


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        ("a" * 158 + "€", "GSM7", 1),
        ("a" * 159 + "€", "GSM7", 2),
        ("a" * 152 + "€" + "a" * 151, "GSM7", 2),  # the euro opens part 2: 152 | 2 + 151
        ("a" * 152 + "€" + "a" * 152, "GSM7", 3),  # 306 septets, but the seam costs one
        ("a" * 151 + "€" + "a" * 153, "GSM7", 2),  # the euro ends part 1
        ("€" * 152, "GSM7", 2),  # 76 a part: 153 is odd
        ("€" * 153, "GSM7", 3),
        ("李" * 68 + "😀", "UCS2", 1),
        ("李" * 69 + "😀", "UCS2", 2),
        ("李" * 66 + "😀" + "李" * 65, "UCS2", 2),
        ("李" * 66 + "😀" + "李" * 66, "UCS2", 3),
        ("李" * 65 + "😀" + "李" * 67, "UCS2", 2),
        ("😀" * 35, "UCS2", 1),
        ("😀" * 36, "UCS2", 2),
        ("😀" * 66, "UCS2", 2),
        ("😀" * 67, "UCS2", 3),
    ],
)
def test_what_takes_two_units_is_never_split_over_two_parts(
    text: str, encoding: str, parts: int
) -> None:
    assert counted(text) == slow(text) == (encoding, parts)


PIECES = st.one_of(
    st.sampled_from(["a", "€", "[", "a" * 67, "a" * 76, "a" * 151, "a" * 152, "a" * 153]),
    st.text(BASIC + EXTENSION, max_size=40),
)
UCS2_PIECES = st.one_of(
    st.sampled_from(["李", "😀", "a" * 66, "李" * 67, "a" * 65, "🇸🇬", "é"]),
    st.text(max_size=30),
)


@settings(max_examples=500)
@given(st.lists(PIECES, max_size=14).map("".join))
@example("a" * 152 + "€" * 77)
def test_gsm7_texts_are_counted_as_character_by_character(text: str) -> None:
    assert counted(text) == slow(text)


@settings(max_examples=500)
@given(st.lists(st.one_of(PIECES, UCS2_PIECES), max_size=10).map("".join), st.booleans())
def test_any_text_is_counted_as_character_by_character(text: str, ucs2: bool) -> None:
    assert counted(text, ucs2) == slow(text, ucs2)


@given(st.text())
def test_the_foreign_characters_are_those_that_gsm7_does_not_have(text: str) -> None:
    wanted = dict.fromkeys(char for char in text if char not in BASIC + EXTENSION)
    assert measure(text).foreign == tuple(wanted)


def test_forced_ucs2_blames_no_character() -> None:
    assert measure("plain", ucs2=True).foreign == ()


@pytest.mark.parametrize(
    ("chars", "said"),
    [
        ("’", "’ (U+2019)"),
        ("’李", "’ (U+2019), 李 (U+674E)"),
        ("’李é“”", "’ (U+2019), 李 (U+674E), é (U+00E9) and 2 more"),
        ("\u200b", "U+200B"),
        ("\u00a0\u0301", "U+00A0, U+0301"),
        ("😀", "😀 (U+1F600)"),
        ("\ud83d", "U+D83D"),
    ],
)
def test_characters_are_named_so_that_they_can_be_looked_up(chars: str, said: str) -> None:
    assert code_points(chars) == said
