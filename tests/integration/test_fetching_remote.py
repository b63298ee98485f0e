"""Sheets from S3 (moto's server over HTTP) and from a real SFTP server on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import paramiko
import pytest
from moto.server import ThreadedMotoServer
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_EOF

from bulksender.errors import BulksenderError, SettingsError, SheetError
from bulksender.fetcher import Fetched, Limits, fetch
from bulksender.rules import Export

SHEET = b"Mobile,Name\r\n" + b"+6591234567,Anna\r\n" * 20_000
QUICK = Limits(connect=2.0, silence=2.0, total=10.0, tries=2, pause=0.01)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "private"
    folder.mkdir()
    return folder


def got(url: str, into: Path, limits: Limits = QUICK, **how: Any) -> Fetched:
    return fetch(Export(path=url, **how), into.parent, into, limits=limits)


def refused(
    url: str, into: Path, limits: Limits = QUICK, kind: type[BulksenderError] = SheetError
) -> str:
    """What the error says; nothing is left behind, and no traceback shows a secret."""
    with pytest.raises(kind) as caught:
        got(url, into, limits)
    assert list(into.iterdir()) == []
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


# S3


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(moto_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A bucket named "shop" that plain `s3://shop/…` addresses reach."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anna")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("HOME", str(tmp_path))
    store = boto3.resource("s3")
    made = store.create_bucket(Bucket="shop")
    yield made
    made.objects.all().delete()
    made.delete()
    store.meta.client.close()


def test_a_sheet_comes_from_s3_with_its_time(bucket: Any, into: Path) -> None:
    bucket.put_object(Key="exports/contacts.csv", Body=SHEET)
    found = got("s3://shop/exports/contacts.csv", into)
    assert (found.path, found.name) == (into / "contacts.csv", "s3://shop/exports/contacts.csv")
    assert found.path.read_bytes() == SHEET
    assert found.modified_at is not None
    assert abs(found.modified_at - datetime.now(UTC)).total_seconds() < 600


def test_the_newest_by_name_comes_from_s3(bucket: Any, into: Path) -> None:
    for name in (
        "contacts-10.csv",
        "contacts-9.csv",
        "contacts-11-results.csv",
        ".contacts-12.csv",
    ):
        bucket.put_object(Key=f"exports/{name}", Body=name.encode())
    bucket.put_object(Key="exports/contacts-99.csv/inside.csv", Body=b"a folder's")
    found = got("s3://shop/exports/contacts-*.csv", into)
    assert found.name == "s3://shop/exports/contacts-10.csv"
    assert found.path.read_bytes() == b"contacts-10.csv"


def test_the_newest_by_time_comes_from_s3(bucket: Any, into: Path) -> None:
    for name in ("b.csv", "a.csv"):  # S3 counts whole seconds: of equals the last name is taken
        bucket.put_object(Key=name, Body=name.encode())
    times = {each.key: each.last_modified for each in bucket.objects.all()}
    wanted = max(times, key=lambda name: (times[name], name))
    assert got("s3://shop/*.csv", into, newest="time").path.read_bytes() == wanted.encode()


def test_what_is_not_in_s3_is_said(bucket: Any, into: Path) -> None:
    bucket.put_object(Key="exports/kontakte-1.csv", Body=SHEET)
    assert "there is no such file" in refused("s3://shop/exports/contacts.csv", into)
    said = refused("s3://shop/exports/contacts-*.csv", into)
    assert said.startswith("s3://shop/exports/contacts-*.csv: no file matches; looked in ")
    assert 's3://shop/exports. The nearest names there: "kontakte-1.csv".' in said
    assert "no such file" in refused("s3://elsewhere/contacts.csv", into)
    assert "no folder s3://elsewhere/a" in refused("s3://elsewhere/a/*.csv", into)
    assert "not a kind of sheet" in refused("s3://shop/exports/kontakte.pdf", into)
    bucket.put_object(Key="exports/may.csv/kontakte.csv", Body=SHEET)
    assert "this is a folder" in refused("s3://shop/exports/may.csv", into)


def test_a_file_in_s3_that_is_too_large_is_refused(bucket: Any, into: Path) -> None:
    bucket.put_object(Key="a.csv", Body=SHEET)
    assert "larger than 1,000 bytes" in refused("s3://shop/a.csv", into, Limits(size=1_000))


def test_s3_without_credentials_says_so(
    bucket: Any, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert "does not let this machine read it" in refused("s3://shop/a.csv", into)


@pytest.mark.parametrize("package", ["s3fs", "fsspec"])
def test_a_missing_package_is_named(tmp_path: Path, package: str) -> None:
    program = f"""
import sys
from pathlib import Path
sys.modules["{package}"] = None  # as if it were not installed
from bulksender.fetcher import fetch
from bulksender.rules import Export
try:
    fetch(Export(path="s3://shop/a.csv"), Path(), Path())
except Exception as error:
    print(type(error).__name__, error)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert ended.stdout.startswith("SettingsError")
    assert "pip install 'bulksender[remote]'" in ended.stdout


# SFTP


class Door(paramiko.ServerInterface):
    """Lets in anna with her password."""

    def check_auth_password(self, username: str, password: str) -> int:
        good = (username, password) == ("anna", "SECRET/?")
        return AUTH_SUCCESSFUL if good else AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED


class Folder(paramiko.SFTPServerInterface):
    """Shows one folder, for reading."""

    def __init__(self, server: Door, root: Path, breaking: list[str]) -> None:
        super().__init__(server)
        self._root = root
        self._breaking = breaking

    def _local(self, path: str) -> Path:
        return self._root / self.canonicalize(path).lstrip("/")

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        try:
            return [
                paramiko.SFTPAttributes.from_stat(each.lstat(), each.name)
                for each in self._local(path).iterdir()
            ]
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._local(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    lstat = stat

    def open(self, path: str, flags: int, attr: object) -> paramiko.SFTPHandle | int:
        try:
            file = self._local(path).open("rb")
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        handle = Reading(flags, self._breaking)
        handle.readfile = file  # type: ignore[attr-defined]  # paramiko's way to be given it
        return handle


class Reading(paramiko.SFTPHandle):
    """A file that is read; while something is to break, it ends early."""

    def __init__(self, flags: int, breaking: list[str]) -> None:
        super().__init__(flags)
        self._breaking = breaking

    def read(self, offset: int, length: int) -> bytes | int:
        if self._breaking and offset > 100_000:
            return SFTP_EOF
        return super().read(offset, length)

    def close(self) -> None:
        super().close()
        if self._breaking:
            self._breaking.pop()


class SftpServer:
    """An SFTP server on this machine; `breaking` holds an item for each download to break."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.key = paramiko.ECDSAKey.generate()
        self.breaking: list[str] = []
        self.logins = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"sftp://anna:SECRET%2F%3F@127.0.0.1:{self.port}"
        self.shown = f"sftp://127.0.0.1:{self.port}"
        self._transports: list[paramiko.Transport] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.logins += 1
                transport = paramiko.Transport(connection)
                self._transports.append(transport)
                transport.add_server_key(self.key)
                transport.set_subsystem_handler(
                    "sftp", paramiko.SFTPServer, Folder, self.root, self.breaking
                )
                with suppress(paramiko.SSHException, EOFError):
                    transport.start_server(server=Door())

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for transport in self._transports:
            transport.close()
            transport.join(5)


@pytest.fixture
def sftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SftpServer]:
    """A server whose key this machine knows."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    root = tmp_path / "served"
    (root / "exports").mkdir(parents=True)
    server = SftpServer(root)
    known(tmp_path, server, server.key)
    yield server
    server.close()


def known(home: Path, server: SftpServer, key: paramiko.PKey | None) -> None:
    """Write known_hosts: this key for the server, or none."""
    (home / ".ssh").mkdir(exist_ok=True)
    line = f"[127.0.0.1]:{server.port} {key.get_name()} {key.get_base64()}\n" if key else ""
    (home / ".ssh" / "known_hosts").write_text(line)


def placed(server: SftpServer, name: str, content: bytes = SHEET, when: float = 1e9) -> Path:
    path = server.root / "exports" / name
    path.write_bytes(content)
    os.utime(path, (when, when))
    return path


def test_a_sheet_comes_over_sftp_with_its_time(sftp: SftpServer, into: Path) -> None:
    placed(sftp, "contacts.csv")
    found = got(f"{sftp.url}/exports/contacts.csv", into)
    assert found == Fetched(
        path=into / "contacts.csv",
        name=f"{sftp.shown}/exports/contacts.csv",
        modified_at=datetime.fromtimestamp(1e9, UTC),
    )
    assert found.path.read_bytes() == SHEET


def test_the_newest_comes_over_sftp(sftp: SftpServer, into: Path) -> None:
    placed(sftp, "contacts-9.csv", b"9", when=1e9 + 1)
    placed(sftp, "contacts-10.csv", b"10")
    placed(sftp, "contacts-11.csv.part", b"11", when=1e9 + 2)
    pattern = f"{sftp.url}/exports/contacts-*"
    assert got(pattern, into).name == f"{sftp.shown}/exports/contacts-10.csv"
    assert got(pattern, into, newest="time").name == f"{sftp.shown}/exports/contacts-9.csv"


def test_a_link_to_the_newest_is_followed_over_sftp(sftp: SftpServer, into: Path) -> None:
    placed(sftp, "contacts-9.csv")
    (sftp.root / "exports" / "latest.csv").symlink_to("contacts-9.csv")
    (sftp.root / "exports" / "letest.csv").symlink_to("gone.csv")
    found = got(f"{sftp.url}/e%78ports/l?test.csv", into)
    assert found.name == f"{sftp.shown}/exports/latest.csv"
    assert found.path.read_bytes() == SHEET


def test_a_server_that_nobody_knows_is_not_spoken_to(
    sftp: SftpServer, into: Path, tmp_path: Path
) -> None:
    placed(sftp, "contacts.csv")
    known(tmp_path, sftp, None)
    said = refused(f"{sftp.url}/exports/contacts.csv", into, kind=SettingsError)
    assert f"[127.0.0.1]:{sftp.port}: this machine does not know the server's key" in said
    assert f"{sftp.key.get_name()} {sftp.key.fingerprint}" in said


def test_a_server_with_another_key_is_not_spoken_to(
    sftp: SftpServer, into: Path, tmp_path: Path
) -> None:
    known(tmp_path, sftp, paramiko.ECDSAKey.generate())
    said = refused(f"{sftp.url}/exports/contacts.csv", into)
    assert "the server's key is another than ~/.ssh/known_hosts has" in said


def test_a_wrong_password_is_said_and_not_tried_again(sftp: SftpServer, into: Path) -> None:
    said = refused(f"sftp://anna:SECRET@127.0.0.1:{sftp.port}/exports/contacts.csv", into)
    assert "does not let this machine read it" in said
    assert sftp.logins == 1


def test_what_is_not_on_the_sftp_server_is_said(sftp: SftpServer, into: Path) -> None:
    placed(sftp, "kontakte.csv")
    assert "there is no such file" in refused(f"{sftp.url}/exports/contacts.csv", into)
    said = refused(f"{sftp.url}/exports/contacts-*.csv", into)
    assert f'looked in {sftp.shown}/exports. The nearest names there: "kontakte.csv"' in said
    said = refused(f"{sftp.url}/missing/contacts-*.csv", into)
    assert f"there is no folder {sftp.shown}/missing" in said
    (sftp.root / "folder.csv").mkdir()
    assert "this is a folder" in refused(f"{sftp.url}/folder.csv", into)


def test_a_broken_download_is_never_a_shorter_sheet(sftp: SftpServer, into: Path) -> None:
    placed(sftp, "contacts.csv")
    sftp.breaking.extend(["first", "second"])
    said = refused(f"{sftp.url}/exports/contacts.csv", into)
    assert "(tried 2 times), so the export is not here whole" in said
    sftp.breaking.append("once")
    assert got(f"{sftp.url}/exports/contacts.csv", into).path.read_bytes() == SHEET


def test_a_server_that_is_not_there_is_said_so_by_sftp(sftp: SftpServer, into: Path) -> None:
    sftp.close()
    assert "the connection failed" in refused(f"{sftp.url}/exports/contacts.csv", into)
