"""Which way an export is fetched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bulksender.errors import SettingsError
from bulksender.fetcher import local
from bulksender.fetcher.addresses import is_url, scheme_of
from bulksender.fetcher.fetched import Fetched, Limits
from bulksender.rules import Export


def fetch(
    export: Export,
    folder: Path,
    into: Path,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    *,
    limits: Limits | None = None,
) -> Fetched:
    """Bring an export onto this machine's disk, whole or not at all.

    Relative paths, globs and SQLite files start in `folder`. What is downloaded or queried goes
    into `into`, a folder that exists and that only its owner may read, in the place of a file of
    the same name; a file that is on this machine already is used where it stands. `now` tells when
    a query was made.

    Raises SheetError where the export cannot be had (missing, refused, incomplete, no sheet), and
    SettingsError where the address, the database's URL or this machine's packages are not right.
    No message holds a password, what stands behind the `?` of an address, a query or a row.
    """
    limits = limits or Limits()
    if export.query is not None:
        from bulksender.fetcher import database

        return database.fetch_query(export.query, export.database, folder, into, now)
    if not export.path:
        raise SettingsError(
            "The campaign does not say where its recipients come from: give a path or a query."
        )
    if not is_url(export.path):
        return local.find(export.path, export.newest, folder)
    if scheme_of(export.path) in ("https", "http"):
        from bulksender.fetcher import web

        return web.download(export.path, into, limits)
    from bulksender.fetcher import remote

    return remote.download(export.path, export.newest, into, limits)
