"""The corpus: sheets as people have them, each read, checked and rendered by the real pipeline."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from corpus import books, cells, computed, converted, headings, refusals, texts
from corpus.making import Case

from bulksender import campaign
from bulksender.errors import SheetError
from bulksender.ledger import Ledger
from bulksender.loader import open_sheet
from bulksender.model import RowStatus
from bulksender.notices import Notice
from bulksender.settings import Job, SheetOptions

NO_OFFICE = pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")
CASES = [
    case
    for module in (cells, headings, texts, books, computed, converted, refusals)
    for case in module.cases()
]


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    """One for all plans: none of them is approved, so none knows of another."""
    with Ledger.scratch() as made:
        yield made


@pytest.fixture(scope="session")
def converted_sheets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All sheets that LibreOffice makes, by case; one start of it for each kind of file."""
    folder = tmp_path_factory.mktemp("office")
    sources: dict[str, list[str]] = defaultdict(list)
    found = {}
    for number, case in enumerate(case for case in CASES if case.office):
        suffix = case.office or ""
        made = case.sheet(folder)
        source = made.rename(folder / f"sheet{number}{made.suffix}")
        sources[suffix].append(str(source))
        found[case.name] = folder / suffix / f"{source.stem}.{suffix}"
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    for suffix, names in sources.items():
        subprocess.run(
            [
                *("soffice", profile, "--headless", "--convert-to", suffix, "--outdir"),
                suffix,
                *names,
            ],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=120,
        )
    return found


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.name, marks=[NO_OFFICE] if case.office else []) for case in CASES],
)
def test_a_sheet_of_the_corpus_becomes_what_its_owner_expects(
    case: Case, ledger: Ledger, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if case.office:
        path = request.getfixturevalue("converted_sheets")[case.name]
    else:
        path = case.sheet(tmp_path)
    options = SheetOptions(
        path=str(path),
        sheet=case.tab,
        country=case.country,
        phone_columns=case.phone,
        text_column=case.text_column,
        include_hidden=case.include_hidden,
    )
    job = Job(sheet=options, template=case.template)
    if case.refusal:
        refuses(job, case, ledger)
    else:
        plans(job, case, ledger)


def refuses(job: Job, case: Case, ledger: Ledger) -> None:
    with pytest.raises(case.error) as caught:
        campaign.plan(job, ledger)
    said = str(caught.value)
    words = [*case.refusal, *([job.sheet.path] if case.error is SheetError else [])]
    assert [word for word in words if word not in said] == [], said


def plans(job: Job, case: Case, ledger: Ledger) -> None:
    run = campaign.plan(job, ledger)
    outcomes = list(run.outcomes())
    texts = {message.row: message.text for message in run.previews(100)}
    described = "\n".join(run.facts.described)
    ready = {row.row: row.destination for row in outcomes if row.status is RowStatus.READY}
    others = {row.row: row for row in outcomes if row.status is not RowStatus.READY}
    assert (ready, {row: found.status for row, found in others.items()}) == (
        dict(case.sent),
        {row: expected[0] for row, expected in case.kept.items()},
    ), [row.detail for row in others.values()]
    for row, (_, *words) in case.kept.items():
        assert [word for word in words if word not in others[row].detail] == [], others[row].detail
    assert {row: texts[row] for row in case.texts} == case.texts
    assert [word for word in case.described if word not in described] == [], described
    notices = {notice.what: notice.rows for notice in notices_of(job.sheet)}
    for said, rows in case.notices.items():
        assert rows in [count for what, count in notices.items() if said in what], notices
    assert [what for what in notices if any(said in what for said in case.silent)] == []


def notices_of(options: SheetOptions) -> list[Notice]:
    sheet = open_sheet(options)
    with sheet.reading([]) as chunks:
        for _ in chunks:
            pass
    return sheet.notices
