"""Recipient → Message | RejectedRow: the text of each row, and what it will be billed as."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import compress, repeat

from bulksender.model import (
    Cell,
    Encoding,
    Message,
    Recipient,
    Recipients,
    RejectedRow,
    RowStatus,
)
from bulksender.notices import Notice
from bulksender.renderer.oddities import (
    SAVES,
    noticed,
    oddities,
    other_placeholders,
    said_by_cells,
    says_nothing,
)
from bulksender.renderer.segments import (
    PLAIN_PUNCTUATION,
    code_points,
    composed,
    fits_one_part,
    measure,
    plainer,
)
from bulksender.renderer.template import Template, Unrendered
from bulksender.settings import Job

__all__ = ["Renderer"]


_UNPAIRED = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair, which no encoding can carry."""


_GSM7 = Encoding.GSM7


class Renderer:
    """A job's template and text rules, bound to a sheet's header.

    Raises TemplateError where the template cannot be used, or not with these columns.
    """

    def __init__(self, job: Job, headers: Sequence[str]):
        self._job = job
        self._template = Template(job.template or "", headers)
        self._nothing = Unrendered("the row has no text of its own")
        self._about_template = list(other_placeholders(self._template.verbatim, headers))
        self.columns = self._template.columns
        """The indexes of the columns whose cells a Recipient must bring, in that order."""

    def render(self, recipients: Sequence[Recipient]) -> tuple[list[Message], list[RejectedRow]]:
        """Render a chunk's texts, count their parts, refuse what cannot go out as one SMS."""
        found = Recipients.of(recipients)
        texts = self._texts(found)
        plain = self._plain(found, texts)
        messages: list[Message] = []
        refused: list[RejectedRow] = []
        for index, message in enumerate(plain):
            if message is not None:
                messages.append(message)
                continue
            recipient = found[index]
            made = self._message(recipient, texts[index])
            if isinstance(made, str):
                refused.append(_refused(recipient, made))
            else:
                messages.append(made)
        return messages, refused

    def notices(self, found: Iterable[tuple[int, int, int]]) -> list[Notice]:
        """What is worth knowing about the template, and about texts that go out.

        `found` are the (row, oddities, saving) of their messages.
        """
        return [*self._about_template, *noticed(found)]

    def _texts(self, recipients: Recipients) -> Sequence[str | Unrendered]:
        """The row's own text where it has one, else the template's."""
        cells = list(recipients.each_cells())
        if recipients.texts is None:
            return self._from_template(cells)
        shared = [own is None for own in recipients.texts]
        rest = iter(self._from_template(list(compress(cells, shared))))
        return [next(rest) if own is None else own for own in recipients.texts]

    def _from_template(self, rows: Sequence[tuple[Cell, ...]]) -> Sequence[str | Unrendered]:
        if self._job.template is None:
            return [self._nothing] * len(rows)
        return self._template.texts(rows)

    def _plain(
        self, recipients: Recipients, texts: Sequence[str | Unrendered]
    ) -> Sequence[Message | None]:
        """The messages of texts that fit one part of basic GSM 7-bit characters, as most do.

        Nothing in such a text needs mending, and nothing in it is odd but what the cells say. None
        stands for any other row.
        """
        if self._job.encoding == "UCS2":
            return [None] * len(recipients)
        says = self._said(recipients, texts)
        return [
            Message(row, destination, text, 1, _GSM7, reference, "", flags)
            if type(text) is str and fits_one_part(text)
            else None
            for row, destination, text, reference, flags in zip(
                recipients.rows, recipients.destinations, texts, recipients.references, says,
                strict=False,
            )
        ]  # fmt: skip

    def _said(self, recipients: Recipients, texts: Sequence[str | Unrendered]) -> Iterable[int]:
        """What is odd about the cells that each text is made of, in bits."""
        asked = self._template.asked
        own = recipients.texts
        if own is None and not asked and not any(map(says_nothing, recipients.cells)):
            return repeat(0)
        return [
            said_by_cells(cells, asked) if own is None or own[index] is None
            else said_by_cells((str(texts[index]).strip(),), ())
            for index, cells in enumerate(recipients.each_cells())
        ]  # fmt: skip

    def _message(self, recipient: Recipient, text: str | Unrendered) -> Message | str:
        """The message, or why the row cannot go out."""
        if isinstance(text, Unrendered):
            return text.why
        job = self._job
        text = composed(text)
        if job.plain_punctuation:
            text = text.translate(PLAIN_PUNCTUATION)
        if not text or text.isspace():
            return "the text is empty"
        measured = measure(text, ucs2=job.encoding == "UCS2")
        encoding, parts, foreign = measured
        if encoding is Encoding.UCS2:
            if job.encoding == "GSM7":
                return f"GSM 7-bit (--encoding GSM7) does not have {code_points(foreign)}"
            if _UNPAIRED.search(text):
                return "the text holds half a character; type that cell again"
        plain = plainer(text, measured)
        if parts > job.max_parts:
            limit = f"{job.max_parts} part{'s' if job.max_parts > 1 else ''}"
            instead = ""
            if plain is not None and plain.parts <= job.max_parts:
                instead = f", or say --plain-punctuation ({plain.parts} parts)"
            return (
                f"the text takes {parts} SMS parts, more than the {limit} allowed; shorten it"
                + instead
            )
        note = f"UCS-2 because of {code_points(foreign)}" if foreign else ""
        if recipient.text is None:
            flags = oddities(text, parts, encoding, recipient.cells, self._template.asked)
        else:
            flags = oddities(text, parts, encoding, (text.strip(),))
        saving = parts - plain.parts if plain is not None else 0
        if saving > 0 or (plain is not None and plain.encoding is Encoding.GSM7 and not saving):
            flags |= SAVES
        return Message(
            recipient.row,
            recipient.destination,
            text,
            parts,
            encoding,
            recipient.reference,
            note,
            flags,
            saving,
        )


def _refused(recipient: Recipient, why: str) -> RejectedRow:
    return RejectedRow(
        recipient.row, RowStatus.INVALID, why, recipient.destination, recipient.previous
    )
