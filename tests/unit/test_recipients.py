"""Recipients in columns: the same values as one by one, also when sent to another process."""

from __future__ import annotations

import pickle
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulksender.model import Cell, Previous, Recipient, Recipients, Shown, formatted
from bulksender.tables.formats import Amounts, reading

AMOUNT = reading("#,##0.00")
assert isinstance(AMOUNT, Amounts)
InForm = formatted(AMOUNT)
OTHER = reading("0.00")
assert isinstance(OTHER, Amounts)
Other = formatted(OTHER)

TEXTS = st.text(max_size=5)
CELLS = st.one_of(
    st.none(),
    TEXTS,
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.builds(Shown, st.floats(allow_nan=False), TEXTS),
    st.floats(-1e12, 1e12).map(InForm),
)
AMOUNTS = st.none() | st.floats(-1e12, 1e12).map(InForm)


@st.composite
def drawn(draw: st.DrawFn) -> list[Recipient]:
    """Recipients with as many cells each: columns of any cells, or of amounts in one form."""
    columns = draw(st.lists(st.sampled_from([CELLS, AMOUNTS]), max_size=4))
    recipient = st.builds(
        Recipient,
        row=st.integers(1, 1_048_576),
        destination=st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True),
        cells=st.tuples(*columns),
        text=st.none() | TEXTS,
        reference=TEXTS,
        opted_out=st.booleans(),
        previous=st.none() | st.builds(Previous, TEXTS, TEXTS, TEXTS, TEXTS),
    )
    return draw(st.lists(recipient, max_size=6))


def sent(recipients: Recipients) -> Recipients:
    """What another process gets."""
    return Recipients.unpacked(pickle.loads(pickle.dumps(recipients.packed())))


def kinds(cells: tuple[Cell, ...]) -> list[tuple[type, str]]:
    """What == does not see: 1 and 1.0 and True, and in which form a number is shown."""
    return [(type(cell), str(cell)) for cell in cells]


def same(recipients: Recipients, wanted: list[Recipient]) -> bool:
    pairs = list(zip(recipients, wanted, strict=True))
    return all(one == other and kinds(one.cells) == kinds(other.cells) for one, other in pairs)


def few(*columns: list[Cell]) -> Recipients:
    """Recipients with these columns of cells, and defaults for everything else."""
    rows = list(range(2, len(columns[0]) + 2))
    return Recipients(rows, [f"+659123{row:04}" for row in rows], list(columns))


@given(drawn())
def test_recipients_come_back_from_columns_as_they_were(wanted: list[Recipient]) -> None:
    assert same(Recipients.of(wanted), wanted)
    assert same(Recipients.of(iter(wanted)), wanted)


@given(drawn())
def test_recipients_are_the_same_in_another_process(wanted: list[Recipient]) -> None:
    assert same(sent(Recipients.of(wanted)), wanted)


@given(drawn(), st.data())
def test_columns_are_asked_like_a_list(wanted: list[Recipient], data: st.DataObject) -> None:
    found = Recipients.of(wanted)
    assert len(found) == len(wanted)
    assert list(found) == wanted
    for place in range(-len(wanted), len(wanted)):
        assert found[place] == wanted[place]
        assert kinds(found[place].cells) == kinds(wanted[place].cells)
    some = data.draw(st.slices(len(wanted)))
    assert list(found[some]) == wanted[some]
    assert list(found.each_cells()) == [each.cells for each in wanted]


@pytest.mark.parametrize("place", [2, -3])
def test_a_place_beyond_the_last_recipient_is_an_error(place: int) -> None:
    with pytest.raises(IndexError):
        few(["Ann", "Ben"])[place]


def test_what_is_in_columns_already_is_not_copied() -> None:
    recipients = few(["Ann", "Ben"])
    assert Recipients.of(recipients) is recipients


def test_no_recipients_are_no_recipients() -> None:
    assert list(Recipients.of([])) == list(sent(Recipients.of([]))) == []


def test_recipients_without_cells_are_as_many() -> None:
    wanted = [Recipient(2, "+6591234567", ()), Recipient(3, "+6591234568", ())]
    assert list(Recipients.of(wanted)) == list(sent(Recipients.of(wanted))) == wanted


COLUMNS: dict[str, list[Cell]] = {
    "amounts": [InForm("1234.5"), InForm("2"), InForm("-0.125")],
    "amounts and blanks": [None, InForm("1234.5"), None],
    "shown numbers": [Shown(42.0, "00042"), None, Shown(0.15, "15%")],
    "shown numbers among others": [Shown(42.0, "00042"), 42, 42.5],
    "dates": [date(2026, 1, 2), datetime(2026, 1, 2, 9, 30), time(9, 30)],
    "amounts in two forms": [InForm("1234.5"), Other("2"), None],
    "amounts among others": [InForm("1234.5"), "none", 12.5],
    "amounts and shown numbers": [InForm("1234.5"), Shown(42.0, "00042"), None],
    "texts": ["Zoë", None, "😀"],
    "all sorts": ["x", 1, True],
    "blanks": [None, None, None],
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=list(COLUMNS))
def test_a_column_arrives_with_its_values_and_what_they_show(column: list[Cell]) -> None:
    recipients = few(column, ["a", "b", "c"])
    assert [each.cells[1] for each in sent(recipients)] == ["a", "b", "c"]
    assert same(sent(recipients), list(recipients))


def test_an_amount_shows_its_form_in_another_process_too() -> None:
    [first, second] = sent(few([InForm("1234.5"), None]))
    assert (first.cells[0], str(first.cells[0])) == (1234.5, "1,234.50")
    assert second.cells[0] is None


def test_columns_that_are_left_out_stand_for_what_a_recipient_has_by_default() -> None:
    plain = [Recipient(2, "+6591230002", ("Ann",)), Recipient(3, "+6591230003", ("Ben",))]
    recipients = few(["Ann", "Ben"])
    for found in (recipients, sent(recipients)):
        assert list(found) == [found[0], found[1]] == plain
        assert found.texts is None
        assert list(found.references) == ["", ""]
        assert found.all_new


def test_texts_and_references_are_those_of_the_recipients() -> None:
    recipients = Recipients([2, 3], ["+6591230002", "+6591230003"], [], ["Hi", None], ["7", ""],
                            None, None)  # fmt: skip
    for found in (recipients, sent(recipients)):
        assert found.texts == ["Hi", None]
        assert list(found.references) == ["7", ""]
        assert found[0] == Recipient(2, "+6591230002", (), "Hi", "7")


@given(drawn())
def test_all_are_new_where_nobody_is_opted_out_or_has_an_earlier_result(
    wanted: list[Recipient],
) -> None:
    new = [not each.opted_out and each.previous is None for each in wanted]
    assert Recipients.of(wanted).all_new == all(new)
    assert [Recipients.of([each]).all_new for each in wanted] == new
