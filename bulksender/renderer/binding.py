"""A template's syntax tree, bound to a sheet's columns, its loops and lists made to be counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateSyntaxError, meta, nodes
from jinja2.visitor import NodeTransformer

from bulksender import headers as names
from bulksender.errors import TemplateError, did_you_mean
from bulksender.renderer.environment import JOINED, LIST, PASSES, PRINTS


def bind(tree: nodes.Template, headers: Sequence[str]) -> tuple[nodes.Template, dict[str, int]]:
    """The tree, made to be counted, and its variables with the indexes of their columns.

    Raises TemplateError for a variable that has no column, or several.
    """
    binding = _Binding(headers)
    bound = _Limiting().visit(binding.visit(tree))
    return bound, binding.bind_names(_undeclared(bound), _assigned(bound))


def asked(tree: nodes.Template) -> set[str]:
    """The variables that an `if` asks by themselves: `{% if paid %}`, not `{% if paid == 1 %}`."""
    waiting: list[nodes.Node] = [each.test for each in tree.find_all(nodes.If)]
    waiting += [each.test for each in tree.find_all(nodes.CondExpr)]
    found = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, nodes.Name):
            found.add(node.name)
        elif isinstance(node, nodes.Not):
            waiting.append(node.node)
        elif isinstance(node, nodes.And | nodes.Or):
            waiting += [node.left, node.right]
    return found


def filtered(node: nodes.Node, name: str) -> nodes.Filter:
    """A node, put through one of our own filters."""
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno or 1)


class _Limiting(NodeTransformer):
    """Puts what has to be counted (loops, lists, `~`) through filters that count."""

    def visit_For(self, node: nodes.For, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        node.iter = filtered(node.iter, PASSES)
        return self._counted(node, *args, **kwargs)

    def visit_Macro(self, node: nodes.Macro, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        return self._counted(node, *args, **kwargs)

    def visit_CallBlock(self, node: nodes.CallBlock, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        return self._counted(node, *args, **kwargs)

    def _counted(self, node: Any, *args: Any, **kwargs: Any) -> nodes.Node:
        """A body that may come many times, and what it prints as it stands each time."""
        verbatim = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
        visited = self.generic_visit(node, *args, **kwargs)
        node.body.insert(0, nodes.ExprStmt(filtered(nodes.Const(verbatim), PRINTS)))
        return visited

    def visit_Concat(self, node: nodes.Concat, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        self.generic_visit(node, *args, **kwargs)
        return filtered(nodes.List(node.nodes, lineno=node.lineno), JOINED)

    def visit_Mul(self, node: nodes.Mul, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        for side in (node.left, node.right):
            if isinstance(side, nodes.Const) and isinstance(side.value, str):
                raise TemplateError(
                    f"Template, line {node.lineno}: * takes numbers, and cannot repeat a text."
                )
        return self.generic_visit(node, *args, **kwargs)

    def visit_List(self, node: nodes.List, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        self.generic_visit(node, *args, **kwargs)
        constant = all(isinstance(item, nodes.Const) for item in node.items)
        return node if constant else filtered(node, LIST)

    def visit_Tuple(self, node: nodes.Tuple, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        self.generic_visit(node, *args, **kwargs)
        constant = all(isinstance(item, nodes.Const) for item in node.items)
        return node if constant or node.ctx != "load" else filtered(node, LIST)

    def visit_Dict(self, node: nodes.Dict, *args: Any, **kwargs: Any) -> nodes.Node:  # noqa: N802
        self.generic_visit(node, *args, **kwargs)
        return filtered(node, LIST)


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
        raise syntax_error(error) from error


def _assigned(tree: nodes.Template) -> set[str]:
    return {node.name for node in tree.find_all(nodes.Name) if node.ctx == "store"}


def syntax_error(error: TemplateSyntaxError) -> TemplateError:
    """What Jinja has against a template, in our words."""
    message = (error.message or "cannot be understood").rstrip(".")
    return TemplateError(f"Template, line {error.lineno}: {message}.")


def _is_row(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "row" and node.ctx == "load"
