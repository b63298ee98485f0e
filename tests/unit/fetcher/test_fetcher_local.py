"""Which file on this machine is the export, and what is said where there is none."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bulksender.errors import SettingsError, SheetError
from bulksender.fetcher import fetch
from bulksender.rules import Export


def placed(folder: Path, *names: str) -> None:
    """Files, each a second older than the one before."""
    for age, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Mobile\n+6591234567\n")
        os.utime(path, (1e9 - age, 1e9 - age))


def found(folder: Path, path: str, **how: Any) -> str:
    fetched = fetch(Export(path=path, **how), folder, folder)
    assert fetched.path == folder / fetched.name
    return fetched.name


def refused(folder: Path, path: str) -> str:
    with pytest.raises(SheetError) as caught:
        fetch(Export(path=path), folder, folder)
    return str(caught.value)


def test_a_path_is_used_where_it_stands_with_its_time(tmp_path: Path) -> None:
    placed(tmp_path, "exports/contacts.csv")
    fetched = fetch(Export(path="exports/contacts.csv"), tmp_path, tmp_path)
    assert fetched.path == tmp_path / "exports" / "contacts.csv"
    assert fetched.name == "exports/contacts.csv"
    assert fetched.modified_at == datetime.fromtimestamp(1e9, UTC)
    whole = str(tmp_path / "exports" / "contacts.csv")
    assert fetch(Export(path=whole), Path("/elsewhere"), tmp_path).name == whole


def test_a_path_in_the_home_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(tmp_path, "contacts.csv")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    fetched = fetch(Export(path="~/contacts*.csv"), Path("/else"), tmp_path)
    assert fetched.path == tmp_path / "contacts.csv"


def test_a_name_that_looks_like_a_pattern_is_a_name_where_there_is_such_a_file(
    tmp_path: Path,
) -> None:
    placed(tmp_path, "contacts[1].csv", "contacts1.csv")
    assert found(tmp_path, "contacts[1].csv") == "contacts[1].csv"
    (tmp_path / "contacts[1].csv").unlink()
    assert found(tmp_path, "contacts[1].csv") == "contacts1.csv"


NEWEST = {
    "numbers": ("contacts-*.csv", ["contacts-9.csv", "contacts-10.csv"]),
    "months": ("*.csv", ["contacts-2026-9.csv", "contacts-2026-10.csv", "contacts-2026-11.csv"]),
    "years": ("*", ["2025-12.csv", "2026-01.csv"]),
    "equal numbers": ("*", ["a-1.csv", "a-01.csv", "a-2.csv"]),
    "capitals": ("*", ["CONTACTS-1.csv", "contacts-2.csv", "Contacts-3.csv"]),
    "copies of a browser": ("*", ["contacts.csv", "contacts (2).csv", "contacts (10).csv"]),
    "kinds": ("contacts-*", ["contacts-9.xlsx", "contacts-10.csv"]),
    "folders": ("2026-*/contacts-*.csv", ["2026-9/contacts-2.csv", "2026-10/contacts-1.csv"]),
    "any folders": ("**/c-*.csv", ["old/c-1.csv", "c-2.csv", "archive/2026/c-3.csv"]),
    "any folders, equal names": ("**/c.csv", ["2026-9/c.csv", "2026-10/c.csv"]),
    "several digits": ("*", ["20261101.csv", "20261102.csv"]),
}


@pytest.mark.parametrize("how", NEWEST)
def test_the_newest_by_name_is_the_last_as_people_count(tmp_path: Path, how: str) -> None:
    pattern, names = NEWEST[how]
    placed(tmp_path, *names)
    assert found(tmp_path, pattern) == names[-1]
    assert found(tmp_path, pattern, newest="time") == names[0]


def test_of_equal_times_the_last_by_name_is_the_newest(tmp_path: Path) -> None:
    placed(tmp_path, "c-9.csv", "c-10.csv", "c-8.csv")
    for name in ("c-9.csv", "c-10.csv"):
        os.utime(tmp_path / name, (2e9, 2e9))
    assert found(tmp_path, "c-*.csv", newest="time") == "c-10.csv"


def test_a_pattern_may_be_a_whole_path(tmp_path: Path) -> None:
    placed(tmp_path, "exports/c-1.csv", "exports/c-2.csv")
    pattern = str(tmp_path / "exports" / "c-*.csv")
    assert found(Path("/"), pattern) == str(tmp_path / "exports" / "c-2.csv")


@pytest.mark.parametrize(
    "name",
    [
        "~$contacts-9.xlsx",
        ".~lock.contacts-9.xlsx#",
        ".contacts-9.csv",
        ".old/contacts-9.csv",
        "contacts-9.csv.part",
        "contacts-9.xlsx.crdownload",
        "contacts-9.csv.TMP",
        "contacts-9.csv~",
        "contacts-9-results.xlsx",
        "contacts-9-Results.csv",
        "contacts-9-results-20261101-abcd.csv",
    ],
)
def test_what_is_no_export_is_passed_over(tmp_path: Path, name: str) -> None:
    placed(tmp_path, name, "contacts-1.csv")
    (tmp_path / "contacts-99.csv").mkdir()
    for pattern in ("*", "**/*", "[~.c]*"):
        assert found(tmp_path, pattern) == "contacts-1.csv"


def test_results_are_an_export_where_the_pattern_asks_for_them(tmp_path: Path) -> None:
    placed(tmp_path, "contacts-1-results.csv", "contacts-2-results.csv", "contacts-3.csv")
    assert found(tmp_path, "contacts-*-results.csv") == "contacts-2-results.csv"


def test_a_pattern_without_match_names_the_folder_and_the_nearest(tmp_path: Path) -> None:
    placed(tmp_path, "exports/kontakte-2026-11.csv", "exports/prices.xlsx", "exports/.hidden.csv")
    said = refused(tmp_path, "exports/contacts-*.csv")
    assert said.startswith("exports/contacts-*.csv: no file matches; looked in ")
    assert f'{tmp_path / "exports"}. The nearest names there: "kontakte-2026-11.csv"' in said
    assert "hidden" not in said
    assert "Nothing there is like it" in refused(tmp_path, "exports/[0-9]")


def test_a_pattern_that_only_matches_what_is_no_export_says_so(tmp_path: Path) -> None:
    placed(tmp_path, "contacts-1-results.csv", "contacts-2-results.csv")
    said = refused(tmp_path, "contacts-*.csv")
    assert 'results: "contacts-1-results.csv", "contacts-2-results.csv".' in said


def test_a_folder_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    placed(tmp_path, "exports/contacts-1.csv")
    said = refused(tmp_path, "export/contacts-*.csv")
    assert said.endswith(f'there is no folder {tmp_path / "export"}. Did you mean "exports"?')


def test_a_path_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    placed(tmp_path, "exports/contacts.csv")
    said = refused(tmp_path, "exports/contact.csv")
    assert said.endswith('contact.csv: there is no such file. Did you mean "contacts.csv"?')
    assert "this is a folder" in refused(tmp_path, "exports")
    assert "there is no such file." in refused(tmp_path, "simplecache::s3://shop/a.csv")


def test_a_campaign_without_a_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="give a path or a query"):
        fetch(Export(), tmp_path, tmp_path)
