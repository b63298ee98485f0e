from __future__ import annotations

import pytest

from bulksender.simulator.parts import GSM_BASIC, GSM_EXTENDED, count

EMOJI = "\U0001f600"


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        ("", "GSM7", 1),
        ("a" * 160, "GSM7", 1),
        ("a" * 161, "GSM7", 2),
        ("a" * 306, "GSM7", 2),
        ("a" * 307, "GSM7", 3),
        ("€" * 80, "GSM7", 1),
        ("€" * 80 + "a", "GSM7", 2),
        ("あ" * 70, "UCS2", 1),
        ("あ" * 71, "UCS2", 2),
        ("あ" * 134, "UCS2", 2),
        ("あ" * 135, "UCS2", 3),
        (EMOJI * 35, "UCS2", 1),
        (EMOJI * 35 + "a", "UCS2", 2),
        ("It’s", "UCS2", 1),
        ("ç", "UCS2", 1),
        ("Ç", "GSM7", 1),
    ],
)
def test_text_is_counted_in_the_smallest_encoding_that_holds_it(
    text: str, encoding: str, parts: int
) -> None:
    assert count(text) == (text, encoding, parts)


def test_two_septet_character_is_not_split_over_two_parts() -> None:
    fits = "a" * 153 + "€" + "a" * 151
    assert count(fits).parts == 2
    # 306 septets, but the euro sign would lie across the border: it moves, and the end with it.
    assert count("a" * 152 + "€" + "a" * 152).parts == 3


def test_surrogate_pair_is_not_split_over_two_parts() -> None:
    assert count("あ" * 67 + EMOJI + "あ" * 65).parts == 2
    assert count("あ" * 66 + EMOJI + "あ" * 66).parts == 3


def test_alphabet_has_every_character_of_the_standard_once() -> None:
    assert len(set(GSM_BASIC)) == len(GSM_BASIC) == 127
    assert len(set(GSM_EXTENDED)) == len(GSM_EXTENDED) == 10


def test_demanded_ucs2_is_used_for_plain_text() -> None:
    assert count("a" * 71, "UCS2") == ("a" * 71, "UCS2", 2)


def test_demanded_gsm7_replaces_what_it_cannot_hold() -> None:
    assert count("It’s 5 € あ" + EMOJI, "GSM7") == ("It?s 5 € ??", "GSM7", 1)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a" * 1531, "a" * 1530),
        ("あ" * 671, "あ" * 670),
        ("€" * 765, "€" * 760),  # 76 pairs a part; one septet of each part stays empty
        (EMOJI * 335, EMOJI * 330),
    ],
)
def test_text_over_ten_parts_is_cut_off(text: str, kept: str) -> None:
    assert (count(text).text, count(text).parts) == (kept, 10)
