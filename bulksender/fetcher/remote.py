"""Sheets in a cloud's storage or on an SFTP server, by fsspec: one, or the newest of several.

Credentials are those that the machine has: environment, the cloud's own files, ssh's agent and
keys; for SFTP also the name and password in the address.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from bulksender.errors import BulksenderError, SettingsError, SheetError, did_you_mean
from bulksender.fetcher.addresses import (
    KINDS,
    check_address,
    file_name,
    known_suffix,
    refuse_page,
    scheme_of,
    shown,
)
from bulksender.fetcher.choosing import (
    Found,
    fixed_part,
    has_magic,
    is_export,
    newest_of,
    nothing_matches,
)
from bulksender.fetcher.fetched import (
    Fetched,
    Limits,
    Trouble,
    arriving,
    too_large,
    tried,
    unwritable,
)

PACKAGES = {
    **dict.fromkeys(("s3", "s3a", "sftp", "ssh"), "'bulksender[remote]'"),
    **dict.fromkeys(("gs", "gcs"), "'bulksender[remote]' gcsfs"),
    **dict.fromkeys(("abfs", "abfss", "az"), "'bulksender[remote]' adlfs"),
}
"""Schemes that are encrypted on their way → what pip installs for them."""

_SSH = ("sftp", "ssh")
_MODIFIED = ("LastModified", "mtime", "last_modified", "updated", "created")
_FULL = frozenset({"ENOSPC", "EDQUOT", "EROFS", "EFBIG"})
_NO_ENTRY = frozenset(
    {
        *("AuthenticationException", "BadAuthenticationType", "PasswordRequiredException"),
        *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"),
        *("TokenRetrievalError", "UnauthorizedSSOTokenError", "ProfileNotFound"),
        *("DefaultCredentialsError", "ClientAuthenticationError"),
    }
)
_PASSING = frozenset(
    {
        *("SSHException", "ChannelException", "NoValidConnectionsError", "EndpointConnectionError"),
        *("ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError", "HTTPClientError"),
        *("ClientPayloadError", "ServerDisconnectedError", "FSTimeoutError", "IncompleteReadError"),
        *("ResponseStreamingError", "ClientConnectorError", "ServiceRequestError"),
    }
)


def download(url: str, newest: Literal["name", "time"], into: Path, limits: Limits) -> Fetched:
    """Download the sheet at an address, or the newest that it matches where it is a pattern.

    Raises SettingsError for a scheme or a package that is missing, SheetError where no whole sheet
    comes.
    """
    scheme = scheme_of(url)
    if scheme not in PACKAGES:
        raise SettingsError(
            f'Nothing is fetched from "{scheme}://" addresses.{did_you_mean(scheme, PACKAGES)} '
            f"Known are https, {', '.join(PACKAGES)} (pip install 'bulksender[remote]') and paths."
        )
    check_address(url)
    return tried(_name(url), limits, lambda: _once(url, newest, into, limits))


def _name(url: str) -> str:
    """What people call an address; SFTP's paths are written in it as other addresses are."""
    return unquote(shown(url)) if scheme_of(url) in _SSH else shown(url)


def _once(url: str, newest: Literal["name", "time"], into: Path, limits: Limits) -> Fetched:
    name = _name(url)
    try:
        with _opened(url, limits) as (files, path):
            place = name.removesuffix(path) if name.endswith(path) else f"{scheme_of(url)}://"
            if has_magic(path):
                path = _chosen(files, path, newest, name, place)
                name = place + path
            return _got(files, path, name, into, limits)
    except (BulksenderError, Trouble):
        raise
    except Exception as error:
        raise _failed(error, name, into) from None


@contextmanager
def _opened(url: str, limits: Limits) -> Iterator[tuple[Any, str]]:
    """fsspec's file system for an address, and the path in it. Neither is kept for later calls."""
    scheme = scheme_of(url)
    try:
        import fsspec

        fsspec.get_filesystem_class(scheme)
    except (ImportError, ValueError):
        raise SettingsError(
            f'Fetching from "{scheme}://" addresses needs packages that are not installed: '
            f"pip install {PACKAGES[scheme]}"
        ) from None
    if scheme not in _SSH:
        yield fsspec.core.url_to_fs(url, skip_instance_cache=True, use_listings_cache=False)
        return
    files, path = _sftp(url, limits)
    try:
        yield files, path
    finally:
        files.close()


def _sftp(url: str, limits: Limits) -> tuple[Any, str]:
    from bulksender.fetcher.sftp import KnownHostsSFTP

    parts = urlsplit(url.replace("?", "%3F").replace("#", "%23"))
    login = {
        key: unquote(value)
        for key, value in (("username", parts.username), ("password", parts.password))
        if value
    }
    host = parts.hostname or ""
    return KnownHostsSFTP(host, port=parts.port or 22, limits=limits, **login), unquote(parts.path)


def _chosen(
    files: Any, pattern: str, newest: Literal["name", "time"], name: str, place: str
) -> str:
    """The path of the newest file that a pattern matches."""
    matched = {
        path: _followed(files, path) if info["type"] == "link" else info
        for path, info in files.glob(pattern, detail=True).items()
    }
    paths = [path for path, info in matched.items() if info.get("type") == "file"]
    found = [Found(path, _modified(matched[path])) for path in paths if is_export(path, pattern)]
    if not found:
        folder = fixed_part(pattern)
        place += folder
        left_out = [path.rpartition("/")[2] for path in paths]
        try:
            names = [each["name"].rpartition("/")[2] for each in files.ls(folder, detail=True)]
        except FileNotFoundError:
            raise SheetError(f"{name}: no file matches; there is no folder {place}.") from None
        raise nothing_matches(name, place, left_out, names)
    return newest_of(found, pattern, newest, name).path


def _followed(files: Any, path: str) -> dict[str, Any]:
    """What a link leads to; nothing where that is gone."""
    try:
        info: dict[str, Any] = files.info(path)
    except FileNotFoundError:
        return {}
    return info


def _got(files: Any, path: str, name: str, into: Path, limits: Limits) -> Fetched:
    suffix = known_suffix(path)
    if not suffix:
        raise SheetError(
            f"{name}: this is not a kind of sheet that can be read. Known are: {', '.join(KINDS)}."
        )
    before = files.info(path)
    if before["type"] == "directory":
        raise SheetError(f"{name}: this is a folder. Give a file in it, or a pattern.")
    if before["size"] is not None and before["size"] > limits.size:
        raise too_large(name, limits)
    target = file_name(path, suffix)
    with arriving(into, target) as temporary:
        files.get_file(path, str(temporary))
        after = files.info(path)
        if _state(before) != _state(after):
            raise Trouble("somebody has changed the file while it was fetched")
        if after["size"] is not None and temporary.stat().st_size != after["size"]:
            raise Trouble("less came than the server had announced")
        with temporary.open("rb") as file:
            refuse_page(name, file.read(512))
    return Fetched(path=into / target, name=name, modified_at=_modified(after))


def _state(info: dict[str, Any]) -> tuple[object, ...]:
    """What differs between two versions of a file."""
    return info["size"], info.get("ETag", info.get("etag")), _modified(info)


def _modified(info: dict[str, Any]) -> datetime | None:
    """When a file was modified, by whatever name its file system says it."""
    when = next((info[key] for key in _MODIFIED if info.get(key) is not None), None)
    if isinstance(when, str):
        when = datetime.fromisoformat(when)
    if not isinstance(when, datetime):
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def _failed(error: Exception, name: str, into: Path) -> Exception:
    """What an exception of a library means; its own words may hold an address or a key.

    The libraries are known here by their errors' names only, so that none is imported in vain.
    """
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, FileNotFoundError):
        return SheetError(f"{name}: there is no such file. Look whether the address is right.")
    if isinstance(error, PermissionError) or kinds & _NO_ENTRY:
        return SheetError(
            f"{name}: the server does not let this machine read it. Look whether the credentials "
            "are there (environment, agent, key) and have the right to."
        )
    if "BadHostKeyException" in kinds:
        return SheetError(
            f"{name}: the server's key is another than ~/.ssh/known_hosts has for it, so it may be "
            "somebody else's server. Ask its owner before you remove the old key there."
        )
    if isinstance(error, OSError) and errno.errorcode.get(error.errno or 0) in _FULL:
        return unwritable(into, error)
    if isinstance(error, OSError | EOFError) or kinds & _PASSING:
        return Trouble(f"the connection failed ({type(error).__name__})")
    return SheetError(f"{name}: cannot be fetched ({type(error).__name__}).")
