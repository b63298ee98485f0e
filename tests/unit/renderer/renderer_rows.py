"""Rendering a template over rows given as plain dictionaries, for the renderer's tests."""

from collections.abc import Sequence

import pytest

from bulksender.errors import TemplateError
from bulksender.model import Cell, Message, Recipient, RejectedRow
from bulksender.renderer import Renderer
from bulksender.settings import Job, SheetOptions

Row = dict[str, Cell]
NUMBER = "+6591234567"


def renderer(template: str | None, headers: Sequence[str], **job: object) -> Renderer:
    """A renderer for the template; `job` are fields of Job, e.g. encoding="GSM7"."""
    sheet = SheetOptions(path="contacts.csv", text_column=None if template else "Text")
    return Renderer(Job(sheet=sheet, template=template, **job), headers)  # type: ignore[arg-type]


def recipients(made: Renderer, rows: Sequence[Row]) -> list[Recipient]:
    """Rows 2, 3, … of a sheet, with the cells that the renderer asks for."""
    return [
        Recipient(number, NUMBER, tuple([list(row.values())[index] for index in made.columns]))
        for number, row in enumerate(rows, 2)
    ]


def render(template: str, *rows: Row, **job: object) -> list[str | RejectedRow]:
    """What each row becomes: its text, or the refusal. The first row's keys are the header."""
    made = renderer(template, list(rows[0]), **job)
    messages, refused = made.render(recipients(made, rows))
    by_row: dict[int, str | RejectedRow] = {message.row: message.text for message in messages}
    by_row.update({row.row: row for row in refused})
    assert len(by_row) == len(messages) + len(refused) == len(rows)
    return [by_row[number] for number in sorted(by_row)]


def text(template: str, row: Row | None = None, **job: object) -> str:
    """The text of one row that can go out."""
    [found] = render(template, row or {}, **job)
    assert isinstance(found, str), found.detail
    return found


def message(template: str, row: Row | None = None, **job: object) -> Message:
    made = renderer(template, list(row or {}), **job)
    [found], refused = made.render(recipients(made, [row or {}]))
    assert refused == []
    return found


def invalid(template: str, row: Row | None = None, **job: object) -> str:
    """Why one row cannot go out."""
    [found] = render(template, row or {}, **job)
    assert isinstance(found, RejectedRow), f"was rendered: {found!r}"
    assert found.status == "INVALID"
    return found.detail


def refused(template: str, *headers: str) -> str:
    """Why the template cannot be used at all."""
    with pytest.raises(TemplateError) as caught:
        renderer(template, headers)
    return str(caught.value)
