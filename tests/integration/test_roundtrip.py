"""Plan, send, report, and the result sheet fed in again: nobody twice, and nobody lost."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import openpyxl
import pytest

import bulksender
from bulksender import Account, Job, Ledger, Run, Sender, SheetOptions
from bulksender.errors import AlreadySent
from bulksender.simulator import Fault, FaultKind, Simulator

ANN, BO, CY, EVE = "+6590000101", "+6590000102", "+6590000103", "+6590000105"
PEOPLE = [
    ["Name", "Phone", "City"],
    ["Ann", ANN, "Rome"],
    ["Bo", "9000 01", "=1+1"],
    ["Cy", CY, ' "x", y '],
    ["Dee", "+65 9000 0101", ""],
    ["Eve", EVE, "two\nlines"],
]
KEPT = ["umid", "batch_id", "sent_at", "run", "destination", "parts", "encoding"]

Row = dict[str, str]


class Desk:
    """Somebody with a sheet: sends it, looks at what comes back, works on it, sends it again."""

    def __init__(self, folder: Path, ledger: Ledger, kind: str) -> None:
        self.folder = folder
        self.ledger = ledger
        self.kind = kind
        self.sheets = 0
        self.run: Run

    def write(self, rows: Iterable[Iterable[str]]) -> Path:
        """A new sheet with these rows."""
        self.sheets += 1
        path = self.folder / f"sheet{self.sheets}.{self.kind}"
        if self.kind == "csv":
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(rows)
            return path
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(list(row))
        for row in book.active:
            for cell in row:
                cell.data_type = "s" if cell.value else cell.data_type
        book.save(path)
        return path

    def send(
        self, sheet: Path, *faults: Fault, reject: tuple[str, ...] = (), again: bool = False
    ) -> tuple[Path, list[str]]:
        """Plan, send and report; the result, and the numbers that the simulator accepted."""
        refused = dict.fromkeys(reject, "-1 = not in service")
        with Simulator(faults=faults, reject=refused) as simulator:
            job = Job(
                sheet=SheetOptions(path=str(sheet)),
                template="Hi {{ name }}",
                base_url=simulator.base_url,
                subaccount=simulator.subaccount,
                again=again,
            )
            self.run = bulksender.plan(job, self.ledger)
            self.run.approve()
            account = Account(simulator.base_url, simulator.subaccount, simulator.api_key)
            bulksender.send(self.run, Sender(self.run, account))
            summary = bulksender.report(self.run)
            accepted = [found for found in simulator.messages if found.state != "rejected"]
        assert summary.output is not None
        assert summary.rows == sum(summary.counts.values())
        return Path(summary.output), [f"+{m.destination.lstrip('+')}" for m in accepted]

    def edited(self, result: Path, edit: Callable[[list[Row]], list[Row]]) -> Path:
        """The result as a new sheet, its rows changed, sorted or removed."""
        rows = table(result)
        changed = edit(list(rows))
        return self.write([list(rows[0]), *([*row.values()] for row in changed)])


def table(path: Path) -> list[Row]:
    """A sheet's rows by their header, as texts."""
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    else:
        cells = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
        rows = [["" if cell is None else str(cell) for cell in row] for row in cells]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def statuses(path: Path) -> dict[str, str]:
    return {row["Name"]: row["status"] for row in table(path)}


def people(path: Path) -> dict[str, Row]:
    return {row["Name"]: row for row in table(path)}


@pytest.fixture(params=["csv", "xlsx"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with Ledger(tmp_path / "ledger" / "ledger.db") as ledger:
        yield Desk(tmp_path, ledger, str(request.param))


def mended(rows: list[Row]) -> list[Row]:
    """Somebody has found out Bo's number."""
    return [row | {"Phone": BO} if row["Name"] == "Bo" else row for row in rows]


def test_every_row_says_what_became_of_it(desk: Desk) -> None:
    result, accepted = desk.send(desk.write(PEOPLE), reject=(CY,))

    assert accepted == [ANN, EVE]
    assert statuses(result) == {
        "Ann": "QUEUED",
        "Bo": "INVALID",
        "Cy": "REJECTED",
        "Dee": "DUPLICATE",
        "Eve": "QUEUED",
    }
    rows = people(result)
    apostrophe = "'" if desk.kind == "csv" else ""  # what keeps a CSV field from being a formula
    assert rows["Cy"]["status_detail"] == f"{apostrophe}-1 = not in service"
    assert all(rows[name]["umid"] and rows[name]["batch_id"] for name in ("Ann", "Eve"))
    assert {row["run"] for row in rows.values()} == {desk.run.id}
    own = [[row["Name"], row["Phone"], row["City"]] for row in table(result)]
    assert own == PEOPLE[1:]


def test_fed_in_again_only_mended_and_rejected_rows_go_out(desk: Desk) -> None:
    first, _ = desk.send(desk.write(PEOPLE), reject=(CY,))

    second, accepted = desk.send(desk.edited(first, mended))

    assert accepted == [BO, CY]
    assert statuses(second) == {
        "Ann": "ALREADY_SENT",
        "Bo": "QUEUED",
        "Cy": "QUEUED",
        "Dee": "DUPLICATE",
        "Eve": "ALREADY_SENT",
    }


def test_what_was_sent_before_keeps_its_cells(desk: Desk) -> None:
    first, _ = desk.send(desk.write(PEOPLE))
    second, _ = desk.send(desk.edited(first, mended))

    before, after = people(first), people(second)
    for name in ("Ann", "Cy", "Eve"):
        assert {key: after[name][key] for key in KEPT} == {key: before[name][key] for key in KEPT}
        assert before[name]["run"] in after[name]["status_detail"]
    assert after["Bo"]["run"] == desk.run.id != before["Bo"]["run"]
    assert list(table(second)[0]) == list(table(first)[0])  # nine columns, not eighteen


def test_a_sheet_that_was_sorted_in_between_is_understood_all_the_same(desk: Desk) -> None:
    first, _ = desk.send(desk.write(PEOPLE), reject=(CY,))
    umids = {name: row["umid"] for name, row in people(first).items()}

    second, accepted = desk.send(desk.edited(first, lambda rows: mended(rows)[::-1]))

    assert accepted == [CY, BO]
    after = people(second)
    assert list(after) == ["Eve", "Dee", "Cy", "Bo", "Ann"]
    assert statuses(second)["Dee"] == "DUPLICATE"  # above Ann now, who was sent before
    assert (after["Ann"]["umid"], after["Eve"]["umid"]) == (umids["Ann"], umids["Eve"])


def test_a_new_row_with_the_number_of_a_sent_one_does_not_go_out(desk: Desk) -> None:
    first, _ = desk.send(desk.write(PEOPLE[:2]))
    twin = {"Name": "Twin", "Phone": ANN.replace("+65", "+65 "), "City": ""}
    sheet = desk.edited(
        first, lambda rows: [dict.fromkeys(rows[0], "") | twin, *rows, rows[0] | {"Name": "Copy"}]
    )

    second, accepted = desk.send(sheet)

    assert accepted == []
    assert statuses(second) == {"Twin": "DUPLICATE", "Ann": "ALREADY_SENT", "Copy": "ALREADY_SENT"}


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.CLOSE_AFTER])
def test_a_row_whose_outcome_is_not_known_does_not_go_out_again(
    desk: Desk, kind: FaultKind
) -> None:
    first, accepted = desk.send(desk.write(PEOPLE), Fault(kind))
    assert accepted == [ANN, CY, EVE]  # the simulator took them, and nobody was told
    assert [statuses(first)[name] for name in ("Ann", "Cy", "Eve")] == ["UNKNOWN"] * 3

    second, accepted = desk.send(desk.edited(first, mended))

    assert accepted == [BO]
    for name in ("Ann", "Cy", "Eve"):
        assert people(second)[name] == people(first)[name]


def test_a_row_whose_outcome_is_not_known_is_never_called_sent(desk: Desk) -> None:
    sheet, _ = desk.send(desk.write(PEOPLE[:2]), Fault(FaultKind.GARBAGE))

    for _ in range(3):
        sheet, accepted = desk.send(sheet)
        assert accepted == []
        assert statuses(sheet)["Ann"] == "UNKNOWN"


def test_a_row_that_was_being_sent_does_not_go_out_again(desk: Desk) -> None:
    first, _ = desk.send(desk.write(PEOPLE[:2]))
    sheet = desk.edited(first, lambda rows: [rows[0] | {"status": "SENDING", "umid": ""}])

    _, accepted = desk.send(sheet)

    assert accepted == []


def test_a_rejected_row_goes_out_again_although_it_has_a_umid(desk: Desk) -> None:
    first, _ = desk.send(desk.write(PEOPLE[:2]), reject=(ANN,))
    sheet = desk.edited(first, lambda rows: [rows[0] | {"umid": "a-umid-of-8x8"}])

    second, accepted = desk.send(sheet)

    assert accepted == [ANN]
    row = people(second)["Ann"]
    assert (row["status"], row["status_detail"], row["run"]) == ("QUEUED", "", desk.run.id)
    assert row["umid"] not in ("", "a-umid-of-8x8")


def test_a_sheet_of_which_all_was_sent_sends_nothing_and_stays_as_it_is(desk: Desk) -> None:
    sheet, _ = desk.send(desk.write([PEOPLE[0], PEOPLE[1], PEOPLE[5]]))
    second, accepted = desk.send(sheet)
    third, more = desk.send(second)

    assert accepted == more == []
    assert table(third) == table(second)


def test_again_sends_everything_once_more_and_says_so(desk: Desk) -> None:
    first, _ = desk.send(desk.write(PEOPLE))

    second, accepted = desk.send(first, again=True)

    assert accepted == [ANN, CY, EVE]
    before, after = people(first), people(second)
    assert statuses(second) == statuses(first)
    for name in ("Ann", "Cy", "Eve"):
        assert after[name]["umid"] != before[name]["umid"]
        assert after[name]["run"] == desk.run.id


def test_rows_that_wait_in_a_stopped_run_are_not_sent_from_its_result(desk: Desk) -> None:
    first, accepted = desk.send(desk.write(PEOPLE), Fault(FaultKind.UNAUTHORIZED))
    assert accepted == []
    assert statuses(first)["Ann"] == "READY"

    with pytest.raises(AlreadySent, match=desk.run.id):  # the last look, when a plan is approved
        desk.send(first)


@pytest.mark.parametrize("header", ["UMID", "Umid"])
def test_a_column_of_nearly_our_name_makes_nobody_get_it_twice(desk: Desk, header: str) -> None:
    sheet = desk.write([["Name", "Phone", header], ["Ann", ANN, ""], ["Eve", EVE, ""]])
    first, accepted = desk.send(sheet)
    assert accepted == [ANN, EVE]

    _, accepted = desk.send(first)

    assert accepted == []
