"""The names of columns: how a name that somebody types finds a header.

Headers are matched without regard to case, spaces, `_`, `-` and other punctuation: "First Name",
`first_name` and `FIRSTNAME` are the same column.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence


def key(name: str) -> str:
    """What is compared: letters and digits only, case-folded, in compatibility form (NFKC)."""
    return "".join(_words(_compatible(name).casefold()))


def variable(header: str) -> str:
    """A header in snake case, as templates name it: "Amount due (SGD)" → `amount_due_sgd`."""
    name = "_".join(_words(_compatible(header).lower()))
    return f"_{name}" if name[:1].isdigit() else name


def _words(text: str) -> list[str]:
    """The runs of letters and digits, with the marks that belong to them in many scripts."""
    return "".join(
        char if char.isalnum() or unicodedata.category(char)[0] == "M" else " "
        for char in _compatible(text)  # case folding may have taken it apart again
    ).split()


def _compatible(text: str) -> str:
    """Compatibility form, without invisible characters such as a byte order mark."""
    normal = unicodedata.normalize("NFKC", text)
    if normal.isascii():
        return normal
    return "".join(char for char in normal if unicodedata.category(char) != "Cf")


def find(headers: Sequence[str], name: str) -> list[int]:
    """The indexes (from 0) of the columns that `name` means: those so written, else so matched."""
    exact = [index for index, header in enumerate(headers) if header == name]
    if exact:
        return exact
    wanted = key(name)
    return [index for index, header in enumerate(headers) if wanted and key(header) == wanted]


_A_NUMBER = re.compile(r"\+?[\d ()./\-]{7,}")
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d.*")


def like_a_number(text: str) -> bool:
    """Whether a cell's whole text could be a phone number: seven digits or more, and no date."""
    return bool(
        _A_NUMBER.fullmatch(text)
        and sum(map(str.isdigit, text)) >= 7
        and not _ISO_DATE.fullmatch(text)
    )
