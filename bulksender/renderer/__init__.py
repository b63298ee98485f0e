"""Recipient → Message | RejectedRow: the text of each row, and what it will be billed as."""

from __future__ import annotations

from collections.abc import Sequence

from bulksender.model import Encoding, Message, Recipient, RejectedRow, RowStatus
from bulksender.notices import Notice, Notices
from bulksender.renderer.oddities import oddities, other_placeholders
from bulksender.renderer.segments import PLAIN_PUNCTUATION, code_points, composed, measure
from bulksender.renderer.template import Template, Unrendered
from bulksender.settings import Job

__all__ = ["Renderer"]


class Renderer:
    """A job's template and text rules, bound to a sheet's header.

    Raises TemplateError where the template cannot be used, or not with these columns.
    """

    def __init__(self, job: Job, headers: Sequence[str]):
        self._job = job
        self._template = Template(job.template or "", headers)
        self._nothing = Unrendered("the row has no text of its own")
        self._notices = Notices()
        self._saved_rows = self._saved_parts = 0
        self._about_template = list(other_placeholders(self._template.verbatim, headers))
        self.columns = self._template.columns
        """The indexes of the columns whose cells a Recipient must bring, in that order."""

    def render(self, recipients: Sequence[Recipient]) -> tuple[list[Message], list[RejectedRow]]:
        """Render a chunk's texts, count their parts, refuse what cannot go out as one SMS."""
        messages, refused = [], []
        for recipient, text in zip(recipients, self._texts(recipients), strict=True):
            made = self._message(recipient, text)
            if isinstance(made, Message):
                messages.append(made)
                for what in oddities(made.text, made.parts, made.encoding, recipient.cells):
                    self._notices.add(what, made.row)
            else:
                refused.append(_refused(recipient, made))
        return messages, refused

    @property
    def notices(self) -> list[Notice]:
        """What is worth knowing about the texts that were rendered so far."""
        found = [*self._about_template, *self._notices.listed()]
        if self._saved_rows:
            rows, parts = self._saved_rows, self._saved_parts
            found.append(
                Notice(
                    f"--plain-punctuation would make {rows:,} text{'s' if rows > 1 else ''} GSM "
                    f"7-bit or shorter, and save {parts:,} SMS part{'s' if parts != 1 else ''}"
                )
            )
        return found

    def _texts(self, recipients: Sequence[Recipient]) -> list[str | Unrendered]:
        """The row's own text where it has one, else the template's."""
        shared = [recipient for recipient in recipients if recipient.text is None]
        if self._job.template is None:
            made: list[str | Unrendered] = [self._nothing] * len(shared)
        else:
            made = self._template.texts([recipient.cells for recipient in shared])
        if len(shared) == len(recipients):
            return made
        rest = iter(made)
        return [next(rest) if own.text is None else own.text for own in recipients]

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
        encoding, parts, foreign = measure(text, ucs2=job.encoding == "UCS2")
        if encoding is Encoding.UCS2:
            if job.encoding == "GSM7":
                return f"GSM 7-bit (--encoding GSM7) does not have {code_points(foreign)}"
            if _unpaired(text):
                return "the text holds half a character; type that cell again"
            if foreign and not job.plain_punctuation:
                self._count_saving(text, parts)
        if parts > job.max_parts:
            limit = f"{job.max_parts} part{'s' if job.max_parts > 1 else ''}"
            return f"the text takes {parts} SMS parts, more than the {limit} allowed; shorten it"
        note = f"UCS-2 because of {code_points(foreign)}" if foreign else ""
        return Message(
            recipient.row,
            recipient.destination,
            text,
            parts,
            encoding,
            recipient.reference,
            note,
        )

    def _count_saving(self, text: str, parts: int) -> None:
        """Count what plain punctuation would save in a text that goes out in UCS-2."""
        plain = text.translate(PLAIN_PUNCTUATION)
        if plain == text:
            return
        found = measure(plain)
        if found.encoding is Encoding.GSM7 or found.parts < parts:
            self._saved_rows += 1
            self._saved_parts += parts - found.parts


def _refused(recipient: Recipient, why: str) -> RejectedRow:
    return RejectedRow(
        recipient.row, RowStatus.INVALID, why, recipient.destination, recipient.previous
    )


def _unpaired(text: str) -> bool:
    """Whether the text holds half of a surrogate pair, which no encoding can carry."""
    return any("\ud800" <= char <= "\udfff" for char in text)
