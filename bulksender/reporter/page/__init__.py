"""A run as one page: a single HTML file for the sheet's owner, with nothing to load beside it.

The page holds counts, prices, times and reasons, but no phone number and no text. It has no script
and asks for nothing: its content security policy (https://www.w3.org/TR/CSP3/) forbids it to.
"""

from __future__ import annotations

import os
import secrets
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bulksender.errors import ReportError
from bulksender.reporter.page.content import (
    CountryLine,
    HourLine,
    PageContent,
    ProblemLine,
    VariantLine,
)

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = [
    "CountryLine",
    "HourLine",
    "PageContent",
    "ProblemLine",
    "VariantLine",
    "run_page",
    "write_page",
]


def run_page(content: PageContent) -> str:
    """The page as HTML5 that is well-formed XML behind its doctype; the same for the same content.

    Runs of seven or more digits in the outcome and in problems' details are shown as "…".
    """
    from bulksender.reporter.page import words
    from bulksender.reporter.page.view import view_of

    template = _environment().get_template("page.html.jinja")
    return words.printable(template.render(content=content, view=view_of(content)))


def write_page(content: PageContent, path: Path) -> None:
    """Write the page to `path`, all or nothing: what was there stays until the page is whole.

    Raises ReportError where it cannot be written.
    """
    page = run_page(content)
    try:
        target = path.resolve()  # through a link, to the file itself
        half = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
        try:
            with half.open("x", encoding="utf-8", newline="\n") as file:
                file.write(page)
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                shutil.copymode(target, half)
            half.replace(target)
        finally:
            half.unlink(missing_ok=True)
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a NUL in the name
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ReportError(
            f"The report page could not be written to {path}: {said}. The run itself is not "
            "touched by this, and the ledger holds everything; write the page to another place."
        ) from error


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from bulksender.reporter.page import view, words

    made = Environment(
        loader=PackageLoader(__name__, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(
        count=words.count, money=words.money, prices=words.prices, country=view.country_label
    )
    made.globals.update(counted=words.counted, share=words.share)
    return made
