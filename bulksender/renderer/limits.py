"""What a template may cost: an SMS has 1,530 characters at most, and so needs little.

Whatever could take much memory is counted before it is done: loops and calls, the length of texts
that filters and methods make, the size of numbers and lists. Whatever takes long is ended by a
timer (POSIX, main thread) or by the count of steps. A template that passes a limit is refused; a
sheet of a million rows is not the place to find that out slowly.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import wraps
from typing import Any

from jinja2 import Undefined
from jinja2.runtime import LoopContext

from bulksender.errors import TemplateError
from bulksender.model import Formatted
from bulksender.renderer.filters import RowError

MOST_SOURCE = 20_000
"""Characters of a template."""
MOST_CHARACTERS = 10_000
"""Of a text that an operator, a filter or a method makes; also of any width or count."""
MOST_STEPS = 5_000
"""Passes through loops, and calls, in one row's text."""
MOST_PRINTED = 100_000
"""Characters that one row's text prints, before they are counted as SMS parts."""
MOST_ITEMS = 10_000
"""Of a list, with the lists in it."""
MOST_SECONDS = 2.0
"""Of processor time, for compiling a template or rendering the rows that are rendered together."""
MOST_ROWS = 2_000
"""Rendered together: a thousandth of a second is left for each."""


class TooExpensive(TemplateError):
    """The template would take too long, or more memory than a text is worth."""

    def __init__(self, what: str):
        super().__init__(f"The template is too expensive: {what}.")


@contextmanager
def in_time() -> Iterator[None]:
    """End what takes more than MOST_SECONDS of processor time with TooExpensive.

    Where there is no such timer (Windows, threads), the counts alone have to do.
    """
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    running = True

    def over(*_: object) -> None:
        if running:
            raise TooExpensive(f"it takes more than {MOST_SECONDS:.0f} seconds")

    before = signal.signal(signal.SIGVTALRM, over)
    # once more every tenth of a second: what was raised inside Jinja may have been swallowed there
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS, 0.1)
    try:
        yield
    finally:
        running = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


class Compiling(Exception):
    """A filter is not to be used yet; Jinja catches it."""


class Budget:
    """What the row that is being rendered has used up."""

    def __init__(self) -> None:
        self.compiling = True
        self._steps = self._printed = 0

    def row(self) -> None:
        """A row begins."""
        self._steps = self._printed = 0

    def step(self) -> None:
        """A pass through a loop, or a call."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise TooExpensive(f"one row's text takes more than {MOST_STEPS:,} loop passes")

    def printed(self, characters: int) -> None:
        """Some characters are printed."""
        self._printed += characters
        if self._printed > MOST_PRINTED:
            raise TooExpensive(f"one row's text is longer than {MOST_PRINTED:,} characters")

    def counted(self, values: Iterable[Any]) -> Iterator[Any]:
        """The values, each of them a step."""
        for value in values:
            self.step()
            yield value


def short(made: Any, most: int = MOST_CHARACTERS) -> Any:
    """A text or a list that was made, as it is. Raises TooExpensive for a huge one."""
    if isinstance(made, str) and len(made) > most:
        _too_long()
    if isinstance(made, list | tuple | dict):
        bounded(made)
    return made


def bounded(value: Any) -> Any:
    """A list, tuple or dictionary, as it is. Raises TooExpensive where it holds too much."""
    items, waiting = 0, [value]
    while waiting:
        inner = waiting.pop()
        parts = inner.values() if isinstance(inner, dict) else inner
        items += len(inner)
        if items > MOST_ITEMS:
            raise TooExpensive(f"it makes a list of more than {MOST_ITEMS:,} items")
        printable(parts)
        waiting += [part for part in parts if isinstance(part, list | tuple | dict)]
    return value


def collected(values: Iterator[Any]) -> list[Any]:
    """What a filter yields, as a list. Raises TooExpensive where it is too long or too large."""
    found: list[Any] = []
    size = 0
    for value in values:
        size += len(value) if isinstance(value, str | list | tuple | dict) else 1
        if len(found) >= MOST_ITEMS or size > MOST_PRINTED:
            raise TooExpensive("it makes a list that is too long, or of texts that are")
        found.append(value)
    bounded(found)
    return found


def printable(values: Iterable[Any]) -> None:
    """Raise RowError for what no text can show: a method without its brackets, a macro, a loop."""
    for value in values:
        odd = callable(value) or isinstance(value, LoopContext)
        if odd and not isinstance(value, Undefined):
            raise RowError("the text would print what is neither text, number nor date")


def multiplied(operator: str, left: Any, right: Any) -> None:
    """Raise TooExpensive for a product, power or repetition of enormous size."""
    if operator == "**" and (abs(right) > 64 or abs(left) > 1e9):
        raise TooExpensive("it raises a number to an enormous power")
    numbers = [side for side in (left, right) if isinstance(side, int)]
    lists = [side for side in (left, right) if isinstance(side, list | tuple)]
    if any(len(items) * abs(times) > MOST_ITEMS for items in lists for times in numbers):
        raise TooExpensive(f"it makes a list of more than {MOST_ITEMS:,} items")
    if any(side.bit_length() > 256 for side in numbers):
        raise TooExpensive("it computes with numbers of more than 77 digits")


def _too_long() -> None:
    raise TooExpensive(f"it makes a text of more than {MOST_CHARACTERS:,} characters")


# Filters and methods -------------------------------------------------------------------------

_WIDTH_FROM_ELSEWHERE = re.compile(r"\{[^{}]*:[^{}]*\{")
_WIDTHS = re.compile(r"\d{4,}|\*")
_HARMLESS_METHODS = frozenset(
    {
        *("upper", "lower", "title", "capitalize", "casefold", "swapcase", "strip", "lstrip"),
        *("rstrip", "split", "rsplit", "splitlines", "startswith", "endswith", "isdigit"),
        *("isalpha", "isalnum", "isnumeric", "isdecimal", "isspace", "isupper", "islower"),
        *("istitle", "find", "rfind", "index", "rindex", "count", "partition", "rpartition"),
        *("removeprefix", "removesuffix", "ljust", "rjust", "center", "zfill"),
    }
)


def method(function: Any, arguments: tuple[Any, ...]) -> None:
    """Look at a call before it is made. Raises TooExpensive, or TemplateError for what is barred.

    Of text only those methods may be called that a text could want.
    """
    numbers_in(arguments)
    printable(arguments)
    function = getattr(function, "__wrapped__", function)  # the sandbox wraps str.format
    owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
    if name == "strftime":
        widths(*arguments)
    if not isinstance(owner, str):
        return
    match name:
        case "format" | "format_map":
            widths(owner)
            if _WIDTH_FROM_ELSEWHERE.search(owner):
                raise TemplateError("A template cannot take a format's width from another value.")
        case "replace" if len(arguments) > 1:
            replacing(owner, *arguments[:2])
        case "join" if arguments:
            joining(arguments[0], owner)
        case _ if name not in _HARMLESS_METHODS:
            raise TemplateError(f"A template cannot call .{name}() of a text.")


def numbers_in(arguments: Iterable[Any]) -> None:
    """Raise TooExpensive for a width or a count that no text needs."""
    for argument in arguments:
        if isinstance(argument, int | float) and not abs(argument) <= MOST_CHARACTERS:
            raise TooExpensive(f"it asks for a width or a count above {MOST_CHARACTERS:,}")


def widths(*texts: Any) -> None:
    """Raise TooExpensive for a format with a width of thousands: `%9999999d`."""
    for text in texts:
        if isinstance(text, str) and _WIDTHS.search(text):
            raise TooExpensive("a format in it asks for an enormous width")


def replacing(text: Any, old: Any, new: Any, *_: Any, **__: Any) -> None:
    """Raise TooExpensive where a replacement makes a text many times as long."""
    text, old, new = str(text), str(old), str(new)
    if len(new) > len(old) and text.count(old) * len(new) > max(MOST_CHARACTERS, len(text)):
        _too_long()


def joining(values: Any, mark: Any = "", *_: Any, **__: Any) -> None:
    """Raise TooExpensive where a list is too long to be put together."""
    if isinstance(values, list | tuple | str | dict):
        length = sum(len(value) if isinstance(value, str) else 20 for value in values)
        if length + len(values) * len(str(mark)) > MOST_PRINTED:
            _too_long()


def _indenting(text: Any, width: Any = 4, *_: Any, **__: Any) -> None:
    length = width if isinstance(width, int) else len(str(width))
    if str(text).count("\n") * length > MOST_PRINTED:
        _too_long()


_OF_TEXT = frozenset(
    {
        *("string", "format", "upper", "lower", "title", "capitalize", "trim", "replace", "center"),
        *("indent", "wordwrap", "truncate", "urlencode", "striptags", "e", "escape", "safe"),
        *("forceescape", "money", "number", "date"),
    }
)
"""Filters that would print a list as Python writes it."""
_LOOK: Mapping[str, Callable[..., None]] = {
    "replace": replacing,
    "join": joining,
    "indent": _indenting,
    "wordwrap": lambda text, *arguments, **named: joining(
        str(text), max((str(value) for value in (*arguments, *named.values())), key=len, default="")
    ),
    "format": lambda text, *_, **__: widths(text),
    "date": lambda value, *form, **named: widths(*form, *named.values()),
}
TAME = frozenset(
    {
        *("upper", "lower", "capitalize", "title", "trim", "default", "d", "first", "last", "abs"),
        *("length", "count", "money", "number", "float", "int", "safe", "wordcount", "string"),
    }
)
"""Filters that make nothing of a text that is longer than it."""
_SIMPLE = frozenset({str, int, float})
_FEW = 100  # formats of dates
BARRED = frozenset({"xmlattr", "urlize"})
"""Filters for web pages, which can print their arguments any number of times."""


def guarded(name: str, function: Callable[..., Any], budget: Budget) -> Callable[..., Any]:
    """A filter that looks at its arguments before, and at what it has made after.

    While the template is being compiled it computes nothing: Jinja would try all constants.

    Where the filter takes its environment or context first, so does the guard (`wraps` keeps the
    mark by which Jinja knows). What a filter would yield piece by piece comes as a list.
    """
    look = _LOOK.get(name)
    first = 1 if hasattr(function, "jinja_pass_arg") else 0
    tame = name in TAME
    fine: set[tuple[Any, ...]] = set()  # what stood behind the value before, and was found good

    @wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        if budget.compiling:
            raise Compiling
        values = arguments[first:]
        kind = type(values[0])
        if tame and _is_simple(kind):  # the usual cases, at little cost
            return function(*arguments, **named)
        dated = name == "date" and (kind is date or kind is str) and not named
        if dated and values[1:] in fine:
            return function(*arguments)
        numbers_in((*values[1:], *named.values()))
        printable((*values, *named.values()))
        if name in _OF_TEXT:
            _refuse_lists(values)
        if look is not None:
            look(*values, **named)
        made = function(*arguments, **named)
        if isinstance(made, Iterator):
            return collected(made)
        if dated and len(fine) < _FEW:
            fine.add(values[1:])
        length = len(values[0]) if isinstance(values[0], str) else 0
        return short(made, max(MOST_CHARACTERS, length))

    guard: Any = checked
    guard.filter_name = name
    return checked


def _is_simple(kind: type) -> bool:
    return kind in _SIMPLE or issubclass(kind, Formatted)


def unguarded(
    function: Callable[..., Any], kinds: set[type], named: Mapping[str, Any]
) -> Callable[..., Any]:
    """A guarded filter itself, where its guard has nothing against values of these kinds.

    That it has nothing against the arguments has to be seen before; `named` are those by name.
    """
    guard: Any = function
    tame = guard.filter_name in TAME and all(map(_is_simple, kinds))
    dated = guard.filter_name == "date" and kinds <= {date, str} and not named
    return guard.__wrapped__ if tame or dated else function


def _refuse_lists(values: Iterable[Any]) -> None:
    """Raise RowError for a list that would be printed as Python writes it."""
    for value in values:
        if isinstance(value, list | tuple | dict):
            for item in value:
                if isinstance(item, Undefined):
                    str(item)  # a blank cell says by raising that it is blank
            raise RowError("the text would print what is neither text, number nor date")
