"""Telling the owner: what arrives over HTTP and SMTP, who is told of what, and what never leaks."""

from __future__ import annotations

import email
import email.policy
import json
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from bulksender.errors import SettingsError
from bulksender.notifier import Kind, News, body, check_urls, notify, title, without_numbers
from bulksender.rules import Notify

if TYPE_CHECKING:
    from conftest import Peer, RawServer

SECRET = "geheim7x"
NEWS = News(
    kind="finished",
    campaign="november-offer",
    period="2026-11",
    run="svzs2fxe86",
    said="8x8 accepted every message.",
    counts={"QUEUED": 1204, "DUPLICATE": 46, "INVALID": 0},
    rows=1250,
    parts=1300,
    cost="12.34 USD",
    next="bulksender show svzs2fxe86",
    output="/data/november_offer-results.xlsx",
    page="/data/november_offer.html",
)


def news(**changes: Any) -> News:
    return msgspec.structs.replace(NEWS, **changes)


class Webhook(ThreadingHTTPServer):
    """Receives what Apprise posts; `status` is its answer."""

    def __init__(self, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.status = status
        self.received: list[dict[str, Any]] = []
        self.url = f"json://robot:{SECRET}@127.0.0.1:{self.server_port}/hooks/campaigns"


class _Hook(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        posted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.received.append(posted | {"path": self.path})
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Mailbox(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP (RFC 5321) as it takes to receive a mail."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Mail)
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        port = self.server_address[1]
        self.url = (
            f"mailto://robot:{SECRET}@127.0.0.1:{port}/?smtp=127.0.0.1&mode=insecure"
            "&from=campaigns@example.org&to=owner@example.org"
        )


class _Mail(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            match line.split()[0].upper():
                case "EHLO":
                    self._say("250-here", "250 AUTH PLAIN")
                case "AUTH":
                    self._say("235 welcome")
                case "RCPT":
                    self.server.recipients.append(line)
                    self._say("250 ok")
                case "DATA":
                    self._say("354 go on")
                    self.server.mails.append(self._mail())
                    self._say("250 taken")
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 ok")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _mail(self) -> EmailMessage:
        lines = iter(self.rfile.readline, b".\r\n")
        whole = b"".join(line.removeprefix(b".") for line in lines)
        return email.message_from_bytes(whole, policy=email.policy.default)


Server = Webhook | Mailbox


@contextmanager
def serving(server: Server) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    server = Webhook()
    with serving(server):
        yield server


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    server = Mailbox()
    with serving(server):
        yield server


def dead_url() -> str:
    """Where nobody listens any more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"json://robot:{SECRET}@127.0.0.1:{port}/{SECRET}"


def test_a_webhook_gets_the_ending_the_summary_and_the_next_command(webhook: Webhook) -> None:
    assert notify(NEWS, Notify(urls=(webhook.url,))) == []

    [posted] = webhook.received
    assert posted["path"] == "/hooks/campaigns"
    assert posted["title"] == "november-offer 2026-11: sent to 1,204 people"
    assert posted["type"] == "success"
    assert posted["message"] == (
        "8x8 accepted every message.\n"
        "\n"
        "Campaign: november-offer, 2026-11\n"
        "Run:      svzs2fxe86\n"
        "Rows:     1,250 (1,204 QUEUED, 46 DUPLICATE)\n"
        "Parts:    1,300\n"
        "Cost:     12.34 USD\n"
        "Result:   /data/november_offer-results.xlsx\n"
        "Report:   /data/november_offer.html\n"
        "\n"
        "Next: bulksender show svzs2fxe86"
    )


def test_a_mail_reads_well_as_html_and_as_text(mailbox: Mailbox) -> None:
    assert notify(news(campaign="november_offer_2"), Notify(urls=(mailbox.url,))) == []

    [mail] = mailbox.mails
    assert mailbox.recipients == ["rcpt TO:<owner@example.org>"]
    assert mail["Subject"] == "november_offer_2 2026-11: sent to 1,204 people"
    html, text = (mail.get_body([kind]) for kind in ("html", "plain"))
    assert html is not None
    assert text is not None
    assert "<li>Campaign: november_offer_2, 2026-11</li>" in html.get_content()
    assert "<code>bulksender show svzs2fxe86</code>" in html.get_content()
    assert "Rows: 1,250 (1,204 QUEUED, 46 DUPLICATE)" in text.get_content()
    assert "november_offer-results.xlsx" in text.get_content()


def test_a_mail_as_plain_text_has_the_aligned_lines(mailbox: Mailbox) -> None:
    assert notify(NEWS, Notify(urls=(f"{mailbox.url}&format=text",))) == []

    [mail] = mailbox.mails
    assert "Run:      svzs2fxe86\n" in mail.get_content().replace("\r\n", "\n")


def test_one_dead_service_does_not_keep_the_others_from_being_told(
    webhook: Webhook, mailbox: Mailbox
) -> None:
    problems = notify(NEWS, Notify(urls=(webhook.url, dead_url(), mailbox.url)))

    assert problems == ["The 2nd of notify.urls was not told: it could not be reached."]
    assert len(webhook.received) == len(mailbox.mails) == 1


def test_a_service_that_refuses_is_told_of_by_its_http_status() -> None:
    refusing = Webhook(status=403)
    with serving(refusing):
        problems = notify(NEWS, Notify(urls=(refusing.url,)))
    assert problems == ["The 1st of notify.urls was not told: it answered HTTP 403."]


def test_a_mail_server_that_does_not_speak_is_a_problem_too(
    raw_server: Callable[[Callable[[Peer], None]], RawServer],
) -> None:
    server = raw_server(lambda peer: peer.send(b"421 full\r\n"))
    url = f"mailto://robot:{SECRET}@{server.base_url.removeprefix('http://')}/?mode=insecure"

    problems = notify(NEWS, Notify(urls=(f"{url}&to=a@example.org&from=b@example.org",)))

    assert len(problems) == 1
    assert problems[0].startswith("The 1st of notify.urls was not told: it ")
    assert SECRET not in problems[0]


def test_urls_that_cannot_be_used_are_problems_and_the_others_are_told(webhook: Webhook) -> None:
    urls = (f"slak://{SECRET}", "env:BULKSENDER_TEST_UNSET", webhook.url)

    problems = notify(NEWS, Notify(urls=urls))

    assert [problem.partition(":")[0] for problem in problems] == [
        "The 1st of notify.urls",
        "The 2nd of notify.urls",
    ]
    assert SECRET not in "".join(problems)
    assert len(webhook.received) == 1


_ENDLESS = """
import sys
from bulksender.notifier import News, notify
from bulksender.rules import Notify
news = News(kind="finished", campaign="november-offer", said="Done.")
print(notify(news, Notify(urls=(sys.argv[1],)), patience=0.3))
"""


def test_a_service_that_never_answers_keeps_neither_the_run_nor_its_process(
    raw_server: Callable[[Callable[[Peer], None]], RawServer],
) -> None:
    asked, over = threading.Event(), threading.Event()

    def hang(peer: Peer) -> None:
        peer.request()
        asked.set()
        over.wait(60)

    server = raw_server(hang)
    url = f"json{server.base_url.removeprefix('http')}/?rto=600"
    try:
        ended = subprocess.run(
            [sys.executable, "-c", _ENDLESS, url],
            capture_output=True,
            text=True,
            check=True,
            timeout=50,  # it would take ten minutes
        )
    finally:
        over.set()
    assert "The 1st of notify.urls was not told: no answer within 0 s." in ended.stdout
    assert ended.stderr == ""


_LOGGED = """
import logging, sys
logging.basicConfig(level=logging.DEBUG)
from bulksender.notifier import News, check_urls, notify
from bulksender.errors import SettingsError
from bulksender.rules import Notify
news = News(kind="finished", campaign="november-offer", said="Done.")
print(notify(news, Notify(urls=(*sys.argv[1:], "slack://" + sys.argv[1]))))
try:
    check_urls(Notify(urls=("slack://" + sys.argv[1],)))
except SettingsError as error:
    print(error)
logging.getLogger("urllib3.connectionpool").debug("of somebody else")
"""


def test_nothing_that_is_logged_of_a_url_is_seen(webhook: Webhook) -> None:
    """At DEBUG Apprise logs URLs and messages, and urllib3 the paths that it asks for."""
    ended = subprocess.run(
        [sys.executable, "-c", _LOGGED, dead_url(), f"{webhook.url}/{SECRET}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(webhook.received) == 1
    assert "could not be reached" in ended.stdout
    assert SECRET not in ended.stdout
    assert ended.stderr == "DEBUG:urllib3.connectionpool:of somebody else\n"


_WITHOUT_APPRISE = """
import sys
sys.modules["apprise"] = None  # as if it were not installed
from bulksender.notifier import News, check_urls, notify
from bulksender.errors import SettingsError
from bulksender.rules import Notify
rules = Notify(urls=("json://127.0.0.1",))
print(notify(News(kind="finished", campaign="november-offer", said="Done."), rules))
check_urls(Notify())
try:
    check_urls(rules)
except SettingsError as error:
    print(error)
"""


def test_without_apprise_both_say_what_to_install() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _WITHOUT_APPRISE], capture_output=True, text=True, check=True
    )
    told, checked = ended.stdout.splitlines()
    assert "Nobody was told" in told
    assert "pip install 'bulksender[notify]'" in told
    assert checked.endswith("pip install 'bulksender[notify]'.")


def test_importing_the_module_does_not_import_apprise() -> None:
    program = "import sys, bulksender.notifier; print('apprise' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert ended.stdout.strip() == b"False"


@pytest.mark.parametrize(
    ("kind", "on", "heard"),
    [
        ("finished", ("finished",), True),
        ("finished", ("refused", "rejected", "unknown"), False),
        ("stopped", ("refused",), True),
        ("missed", ("refused",), True),
        ("waits", ("refused",), True),
        ("waits", ("waits",), True),
        ("stopped", ("finished", "rejected", "unknown"), False),
        ("unknown", (), False),
    ],
)
def test_the_owner_is_told_of_what_was_asked_for(
    webhook: Webhook, kind: Kind, on: tuple[str, ...], heard: bool
) -> None:
    assert notify(news(kind=kind), Notify(urls=(webhook.url,), on=on)) == []
    assert len(webhook.received) == heard


def test_a_url_may_stand_in_the_environment(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BULKSENDER_TEST_HOOK", f" {webhook.url}\n")
    rules = Notify(urls=("env:BULKSENDER_TEST_HOOK",))

    check_urls(rules)
    assert webhook.received == [], "a check tells nobody"
    assert notify(NEWS, rules) == []
    assert len(webhook.received) == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"slak://{SECRET}", 'Apprise knows no such service. Did you mean "slack"? See https'),
        (f"{SECRET}", "Apprise knows no such service. See https"),
        (f"slack://{SECRET}", "Apprise cannot use this slack:// URL."),
        ("env:BULKSENDER_TEST_UNSET", "variable BULKSENDER_TEST_UNSET is not set"),
        (f"env:json://{SECRET}", "after env: stands the name of a variable"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_by_its_place(url: str, said: str) -> None:
    with pytest.raises(SettingsError, match=r"^The 2nd of notify\.urls: ") as refused:
        check_urls(Notify(urls=("json://127.0.0.1", url)))
    assert said in str(refused.value)
    assert SECRET not in str(refused.value)


def test_where_nobody_is_to_be_told_nothing_is_checked() -> None:
    check_urls(Notify())
    assert notify(NEWS, Notify()) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "november-offer 2026-11: sent to 1,204 people"),
        ({"period": "", "counts": {"QUEUED": 1}}, "november-offer: sent to 1 person"),
        ({"counts": {"DUPLICATE": 2}}, "november-offer 2026-11: finished, nobody was to get a "
         "message"),
        ({"rehearsal": True}, "november-offer 2026-11 (rehearsal): would be sent to 1,204 people"),
        ({"kind": "refused"}, "november-offer 2026-11: refused, nothing was sent"),
        ({"kind": "missed"}, "november-offer 2026-11: missed, nothing was sent"),
        ({"kind": "waits"}, "november-offer 2026-11: waits for approval, nothing was sent yet"),
        ({"kind": "unknown", "counts": {"UNKNOWN": 3}}, "november-offer 2026-11: 3 messages are "
         "UNKNOWN"),
        ({"kind": "unknown", "counts": {"UNKNOWN": 1}}, "november-offer 2026-11: 1 message is "
         "UNKNOWN"),
        ({"kind": "rejected", "counts": {"QUEUED": 7, "REJECTED": 2, "CANCELLED": 5}},
         "november-offer 2026-11: sent to 7 people, 2 messages were rejected"),
        ({"kind": "stopped", "counts": {"QUEUED": 500, "READY": 704}},
         "november-offer 2026-11: stopped early, 704 messages still wait"),
        ({"campaign": "november\noffer"}, "november offer 2026-11: sent to 1,204 people"),
    ],
)  # fmt: skip
def test_the_title_says_how_it_ended(changes: dict[str, Any], expected: str) -> None:
    assert title(news(**changes)) == expected


def test_what_is_not_known_is_left_out() -> None:
    refused = News(kind="refused", campaign="november-offer", said="The export is\n3 days old.")
    assert body(refused, False) == "The export is 3 days old.\n\nCampaign: november-offer"


def test_a_rehearsal_says_so() -> None:
    assert "This was a rehearsal: nobody got a message." in body(news(rehearsal=True), True)


def test_markdown_shows_names_and_paths_as_they_are() -> None:
    made = body(news(said="No column *first_name* or _b_, see [a](b).", page="/a`b_c"), True)
    assert made.startswith(r"No column \*first_name\* or \_b\_, see \[a\](b).")
    assert "- Result: `/data/november_offer-results.xlsx`" in made
    assert r"- Report: /a\`b_c" in made
    assert made.endswith("Next: `bulksender show svzs2fxe86`")


@pytest.mark.parametrize("markdown", [True, False])
def test_a_number_in_the_sentence_never_gets_into_the_message(markdown: bool) -> None:
    made = body(news(said='Row 12: "+65 9123-4567" is no recipient of 2026-11-23.'), markdown)
    assert made.startswith('Row 12: "…" is no recipient of 2026-11-23.')


@pytest.mark.parametrize(
    "number",
    [
        *("6591234567", "+6591234567", "91234567", "1234567", "+65 9123 4567", "(65) 9123-4567"),
        *("+65-9123-4567", "65.9123.4567", "0711/12 34 56", "+65\u00a09123\u20114567"),
        *("[65] 9123 4567", "６５９１２３４５６７", "+6520261123", "20261123", "00 65 2026-11-23"),
    ],
)
def test_whatever_may_be_a_number_is_hidden(number: str) -> None:
    assert (
        without_numbers(f"8x8 does not take {number}, it says.") == "8x8 does not take …, it says."
    )
    assert without_numbers(f"row 91234567, {number}") == "row …, …"
    assert without_numbers(f"since 2026-11-23 08:30 {number}") == "since 2026-11-23 08:30 …"


@pytest.mark.parametrize(
    "said",
    [
        "due 2026-11-23, and again 2026-11-24 to 2026-12-31",
        "since 2026-11-23 08:30:15 and before 2026-11-24T08:30:00.123456+08:00",
        "at 08:30 2026-11-23",
        "row 1048576 and rows 2, 1048575 and 9999999",
        "Row 1048576: blank; rows 1000000 to 1000002",
        "1,204,567 rows cost 12345.67 USD, which is more than 1,234,567.89",
        "exports/contacts-20261123.xlsx, contacts_20261123-0830.csv, contacts-2026-11-23.csv",
        "HTTP 503 from 127.0.0.1:8080, 25,000 of 30,000 in 12.5 s",
        "bulksender reconcile svzs2fxe86",
    ],
)
def test_dates_times_rows_and_amounts_are_kept(said: str) -> None:
    assert without_numbers(said) == said
