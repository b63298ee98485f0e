"""A Jinja2 template, bound to a sheet's columns, that renders a whole chunk in one loop.

Calling a template once a row costs more than the rendering itself. So the template's body is put,
as a syntax tree, into one `for` over the chunk's rows, with the columns it uses as loop variables;
what comes out is split at a mark. When a row fails, those with a blank cell are rendered one at a
time; where that was not it, all are.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, UndefinedError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from bulksender import headers as names
from bulksender.errors import TemplateError, did_you_mean
from bulksender.model import Cell
from bulksender.renderer.filters import FILTERS, RowError, looks_like_a_number

_ROWS = "__rows"  # no column's variable can be called so: variables never begin with two _
_NOT_ALLOWED = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)


class Unrendered(NamedTuple):
    """Why a row has no text, in words for the sheet's owner."""

    why: str


class BlankError(UndefinedError):
    """A blank cell was to be printed or computed with."""


class Blank(Undefined):
    """A blank cell: false in a condition, replaced by `default`, an error where it is printed."""

    __slots__ = ()

    def __init__(self, hint: str):
        super().__init__(hint, exc=BlankError)

    def __str__(self) -> str:
        return self._fail_with_undefined_error()

    def __repr__(self) -> str:
        return self._fail_with_undefined_error()

    def __abs__(self) -> Any:
        return self._fail_with_undefined_error()

    def __round__(self, digits: int | None = None) -> Any:
        return self._fail_with_undefined_error()

    def __eq__(self, other: object) -> bool:
        return other is None or other == "" or isinstance(other, Blank)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(Blank)

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return self._fail_with_undefined_error()

    def __iter__(self) -> Iterator[Any]:
        return self._fail_with_undefined_error()


def _shown(value: object) -> object:
    """A cell as the sheet shows it. Raises RowError for what is no text, number or date."""
    if type(value) is str:
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if value is None:
        raise RowError("the text would say None")
    if isinstance(value, float):
        text = f"{value:.15g}"  # as many digits as a spreadsheet shows
        return f"{Decimal(text):f}" if "e" in text else text
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds" if value.second else "minutes")
    if isinstance(value, time):
        return value.isoformat("seconds" if value.second else "minutes")
    if isinstance(value, str | int | Decimal | date | Undefined):
        return value
    repr(value)  # a blank cell in a list says by raising that it is blank
    raise RowError("the text would print what is neither text, number nor date")


class _Environment(ImmutableSandboxedEnvironment):
    """No template reaches files, the environment or Python's internals; nothing is callable
    from outside but filters."""

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=False, finalize=_shown)
        self.intercepted_binops = frozenset({"+", "*", "%"})
        self.globals.clear()
        self.filters.update(FILTERS)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Text is not computed with: "12.5" + "2" would be 12.52, and x * 10**9 fill the memory."""
        for operand in (left, right):
            if isinstance(operand, Blank):
                str(operand)  # says by raising that it is blank
        texts = [operand for operand in (left, right) if isinstance(operand, str)]
        if operator == "%" and texts:
            raise RowError(
                '% takes numbers, not text; for a format write "%.2f"|format(name|float)'
            )
        if any(looks_like_a_number(text) for text in texts) or (operator == "*" and texts):
            raise RowError(f"{operator} takes numbers, not text; write name|float")
        return super().call_binop(context, operator, left, right)


class Template:
    """A template bound to a sheet's header.

    `columns` are the indexes of the columns it uses, in the order in which `texts` wants them.
    Raises TemplateError for what is wrong with the template, or with it and this sheet.
    """

    def __init__(self, source: str, headers: Sequence[str]):
        self._environment = _Environment()
        tree = self._parse(source)
        binding = _Binding(headers)
        tree = binding.visit(tree)
        self._variables = binding.bind_names(_undeclared(tree), _assigned(tree))
        self.columns = tuple(self._variables.values())
        self._blanks = tuple(
            Blank(hint=f'"{headers[index]}" is blank, and the text needs it')
            for index in self.columns
        )
        self._mark = secrets.token_hex(16)
        self._render = self._compile(tree)

    def texts(self, rows: Sequence[tuple[Cell, ...]]) -> list[str | Unrendered]:
        """The text of each row (`rows` hold the cells of `columns`), or why there is none."""
        if not rows:
            return []
        if not self.columns:
            return [self._one(())] * len(rows)
        found = self._together(rows)
        if found is None:  # most likely a blank cell is to be printed: those rows by themselves
            filled = [row for row in rows if None not in row]
            together = iter(self._together(filled) or map(self._one, filled))
            found = [self._one(row) if None in row else next(together) for row in rows]
        return found

    def _together(self, rows: Sequence[tuple[Cell, ...]]) -> list[str | Unrendered] | None:
        """The texts of all rows in one go; None where one of them fails."""
        try:
            texts = self._split([self._filled(row) for row in rows])
        except Exception:  # whatever a row made the template do; `_one` tells what it was
            return None
        return [*texts] if len(texts) == len(rows) else None

    def _one(self, row: tuple[Cell, ...]) -> str | Unrendered:
        try:
            return "".join(self._split([self._filled(row)]))
        except (BlankError, RowError) as error:
            return Unrendered(str(error))
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
            raise _syntax(error) from error
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
            [*tree.body, mark],
            [],
            None,
            False,
        )
        whole = nodes.Template([loop], lineno=1)
        whole.set_environment(self._environment)
        try:
            return self._environment.from_string(whole)
        except TemplateSyntaxError as error:
            raise _syntax(error) from error
        except SyntaxError as error:  # what Python itself has against the compiled template
            raise TemplateError(f"Template: it cannot be compiled: {error.msg}.") from error


class _Binding(NodeTransformer):
    """Finds the columns that a template uses; `row["Header"]` becomes a variable of its own."""

    def __init__(self, headers: Sequence[str]):
        self._headers = headers
        self._columns: dict[str, int] = {}
        self._loops = 0

    def bind_names(self, undeclared: set[str], assigned: set[str]) -> dict[str, int]:
        """Variable → column index, for what stands in the template as a plain name.

        A name that the template sets in some branch only, and that is no column, is its own.
        """
        for name in sorted(undeclared - set(self._columns)):
            if name in assigned and not names.find(self._headers, name):
                continue
            self._columns[name] = self._find(name, f"{{{{ {name} }}}}", 0)
        return self._columns

    def visit_Getitem(self, node: nodes.Getitem, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        if not _is_row(node.node):
            return self.generic_visit(node, *args, **kwargs)
        if not (isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str)):
            raise TemplateError(
                f"Template, line {node.lineno}: row[…] takes a column's name in quotes."
            )
        return self._variable(node.arg.value, f'row["{node.arg.value}"]', node.lineno)

    def visit_Getattr(self, node: nodes.Getattr, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        if not _is_row(node.node):
            return self.generic_visit(node, *args, **kwargs)
        return self._variable(node.attr, f"row.{node.attr}", node.lineno)

    def visit_Name(self, node: nodes.Name, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        if _is_row(node):
            raise TemplateError(
                f'Template, line {node.lineno}: write row["Column"], not row alone.'
            )
        if node.name == "self" or (node.name == "loop" and not self._loops):
            if node.ctx != "load":
                raise TemplateError(f"Template, line {node.lineno}: {node.name} cannot be set.")
            return self._variable(node.name, f"{{{{ {node.name} }}}}", node.lineno)
        return node

    def visit_For(self, node: nodes.For, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        self._loops += 1  # inside, `loop` is Jinja's own
        visited = self.generic_visit(node, *args, **kwargs)
        self._loops -= 1
        return visited

    def _variable(self, name: str, shown: str, lineno: int) -> nodes.Name:
        index = self._find(name, shown, lineno)
        variable = f"_column_{index}"
        self._columns[variable] = index
        return nodes.Name(variable, "load", lineno=lineno)

    def _find(self, name: str, shown: str, lineno: int) -> int:
        found = names.find(self._headers, name)
        where = f"Template, line {lineno}" if lineno else "Template"
        if not found:
            known = [names.variable(header) for header in self._headers if header]
            raise TemplateError(
                f"{where}: {shown} has no column in the sheet.{did_you_mean(name, known)} "
                f"The sheet's columns are: {', '.join(known)}."
            )
        if len(found) > 1:
            raise TemplateError(
                f'{where}: {shown} could be any of {len(found)} columns called "{name}". '
                "Rename all but one."
            )
        return found[0]


def _undeclared(tree: nodes.Template) -> set[str]:
    try:
        return meta.find_undeclared_variables(tree)
    except TemplateSyntaxError as error:  # what Jinja finds only while it compiles
        raise _syntax(error) from error


def _assigned(tree: nodes.Template) -> set[str]:
    return {node.name for node in tree.find_all(nodes.Name) if node.ctx == "store"}


def _syntax(error: TemplateSyntaxError) -> TemplateError:
    message = (error.message or "cannot be understood").rstrip(".")
    return TemplateError(f"Template, line {error.lineno}: {message}.")


def _is_row(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "row" and node.ctx == "load"
