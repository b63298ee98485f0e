"""Addresses as people type them: their scheme, what of them may be shown, what kind of sheet."""

from __future__ import annotations

import re
from email.message import Message
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from bulksender.errors import SettingsError, SheetError

KINDS = {
    ".csv": ("text/csv", "application/csv", "text/x-csv", "text/comma-separated-values"),
    ".tsv": ("text/tab-separated-values",),
    ".txt": ("text/plain",),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",),
    ".xlsm": ("application/vnd.ms-excel.sheet.macroenabled.12",),
    ".xlsb": ("application/vnd.ms-excel.sheet.binary.macroenabled.12",),
    ".xls": ("application/vnd.ms-excel",),
    ".ods": ("application/vnd.oasis.opendocument.spreadsheet",),
    ".parquet": ("application/vnd.apache.parquet",),
}
"""The suffixes of sheets that can be read → their media types (IANA's list; older ones of CSV)."""

PAGES = frozenset(
    {
        *("text/html", "application/xhtml+xml", "text/xml", "application/xml"),
        *("application/json", "application/problem+json"),
    }
)
"""Media types of what a server says instead of a sheet."""

_TEXT = frozenset({".csv", ".tsv", ".txt"})
_PAGE = re.compile(rb"<(?:!doctype|!--|html|head|body|meta|title|script|form|div|\?xml)", re.I)


def is_url(path: str) -> bool:
    """Whether a path is an address (`https://…`); a Windows drive (`C:\\…`) is none."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path) is not None


def scheme_of(url: str) -> str:
    """The scheme of an address, in small letters."""
    return url.partition("://")[0].lower()


def check_address(url: str) -> None:
    """Raise SettingsError for what is no address; says nothing of it, for it may hold a password.

    A password with a `/`, `?`, `#` or `@` that is not written as %2F … ends up in the wrong place.
    """
    try:
        parts = urlsplit(url)
        sound = bool(parts.netloc.rpartition("@")[2]) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or re.search(r"[\s\x00-\x1f\x7f]", url.partition("://")[2].partition("/")[0]):
        raise SettingsError(
            f"The export's {scheme_of(url)} address cannot be read. Write it like "
            f"{scheme_of(url)}://host/folder/contacts.csv; in a name or a password in front of the "
            "host, signs such as / ? # @ are written as %2F %3F %23 %40."
        )


def shown(url: str) -> str:
    """The address without credentials; one of the web also without its query and fragment."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    if scheme.lower() in ("https", "http"):
        place, path = re.split(r"[?#]", place)[0], re.split(r"[?#]", path)[0]
    return f"{scheme.lower()}://{place.rpartition('@')[2]}{slash}{path}"


def known_suffix(path: str) -> str:
    """The suffix of a path (`.csv`) where it is one of a sheet that can be read, else empty."""
    suffix = PurePosixPath(path).suffix.lower()
    return suffix if suffix in KINDS else ""


def file_name(path: str, suffix: str) -> str:
    """A plain file name for what is fetched: the path's own, without signs that a disk dislikes."""
    name = PurePosixPath(unquote(path)).name
    stem = name[: -len(suffix)] if name.lower().endswith(suffix) else name
    plain = re.sub(r"[^\w-]+", "_", stem).strip("_")[:80]
    return f"{plain or 'export'}{suffix}"


def disposition_name(header: str) -> str:
    """The file name in a Content-Disposition header (RFC 6266), empty where it names none."""
    message = Message()
    message["Content-Disposition"] = re.sub(r"[\r\n]+", " ", header)
    return message.get_filename("") if header else ""


def media_type(header: str) -> str:
    """The media type of a Content-Type header, without its parameters, in small letters."""
    return header.partition(";")[0].strip().lower()


def suffix_of_type(kind: str) -> str:
    """The suffix of sheets of a media type, else empty."""
    return next((suffix for suffix, kinds in KINDS.items() if kind in kinds), "")


def is_delimited(suffix: str) -> bool:
    """Whether a sheet of this suffix is plain text, which nobody sees the missing end of."""
    return suffix in _TEXT


def refuse_page(name: str, head: bytes) -> None:
    """Raise SheetError where a file begins like a web page, in UTF-8 or UTF-16."""
    if _PAGE.match(head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")):
        raise page_instead(name)


def page_instead(name: str) -> SheetError:
    """The error of a server that answers with a page, as one does that wants a log-in first."""
    return SheetError(
        f"{name}: the server answers with a web page instead of a sheet. It may be the page that "
        "asks to log in: take an address that gives the file itself, with credentials if needed."
    )
