"""A campaign's export → a sheet on this machine's disk.

`fetch` takes what `rules.Export` names: a file or the newest of several (`local`), an address on
the web (`web`), in a cloud's storage or on an SFTP server (`remote`), or a query (`database`).
"""

from __future__ import annotations

from bulksender.fetcher.fetched import Fetched, Limits
from bulksender.fetcher.fetching import fetch

__all__ = ["Fetched", "Limits", "fetch"]
