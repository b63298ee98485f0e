"""The rules about texts: the row's own, punctuation, parts, encoding, refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from renderer_rows import NUMBER, invalid, message, recipients, render, renderer, text

from bulksender.model import Encoding, Message, Previous, Recipient, RejectedRow


def own(row: int, words: str | None, cells: tuple[str, ...] = ()) -> Recipient:
    return Recipient(row, NUMBER, cells, words)


def test_a_message_carries_its_row_number_and_reference() -> None:
    made = renderer("Hi {{ name }}", ["Name"])
    [found], refused = made.render([Recipient(7, NUMBER, ("Anna",), reference="c-7")])
    assert refused == []
    assert found == Message(7, NUMBER, "Hi Anna", 1, Encoding.GSM7, "c-7", "")


def test_a_refusal_carries_the_row_its_number_and_what_went_before() -> None:
    before = Previous("u-1", "REJECTED", "r1")
    made = renderer("Hi {{ name }}", ["Name"])
    messages, [row] = made.render([Recipient(7, NUMBER, (None,), previous=before)])
    assert messages == []
    assert (row.row, row.status, row.destination) == (7, "INVALID", NUMBER)
    assert row.previous == before


def test_a_rows_own_text_replaces_the_templates() -> None:
    made = renderer("Hi {{ name }}", ["Name"])
    rows = [
        own(2, None, ("A",)),
        own(3, "Own text", ("B",)),
        own(4, None, ("C",)),
        own(5, "X", ("D",)),
    ]
    messages, refused = made.render(rows)
    assert [(m.row, m.text) for m in messages] == [
        *((2, "Hi A"), (3, "Own text"), (4, "Hi C"), (5, "X"))
    ]
    assert refused == []


@pytest.mark.parametrize(
    "words", ["  Hi {{ name }} ", "{% if %}", "a\n\nb\n", "{# c #}", "’“”—…", "100% €[x]", "{{"]
)
def test_a_rows_own_text_goes_out_verbatim(words: str) -> None:
    for template in ("Hi {{ name }}", None):
        [found], refused = renderer(template, ["Name"]).render([own(2, words, ("A",))])
        assert refused == []
        assert found.text == words


def test_a_blank_that_the_template_needs_does_not_matter_to_a_row_with_its_own_text() -> None:
    made = renderer("Hi {{ name }}", ["Name"])
    messages, refused = made.render([Recipient(2, NUMBER, (None,), "Own")])
    assert [m.text for m in messages] == ["Own"]
    assert refused == []


def test_without_a_template_a_row_needs_a_text_of_its_own() -> None:
    messages, [row] = renderer(None, ["Text"]).render([own(2, "Own"), own(3, None)])
    assert [m.row for m in messages] == [2]
    assert (row.row, row.detail) == (3, "the row has no text of its own")


def test_no_recipients_no_messages() -> None:
    assert renderer("Hi", ["Name"]).render([]) == ([], [])


@pytest.mark.parametrize(
    "template", ["", " ", "\n", "{{ name|default('') }}", "\u00a0", "\u3000\t"]
)
def test_an_empty_text_is_refused(template: str) -> None:
    made = renderer(template, ["Name"], source=None)
    messages, refused = made.render(recipients(made, [{"Name": None}]))
    assert messages == []
    assert [row.detail for row in refused] == ["the text is empty"]


PLAIN = {
    "it’s": "it's",
    "‘a’ “b” „c” «d»": '\'a\' "b" "c" "d"',
    "a–b—c‑d−e": "a-b-c-d-e",
    "wait…": "wait...",
    "a\u00a0b\u202fc\u2009d\u3000e": "a b c d e",
    "a\tb": "a b",
    "5′ 6″": "5' 6\"",
}


@pytest.mark.parametrize(("typed", "plain"), PLAIN.items())
def test_plain_punctuation_makes_typed_signs_plain_and_keeps_gsm7(typed: str, plain: str) -> None:
    found = message("{{ note }}", {"Note": typed}, plain_punctuation=True)
    assert (found.text, found.encoding, found.note) == (plain, Encoding.GSM7, "")


@pytest.mark.parametrize("typed", PLAIN)
def test_punctuation_stays_as_typed_unless_asked(typed: str) -> None:
    found = message("{{ note }}", {"Note": typed})
    assert (found.text, found.encoding) == (typed, Encoding.UCS2)


SIGNS = "‘’“”«»–—…\u00a0\u3000\t"


@given(st.text(SIGNS + "ab é李", min_size=1).map(lambda words: f"{words}."))
def test_plain_punctuation_leaves_no_such_sign_and_nothing_else_changes(words: str) -> None:
    [found], _ = renderer("x", ["Name"], plain_punctuation=True).render([own(2, words)])
    assert not set(SIGNS) & set(found.text)
    kept = [char for char in words if char in "abé李"]
    assert [char for char in found.text if char in "abé李"] == kept
    assert len(found.text) == len(words) + 2 * words.count("…")


def test_letters_that_gsm7_does_not_have_stay_and_are_named() -> None:
    found = message("{{ name }}’s", {"Name": "李"}, plain_punctuation=True)
    assert (found.text, found.encoding) == ("李's", Encoding.UCS2)
    assert found.note == "UCS-2 because of 李 (U+674E)"


def test_the_character_that_forces_ucs2_is_noted() -> None:
    assert message("It’s").note == "UCS-2 because of ’ (U+2019)"
    assert message("Its").note == ""


def test_plain_punctuation_counts_before_the_parts_do() -> None:
    words = "’" + "a" * 159
    assert message(words).parts == 3
    assert message(words, plain_punctuation=True).parts == 1


@pytest.mark.parametrize(("most", "length", "goes"), [(1, 160, True), (1, 161, False),
                                                      (2, 306, True), (2, 307, False)])  # fmt: skip
def test_max_parts_refuses_what_is_longer(most: int, length: int, goes: bool) -> None:
    [found] = render("{{ note }}", {"Note": "a" * length}, max_parts=most)
    if goes:
        assert found == "a" * length
    else:
        assert isinstance(found, RejectedRow)
        assert f"takes {most + 1} SMS parts, more than the {most} part" in found.detail


def test_ten_parts_is_the_most_without_being_asked() -> None:
    assert message("a" * 1530).parts == 10
    assert "11 SMS parts" in invalid("a" * 1531)


def test_forced_ucs2_counts_as_ucs2() -> None:
    found = message("a" * 71, encoding="UCS2")
    assert (found.encoding, found.parts, found.note) == (Encoding.UCS2, 2, "")


def test_forced_gsm7_refuses_what_it_does_not_have_and_names_it() -> None:
    said = invalid("Hi {{ name }}", {"Name": "李é’"}, encoding="GSM7")
    assert said == "GSM 7-bit (--encoding GSM7) does not have 李 (U+674E), ’ (U+2019)"
    assert message("Hi é€", encoding="GSM7").encoding is Encoding.GSM7


def test_forced_gsm7_takes_what_plain_punctuation_mends() -> None:
    assert text("It’s", encoding="GSM7", plain_punctuation=True) == "It's"


@pytest.mark.parametrize("half", ["\ud83d", "\ude00", "a\ud83db", "\ude00\ud83d"])
@pytest.mark.parametrize("encoding", ["AUTO", "UCS2", "GSM7"])
def test_half_a_character_is_refused(half: str, encoding: str) -> None:
    said = invalid("Hi {{ name }}", {"Name": half}, encoding=encoding)
    assert said.isprintable()
    assert "\ud83d" not in said


def test_a_whole_emoji_goes_out() -> None:
    found = message("Hi 😀")
    assert (found.text, found.encoding, found.parts) == ("Hi 😀", Encoding.UCS2, 1)


@given(st.lists(st.one_of(st.none(), st.text(max_size=200)), max_size=20))
def test_every_row_becomes_a_message_or_a_refusal(texts: list[str | None]) -> None:
    made = renderer("Hi {{ name }}", ["Name"], max_parts=1)
    rows = [own(number, words, ("A",)) for number, words in enumerate(texts)]
    messages, refused = made.render(rows)
    assert sorted([*(m.row for m in messages), *(r.row for r in refused)]) == list(range(len(rows)))
