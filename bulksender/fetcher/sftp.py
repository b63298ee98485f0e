"""fsspec's SFTP, to servers whose key this machine knows already, and with time-outs."""

from __future__ import annotations

import logging
from typing import Any

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

from bulksender.errors import SettingsError
from bulksender.fetcher.fetched import Limits

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # else tracebacks go to stderr


class UnknownHost(paramiko.MissingHostKeyPolicy):
    """Refuses a server that `known_hosts` does not hold; fsspec's own would trust anybody."""

    def missing_host_key(
        self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
    ) -> None:
        """Raise SettingsError with the key's fingerprint, as ssh shows it."""
        raise SettingsError(
            f"{hostname}: this machine does not know the server's key yet, so nobody can tell "
            f"whose server it is. Ask its owner whether the key is {key.get_name()} "
            f"{key.fingerprint}; if so, connect once with sftp or ssh, which writes it into "
            "~/.ssh/known_hosts."
        )


class KnownHostsSFTP(SFTPFileSystem):  # type: ignore[misc]  # fsspec has no types
    """SFTP that checks the server's key against ~/.ssh/known_hosts (hashed names too)."""

    cachable = False

    def __init__(self, host: str, *, limits: Limits, **login: Any):
        self._limits = limits
        super().__init__(host, **login)

    def _connect(self) -> None:
        self.client = paramiko.SSHClient()
        try:
            self.client.load_system_host_keys()
            self.client.set_missing_host_key_policy(UnknownHost())
            wait = self._limits.connect
            self.client.connect(
                self.host, timeout=wait, banner_timeout=wait, auth_timeout=wait, **self.ssh_kwargs
            )
            self.ftp = self.client.open_sftp()
            if channel := self.ftp.get_channel():
                channel.settimeout(self._limits.silence)
        except BaseException:
            self.client.close()
            raise

    def close(self) -> None:
        """End the connection."""
        self.client.close()
