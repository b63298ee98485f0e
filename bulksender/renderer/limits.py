"""What a template may cost: an SMS has 1,530 characters at most, and so needs little.

Everything that could take long or much memory is counted before it is done: loops and calls,
the length of texts that filters and methods make, the size of numbers and lists. A template that
passes a limit is refused; a sheet of a million rows is not the place to find that out slowly.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from itertools import islice
from typing import Any

from bulksender.errors import TemplateError

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
_SECONDS, _SECONDS_A_ROW = 2.0, 0.001


class TooExpensive(TemplateError):
    """The template would take too long, or more memory than a text is worth."""

    def __init__(self, what: str):
        super().__init__(f"The template is too expensive: {what}.")


class Budget:
    """What the row that is being rendered has used up; `begin` starts a chunk."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """A chunk of rows is about to be rendered."""
        self._started = self._clock()
        self._rows = self._steps = self._printed = 0

    def row(self) -> None:
        """A row begins."""
        self._rows += 1
        self._steps = self._printed = 0
        if not self._rows & 31:
            self._look_at_the_clock()

    def step(self) -> None:
        """A pass through a loop, or a call."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise TooExpensive(f"one row's text takes more than {MOST_STEPS:,} loop passes")
        if not self._steps & 63:
            self._look_at_the_clock()

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

    def _look_at_the_clock(self) -> None:
        if self._clock() - self._started > _SECONDS + _SECONDS_A_ROW * self._rows:
            raise TooExpensive("its rows take more than a thousandth of a second each")


def short(text: Any) -> Any:
    """A text or a list that was made, as it is. Raises TooExpensive for a huge one."""
    if isinstance(text, str) and len(text) > MOST_CHARACTERS:
        _too_long()
    if isinstance(text, list | tuple | dict):
        bounded(text)
    return text


def bounded(value: Any) -> Any:
    """A list, tuple or dictionary, as it is. Raises TooExpensive where it holds too much."""
    items, waiting = 0, [value]
    while waiting:
        inner = waiting.pop()
        parts = inner.values() if isinstance(inner, dict) else inner
        items += len(inner)
        if items > MOST_ITEMS:
            raise TooExpensive(f"it makes a list of more than {MOST_ITEMS:,} items")
        waiting += [part for part in parts if isinstance(part, list | tuple | dict)]
    return value


def multiplied(operator: str, left: Any, right: Any) -> None:
    """Raise TooExpensive for a product, power or repetition of enormous size."""
    if operator == "**" and (abs(right) > 64 or abs(left) > 1e9):
        raise TooExpensive("it raises a number to an enormous power")
    numbers = [side for side in (left, right) if isinstance(side, int)]
    repeated = any(isinstance(side, list | tuple) for side in (left, right))
    if repeated and any(abs(side) > MOST_ITEMS for side in numbers):
        raise TooExpensive(f"it makes a list of more than {MOST_ITEMS:,} items")
    if any(side.bit_length() > 256 for side in numbers):
        raise TooExpensive("it computes with numbers of more than 77 digits")


def _too_long() -> None:
    raise TooExpensive(f"it makes a text of more than {MOST_CHARACTERS:,} characters")


# Filters and methods -------------------------------------------------------------------------

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
    function = getattr(function, "__wrapped__", function)  # the sandbox wraps str.format
    owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
    if name == "strftime":
        widths(*arguments)
    if not isinstance(owner, str):
        return
    match name:
        case "format" | "format_map":
            widths(owner)
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


_LOOK: Mapping[str, Callable[..., None]] = {
    "replace": replacing,
    "join": joining,
    "indent": _indenting,
    "wordwrap": lambda text, *arguments, **named: joining(
        str(text), max((str(value) for value in (*arguments, *named.values())), key=len, default="")
    ),
    "format": lambda text, *_, **__: widths(text),
    "date": lambda value, *form, **__: widths(*form),
}
TAME = frozenset(
    {
        *("upper", "lower", "capitalize", "title", "trim", "default", "d", "first", "last", "abs"),
        *("length", "count", "money", "number", "float", "int", "safe", "wordcount", "string"),
    }
)
"""Filters that make nothing longer than what they are given."""
BARRED = frozenset({"xmlattr", "urlize"})
"""Filters for web pages, which can print their arguments any number of times."""


def guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that looks at its arguments before, and at what it has made after.

    Where the filter takes its environment or context first, so does the guard (`wraps` keeps the
    mark by which Jinja knows).
    """
    look = _LOOK.get(name)
    first = 1 if hasattr(function, "jinja_pass_arg") else 0

    @wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        numbers_in((*arguments[first + 1 :], *named.values()))
        values = arguments[first:]
        if values and isinstance(values[0], Iterator):
            values = (list(islice(values[0], MOST_ITEMS + 1)), *values[1:])
        if look is not None:
            look(*values, **named)
        return short(function(*arguments[:first], *values, **named))

    return checked
