"""The files of 8x8's log: fetched without the key, from 8x8 alone, and read whole or not at all."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from log_server import (
    COLUMNS,
    MESSAGES,
    RUN,
    Answer,
    LogServer,
    csv_of,
    line,
    read,
)

from bulksender.errors import LogUnavailable
from bulksender.ledger import LogEntry
from bulksender.model import CHUNK_ROWS, RowStatus
from bulksender.sender import log_entries
from bulksender.sender.wire import parse_client_batch_id, parse_client_message_id

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FILE = csv_of(line(2))


def entries(server: LogServer) -> list[LogEntry]:
    with server.api() as api:
        return read(api, NOW, NOW)


def rows(server: LogServer) -> list[int]:
    return [entry.row for entry in entries(server)]


def why_not(server: LogServer) -> str:
    with pytest.raises(LogUnavailable) as raised:
        entries(server)
    return str(raised.value)


def of_file(content: bytes) -> list[int]:
    with LogServer(content) as server:
        return rows(server)


def why_not_file(content: bytes | Answer) -> str:
    with LogServer(content) as server:
        return why_not(server)


# Links


def test_a_download_carries_nothing_of_the_account_and_nothing_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    cookie = {"Set_Cookie": "session=1; Path=/"}
    moved = Answer(302, headers={"Location": f"{MESSAGES}/download/1", **cookie})
    with LogServer(moved, Answer(200, FILE, cookie), Answer(200, FILE, cookie)) as server:
        server.links = [server.link(0), server.link(2), server.link(2)]
        server.links[2] = server.links[2].replace("//", "//name:password@")
        entries(server)
        assert len(server.downloads) == 4
    for download in server.downloads:
        assert not {"authorization", "cookie", "proxy-authorization"} & download.headers.keys()
        assert "the-key" not in str(download)
        assert download.headers["user-agent"].startswith("bulksender/")


ELSEWHERE = [
    "https://files.example.com/exports/1",
    "http://files.example.com/exports/1",
    "https://127.0.0.1:{port}/exports/1",  # another protocol
    "http://127.0.0.1:1/exports/1",  # another port
    "http://127.0.0.1.example.com:{port}/exports/1",
    "http://127.0.0.1:{port}@files.example.com/exports/1",
    "http://[::1/exports/1",
    "http://127.0.0.1:99999999/exports/1",
    "ftp://127.0.0.1:{port}/exports/1",
    "file:///etc/passwd",
    "/exports/1",
    "",
]


@pytest.mark.parametrize("link", ELSEWHERE)
def test_a_link_to_another_host_is_not_followed(link: str) -> None:
    with LogServer(FILE) as server:
        server.links = [link.format(port=server.base_url.rpartition(":")[2])]
        said = why_not(server)
    assert said == (
        f"8x8's log export has a link to another host than {server.base_url}, which is not "
        "followed."
    )
    assert server.downloads == []


@pytest.mark.parametrize(
    "place", ["https://files.example.com/1", "//files.example.com/1", "http://[bad", "file:///x"]
)
def test_a_redirect_to_another_host_is_not_followed(place: str) -> None:
    with LogServer(Answer(302, headers={"Location": place})) as server:
        why_not(server)
    assert len(server.downloads) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", [f"{MESSAGES}/download/1", "1", "{base}/x/download/1"])
def test_a_redirect_on_the_same_host_is_followed(status: int, place: str) -> None:
    with LogServer(Answer(status), FILE) as server:
        there = {"Location": place.format(base=server.base_url)}
        server.files[0] = Answer(status, headers=there)
        server.links = [server.link(0)]
        assert rows(server) == [2]
    assert [call.target[-1] for call in server.downloads] == ["0", "1"]


def test_redirects_without_end_are_given_up() -> None:
    round_and_round = Answer(302, headers={"Location": f"{MESSAGES}/download/0"})
    with LogServer(round_and_round) as server:
        assert "its link cannot be used (HTTP 302)" in why_not(server)
        assert len(server.downloads) == 4


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_link_that_has_expired_is_said_so(status: int) -> None:
    assert why_not_file(Answer(status)) == (
        "8x8's log export could not be downloaded: its link has expired "
        f"(HTTP {status}); try again."
    )


@pytest.mark.parametrize("status", [204, 206, 302, 400, 401, 500, 503])
def test_a_link_that_gives_no_file_is_said_so(status: int) -> None:
    assert f"its link cannot be used (HTTP {status})" in why_not_file(Answer(status))


# Over TLS


@pytest.fixture
def everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LogServer]:
    """A server that is https://sms.example, and every other host, by way of a proxy."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with LogServer(FILE) as server:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.certified(tmp_path)))
        for name in ("https_proxy", "http_proxy"):
            monkeypatch.setenv(name, server.base_url)
        server.base_url = "https://sms.example"
        yield server


@pytest.mark.parametrize("host", ["sms.example", "SMS.Example", "sms.example:443"])
def test_a_log_is_read_over_https(everywhere: LogServer, host: str) -> None:
    everywhere.links = [f"https://{host}{MESSAGES}/download/0"]
    assert rows(everywhere) == [2]
    assert {place.lower() for place in everywhere.connects} == {"sms.example:443"}
    assert "authorization" not in everywhere.downloads[0].headers


@pytest.mark.parametrize(
    "link",
    [
        f"http://sms.example{MESSAGES}/download/0",
        f"http://sms.example:443{MESSAGES}/download/0",
        f"https://other.example{MESSAGES}/download/0",
        f"https://sms.example:8443{MESSAGES}/download/0",
        f"https://sms.example@other.example{MESSAGES}/download/0",
        f"http://127.0.0.1{MESSAGES}/download/0",
    ],
)
@pytest.mark.parametrize("redirected", [False, True])
def test_nothing_but_https_to_the_same_host_is_fetched(
    everywhere: LogServer, link: str, redirected: bool
) -> None:
    everywhere.files.append(Answer(302, headers={"Location": link}))
    everywhere.links = [everywhere.link(1) if redirected else link]
    assert "to another host than https://sms.example, which" in why_not(everywhere)
    assert [call.target[-1] for call in everywhere.downloads] == ["1"] * redirected
    assert set(everywhere.connects) == {"sms.example:443"}


# What is no log


def test_a_download_that_breaks_off_is_no_log() -> None:
    said = why_not_file(Answer(200, FILE, announced=len(FILE) + 10))
    assert said.startswith("8x8's log could not be downloaded whole (")


def test_a_download_compressed_badly_is_no_log() -> None:
    said = why_not_file(Answer(200, FILE, {"Content_Encoding": "gzip"}))
    assert "could not be downloaded whole (ContentDecodingError)" in said


NO_LIST = "8x8's log export is not a list of messages with our ids in it."
NO_CSV = "8x8's log export is no CSV file that can be read."
BROKEN = "8x8's log export breaks off in the middle of a line; try again."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", NO_LIST),
        (b"<html>\n<body>Sign in</body>\n", NO_LIST),
        (b"\x00no\r\nCSV", NO_LIST),
        (b"a,b,c\r\n1,2,3\r\n", NO_LIST),
        (csv_of(line(2)[:8], names=COLUMNS[:7]), NO_LIST),  # without clientbatchid
        (FILE + b"\xff\xfe\r\n", NO_CSV),
        (FILE + b'"never closed\r\n', NO_CSV),
        (FILE + b'"a"b,c\r\n', NO_CSV),
        (b"x" * (1 << 23), NO_CSV),
        (FILE[:-14], BROKEN),
        (csv_of(line(2), line(3)[:4]), BROKEN),
        (csv_of([*line(2), "more"]), BROKEN),
    ],
)
def test_what_is_no_log_is_refused(content: bytes, said: str) -> None:
    assert why_not_file(content) == said


# What is one


def test_all_files_of_a_log_are_read() -> None:
    with LogServer(csv_of(line(2), line(3)), csv_of(), csv_of(line(4))) as server:
        assert rows(server) == [2, 3, 4]


def test_one_bad_file_of_several_spoils_the_log() -> None:
    with LogServer(csv_of(line(2)), b"a,b\r\n1,2\r\n") as server:
        assert why_not(server) == NO_LIST


def test_line_breaks_and_quotes_inside_a_cell_are_part_of_it() -> None:
    body = 'He said "Hi",\r\nthen\nleft'
    assert of_file(csv_of(line(2, body=body, status_details=body), line(3))) == [2, 3]


def test_a_byte_order_mark_and_capitals_do_not_hide_the_columns() -> None:
    names = [f" {name.upper()} " for name in COLUMNS]
    assert of_file(b"\xef\xbb\xbf" + csv_of(line(2), names=names)) == [2]


def test_columns_may_stand_in_any_order_and_be_the_four_that_matter() -> None:
    names = ["clientbatchid", "status_value", "umid", "clientmessageid"]
    with LogServer(csv_of([f"{RUN}-7", "sent", "u-1", f"{RUN}-2"], names=names)) as server:
        assert entries(server) == [
            LogEntry(RUN, 2, 1, 7, "u-1", RowStatus.SENT, "found in 8x8's log", "")
        ]


def test_a_last_line_needs_no_end() -> None:
    assert of_file(csv_of(line(2), line(3))[:-2]) == [2, 3]


@pytest.mark.parametrize("end", [b"\r\n", b"\n\n"])
def test_empty_lines_hide_nothing(end: bytes) -> None:
    assert of_file(csv_of(line(2), line(3)) + end) == [2, 3]


@pytest.mark.parametrize(
    "columns",
    [
        {"direction": "0"},
        {"subaccountid": "another"},
        {"umid": ""},
        {"clientmessageid": ""},
        {"clientmessageid": "order-17"},
        {"clientmessageid": "ABCDEFGHJK-2"},
        {"clientmessageid": f"{RUN}-two"},
        {"clientmessageid": f"x{RUN}-2"},
    ],
)
def test_what_is_not_ours_is_left_out(columns: dict[str, str]) -> None:
    assert of_file(csv_of(line(2, **columns), line(3))) == [3]


def test_a_sub_account_is_the_same_in_capitals() -> None:
    assert of_file(csv_of(line(2, subaccountid="Simulator"))) == [2]


STATES = {
    "queued": (RowStatus.QUEUED, "found in 8x8's log"),
    "sent": (RowStatus.SENT, "found in 8x8's log"),
    "delivered": (RowStatus.DELIVERED, "found in 8x8's log"),
    " Read ": (RowStatus.READ, "found in 8x8's log"),
    "UNDELIVERED": (RowStatus.UNDELIVERED, "8x8's log: undelivered"),
    "rejected": (RowStatus.REJECTED, "8x8's log: rejected"),
    "failed": (RowStatus.REJECTED, "8x8's log: failed"),
    "Pending": (RowStatus.QUEUED, "found in 8x8's log as pending"),
    "": (RowStatus.QUEUED, "found in 8x8's log as nothing"),
}


@pytest.mark.parametrize("value", STATES)
def test_a_state_means_what_8x8_documents_and_else_that_it_was_accepted(value: str) -> None:
    with LogServer(csv_of(line(2, status_value=value))) as server:
        [entry] = entries(server)
    assert (entry.status, entry.detail) == STATES[value]


@pytest.mark.parametrize("value", ["undelivered", "rejected"])
def test_the_reason_is_the_errors_message_else_the_details(value: str) -> None:
    reasons = {"status_details": "rejected_by_operator", "status_errormessage": "Unknown person"}
    with LogServer(
        csv_of(
            line(2, status_value=value, **reasons),
            line(3, status_value=value, **reasons | {"status_errormessage": ""}),
        )
    ) as server:
        found = [entry.detail for entry in entries(server)]
    assert found == ["8x8's log: Unknown person", "8x8's log: rejected_by_operator"]


@pytest.mark.parametrize(
    ("text", "batch"), [(f"{RUN}-3", 3), ("", None), ("other", 0), ("zzzzzzzzzz-3", 0)]
)
def test_an_entry_names_its_batch_none_or_anothers(text: str, batch: int | None) -> None:
    with LogServer(csv_of(line(2, clientbatchid=text))) as server:
        assert [entry.batch for entry in entries(server)] == [batch]
    assert parse_client_batch_id(RUN, text) == batch


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (f"{RUN}-2", (RUN, 2, 1)),
        (f"{RUN}-2.3", (RUN, 2, 3)),
        (f"{RUN}-2.3-customer 7", (RUN, 2, 3)),
        (f"{RUN}-2-a.9\nb", (RUN, 2, 1)),
        (f"{RUN}-", None),
        (f"{RUN}-2.", None),
        (f"{RUN}-1234567890", None),
        (f" {RUN}-2", None),
        ("short-2", None),
    ],
)
def test_an_id_of_ours_is_taken_apart_again(text: str, parts: tuple[str, int, int] | None) -> None:
    assert parse_client_message_id(text) == parts


# Size


READ_ON = """
import resource, sys
from datetime import UTC, datetime
from bulksender.sender import Api, log_entries
from bulksender.settings import Account

with Api(Account(sys.argv[1], "simulator", "the-key")) as api:
    log = log_entries(api, datetime.now(UTC), datetime.now(UTC))
    lines = len(next(log))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines += sum(map(len, log))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(lines, grown // (1 << 20 if sys.platform == "darwin" else 1 << 10))
"""


def test_a_long_log_is_read_a_piece_at_a_time() -> None:
    lines = 300_000  # 180 MB, if they were kept

    def content() -> Iterator[bytes]:
        yield csv_of()
        for first in range(1, lines + 1, 1_000):
            yield "".join(
                f"u-{row},simulator,1,sent,,,{RUN}-{row},{RUN}-1,8x8,**\r\n"
                for row in range(first, first + 1_000)
            ).encode()

    with LogServer(Answer(200, content)) as server:
        command = [sys.executable, "-c", READ_ON, server.base_url]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    read_on, megabytes = map(int, told.split())
    assert read_on == lines
    assert megabytes < 30


def test_a_log_comes_in_chunks_before_all_of_it_is_there() -> None:
    others = threading.Event()

    def content() -> Iterator[bytes]:
        yield csv_of(*(line(row) for row in range(1, CHUNK_ROWS + 500)))
        assert others.wait(10)
        yield csv_of(line(CHUNK_ROWS + 500), names=line(CHUNK_ROWS + 500))

    with LogServer(Answer(200, content)) as server, server.api() as api:
        log = log_entries(api, NOW, NOW)
        first = len(next(log))
        others.set()
        assert [first, *map(len, log)] == [CHUNK_ROWS, 501]
