"""Batches → Outcomes: claim, POST, record.

The ledger is used by the calling thread alone. The worker threads only speak HTTP: a batch is
committed as SENDING before it is handed to one, and what comes back is recorded by the caller.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Self

from bulksender.errors import LedgerError
from bulksender.ledger import Attempt, Run
from bulksender.model import Batch, Outcome, RowStatus
from bulksender.sender.api import Api, Patience
from bulksender.sender.client import (
    Answered,
    Busy,
    Client,
    Declined,
    Halted,
    Lost,
    Reply,
    RetryPolicy,
)
from bulksender.sender.personal import remove_personal_data
from bulksender.sender.reconcile import log_entries
from bulksender.sender.wire import Settled, UnreadableError, encode, match
from bulksender.settings import Account
from bulksender.timing import timed

__all__ = ["Api", "Patience", "RetryPolicy", "Sender", "log_entries", "remove_personal_data"]

LOST_IN_A_ROW = 5
"""After so many batches in a row without a certain answer, the others are kept back."""

Progress = Callable[[dict[RowStatus, int]], None]


class Sender:
    """Sends a run's batches over `run.job.concurrency` connections; a context manager.

    Leaving the block waits for what is in flight and records it. `stopped` then says why the run
    cannot go on, or is None. `stop()` may be called from a signal handler: nothing new is sent.
    """

    def __init__(
        self,
        run: Run,
        account: Account,
        *,
        policy: RetryPolicy | None = None,
        progress: Progress = lambda counts: None,
    ):
        self._run = run
        self._progress = progress
        self._halt = threading.Event()
        self._width = run.job.concurrency
        self._client = Client(account, connections=self._width, policy=policy, stop=self._halt)
        self._flying: dict[Future[tuple[Reply, list[Attempt]]], Batch] = {}
        self._lost_in_a_row = 0
        self.stopped: str | None = None

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self._width, thread_name_prefix="bulksender-post")
        return self

    def __exit__(self, *_: object) -> None:
        try:
            while self._flying:
                self._collect()
        finally:
            self._pool.shutdown()
            self._client.close()

    def stop(self, why: str) -> None:
        """Send nothing more; what is in flight is finished."""
        if self.stopped is None:
            self.stopped = why
        self._halt.set()

    def submit(self, batch: Batch) -> bool:
        """Claim a batch and hand it to a connection, waiting for a free one.

        False, and nothing is claimed, once the run has to stop.
        """
        while len(self._flying) >= self._width and self.stopped is None:
            self._collect()
        if self.stopped is not None:
            return False
        with timed("encode"):
            body = encode(batch, self._run.job)
        try:
            with timed("claim"):
                self._run.claim(batch)
        except LedgerError as error:
            self.stop(str(error))
            return False
        self._flying[self._pool.submit(self._client.send, body)] = batch
        return True

    def _collect(self) -> None:
        """Wait for the first answer, and record every one that is there."""
        with timed("wait"):
            done, _ = wait(self._flying, return_when=FIRST_COMPLETED)
        for future in done:
            batch = self._flying.pop(future)
            reply, attempts = future.result()
            try:
                self._record(batch, reply, attempts)
            except LedgerError as error:
                self.stop(f"{error} What was in flight is UNKNOWN when the run is resumed.")

    def _record(self, batch: Batch, reply: Reply, attempts: list[Attempt]) -> None:
        if isinstance(reply, Halted | Busy):
            self._run.release(batch, attempts)
            self.stop(reply.reason)
            return
        with timed("match"):
            settled = _settled(batch, reply)
        with timed("record"):
            self._run.settle(batch, settled.others, attempts, settled.batch_id, settled.accepted)
        counts = settled.counts()
        self._lost_in_a_row = self._lost_in_a_row + 1 if _all_lost(counts) else 0
        self._progress(counts)
        if self._lost_in_a_row >= LOST_IN_A_ROW:
            self.stop(
                f"{LOST_IN_A_ROW} batches in a row got no certain answer, so the others are kept "
                "back"
            )


def _settled(batch: Batch, reply: Answered | Declined | Lost) -> Settled:
    if isinstance(reply, Answered):
        try:
            return match(batch, reply.body)
        except UnreadableError:
            reply = Lost("8x8's answer cannot be read; the batch may have been accepted")
    status = RowStatus.REJECTED if isinstance(reply, Declined) else RowStatus.UNKNOWN
    outcomes = [Outcome(message.row, status, detail=reply.reason) for message in batch.messages]
    return Settled("", {}, outcomes)


def _all_lost(counts: dict[RowStatus, int]) -> bool:
    return counts.keys() == {RowStatus.UNKNOWN}
