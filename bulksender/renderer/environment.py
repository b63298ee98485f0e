"""The Jinja2 environment that templates run in: sandboxed, budgeted, blank cells and all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from jinja2 import StrictUndefined, Undefined, UndefinedError, pass_environment
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bulksender.model import Formatted
from bulksender.renderer import limits
from bulksender.renderer.filters import FILTERS, RowError, looks_like_a_number

ROW, PASSES, JOINED, LIST, PRINTS = "a row", "its passes", "its joins", "its lists", "its prints"
"""Filters of our own, that templates are compiled to use; they count what a row costs.

No template can write such a name.
"""


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


def shown(value: object) -> object:
    """A cell as the sheet shows it. Raises RowError for what is no text, number or date."""
    if type(value) is str:
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if value is None:
        raise RowError("the text would say None")
    if isinstance(value, Formatted):
        return value.shown
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


class Environment(ImmutableSandboxedEnvironment):
    """No template reaches files, the environment or Python's internals; nothing is callable
    from outside but filters."""

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined, autoescape=False, finalize=shown, optimized=False
        )
        self.budget = limits.Budget()
        self.intercepted_binops = frozenset({"+", "*", "%", "**"})
        self.globals.clear()
        kept = {name: made for name, made in self.filters.items() if name not in limits.BARRED}
        self.filters = {
            name: limits.guarded(name, made, self.budget) for name, made in (kept | FILTERS).items()
        }
        self.filters[PRINTS] = _prints
        self.filters |= {ROW: _row, PASSES: _passes, JOINED: _joined, LIST: limits.bounded}

    def count_prints(self) -> None:
        """Count what is printed: a template with loops or macros may print without end."""
        self.finalize = self._counted

    def _counted(self, value: object) -> object:
        text = shown(value)
        self.budget.printed(len(text) if isinstance(text, str) else 20)
        return text

    def call(self, context: Any, called: Any, /, *arguments: Any, **named: Any) -> Any:
        """A call in a template, of a macro or a method; each is a step."""
        self.budget.step()
        if not isinstance(called, Macro):
            limits.method(called, (*arguments, *named.values()))
        return limits.short(super().call(context, called, *arguments, **named))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Text is not computed with: "12.5" + "2" would be 12.52, and x * 10**9 fill the memory."""
        for operand in (left, right):
            if isinstance(operand, Blank):
                str(operand)  # says by raising that it is blank
        texts = [operand for operand in (left, right) if isinstance(operand, str)]
        if operator == "**" and not all(isinstance(side, int | float) for side in (left, right)):
            raise RowError("** takes numbers, not text; write name|float")
        if operator == "%" and texts:
            raise RowError(
                '% takes numbers, not text; for a format write "%.2f"|format(name|float)'
            )
        if any(looks_like_a_number(text) for text in texts) or (operator == "*" and texts):
            raise RowError(f"{operator} takes numbers, not text; write name|float")
        limits.multiplied(operator, left, right)
        return limits.short(super().call_binop(context, operator, left, right))


@pass_environment
def _row(environment: Environment, value: object) -> object:
    environment.budget.row()
    return value


@pass_environment
def _passes(environment: Environment, values: Any) -> Iterator[Any]:
    return environment.budget.counted(values)


@pass_environment
def _prints(environment: Environment, characters: int) -> int:
    environment.budget.printed(characters)
    return characters


def _joined(values: Sequence[object]) -> str:
    """What `~` makes: the values one after another, as they would be printed."""
    return str(limits.short("".join([str(shown(value)) for value in values])))
