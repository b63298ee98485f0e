"""Settling whole runs by 8x8's log: the right accounts are asked, nothing changes on a failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from log_server import HASTY, MESSAGES, Answer, LogServer, csv_of, line

from bulksender.errors import LogUnavailable, Refused
from bulksender.ledger import Run
from bulksender.model import Batch, Outcome, RowStatus
from bulksender.sender import Patience
from bulksender.settings import Account
from bulksender.settling import SETTLE, reconcilable, reconcile
from bulksender.simulator import ExportFaultKind, Fault, FaultKind, Simulator

if TYPE_CHECKING:
    from conftest import Desk

AT_ONCE = timedelta(0)
LOST_AFTER, LOST_BEFORE = FaultKind.CLOSE_AFTER, FaultKind.CLOSE_BEFORE


def account(at: Simulator | LogServer) -> Account:
    key = at.api_key if isinstance(at, Simulator) else "the-key"
    return Account(at.base_url, "simulator", key)


def sent(desk: Desk, sim: Simulator, rows: int = 15, **job: Any) -> Run:
    run = desk.plan(rows, base_url=sim.base_url, **job)
    desk.send(run, sim)
    return run


def lost(run: Run, *rows: int) -> None:
    """A batch of these rows whose answer never came."""
    batch = Batch(run.id, run.last_batch() + 1, [m for m in run.ready() if m.row in rows])
    run.claim(batch)
    run.settle(batch, [Outcome(row, RowStatus.UNKNOWN, detail="lost") for row in rows], [], "")


def everything(desk: Desk) -> list[Any]:
    return [desk.query(f"SELECT * FROM {name}") for name in ("message", "batch", "inquiry", "run")]


def test_a_batch_that_was_accepted_without_an_answer_is_found(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated(faults=[Fault(LOST_AFTER, post=2)])
    run = sent(desk, sim)
    assert desk.counts(run) == {"QUEUED": 10, "UNKNOWN": 5}
    sim.deliver(sim.messages[5].umid)

    inquiry = reconcile(run, desk.ledger, account(sim), patience=HASTY)

    assert (inquiry.found, inquiry.absent, inquiry.open, inquiry.resent) == (5, 0, 0, 0)
    assert desk.counts(run) == {"QUEUED": 14, "DELIVERED": 1}
    umids = {message.umid: message.destination for message in sim.messages}
    for result in run.outcomes():
        assert umids[result.umid] == result.destination
    assert {result.batch_id for result in run.outcomes()} == {m.batch_id for m in sim.messages}


def test_a_batch_that_never_arrived_is_sent_again_once_somebody_says_so(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated(faults=[Fault(LOST_BEFORE, post=2)])
    run = sent(desk, sim, 50)  # so many that some batch is milliseconds later than the second
    asked: list[int] = []

    inquiry = reconcile(run, desk.ledger, account(sim), patience=HASTY)
    assert (inquiry.absent, inquiry.resent) == (5, 0), "nobody was asked"
    assert desk.counts(run) == {"QUEUED": 45, "UNKNOWN": 5}

    def no(rows: int) -> bool:
        asked.append(rows)
        return False

    reconcile(run, desk.ledger, account(sim), resend=no, patience=HASTY)
    assert (asked, desk.counts(run)["UNKNOWN"]) == ([5], 5)

    inquiry = reconcile(run, desk.ledger, account(sim), resend=lambda n: True, patience=HASTY)
    assert (inquiry.absent, inquiry.resent) == (5, 5)
    assert desk.send(desk.reopened(run), sim) is None
    assert desk.counts(run) == {"QUEUED": 50}
    assert len({message.destination for message in sim.messages}) == len(sim.messages) == 50


def test_nobody_is_asked_to_send_again_what_may_still_come(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated(faults=[Fault(LOST_AFTER, post=1)], export_lag=3600)
    run = sent(desk, sim, 5)

    def never(rows: int) -> bool:
        raise AssertionError("nothing is proven")

    inquiry = reconcile(run, desk.ledger, account(sim), resend=never, patience=HASTY)
    assert (inquiry.found, inquiry.absent, inquiry.open) == (0, 0, 5)
    assert inquiry.settles_at > (datetime.now(UTC) + SETTLE - timedelta(minutes=1)).isoformat()


def test_a_run_without_anything_unknown_asks_nobody(desk: Desk) -> None:
    run = desk.plan(2)
    inquiry = reconcile(run, desk.ledger, Account("http://127.0.0.1:9", "simulator"))
    assert inquiry[1:5] == (0, 0, 0, 0)
    assert run.inquiries() == []


def test_what_a_dead_process_had_in_flight_is_settled(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated()
    run = desk.plan(2, base_url=sim.base_url)
    run.claim(Batch(run.id, 1, list(run.ready())))
    inquiry = reconcile(run, desk.ledger, account(sim), settle=AT_ONCE, patience=HASTY)
    assert desk.counts(run) == {"UNKNOWN": 2}
    assert (inquiry.absent, inquiry.open) == (2, 0)


def test_rows_that_waited_for_another_run_are_told_what_became_of_it(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated(faults=[Fault(LOST_AFTER, post=1)])
    first = sent(desk, sim, 5)
    second = desk.plan(5, base_url=sim.base_url, again=False, approve=False)
    assert desk.counts(second) == {"UNKNOWN": 5}
    reconcile(first, desk.ledger, account(sim), patience=HASTY)
    reconcile(second, desk.ledger, account(sim), patience=HASTY)
    assert desk.counts(second) == {"ALREADY_SENT": 5}


@pytest.mark.parametrize("kind", [kind for kind in ExportFaultKind if kind not in
                                  (ExportFaultKind.GAPS, ExportFaultKind.EMPTY,
                                   ExportFaultKind.MOVED)])  # fmt: skip
def test_a_log_that_cannot_be_had_changes_nothing(
    desk: Desk, simulated: Callable[..., Simulator], kind: ExportFaultKind
) -> None:
    sim = simulated(faults=[Fault(LOST_AFTER, post=2), Fault(kind, times=-1)])
    run = sent(desk, sim)
    before = everything(desk)
    patience = Patience(
        attempts=2, first_wait=0.001, longest_wait=0.01,
        job=0.05 if kind is ExportFaultKind.STUCK else 20,
    )  # fmt: skip
    with pytest.raises(LogUnavailable):
        reconcile(
            run, desk.ledger, account(sim), settle=AT_ONCE, resend=lambda n: True, patience=patience
        )
    assert everything(desk) == before


def test_a_log_that_breaks_off_behind_thousands_of_lines_changes_nothing(desk: Desk) -> None:
    with LogServer() as server:
        run = desk.plan(11_000, base_url=server.base_url, batch_size=11_000)
        lost(run, *range(2, 11_002))
        whole = csv_of(*(line(row, run=run.id) for row in range(2, 11_002)))
        server.files = [Answer(200, whole[:-20])]
        before = everything(desk)
        with pytest.raises(LogUnavailable, match="breaks off"):
            reconcile(run, desk.ledger, account(server), patience=HASTY)
        assert everything(desk) == before
        server.files = [Answer(200, whole)]
        assert reconcile(run, desk.ledger, account(server), patience=HASTY).found == 11_000
    assert desk.counts(run) == {"DELIVERED": 11_000}


@pytest.mark.parametrize("kind", [ExportFaultKind.GAPS, ExportFaultKind.EMPTY])
def test_a_log_with_gaps_sends_nothing_again(
    desk: Desk, simulated: Callable[..., Simulator], kind: ExportFaultKind
) -> None:
    sim = simulated(faults=[Fault(LOST_AFTER, post=2), Fault(kind)])
    run = sent(desk, sim)
    inquiry = reconcile(
        run, desk.ledger, account(sim), settle=AT_ONCE, resend=lambda n: True, patience=HASTY
    )
    assert inquiry.missing > 0
    assert (inquiry.absent, inquiry.resent) == (0, 0)
    assert inquiry.found + inquiry.open == 5
    inquiry = reconcile(run, desk.ledger, account(sim), patience=HASTY)
    assert inquiry.missing == 0
    assert desk.counts(run) == {"QUEUED": 15}


def test_a_log_that_has_moved_on_its_host_is_read(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated(faults=[Fault(LOST_AFTER, post=1), Fault(ExportFaultKind.MOVED)])
    run = sent(desk, sim, 5)
    assert reconcile(run, desk.ledger, account(sim), patience=HASTY).found == 5
    assert len(sim.download_headers) == 2


# Which account is asked


def test_every_account_that_a_run_was_sent_to_is_asked_for_itself(desk: Desk) -> None:
    with LogServer(states=["empty"]) as server:
        here = server.base_url
        run = desk.plan(4, base_url="http://127.0.0.1:9", subaccount="first")
        lost(run, 2, 3)
        run.end()
        run.reopen(desk.job(base_url=here, subaccount="second"))
        lost(run, 4, 5)
        asked: list[int] = []

        def yes(rows: int) -> bool:
            asked.append(rows)
            return True

        inquiry = reconcile(
            run, desk.ledger, Account(here, "third", "the-key"), settle=AT_ONCE, resend=yes,
            patience=HASTY,
        )  # fmt: skip
        targets = {call.target.split("/")[4] for call in server.of("POST")}
        assert (targets, len(server.of("POST"))) == ({"first", "second"}, 2)
    assert asked == [2, 2]
    assert (inquiry.absent, inquiry.resent, inquiry.open) == (4, 4, 0)
    assert desk.counts(run) == {"READY": 4}
    assert len(run.inquiries()) == 2


def test_what_accounts_still_owe_is_summed_up(desk: Desk) -> None:
    with LogServer(states=["empty"]) as server:
        run = desk.plan(4, base_url=server.base_url, subaccount="first")
        lost(run, 2, 3)
        run.end()
        run.reopen(desk.job(base_url=server.base_url, subaccount="second"))
        lost(run, 4, 5)
        inquiry = reconcile(run, desk.ledger, Account(server.base_url, "x"), patience=HASTY)
    ends = [batch.ended_at for batch in run.batch_lines()]
    assert inquiry.open == 4
    assert datetime.fromisoformat(inquiry.settles_at) == (
        datetime.fromisoformat(max(filter(None, ends))) + SETTLE
    )


@pytest.fixture
def everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LogServer]:
    """A server that is every https host, by way of a proxy."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with LogServer(states=["empty"]) as server:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.certified(tmp_path)))
        monkeypatch.setenv("https_proxy", server.base_url)
        yield server


@pytest.mark.parametrize("today", ["https://other.example", "http://127.0.0.1:9"])
def test_the_log_of_the_host_that_rows_went_to_is_asked_whatever_is_set_today(
    desk: Desk, everywhere: LogServer, today: str
) -> None:
    run = desk.plan(2, base_url="https://sms.example")
    lost(run, 2, 3)
    reconcile(run, desk.ledger, Account(today, "another", "key-of-today"), patience=HASTY)
    assert set(everywhere.connects) == {"sms.example:443"}
    [asked] = everywhere.of("POST")
    assert asked.target == f"{MESSAGES}/exports"
    assert asked.headers["authorization"] == "Bearer key-of-today"


def test_rows_of_a_ledger_that_kept_no_address_are_asked_for_where_it_goes_today(
    desk: Desk, everywhere: LogServer
) -> None:
    run = desk.plan(2, base_url="", subaccount="")
    lost(run, 2, 3)
    reconcile(run, desk.ledger, Account("https://other.example", "simulator"), patience=HASTY)
    assert set(everywhere.connects) == {"other.example:443"}


# Which run


def test_the_newest_run_with_something_unknown_is_settled(desk: Desk) -> None:
    older, newer = desk.plan(2), desk.plan(2)
    lost(older, 2, 3)
    lost(newer, 2, 3)
    desk.plan(2)
    desk.plan(2, approve=False, again=False)  # held: UNKNOWN, but never approved
    assert reconcilable(None, desk.ledger).id == newer.id
    assert reconcilable(older.id[:8], desk.ledger).id == older.id


def test_without_anything_unknown_there_is_no_run_to_settle(desk: Desk) -> None:
    desk.plan(2)
    with pytest.raises(Refused, match="No run in the ledger has messages that are UNKNOWN"):
        reconcilable(None, desk.ledger)


def test_a_run_that_nobody_approved_is_not_settled(desk: Desk) -> None:
    run = desk.plan(2, approve=False)
    with pytest.raises(Refused, match="was never approved"):
        reconcilable(run.id, desk.ledger)
    run.decline()
    with pytest.raises(Refused, match="was never approved"):
        reconcilable(run.id, desk.ledger)
