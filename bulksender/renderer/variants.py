"""Several texts tried on parts of the recipients: each number always gets the same one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, compress
from operator import attrgetter

import msgspec

from bulksender.errors import TemplateError
from bulksender.model import Message, Recipient, Recipients, RejectedRow
from bulksender.notices import Notice
from bulksender.renderer import Renderer
from bulksender.rules import Variant, variant_of
from bulksender.settings import Job

_by_row = attrgetter("row")


class Varied:
    """The job's variants, bound to a sheet's header; offers what one template's renderer does.

    Raises TemplateError where one of the templates cannot be used; it names the variant.
    """

    def __init__(self, job: Job, headers: Sequence[str]):
        self._variants = job.variants
        self._renderers = {each.name: _bound(job, each, headers) for each in job.variants}
        needed = {index for each in self._renderers.values() for index in each.columns}
        self.columns: tuple[int, ...] = tuple(sorted(needed))
        """The indexes of the columns whose cells a Recipient must bring, in that order."""

    def render(self, recipients: Sequence[Recipient]) -> tuple[list[Message], list[RejectedRow]]:
        """Render a chunk's texts, each row's by its number's variant."""
        found = Recipients.of(recipients)
        chosen = [variant_of(number, self._variants).name for number in found.destinations]
        messages: list[Message] = []
        refused: list[RejectedRow] = []
        for name, renderer in self._renderers.items():
            part = self._part(found, [each == name for each in chosen], renderer.columns)
            rendered, unrenderable = renderer.render(part)
            messages += rendered
            refused += unrenderable
        return sorted(messages, key=_by_row), sorted(refused, key=_by_row)

    def notices(self, found: Iterable[tuple[int, int, int]]) -> list[Notice]:
        """What is worth knowing about the templates, and about texts that go out."""
        told = list(found)
        first, *others = self._renderers.values()
        said = [*first.notices(told), *chain.from_iterable(each.notices(()) for each in others)]
        return list(dict.fromkeys(said))

    def _part(
        self, found: Recipients, wanted: Sequence[bool], columns: Sequence[int]
    ) -> Recipients:
        """The recipients of one variant, with the cells that its template needs."""
        cells = [found.cells[self.columns.index(column)] for column in columns]
        return Recipients(
            [*compress(found.rows, wanted)],
            [*compress(found.destinations, wanted)],
            [[*compress(column, wanted)] for column in cells],
            *(None if each is None else [*compress(each, wanted)] for each in found.others),
        )


def _bound(job: Job, variant: Variant, headers: Sequence[str]) -> Renderer:
    try:
        own = msgspec.structs.replace(job, template=variant.template, variants=())
        return Renderer(own, headers)
    except TemplateError as error:
        raise TemplateError(f"Variant {variant.name}: {error}") from error
