"""Letters and their accents, composed where GSM 7-bit has them whole; all else as it came."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from renderer_rows import message

from bulksender.renderer.segments import GSM7_BASIC, composed, measure

MARKED = [char for char in GSM7_BASIC if unicodedata.normalize("NFD", char) != char]
AS_THEY_CAME = {
    "Arabic with vowel signs": ("\u0645\u064e\u0631\u0652\u062d\u064e\u0628\u064b\u0627", 1),
    "Hebrew with points": ("\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd", 1),
    "right-to-left marks": ("\u200fשלום\u200e 5 \u202bאב\u202c", 1),
    "Chinese": ("你好，世界", 1),
    "Chinese, 70 characters": ("好" * 70, 1),
    "Chinese, 71 characters": ("好" * 71, 2),
    "a compatibility ideograph": ("\uf900\ufa0e", 1),
    "Japanese with voiced marks apart": ("\u304b\u3099\u30cf\u309a", 1),
    "Hangul syllables": ("안녕하세요", 1),
    "Hangul jamo": ("\u1112\u1161\u11ab\u1100\u1173\u11af", 1),
    "Hangul jamo, 71 units": ("\u1112\u1161\u11ab" * 23 + "\u1112\u1161", 2),
    "Thai": ("สวัสดีครับ", 1),
    "Devanagari with nukta": ("\u0915\u093c\u0958\u0939\u093f\u0928\u094d\u0926\u0940", 1),
    "Tamil": ("வணக்கம்", 1),
    "an emoji family": ("👨\u200d👩\u200d👧\u200d👦", 1),
    "families, 66 units": ("👨\u200d👩\u200d👧\u200d👦" * 6, 1),
    "families, 77 units": ("👨\u200d👩\u200d👧\u200d👦" * 7, 2),
    "flags": ("🇸🇬🇲🇾🇬🇧", 1),
    "a flag of tags": ("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", 1),
    "skin tones": ("👍🏽👋🏿", 1),
    "variation selectors": ("❤\ufe0f☎\ufe0e1\ufe0f\u20e3", 1),
    "an s with a cedilla apart": ("s\u0327", 1),
    "an e with a circumflex apart": ("e\u0302", 1),
    "a c with a cedilla apart": ("c\u0327a", 1),
    "Vietnamese apart": ("Tie\u0302\u0301ng Vie\u0323\u0302t", 1),
    "Vietnamese composed": ("Tiếng Việt", 1),
    "Vietnamese o with horn apart": ("o\u031b\u0301", 1),
    "an e with two acutes": ("e\u0301\u0301", 1),
    "an o with diaeresis and macron": ("o\u0308\u0304", 1),
    "an a with ring and acute": ("A\u030a\u0301", 1),
    "an n with tilde and dot below": ("n\u0323\u0303", 1),
    "an i with acute apart": ("i\u0301", 1),
    "a lone accent": ("\u0301a", 1),
    "an accent on a space": (" \u0301", 1),
    "a ligature": ("ﬁ", 1),
    "full-width letters": ("ＡＢＣ", 1),
    "superscripts and fractions": ("²½™", 1),
    "a soft hyphen and joiners": ("a\u00ad\u200c\u200db", 1),
    "an acute accent and a backtick": ("´`", 1),
}


@pytest.mark.parametrize("char", MARKED)
def test_a_letter_and_its_accent_are_the_letter_that_gsm7_has(char: str) -> None:
    apart = unicodedata.normalize("NFD", char)
    made = message("{{ name }}" + "a" * 159, {"Name": apart})
    assert made.text == char + "a" * 159
    assert (made.parts, made.encoding.value, made.note) == (1, "GSM7", "")


@pytest.mark.parametrize(
    ("sign", "whole"), [("\u2126", "Ω"), ("\u212b", "Å"), ("A\u030a", "Å"), ("\u212a", "K")]
)
def test_a_sign_that_is_the_same_as_a_letter_is_that_letter(sign: str, whole: str) -> None:
    made = message("{{ name }}", {"Name": f"5 {sign}"})
    assert (made.text, made.encoding.value) == (f"5 {whole}", "GSM7")


def test_all_of_them_in_one_text_and_in_the_template_itself() -> None:
    apart = unicodedata.normalize("NFD", "".join(MARKED))
    assert message(apart).text == "".join(MARKED)
    assert message(apart + "{{ a }}", {"A": apart}).parts == 1


def test_an_accent_from_another_piece_of_the_text_is_composed_too() -> None:
    assert message("caf{{ a }}{{ b }}", {"A": "e", "B": "\u0301"}).text == "café"


@pytest.mark.parametrize("name", AS_THEY_CAME)
def test_everything_else_comes_out_as_it_went_in(name: str) -> None:
    text, parts = AS_THEY_CAME[name]
    made = message("{{ name }}", {"Name": text})
    assert made.text == text
    assert (made.parts, made.encoding.value) == (parts, "UCS2")
    code_units = len(text.encode("utf-16-le")) // 2
    assert parts == 1 if code_units <= 70 else parts > 1


def test_a_text_with_both_is_composed_where_it_helps_and_counted_so() -> None:
    made = message("{{ name }}", {"Name": "Tie\u0302\u0301ng cafe\u0301"})
    assert made.text == "Tie\u0302\u0301ng café"
    assert measure(made.text) == measure(composed(made.text))


MIXED = st.text(
    st.one_of(
        st.sampled_from("aeionucsAEONUCåÅΩ \u2126\u212a\u212b李😀"),
        st.characters(min_codepoint=0x300, max_codepoint=0x36F),
        st.sampled_from("\u0300\u0301\u0303\u0308\u030a\u0327\u0323\u0302\u0345\u20dd\u1dc4"),
        st.characters(),
    ),
    max_size=20,
)


@settings(max_examples=1000, deadline=None)
@given(MIXED)
@example("e\u0323\u0301")
@example("A\u030a\u0327")
@example("\u1112\u1161\u11ab")
@example("e\u0301\u0334")
@example("a\u0300\u05b0")
def test_composing_changes_nothing_but_what_is_the_same_letter(text: str) -> None:
    made = composed(text)
    assert unicodedata.normalize("NFC", made) == unicodedata.normalize("NFC", text)
    assert composed(made) == made
    assert len(made) <= len(text)


@settings(max_examples=1000, deadline=None)
@given(MIXED)
def test_composing_only_ever_makes_a_text_cheaper(text: str) -> None:
    assert measure(composed(text)).parts <= measure(text).parts
    if composed(text) != text:
        new = set(composed(text)) - set(text)
        assert new <= set(GSM7_BASIC)


@settings(max_examples=500, deadline=None)
@given(st.text(GSM7_BASIC, max_size=40))
def test_what_is_gsm7_when_composed_is_gsm7_when_apart(text: str) -> None:
    assert composed(unicodedata.normalize("NFD", text)) == text
