"""Parts and seams of any text, against packing it part by part in the plainest way."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulksender.model import Encoding
from bulksender.renderer.segments import measure, seams

# 3GPP TS 23.038, 6.2.1, row by row of the table; 0x1B is the escape
TABLE = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ" + "ÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
ESCAPED = "\f^{}\\[~]|€"
assert len(TABLE) == 127


def units(char: str, encoding: Encoding) -> int:
    """Septets, or UTF-16 code units, of a character."""
    if encoding is Encoding.GSM7:
        return 2 if char in ESCAPED else 1
    return len(char.encode("utf-16-le", "surrogatepass")) // 2


def encoding_of(text: str, ucs2: bool) -> Encoding:
    plain = all(char in TABLE or char in ESCAPED for char in text)
    return Encoding.GSM7 if plain and not ucs2 else Encoding.UCS2


def packed(text: str, encoding: Encoding) -> list[str]:
    """The text of each part."""
    alone, joined = (160, 153) if encoding is Encoding.GSM7 else (70, 67)
    if not text:
        return []
    if sum(units(char, encoding) for char in text) <= alone:
        return [text]
    parts = [""]
    for char in text:
        filled = sum(units(other, encoding) for other in parts[-1])
        if filled + units(char, encoding) > joined:
            parts.append("")
        parts[-1] += char
    return parts


def begins(parts: list[str]) -> list[int]:
    """Where each part but the first begins."""
    return [sum(map(len, parts[:index])) for index in range(1, len(parts))]


GSM7 = st.text(TABLE + ESCAPED, max_size=60)
FILL = st.builds(
    lambda char, length: char * length,
    st.sampled_from(["a", "€", "\f", "李", "😀", "é", "\u200d"]),
    st.integers(60, 160),
)
NEAR_GSM7 = st.builds(
    lambda fill, tail: fill + tail,
    st.builds(lambda n, m: "a" * n + "€" * m, st.integers(140, 320), st.integers(0, 90)),
    GSM7,
)
NEAR_UCS2 = st.builds(
    lambda n, m, tail: "李" * n + "😀" * m + tail,
    st.integers(50, 150),
    st.integers(0, 40),
    st.text(max_size=40),
)
TEXTS = st.one_of(
    GSM7, NEAR_GSM7, NEAR_UCS2, st.text(max_size=200), st.lists(FILL, max_size=5).map("".join)
)


@settings(max_examples=800, deadline=None)
@given(TEXTS, st.booleans())
@example("a" * 152 + "€" + "a" * 152, False)
@example("李" * 66 + "😀" + "李" * 66, False)
@example("a" * 69 + "😀", True)
def test_a_text_takes_the_parts_that_it_fills(text: str, ucs2: bool) -> None:
    encoding = encoding_of(text, ucs2)
    found = measure(text, ucs2)
    assert (found.encoding, found.parts) == (encoding, len(packed(text, encoding)))


@settings(max_examples=800, deadline=None)
@given(TEXTS, st.booleans())
@example("€" * 153, False)
@example("😀" * 67, False)
def test_the_seams_are_where_the_parts_begin(text: str, ucs2: bool) -> None:
    encoding = encoding_of(text, ucs2)
    parts = packed(text, encoding)
    if len(parts) > 1:
        assert list(seams(text, encoding)) == begins(parts)


@settings(max_examples=500, deadline=None)
@given(TEXTS)
def test_a_longer_text_never_takes_fewer_parts(text: str) -> None:
    before = measure(text)
    if before.encoding is Encoding.GSM7:
        assert measure(text + "a").parts >= before.parts
    assert measure(text + "李").parts >= before.parts
