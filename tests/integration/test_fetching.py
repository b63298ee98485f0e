"""Sheets from web servers on this machine: whole ones arrive, anything else is refused in words."""

from __future__ import annotations

import gzip
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bulksender.errors import BulksenderError, SettingsError, SheetError
from bulksender.fetcher import Fetched, Limits, fetch
from bulksender.rules import Export

SHEET = b"Mobile,Name\r\n" + b"".join(b"+65912%05d,Anna\r\n" % row for row in range(20_000))
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
QUICK = Limits(connect=2.0, silence=0.5, total=10.0, tries=3, pause=0.01)

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers GETs as its site says."""

    protocol_version = "HTTP/1.1"
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.answers[self.path.partition("?")[0]](self)

    def say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in ({"Content-Length": str(len(body))} | given).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing on standard error."""


class Site(ThreadingHTTPServer):
    """A web server on this machine; `asked` are the paths that were asked for."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def secure(self, certificate: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """A client that has gone is what some tests are about."""


Serve = Callable[..., Site]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start sites that are stopped when the test is over."""
    with ExitStack() as stack:

        def start(certificate: Path | None = None, **answers: Answer) -> Site:
            site = stack.enter_context(Site({f"/{name}": told for name, told in answers.items()}))
            if certificate is not None:
                site.secure(certificate)
            thread = threading.Thread(target=site.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(site.shutdown)
            return site

        yield start


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of this machine, signed by itself, with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "private"
    folder.mkdir()
    return folder


def got(url: str, into: Path, limits: Limits = QUICK) -> Fetched:
    return fetch(Export(path=url), into.parent, into, limits=limits)


def refused(
    url: str, into: Path, limits: Limits = QUICK, kind: type[BulksenderError] = SheetError
) -> str:
    """What the error says; nothing is left behind, and no traceback shows a secret."""
    with pytest.raises(kind) as caught:
        got(url, into, limits)
    assert list(into.iterdir()) == []
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def sheet(handler: Handler) -> None:
    handler.say(200, SHEET, Content_Type="text/csv", Last_Modified="Sun, 01 Nov 2026 02:30:00 GMT")


def to(target: str, status: int = 302) -> Answer:
    return lambda handler: handler.say(status, b"", Location=target)


def test_a_sheet_arrives_whole_with_its_time(serve: Serve, into: Path) -> None:
    site = serve(**{"exports/contacts.csv": sheet})
    found = got(f"{site.url}/exports/contacts.csv?token=SECRET#top", into)
    assert found == Fetched(
        path=into / "contacts.csv",
        name=f"{site.url}/exports/contacts.csv",
        modified_at=datetime(2026, 11, 1, 2, 30, tzinfo=UTC),
    )
    assert found.path.read_bytes() == SHEET
    assert [path.name for path in into.iterdir()] == ["contacts.csv"]


def test_nobody_says_when_a_sheet_was_made(serve: Serve, into: Path) -> None:
    site = serve(**{"a.csv": lambda handler: handler.say(200, SHEET, Last_Modified="yesterday")})
    assert got(f"{site.url}/a.csv", into).modified_at is None


@pytest.mark.parametrize(
    ("asked", "headers", "name"),
    [
        ("export", {"Content-Type": "text/csv; charset=utf-8"}, "export.csv"),
        ("export", {"Content-Type": XLSX}, "export.xlsx"),
        ("export.php", {"Content-Disposition": 'attachment; filename="May.CSV"'}, "export_php.csv"),
        (
            "export.php",  # PHP's type for whatever it is not told of
            {
                "Content-Type": "text/html",
                "Content-Disposition": "attachment; filename*=UTF-8''M%C3%A4rz.csv",
            },
            "export_php.csv",
        ),
        ("My%20contacts.xlsx", {"Content-Type": "application/octet-stream"}, "My_contacts.xlsx"),
        ("contacts.csv", {"Content-Type": XLSX}, "contacts.csv"),
    ],
)
def test_the_suffix_is_that_of_the_address_else_what_the_server_says(
    serve: Serve, into: Path, asked: str, headers: dict[str, str], name: str
) -> None:
    site = serve(**{asked: lambda handler: handler.say(200, SHEET, **headers)})
    found = got(f"{site.url}/{asked}", into)
    assert found.path == into / name
    assert found.path.read_bytes() == SHEET


def test_what_no_kind_of_sheet_is_known_of_is_refused(serve: Serve, into: Path) -> None:
    site = serve(export=lambda handler: handler.say(200, SHEET, Content_Type="image/png"))
    assert "what kind of sheet this is (image/png)" in refused(f"{site.url}/export", into)


def test_a_packed_answer_is_unpacked(serve: Serve, into: Path) -> None:
    packed = gzip.compress(SHEET)
    site = serve(**{"a.csv": lambda handler: handler.say(200, packed, Content_Encoding="gzip")})
    assert got(f"{site.url}/a.csv", into).path.read_bytes() == SHEET


def test_a_name_and_password_go_to_the_server_and_nowhere_else(serve: Serve, into: Path) -> None:
    heard: list[str] = []

    def guarded(handler: Handler) -> None:
        heard.append(handler.headers.get("Authorization", ""))
        if heard[-1] == "Basic YW5uYTpTRUNSRVQv":  # anna:SECRET/
            sheet(handler)
        else:
            handler.say(401, b"who are you?")

    site = serve(**{"a.csv": guarded})
    place = site.url.removeprefix("http://")
    assert got(f"http://anna:SECRET%2F@{place}/a.csv", into).name == f"{site.url}/a.csv"
    (into / "a.csv").unlink()
    said = refused(f"http://anna:SECRET@{place}/a.csv", into)
    assert said.startswith(f"{site.url}/a.csv: the server asks for a name and a password")
    assert len(heard) == 2


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "link may have expired"), (404, "no such file"), (410, "no longer"), (204, "no file")],
)
def test_what_a_server_refuses_is_said_in_plain_words_and_not_asked_again(
    serve: Serve, into: Path, status: int, words: str
) -> None:
    site = serve(**{"a.csv": lambda handler: handler.say(status, b"")})
    said = refused(f"{site.url}/a.csv?key=SECRET", into)
    assert words in said
    assert f"(HTTP {status})" in said
    assert len(site.asked) == 1


PAGES = {
    "typed as one": (b"Please log in", "text/html; charset=utf-8"),
    "typed as a sheet": (b"\n <!DOCTYPE html><title>Log in", "text/csv"),
    "in UTF-16": ("<html>".encode("utf-16"), "text/csv"),
    "an error in JSON": (b'{"error": "expired"}', "application/json"),
}


@pytest.mark.parametrize("how", PAGES)
def test_a_log_in_page_is_no_sheet(serve: Serve, into: Path, how: str) -> None:
    body, kind = PAGES[how]
    site = serve(
        **{
            "contacts.csv": to("/login"),
            "login": lambda handler: handler.say(200, body, Content_Type=kind),
        }
    )
    assert "a web page instead of a sheet" in refused(f"{site.url}/contacts.csv", into)


def test_a_truncated_answer_is_never_a_shorter_sheet(serve: Serve, into: Path) -> None:
    def short(handler: Handler) -> None:
        handler.say(200, SHEET[:100_000], Content_Length=str(len(SHEET)))
        handler.close_connection = True

    site = serve(**{"a.csv": short})
    said = refused(f"{site.url}/a.csv", into)
    assert "broke off before the file was whole (tried 3 times)" in said
    assert len(site.asked) == 3


def test_a_truncated_answer_in_chunks_is_never_a_shorter_sheet(serve: Serve, into: Path) -> None:
    def short(handler: Handler) -> None:
        chunk = b"%x\r\n%s\r\n" % (len(SHEET), SHEET)
        handler.say(200, chunk, Content_Length="", Transfer_Encoding="chunked")
        handler.close_connection = True

    site = serve(**{"a.csv": short})
    assert "broke off" in refused(f"{site.url}/a.csv", into)


def test_a_packed_answer_that_is_damaged_is_refused(serve: Serve, into: Path) -> None:
    packed = gzip.compress(SHEET)
    damaged = packed[:100] + bytes(100) + packed[200:]
    site = serve(**{"a.csv": lambda handler: handler.say(200, damaged, Content_Encoding="gzip")})
    assert "packed and damaged (tried 3 times)" in refused(f"{site.url}/a.csv", into)


def test_text_whose_length_nobody_tells_is_refused(serve: Serve, into: Path) -> None:
    def endless(handler: Handler) -> None:
        handler.say(200, SHEET, Content_Length="")
        handler.close_connection = True

    site = serve(**{"a.csv": endless})
    assert "does not say how long the file is" in refused(f"{site.url}/a.csv", into)


def test_what_fails_for_a_moment_is_fetched_all_the_same(serve: Serve, into: Path) -> None:
    def moody(handler: Handler) -> None:
        match len(site.asked):
            case 1:
                handler.say(503, b"in a moment")
            case 2:
                handler.say(200, SHEET[:9], Content_Length=str(len(SHEET)))
                handler.close_connection = True
            case _:
                sheet(handler)

    site = serve(**{"a.csv": moody})
    assert got(f"{site.url}/a.csv", into).path.read_bytes() == SHEET
    assert len(site.asked) == 3


def test_a_server_that_falls_silent_is_not_waited_for(serve: Serve, into: Path) -> None:
    over = threading.Event()
    site = serve(**{"a.csv": lambda _: over.wait(10) and None})
    try:
        said = refused(f"{site.url}/a.csv", into, Limits(silence=0.05, tries=2, pause=0.01))
    finally:
        over.set()
    assert "does not answer in time (tried 2 times)" in said


def test_a_server_that_dribbles_is_not_waited_for(serve: Serve, into: Path) -> None:
    def dribble(handler: Handler) -> None:
        handler.say(200, b"", Transfer_Encoding="chunked", Content_Length="")
        for _ in range(200):
            handler.wfile.write(b"1\r\na\r\n")
            time.sleep(0.01)

    site = serve(**{"a.csv": dribble})
    assert "too slow (tried once)" in refused(f"{site.url}/a.csv", into, Limits(total=0.1, tries=1))


def test_a_server_that_is_not_there_is_said_so(serve: Serve, into: Path) -> None:
    site = serve()
    gone = f"http://anna:SECRET@127.0.0.1:{site.server_port}/a.csv?key=SECRET"
    site.shutdown()
    site.server_close()
    assert "cannot be reached" in refused(gone, into)


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_that_is_too_large_is_refused(serve: Serve, into: Path, announced: bool) -> None:
    packed = gzip.compress(SHEET)
    headers = {} if announced else {"Content-Encoding": "gzip"}
    body = SHEET if announced else packed
    site = serve(**{"a.csv": lambda handler: handler.say(200, body, **headers)})
    limits = Limits(size=len(packed) + 1)
    assert f"larger than {limits.size:,} bytes" in refused(f"{site.url}/a.csv", into, limits)


def test_redirects_are_followed(serve: Serve, into: Path) -> None:
    site = serve(latest=to("exports/may.csv", 301), **{"exports/may.csv": sheet})
    found = got(f"{site.url}/latest", into)
    assert found.path.read_bytes() == SHEET
    assert (found.path.name, found.name) == ("latest.csv", f"{site.url}/latest")


def test_redirects_without_end_are_refused(serve: Serve, into: Path) -> None:
    site = serve(**{"a.csv": to("/a.csv")})
    assert "redirects more than 10 times" in refused(f"{site.url}/a.csv", into)


def test_http_is_for_this_machine_only(serve: Serve, into: Path) -> None:
    said = refused("http://anna:SECRET@shop.test/a.csv?key=SECRET", into, kind=SettingsError)
    assert said.startswith("http://shop.test/a.csv: the address is not https")
    site = serve(**{"a.csv": to("http://shop.test/a.csv")})
    assert "redirects to an address that is not https" in refused(f"{site.url}/a.csv", into)


def test_https_is_never_left(
    serve: Serve, into: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    clear = serve(**{"a.csv": sheet})
    safe = serve(
        certificate,
        **{"out.csv": to(f"{clear.url}/a.csv"), "in.csv": to("/a.csv"), "a.csv": sheet},
    )
    assert "not https" in refused(f"{safe.url}/out.csv", into)
    assert clear.asked == []
    assert got(f"{safe.url}/in.csv", into).path.read_bytes() == SHEET


def test_a_certificate_that_nobody_knows_is_refused(
    serve: Serve, into: Path, certificate: Path
) -> None:
    site = serve(certificate, **{"a.csv": sheet})
    assert "certificate cannot be verified" in refused(f"{site.url}/a.csv", into)


def test_a_web_server_is_not_searched(into: Path) -> None:
    said = refused("https://shop.test/contacts-*.csv", into, kind=SettingsError)
    assert "does not list its files" in said


@pytest.mark.parametrize(
    "url",
    [
        "https://anna:SEC/RET@shop.test/a.csv",
        "https://anna:SECRET#@shop.test/a.csv",
        "https:///a.csv",
        "sftp://anna:SE?CRET@shop.test/a.csv",
        "s3://anna:SECRET[@shop.test/a.csv",
    ],
)
def test_an_address_that_cannot_be_read_is_not_repeated(into: Path, url: str) -> None:
    said = refused(url, into, kind=SettingsError)
    assert "address cannot be read" in said
    assert "RET" not in said
    assert "anna" not in said


@pytest.mark.parametrize("scheme", ["ftp", "file", "s4", "memory"])
def test_other_schemes_are_refused(into: Path, scheme: str) -> None:
    said = refused(f"{scheme}://anna:SECRET@host/a.csv", into, kind=SettingsError)
    assert "pip install 'bulksender[remote]'" in said


def test_a_folder_that_cannot_be_written_to_is_named(serve: Serve, into: Path) -> None:
    site = serve(**{"a.csv": sheet})
    missing = into / "missing"
    with pytest.raises(SheetError) as caught:
        got(f"{site.url}/a.csv", missing)
    assert str(caught.value).startswith(f"{missing}: what is fetched cannot be written here")
