"""A sheet and a text that fit together: what a plan is made from.

It needs neither the ledger nor the network, so a large sheet is being read while a command still
imports what speaks to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from bulksender import loader
from bulksender.loader import Chunk, Sheet
from bulksender.renderer import Renderer
from bulksender.renderer.variants import Varied
from bulksender.settings import Job
from bulksender.timing import timed


class Reading(NamedTuple):
    """An opened sheet, its text bound to its header, and the chunks of its rows."""

    sheet: Sheet
    renderer: Renderer | Varied
    chunks: Iterator[Chunk]


@contextmanager
def reading(job: Job) -> Iterator[Reading]:
    """Open a job's sheet and text, and read the sheet's rows as long as the block lasts.

    Raises SheetError and TemplateError for what no row could survive.
    """
    with timed("open"):
        sheet = loader.open_sheet(job.sheet, varied=bool(job.variants))
        renderer = (Varied if job.variants else Renderer)(job, sheet.headers)
    with sheet.reading(renderer.columns) as chunks:
        yield Reading(sheet, renderer, chunks)
