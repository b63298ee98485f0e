"""A Jinja2 template, bound to a sheet's columns, that renders a whole chunk in one loop.

Calling a template once a row costs more than the rendering itself. So the template's body is put,
as a syntax tree, into one `for` over the chunk's rows, with the columns it uses as loop variables;
what comes out is split at a mark. When a row fails, those with a blank cell are rendered one at a
time; where that was not it, all are.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from jinja2 import TemplateSyntaxError, UndefinedError, nodes
from jinja2.exceptions import SecurityError

from bulksender.errors import TemplateError, did_you_mean
from bulksender.model import Cell
from bulksender.renderer import limits
from bulksender.renderer.binding import asked, bind, filtered, syntax_error
from bulksender.renderer.environment import ROW, Blank, BlankError, Environment
from bulksender.renderer.filters import RowError
from bulksender.renderer.straight import Straight

_FEW_PRINTS = 40  # so many need not be counted
_MOST_AT_ONCE = 4_000_000  # characters that are rendered together
_ROWS = "__rows"  # no column's variable can be called so: variables never begin with two _
_REPEATING = (nodes.For, nodes.Macro, nodes.CallBlock, nodes.AssignBlock, nodes.FilterBlock)
_NOT_ALLOWED = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)


class Unrendered(NamedTuple):
    """Why a row has no text, in words for the sheet's owner."""

    why: str


class Template:
    """A template bound to a sheet's header.

    `columns` are the indexes of the columns it uses, in the order in which `texts` wants them.
    Raises TemplateError for what is wrong with the template, or with it and this sheet.
    """

    def __init__(self, source: str, headers: Sequence[str]):
        self._environment = Environment()
        self._rows_at_once = 1  # until it is known how long the texts are
        self._mark = secrets.token_hex(16)
        if len(source) > limits.MOST_SOURCE:
            raise limits.TooExpensive(f"it is longer than {limits.MOST_SOURCE:,} characters")
        try:
            with limits.in_time():
                self._build(source, headers)
        except (RecursionError, MemoryError, ValueError) as error:
            raise limits.TooExpensive("it is nested too deeply, or a number is too long") from error

    def _build(self, source: str, headers: Sequence[str]) -> None:
        tree = self._parse(source)
        outputs = sum(len(output.nodes) for output in tree.find_all(nodes.Output))
        counting = outputs > _FEW_PRINTS or next(tree.find_all(_REPEATING), None) is not None
        if counting:
            self._environment.count_prints()
        self.verbatim = [data.data for data in tree.find_all(nodes.TemplateData)]
        """The pieces of the template that go out as they stand."""
        tree, self._variables = bind(tree, headers)
        self.columns = tuple(self._variables.values())
        names = asked(tree)
        self.asked = tuple(place for place, name in enumerate(self._variables) if name in names)
        """The places in `columns` of those that an `if` asks by themselves."""
        hints = [f'"{headers[index]}" is blank, and the text needs it' for index in self.columns]
        self._blanks = tuple(map(Blank, hints))
        self._says_blank = tuple(map(Unrendered, hints))
        places = {name: place for place, name in enumerate(self._variables)}
        straight = Straight.of(tree, places, self._environment.filters)
        self._straight = None if counting else straight
        self._render = self._compile(tree)
        self._environment.budget.compiling = False

    def texts(self, rows: Sequence[tuple[Cell, ...]]) -> list[str | Unrendered]:
        """The text of each row (`rows` hold the cells of `columns`), or why there is none."""
        if not rows:
            return []
        if not self.columns:
            with limits.in_time():
                return [self._one(())] * len(rows)
        made: list[str | Unrendered] = []
        while len(made) < len(rows):
            with limits.in_time():
                found = self._some(rows[len(made) : len(made) + self._rows_at_once])
            made += found
            characters = sum(len(text) for text in found if isinstance(text, str))
            fitting = _MOST_AT_ONCE * len(found) // max(characters, 1)
            self._rows_at_once = max(1, min(limits.MOST_ROWS, fitting, 8 * self._rows_at_once))
        return made

    def _some(self, rows: Sequence[tuple[Cell, ...]]) -> list[str | Unrendered]:
        """The texts of so many rows as may be held at once."""
        found = self._together(rows)
        if found is None:  # most likely a blank cell is to be printed: those rows by themselves
            filled = [row for row in rows if None not in row]
            together = iter(self._together(filled) or map(self._one, filled))
            found = [self._one(row) if None in row else next(together) for row in rows]
        return found

    def _together(self, rows: Sequence[tuple[Cell, ...]]) -> list[str | Unrendered] | None:
        """The texts of all rows in one go; None where one of them fails."""
        try:
            if self._straight is not None:
                return self._straight.texts(rows, self._blanks)  # type: ignore[return-value]
            texts = self._split([self._filled(row) for row in rows])
        except TemplateError:
            raise
        except Exception:  # whatever a row made the template do; `_one` tells what it was
            return None
        return [*texts] if len(texts) == len(rows) else None

    def _one(self, row: tuple[Cell, ...]) -> str | Unrendered:
        if self._straight is not None and None in row:
            place = self._straight.blank(row)
            if place is not None:
                return self._says_blank[place]
        try:
            return "".join(self._split([self._filled(row)]))
        except TemplateError:
            raise
        except (BlankError, RowError) as error:
            return Unrendered(str(error))
        except RecursionError as error:
            raise limits.TooExpensive("its macros call each other without end") from error
        except SecurityError as error:
            raise TemplateError(f"The template does what no template may do: {error}") from error
        except UndefinedError:  # its message may quote a cell
            return Unrendered(
                "the text asks a cell for what it does not have: no attribute or key of that name"
            )
        except TypeError as error:  # names types, never a cell's content
            return Unrendered(f"the text cannot be made: {error}; for text cells write name|float")
        except Exception as error:
            return Unrendered(f"the text cannot be made ({type(error).__name__})")

    def _filled(self, row: tuple[Cell, ...]) -> tuple[object, ...]:
        if None not in row:
            return row
        return tuple(
            blank if cell is None else cell for cell, blank in zip(row, self._blanks, strict=True)
        )

    def _split(self, rows: list[tuple[object, ...]]) -> list[str]:
        context = self._render.new_context({_ROWS: rows})
        return "".join(self._render.root_render_func(context)).split(self._mark)[:-1]

    def _parse(self, source: str) -> nodes.Template:
        try:
            tree = self._environment.parse(source)
        except TemplateSyntaxError as error:
            raise syntax_error(error) from error
        for node in tree.find_all(_NOT_ALLOWED):
            raise TemplateError(
                f"Template, line {node.lineno}: a text cannot use {type(node).__name__.lower()}."
            )
        for kind, known in (
            (nodes.Filter, self._environment.filters),
            (nodes.Test, self._environment.tests),
        ):
            for use in tree.find_all(kind):
                if use.name not in known:
                    raise TemplateError(
                        f"Template, line {use.lineno}: there is no {kind.__name__.lower()} "
                        f'"{use.name}".{did_you_mean(use.name, known)}'
                    )
        return tree

    def _compile(self, tree: nodes.Template) -> Any:
        targets: list[nodes.Expr] = [nodes.Name(name, "store") for name in self._variables]
        mark = nodes.Output([nodes.TemplateData(self._mark)])
        loop = nodes.For(
            nodes.Tuple(targets, "store"),
            nodes.Name(_ROWS, "load"),
            [nodes.ExprStmt(filtered(nodes.Const(None), ROW)), *tree.body, mark],
            [],
            None,
            False,
        )
        whole = nodes.Template([loop], lineno=1)
        whole.set_environment(self._environment)
        try:
            return self._environment.from_string(whole)
        except TemplateSyntaxError as error:
            raise syntax_error(error) from error
        except SyntaxError as error:  # what Python itself has against the compiled template
            raise TemplateError(f"Template: it cannot be compiled: {error.msg}.") from error
