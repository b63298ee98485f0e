"""Ordinary sheets are not refused, and contacts above a late header are not lost in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from loader_sheets import read, refusal

ANN = "+6591234567"


def sheet(folder: Path, text: str) -> Path:
    path = folder / "contacts.csv"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    "title",
    [
        "Report date,2026-11-30\nDue,2026-12-15\n",
        "Hotline,6591110000,,\nFax,6591110001,,\n",
        "Printed 2026-11-30 10:30\n\n",
        "Customers of 2026\nPage,1\n",
    ],
)
def test_title_lines_with_dates_and_the_shops_own_numbers_are_passed_over(
    tmp_path: Path, title: str
) -> None:
    loaded = read(sheet(tmp_path, f"{title}Name,City,Mobile,Note\nAnn,Ipoh,{ANN},x\n"))
    assert [row.destination for row in loaded.recipients] == [ANN]


def test_a_header_may_name_a_date(tmp_path: Path) -> None:
    text = f"November bills\nName,Mobile,due 2026-11-30\nAnn,{ANN},5\n"
    assert read(sheet(tmp_path, text)).only.row == 3


def test_contacts_above_a_second_header_are_refused_and_not_lost(tmp_path: Path) -> None:
    guests = "".join(f"Guest {n},+659123456{n},T{n}\n" for n in range(8))
    text = f"Guest,Line,Table\n{guests}\nName,Phone,Table\nAnn,{ANN},T9\n"
    said = refusal(sheet(tmp_path, text))
    assert "row 11" in said
    assert "rows 2 to 9" in said


@pytest.mark.parametrize(
    ("header", "said", "out"),
    [
        *(("Opt out", mark, True) for mark in ("✅", "●", "☒ stop", "*", "✓")),
        *(("Opt out", blank, False) for blank in ("-", "–", "n/a", "nil", "Not yet", "☐", "no")),
        *(("Consent", no, True) for no in ("❌", "✖", "declined", "pending", "withdrawn")),
        *(
            ("Consent", no, True)
            for no in ("no since 2026", "Declined 2026-01-05", "STOP 1 Nov 2026")
        ),
        *(("Consent", yes, False) for yes in ("2026-11-30", "30/11/2026", "November 1 2026")),
        *(("Consent", yes, False) for yes in ("✔", "1 Nov 2026", "Yes (email)", "Accepted", "-")),
    ],
)
def test_marks_and_words_of_opting_out_mean_what_people_mean(
    tmp_path: Path, header: str, said: str, out: bool
) -> None:
    loaded = read(sheet(tmp_path, f"Mobile,{header}\n{ANN},{said}\n"))
    assert loaded.only.opted_out is out


def test_a_column_that_the_text_uses_opts_nobody_out(tmp_path: Path) -> None:
    from bulksender.loader import open_sheet
    from bulksender.settings import SheetOptions

    path = sheet(tmp_path, f"Mobile,Stop\n{ANN},Marina Bay\n")
    opened = open_sheet(SheetOptions(path=str(path)))
    with opened.reading([1]) as chunks:
        [chunk] = chunks
    assert not chunk.recipients[0].opted_out


def test_a_status_column_of_the_users_own_is_no_earlier_result(tmp_path: Path) -> None:
    text = f"Mobile,status,run\n{ANN},DELIVERED,7\n"
    assert read(sheet(tmp_path, text)).only.previous is None


def test_a_result_that_lost_its_run_column_is_still_a_result(tmp_path: Path) -> None:
    text = f"Mobile,umid,status,status_detail\n{ANN},,UNKNOWN,no answer\n"
    previous = read(sheet(tmp_path, text)).only.previous
    assert previous is not None
    assert previous.status == "UNKNOWN"
