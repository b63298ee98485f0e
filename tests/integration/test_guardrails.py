"""What refuses a campaign's run before anything is sent, what it costs, and who has to approve it.

Each guardrail with what trips it and with what just does not; the owner's webhook is a real one.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from campaign_folder import FILE, MARK, NEXT, PEOPLE, THIS, YESTERDAY, Folder, Inbox, receiving
from shell import Shell

from bulksender.errors import ExitCode
from bulksender.simulator import Fault, FaultKind, Simulator

WAITS: dict[str, Any] = {"guardrails": {"require_approval": True}}


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with receiving() as served:
        yield served


@pytest.fixture
def folder(
    shell: Shell, simulator: Simulator, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> Folder:
    monkeypatch.chdir(shell.folder)
    return Folder(shell, simulator, inbox)


def assert_refused(folder: Folder, *said: str, file: str = FILE, **environ: str) -> None:
    """A run is refused, its plan forgotten, its owner told; `check` says the same."""
    posts, news = len(folder.sim.posts), len(folder.inbox.news)
    checked = folder.check(file=file)
    ended = folder.run(file=file, **environ)
    assert (checked.code, ended.code) == (3, 3), checked.err + ended.err
    [told] = folder.inbox.news[news:]
    for words in said:
        assert words in ended.err
        assert words in checked.err
        assert words in told["message"]
    assert told["title"].endswith(f"{THIS} (rehearsal): refused, nothing was sent")
    assert len(folder.sim.posts) == posts
    assert folder.states[-1] == "DECLINED"
    left = "SELECT count(*) FROM message WHERE run = (SELECT max(no) FROM run)"
    assert folder.query(left) == [(0,)]
    assert not (folder.path / f"results/news-{THIS}.csv").exists()


def assert_sent(folder: Folder, messages: int = 3, file: str = FILE) -> None:
    """A run passes, as `check` has said."""
    before = len(folder.sim.messages)
    assert folder.check(file=file).code == 0
    ended = folder.run(file=file)
    assert ended.code == 0, ended.err
    assert len(folder.sim.messages) - before == messages


def people(number: int) -> dict[str, str]:
    return {f"Person {n}": f"+659123{n:04}" for n in range(number)}


# Numbers of rows ------------------------------------------------------------------------------


def test_more_recipients_than_allowed_refuse_a_run_and_as_many_do_not(folder: Folder) -> None:
    folder.campaign(guardrails={"max_recipients": 2})
    assert_refused(folder, "3 people would be texted, more than max_recipients = 2.")
    folder.campaign(guardrails={"max_recipients": 3})
    assert_sent(folder)


def test_only_those_who_would_be_texted_count(folder: Folder) -> None:
    folder.sheet(PEOPLE | {"Dot": "123", "Eve": PEOPLE["Ann"], "Fay": "+6591230009"})
    folder.bulksender("suppress", "add", "+6591230009")
    folder.campaign(guardrails={"max_recipients": 3})
    assert_sent(folder)


def test_more_rows_that_cannot_be_used_than_allowed_refuse_a_run(folder: Folder) -> None:
    folder.sheet(PEOPLE | {"Dot": "123"})
    folder.campaign(guardrails={"max_invalid": 24.9})
    said = "1 of 4 rows cannot be used (25.0%), more than max_invalid = 24.9 percent."
    assert_refused(folder, said)
    folder.campaign(guardrails={"max_invalid": 25})
    assert_sent(folder)


@pytest.mark.parametrize(
    ("now", "change", "said"),
    [
        (5, 24.9, "5 people would be texted, and 4 were in {before} (25.0% more)"),
        (5, 25, None),
        (3, 24.9, "3 people would be texted, and 4 were in {before} (25.0% fewer)"),
        (3, 25, None),
        (4, 0, None),
        (5, 0, "more than max_change = 0 percent. Is the export whole?"),
    ],
)
def test_another_number_of_people_than_in_the_last_period_refuses_a_run(
    folder: Folder, now: int, change: float, said: str | None
) -> None:
    rules: dict[str, Any] = {"period": "daily", "guardrails": {"max_change": change}}
    folder.campaign(**rules)
    folder.sheet(people(4))
    assert folder.run("--period", YESTERDAY).code == 0, "there was nothing to compare with"
    folder.sheet(people(now))
    ended = folder.run()
    if said is None:
        assert ended.code == 0, ended.err
        return
    assert ended.code == 3
    assert said.format(before=YESTERDAY) in ended.err
    assert len(folder.sim.messages) == 4
    assert folder.states == ["FINISHED", "DECLINED"]
    assert folder.inbox.titles[1].endswith("refused, nothing was sent")


def test_a_run_that_was_refused_is_nothing_to_compare_with(folder: Folder) -> None:
    folder.campaign(period="daily", guardrails={"max_change": 10, "max_recipients": 3})
    folder.sheet(people(4))
    assert folder.run("--period", YESTERDAY).code == 3
    folder.sheet(people(3))
    assert folder.run().code == 0


# The export -----------------------------------------------------------------------------------


def test_an_export_that_is_too_old_refuses_a_run_and_one_that_is_just_not_does_not(
    folder: Folder,
) -> None:
    folder.campaign(guardrails={"max_age": "2h"})
    sheet = folder.path / "contacts.csv"
    made = time.time() - 2 * 3600
    os.utime(sheet, (made - 1, made - 1))
    when = datetime.fromtimestamp(made - 1, UTC)
    said = f"The export was made at {when:%Y-%m-%d %H:%M} UTC, longer ago than max_age = 2h."
    assert_refused(folder, said)
    os.utime(sheet, (made + 60, made + 60))
    assert_sent(folder)


# Texted before --------------------------------------------------------------------------------


def test_people_whom_any_run_has_texted_too_lately_refuse_a_run(folder: Folder) -> None:
    other = folder.campaign("other", message={"text": "Something else"})
    assert folder.run(file=other).code == 0
    folder.campaign(guardrails={"min_gap": "3h"})
    assert_refused(folder, "3 of these people were texted within min_gap = 3h, or are going to be.")
    now = datetime.now(UTC)
    assert folder.run_at(now + timedelta(hours=2, minutes=59)) is ExitCode.REFUSED
    assert folder.run_at(now + timedelta(hours=3, minutes=1)) is ExitCode.DONE


def test_what_was_sent_by_hand_counts_and_only_for_those_who_got_it(folder: Folder) -> None:
    folder.sheet({"Ann": PEOPLE["Ann"], "Zoe": "+6591230099"}, "others.csv")
    assert folder.bulksender("send", "others.csv", "--text", "Hello", "--yes").code == 0
    folder.campaign(guardrails={"min_gap": "1d"})
    assert_refused(folder, "1 of these people were texted within min_gap = 1d")
    folder.sheet({"Bob": PEOPLE["Bob"]})
    assert_sent(folder, 1)


def test_what_8x8_is_still_to_send_counts_from_its_time_on(folder: Folder) -> None:
    six = datetime.now(UTC) + timedelta(hours=6)
    plan = ("send", "contacts.csv", "--text", "Hello", "--schedule", six.isoformat(), "--yes")
    assert folder.bulksender(*plan).code == 0
    folder.campaign(guardrails={"min_gap": "1h"})
    assert_refused(folder, "3 of these people were texted within min_gap = 1h, or are going to be.")
    assert folder.run_at(six + timedelta(minutes=59)) is ExitCode.REFUSED
    assert folder.run_at(six + timedelta(minutes=61)) is ExitCode.DONE


def test_what_was_rejected_or_never_sent_does_not_count(
    folder: Folder, simulated: Callable[..., Simulator]
) -> None:
    rejecting = simulated(reject={PEOPLE["Ann"]: "Invalid MSISDN"})
    folder.sheet({"Ann": PEOPLE["Ann"]}, "others.csv")
    send = ("send", "others.csv", "--text", "Hello", "--yes")
    assert folder.bulksender(*send, "--base-url", rejecting.base_url).code == 4
    folder.sim.inject(Fault(FaultKind.UNAUTHORIZED))
    assert folder.bulksender("send", "contacts.csv", "--text", "Other", "--yes").code == 6
    folder.campaign(guardrails={"min_gap": "1d"})
    assert_sent(folder)


# What it costs --------------------------------------------------------------------------------

# Country, and SMS parts of each text (GSM 7-bit: 160 characters, then 153 a part).
ROWS = (
    ("+6591230001", 160),  # SG, 1 part
    ("+6591230002", 459),  # SG, 3
    ("+60123456781", 306),  # MY, 2
    ("+60123456782", 12),  # MY, 1
    ("+447400123451", 307),  # GB, 3
    ("+447400123452", 153),  # GB, 1
)
# SG 4 parts at 0.0312 to 0.0386, MY 3 parts at 0.04 to 0.041, GB 4 parts at 0.04.
DEAREST, CHEAPEST = 0.1544 + 0.1230 + 0.1600, 0.1248 + 0.1200 + 0.1600
OF_8X8 = {"account": "simulator"}
PRICES = (
    "country,operator,price,currency\n"
    "SG,SingTel,0.0386,USD\nSG,MobileOne,0.0312,USD\nSG,Starhub,0.0367,USD\n"
    "Malaysia,Maxis,0.041,USD\nMalaysia,Celcom,0.04,USD\nGB,EE,0.04,USD\n"
)
OF_A_FILE = {"prices": "prices.csv"}


def costly(folder: Folder, account: dict[str, str], **rules: Any) -> None:
    """A campaign whose costs were worked out by hand."""
    rows = [f"{number},{'x' * length}" for number, length in ROWS]
    folder.write("contacts.csv", "\n".join(["Mobile,Words", *rows]) + "\n")
    folder.write("prices.csv", PRICES)
    folder.campaign(message={"text": "{{ words }}"}, account=account, guardrails=rules)


@pytest.mark.parametrize("account", [OF_8X8, OF_A_FILE])
def test_a_run_costs_what_was_worked_out_by_hand_wherever_it_is_told(
    folder: Folder, account: dict[str, str]
) -> None:
    assert (round(DEAREST, 4), round(CHEAPEST, 4)) == (0.4374, 0.4048)
    costly(folder, account)
    checked = folder.check()
    for line in (
        "GB: 2 messages, 4 parts at 0.04 USD: 0.16 USD",
        "SG: 2 messages, 4 parts at 0.0312 to 0.0386 USD: 0.1544 USD",
        "MY: 2 messages, 3 parts at 0.04 to 0.041 USD: 0.123 USD",
        "at most 0.4374 USD in all (at the cheapest operators 0.4048)",
    ):
        assert line in checked.out.replace("0.0400", "0.04").replace("0.0410", "0.041")
    cost = {"amount": 0.4374, "currency": "USD"}
    assert folder.check("--json").json["cost"] == cost
    assert folder.run("--json").json["cost"] == cost
    page = (folder.path / f"results/news-{THIS}.html").read_text("utf-8")
    assert 'data-cost="0.4374"' in page or "0.4374" in page
    for amount in ("0.1544", "0.123", "0.16"):
        assert amount in page
    assert "Cost: 0.4374 USD" in " ".join(folder.inbox.news[0]["message"].split())


def test_the_question_of_a_send_names_what_it_costs_at_most(folder: Folder) -> None:
    costly(folder, {})
    folder.write("bulksender.toml", 'prices = "prices.csv"\n')
    terminal, inner = pty.openpty()
    asking = subprocess.Popen(
        [sys.executable, "-m", "bulksender", "send", "contacts.csv", "--text", "{{ words }}"],
        cwd=folder.path, env=folder.shell.environ, stdin=inner, stdout=inner, stderr=inner,
    )  # fmt: skip
    os.close(inner)
    try:
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(terminal, 4096)
        os.write(terminal, b"n\n")
        with suppress(OSError):  # the terminal ends with the command
            while os.read(terminal, 4096):
                pass
        assert asking.wait(30) == 3
    finally:
        asking.kill()
        asking.wait()
        os.close(terminal)
    question = " ".join(shown.decode().split())
    assert f"Send 6 messages to simulator at {folder.sim.base_url}" in question
    assert "for at most 0.4374 USD? " in question
    assert not folder.sim.posts


@pytest.mark.parametrize("account", [OF_8X8, OF_A_FILE])
def test_a_run_that_is_too_dear_is_refused_and_one_that_costs_as_much_as_allowed_is_not(
    folder: Folder, account: dict[str, str]
) -> None:
    costly(folder, account, max_cost=0.4373)
    assert_refused(folder, "It may cost 0.4374 USD, more than max_cost = 0.4373.")
    costly(folder, account, max_cost=0.4374)
    assert_sent(folder, 6)


def test_a_limit_of_costs_without_prices_refuses_a_run(folder: Folder) -> None:
    folder.campaign(guardrails={"max_cost": 1000})
    assert_refused(folder, "max_cost = 1,000.0 cannot be kept: no prices are known.")
    folder.write("prices.csv", "country,price,currency\nMY,0.04,USD\n")
    folder.campaign(guardrails={"max_cost": 1000}, account=OF_A_FILE)
    assert_refused(folder, "max_cost = 1,000.0 cannot be kept: there is no price for SG.")


def test_a_price_list_that_cannot_be_had_refuses_a_run_only_where_costs_are_limited(
    folder: Folder,
) -> None:
    costly(folder, {"account": "somebody-elses"})
    checked = folder.check("--json")
    assert checked.code == 0
    assert checked.json["cost"] is None
    assert "8x8's price list could not be had" in checked.err
    costly(folder, {"account": "somebody-elses"}, max_cost=1000)
    assert_refused(folder, "no prices are known")


def singapore(amount: float) -> Sequence[dict[str, object]]:
    """A price list in 8x8's own form."""
    price = {"amount": amount, "currency": "USD"}
    operator = {"operatorName": "M1", "operatorId": 1, "hni": [], "price": price}
    country = {"alpha2Code": "SG", "countryName": "Singapore", "dialingPrefix": "+65"}
    return [country | {"operators": [operator]}]


def test_prices_are_asked_for_once_a_day(
    folder: Folder, simulated: Callable[..., Simulator]
) -> None:
    """The list is another one from the second command on, and nobody notices until tomorrow."""
    folder.campaign(account=OF_8X8)
    folder.run("--period", NEXT)  # makes the ledger, in which prices are kept
    port = int(folder.sim.base_url.rpartition(":")[2])
    folder.sim.stop()
    folder.sim = simulated(port=port, prices=singapore(0.5))
    assert folder.check("--json").json["cost"] == {"amount": 0.1158, "currency": "USD"}
    assert folder.run("--json").json["cost"] == {"amount": 0.1158, "currency": "USD"}
    tomorrow = datetime.now(UTC) + timedelta(hours=24, minutes=1)
    folder.campaign(period="daily", account=OF_8X8, guardrails={"max_cost": 1.49})
    assert folder.run_at(tomorrow) is ExitCode.REFUSED
    assert "It may cost 1.50 USD" in folder.inbox.news[-1]["message"]


@pytest.mark.parametrize(
    ("balance", "passes"),
    [
        ((0.4373, "USD"), False),
        ((0.4374, "USD"), True),
        ((0.01, "SGD"), True),  # there is no saying how much that is
        (None, True),  # not prepaid
    ],
)
def test_a_balance_that_is_too_low_refuses_a_run(
    folder: Folder,
    simulated: Callable[..., Simulator],
    balance: tuple[float, str] | None,
    passes: bool,
) -> None:
    folder.sim = simulated(balance=balance)
    folder.shell.environ["BULKSENDER_BASE_URL"] = folder.sim.base_url
    costly(folder, OF_8X8)
    if passes:
        assert_sent(folder, 6)
        return
    assert_refused(folder, "It may cost 0.4374 USD, and the account's balance is 0.4373.")


def test_all_guardrails_that_are_tripped_are_named(folder: Folder) -> None:
    other = folder.campaign("other", message={"text": "Something else"})
    assert folder.run(file=other).code == 0
    assert folder.run("--period", NEXT).code == 0
    folder.sheet(people(10) | {"Dot": "123"})
    os.utime(folder.path / "contacts.csv", (0, 0))
    folder.campaign(
        account=OF_8X8,
        guardrails={
            "max_recipients": 7, "max_cost": 0.1, "max_invalid": 5, "max_change": 50,
            "max_age": "1d", "min_gap": "1h",
        },
    )  # fmt: skip
    assert_refused(
        folder, "max_recipients", "max_cost", "max_invalid", "max_change", "max_age", "min_gap"
    )


def test_a_run_that_was_refused_can_be_run_when_that_is_mended(folder: Folder) -> None:
    folder.campaign(guardrails={"max_recipients": 2})
    assert folder.run().code == 3
    assert folder.run().code == 3
    assert len(folder.inbox.news) == 2
    folder.sheet({"Ann": PEOPLE["Ann"]})
    assert_sent(folder, 1)


# Approval -------------------------------------------------------------------------------------


def planned(folder: Folder, *options: str) -> str:
    """A plan that waits for approval; its run's id."""
    ended = folder.run("--json", *options)
    assert ended.code == 3, ended.err
    run: str = ended.json["run"]
    assert f"Run {run} is planned and waits for approval: bulksender approve {run}" in ended.err
    assert not folder.sim.posts
    return run


def test_a_plan_waits_for_approval_and_its_owner_is_told_once(folder: Folder) -> None:
    folder.campaign(**WAITS)
    run = planned(folder)
    [listed] = folder.bulksender("runs", "--json").json["runs"]
    assert (listed["run"], listed["state"]) == (run, "WAITING")
    assert listed["next"] == f"bulksender approve {run}"
    again = folder.run()
    assert again.code == 3
    assert f"bulksender approve {run}" in again.err
    [news] = folder.inbox.news
    assert news["title"] == f"news {THIS} (rehearsal): waits for approval, nothing was sent yet"
    assert f"Next: bulksender approve {run}" in news["message"]
    assert folder.states == ["WAITING"]


def test_exactly_what_was_approved_goes_out_whatever_has_changed_since(folder: Folder) -> None:
    folder.campaign(**WAITS)
    run = planned(folder)
    folder.sheet({"Mallory": "+6591239999"})
    folder.campaign(message={"text": "Something else"}, **WAITS)

    approved = folder.bulksender("approve", run)
    assert approved.code == 0, approved.err
    assert f"{MARK} waits, Ann" in approved.out
    assert f"Send it with: bulksender run {FILE}" in approved.out
    assert not folder.sim.posts

    sent = folder.run("--json")
    assert sent.code == 0, sent.err
    assert sent.json["run"] == run
    assert {each.destination: each.text for each in folder.sim.messages} == {
        number: f"{MARK} waits, {name}" for name, number in PEOPLE.items()
    }
    assert folder.run().code == 8


def test_a_plan_of_another_period_and_another_folder_is_approved_with_the_right_command(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.campaign(**WAITS)
    run = planned(folder, "--period", NEXT)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    approved = folder.bulksender("approve", run, "--json")
    assert approved.json["campaign"] == "news"
    command = f"bulksender run {folder.path / FILE} --period {NEXT}"
    assert command in approved.err
    assert folder.bulksender(*command.split()[1:]).code == 0
    assert len(folder.results(f"results/news-{NEXT}.csv")) == 3


def test_a_plan_that_is_cancelled_is_dropped_and_the_next_run_plans_anew(folder: Folder) -> None:
    folder.campaign(**WAITS)
    run = planned(folder)
    assert folder.bulksender("cancel", run).code == 0
    assert folder.states == ["DECLINED"]
    assert folder.query("SELECT count(*) FROM message") == [(0,)]
    folder.sheet({"Ann": PEOPLE["Ann"]})
    again = planned(folder)
    assert again != run
    assert folder.bulksender("approve", run).code == 3
    assert folder.bulksender("approve", again).code == 0
    assert folder.run().code == 0
    assert folder.texted == [PEOPLE["Ann"]]


def test_an_approved_plan_can_still_be_dropped(folder: Folder) -> None:
    folder.campaign(**WAITS)
    run = planned(folder)
    assert folder.bulksender("approve", run).code == 0
    assert folder.bulksender("cancel", run).code == 0
    planned(folder)


def test_nothing_is_approved_twice(folder: Folder) -> None:
    folder.campaign(**WAITS)
    run = planned(folder)
    assert folder.bulksender("approve", run).code == 0
    twice = folder.bulksender("approve", run)
    assert twice.code == 3
    assert f"was approved already. Send it with: bulksender run {FILE}" in twice.err
    assert folder.run().code == 0
    sent = folder.bulksender("approve", run)
    assert sent.code == 3
    assert "does not wait for approval: it is finished" in sent.err


def test_a_plan_that_a_guardrail_refuses_does_not_wait(folder: Folder) -> None:
    folder.campaign(guardrails={"require_approval": True, "max_recipients": 2})
    assert_refused(folder, "max_recipients")


def test_whoever_is_suppressed_before_or_after_the_approval_gets_nothing(folder: Folder) -> None:
    folder.campaign(**WAITS)
    run = planned(folder)
    folder.bulksender("suppress", "add", PEOPLE["Ann"])
    assert folder.bulksender("approve", run).code == 0
    folder.bulksender("suppress", "add", PEOPLE["Bob"])
    assert folder.run("--json").json["counts"] == {"OPTED_OUT": 2, "QUEUED": 1}
    assert folder.texted == [PEOPLE["Cyd"]]


def test_an_approved_plan_is_refused_where_the_same_was_sent_by_hand_meanwhile(
    folder: Folder,
) -> None:
    folder.campaign(**WAITS)
    run = planned(folder)
    by_hand = ("send", "contacts.csv", "--text", f"{MARK} waits, {{{{ name }}}}", "--yes")
    assert folder.bulksender(*by_hand).code == 0
    assert folder.bulksender("approve", run).code == 0
    assert folder.run().code == 8
    assert folder.texted == [*PEOPLE.values()]
