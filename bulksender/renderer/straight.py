"""Templates that only print: columns and filters one after another, no loop and no condition.

Most are of that kind. Their rows are rendered together, column by column, with the same filters and
the same printing that Jinja's compiled code would call row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from jinja2 import nodes

from bulksender.renderer.environment import Blank, shown
from bulksender.renderer.limits import unguarded


class _Filter(NamedTuple):
    """A filter, with what stands in its brackets."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    named: dict[str, Any]

    def __call__(self, values: Sequence[Any]) -> list[Any]:
        """What it makes of a column. The first value's guard looks at what all have alike."""
        first = self.function(values[0], *self.arguments, **self.named)
        function = unguarded(self.function, set(map(type, values)), self.named)
        rest = [function(value, *self.arguments, **self.named) for value in values[1:]]
        return [first, *rest]


class _Printed(NamedTuple):
    """A column that is printed, its filters in the order in which they are used."""

    place: int
    filters: Sequence[_Filter]
    takes_blanks: bool

    def texts(self, cells: Sequence[Any], blank: Blank) -> Sequence[str]:
        """What is printed of the column's cells."""
        values: Sequence[Any] = cells
        if None in cells:
            values = [blank if cell is None else cell for cell in cells]
        for each in self.filters:
            values = each(values)
        if set(map(type, values)) == {str}:
            return values
        return [str(shown(value)) for value in values]


class Straight(NamedTuple):
    """Such a template: what it prints, in order; text as it stands is a str."""

    parts: tuple[str | _Printed, ...]

    @classmethod
    def of(
        cls, tree: nodes.Template, places: Mapping[str, int], filters: Mapping[str, Any]
    ) -> Straight | None:
        """The template, where it is one; `places` are those of the columns' variables in a row."""
        parts: list[str | _Printed] = []
        for node in tree.body:
            for part in node.nodes if isinstance(node, nodes.Output) else [node]:
                found: str | _Printed | None
                if isinstance(part, nodes.TemplateData):
                    found = part.data
                else:
                    found = _printed(part, places, filters)
                if found is None:
                    return None
                parts.append(found)
        return cls(tuple(parts))

    def blank(self, row: Sequence[Any]) -> int | None:
        """The place of the blank cell for which a row has no text, where that is certain.

        It is printed as it stands, with no filter before it that may fail for another reason.
        """
        for part in self.parts:
            if isinstance(part, _Printed):
                if part.filters:
                    return None
                if row[part.place] is None:
                    return part.place
        return None

    def texts(self, rows: Sequence[tuple[Any, ...]], blanks: Sequence[Blank]) -> list[str] | None:
        """The text of each row; None where a blank cell would be printed.

        `blanks` stand for the blank cells of each column. Raises what a filter raises for a row.
        """
        columns = list(zip(*rows, strict=True))
        printed = [part for part in self.parts if isinstance(part, _Printed)]
        if any(None in columns[part.place] for part in printed if not part.takes_blanks):
            return None
        made = [
            repeat(part)
            if isinstance(part, str)
            else part.texts(columns[part.place], blanks[part.place])
            for part in self.parts
        ]
        return list(map("".join, zip(*made, strict=False)))


def _printed(
    node: nodes.Node, places: Mapping[str, int], filters: Mapping[str, Any]
) -> _Printed | None:
    """What a node prints, where that is a column behind filters with constant arguments."""
    used: list[_Filter] = []
    blanks = False
    while isinstance(node, nodes.Filter) and node.node is not None:
        function = filters[node.name]
        behind = (*node.args, *(each.value for each in node.kwargs))
        constant = all(isinstance(each, nodes.Const) for each in behind)
        if not constant or node.dyn_args or node.dyn_kwargs or hasattr(function, "jinja_pass_arg"):
            return None
        arguments = tuple(each.as_const() for each in node.args)
        named: dict[str, Any] = dict(each.as_const() for each in node.kwargs)
        used.append(_Filter(function, arguments, named))
        blanks = node.name in ("default", "d")
        node = node.node
    if not isinstance(node, nodes.Name) or node.name not in places:
        return None
    return _Printed(places[node.name], used[::-1], blanks)
