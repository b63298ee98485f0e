"""Which matches on a server are exports, and which of them is the newest."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bulksender.errors import SheetError
from bulksender.fetcher.choosing import Found, is_export, newest_of

THEN = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "pattern", "taken"),
    [
        ("shop/exports/a.csv", "shop/exports/*.csv", True),
        ("shop/exports/.a.csv", "shop/exports/*.csv", False),
        ("shop/.old/a.csv", "shop/**/*.csv", False),
        ("shop/.exports/a.csv", "shop/.exports/*.csv", True),
        ("/exports/~$a.xlsx", "/exports/*", False),
        ("./a.csv", "./*.csv", True),
        ("../a.csv", "../*.csv", True),
        ("a-results.csv", "*-results.*", True),
        ("a-results.csv", "*.csv", False),
        ("survey-results/a.csv", "survey-results/*.csv", True),
        ("survey-results/a.csv", "*/*.csv", True),
        ("my.tmp.csv", "*.csv", True),
    ],
)
def test_matches_are_exports_or_not(path: str, pattern: str, taken: bool) -> None:
    assert is_export(path, pattern) is taken


def test_a_time_that_nobody_says_does_not_choose() -> None:
    found = [Found("a-1.csv", THEN), Found("a-2.csv", None)]
    with pytest.raises(SheetError, match=r"^abfs://a/b: the server does not say when"):
        newest_of(found, "a-*.csv", "time", "abfs://a/b")
    assert newest_of(found, "a-*.csv", "name", "abfs://a/b").path == "a-2.csv"
