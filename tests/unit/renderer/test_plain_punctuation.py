"""What --plain-punctuation changes, over all of Unicode, and what it leaves."""

from __future__ import annotations

import sys

import pytest
from renderer_rows import message, recipients, renderer

from bulksender.renderer.segments import PLAIN_PUNCTUATION, measure

WANTED = {
    **dict.fromkeys((0x2018, 0x2019, 0x201A, 0x201B, 0x2039, 0x203A, 0x2032), "'"),
    **dict.fromkeys((0x201C, 0x201D, 0x201E, 0x201F, 0xAB, 0xBB, 0x2033), '"'),
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212), "-"),
    0x2026: "...",
    **dict.fromkeys((0x09, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " "),
    **dict.fromkeys((0x200B, 0x2060, 0xFEFF), ""),
}
LEFT = (
    "`´•·×÷©®™°²½¼€£ªº¨¸‰†‡§¶←→✓★☎ÀçêłşİЖא李あ가😀"
    "\u200c\u200d\u200e\u200f\u00ad\u2028\ufe0f\u0301\u034f"
)


def test_exactly_the_listed_characters_change_in_all_of_unicode() -> None:
    everything = [chr(code) for code in range(sys.maxunicode + 1)]
    changed = {
        ord(char): char.translate(PLAIN_PUNCTUATION)
        for char in everything
        if char.translate(PLAIN_PUNCTUATION) != char
    }
    assert changed == WANTED


@pytest.mark.parametrize("code", WANTED, ids=lambda code: f"U+{code:04X}")
def test_each_becomes_what_gsm7_has(code: int) -> None:
    made = message("{{ a }}", {"A": f"x{chr(code)}y"}, plain_punctuation=True)
    assert made.text == f"x{WANTED[code]}y"
    assert made.encoding.value == "GSM7"
    assert message("{{ a }}", {"A": f"x{chr(code)}y"}).text == f"x{chr(code)}y"


@pytest.mark.parametrize("char", LEFT, ids=lambda char: f"U+{ord(char):04X}")
def test_all_else_stays(char: str) -> None:
    made = message("{{ a }}", {"A": f"x{char}y’"}, plain_punctuation=True)
    assert made.text == f"x{char}y'"


def test_the_template_and_a_texts_own_column_are_changed_alike() -> None:
    assert message("“Hi” – {{ a }}…", {"A": "it’s"}, plain_punctuation=True).text == (
        '"Hi" - it\'s...'
    )


def test_the_text_that_is_sent_is_the_text_that_is_counted() -> None:
    made = message("…" * 54, plain_punctuation=True)
    assert made.text == "." * 162
    assert made.parts == measure(made.text).parts == 2


def saving(*texts: str, **job: object) -> list[str]:
    made = renderer("{{ t }}", ["T"], **job)
    messages, _ = made.render(recipients(made, [{"T": text} for text in texts]))
    found = [(each.row, each.oddities, each.saving) for each in messages if each.oddities]
    return [notice.what for notice in made.notices(found) if "--plain-punctuation" in notice.what]


@pytest.mark.parametrize(
    ("texts", "rows", "parts"),
    [
        (["it’s"], "1 text ", "0 SMS parts"),
        (["it’s" + "a" * 100], "1 text ", "1 SMS part"),
        (["it’s" + "a" * 131, "“" + "a" * 150, "plain", "李" * 80], "2 texts ", "4 SMS parts"),
    ],
)
def test_the_saving_is_told_exactly(texts: list[str], rows: str, parts: str) -> None:
    [said] = saving(*texts)
    assert rows in said
    assert said.endswith(f" {parts}")


def test_no_saving_is_told_where_there_is_none() -> None:
    assert saving("plain", "李’s", "`") == []
    assert saving("it’s", plain_punctuation=True) == []
    assert saving("it’s", encoding="UCS2") == []
    assert saving("\u200b李" + "李" * 69) != []
