"""What of an address is shown, and which kinds of sheets and file names are known."""

from __future__ import annotations

import pytest

from bulksender.fetcher.addresses import KINDS, file_name, is_delimited, is_url, shown
from bulksender.source import DELIMITED
from bulksender.tables import SUFFIXES


def test_the_kinds_that_are_fetched_are_those_that_can_be_read() -> None:
    assert sorted(KINDS) == SUFFIXES
    assert {suffix for suffix in KINDS if is_delimited(suffix)} == DELIMITED


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("HTTPS://anna:key@shop.test:8443/a/b.csv?key=1#x", "https://shop.test:8443/a/b.csv"),
        ("https://shop.test?key=1", "https://shop.test"),
        ("sftp://anna@shop.test/c-?.csv", "sftp://shop.test/c-?.csv"),
        ("s3://shop/a@b.csv", "s3://shop/a@b.csv"),
    ],
)
def test_addresses_are_shown_without_credentials_and_query(url: str, name: str) -> None:
    assert shown(url) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/M%C3%A4rz%202026.CSV", "März_2026.csv"),
        ("/a/..%2F..%2Fetc%2Fpasswd", "passwd.csv"),
        ("/a/..", "export.csv"),
        ("/", "export.csv"),
        (f"/{'n' * 300}.csv", f"{'n' * 80}.csv"),
    ],
)
def test_downloads_get_plain_names(path: str, name: str) -> None:
    assert file_name(path, ".csv") == name


@pytest.mark.parametrize(
    ("path", "address"),
    [("https://a/b", True), ("s3://a/b", True), ("C:\\a", False), ("C:/a", False), ("a//b", False)],
)
def test_a_drive_is_no_scheme(path: str, address: bool) -> None:
    assert is_url(path) is address
