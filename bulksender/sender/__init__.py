"""Batches → Outcomes: claim, POST, record.

The ledger is used by the calling thread alone. The worker threads only speak HTTP: a batch is
committed as SENDING before it is handed to one, and what comes back is recorded by the caller.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from functools import partial
from typing import NamedTuple, Self

from bulksender.errors import LedgerError
from bulksender.eventlog import BatchSent, Events, Silent
from bulksender.ledger import Attempt, Run
from bulksender.model import Batch, Outcome, RowStatus
from bulksender.sender.api import Api, Patience
from bulksender.sender.client import (
    Answered,
    Busy,
    Client,
    Declined,
    Halted,
    Late,
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
        events: Events | None = None,
    ):
        self._run = run
        self._events = events or Silent()
        self._progress = progress
        self._halt = threading.Event()
        self._width = run.job.concurrency
        self._client = Client(account, connections=self._width, policy=policy, stop=self._halt)
        self._flying: dict[Future[tuple[Reply, list[Attempt]]], Batch] = {}
        self._lost_in_a_row = 0
        self._late = False
        self.stopped: str | None = None

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self._width, thread_name_prefix="bulksender-post")
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.drain()
        finally:
            self._pool.shutdown()
            self._client.close()

    def stop(self, why: str) -> None:
        """Send nothing more; what is in flight is finished."""
        if self.stopped is None:
            self.stopped = why
        self._halt.set()

    def drain(self) -> bool:
        """Wait for what is in flight, and record it; whether all of it was in time.

        The rows of a batch that was not are READY again.
        """
        while self._flying:
            answers = self._answers()
            why = self._reason_to_stop(answers)
            self._write(answers)
            self._stop_if(why)
        late, self._late = self._late, False
        return not late

    def submit(self, batch: Batch, in_time: Callable[[Batch], bool] = lambda batch: True) -> bool:
        """Claim a batch and hand it to a connection, waiting for a free one.

        Whoever has opted out meanwhile stays out. The batch does not leave once it is not `in_time`
        any more; any thread may ask that. False, and nothing is claimed, once the run has to stop.
        """
        answers = self._answers() if len(self._flying) >= self._width else []
        why = self._reason_to_stop(answers)
        if why is not None or self.stopped is not None:
            self._write(answers)
            self._stop_if(why)
            return False
        try:
            wanted = self._run.still_wanted(batch)
        except LedgerError as error:
            self._write(answers)
            self.stop(str(error))
            return False
        if wanted is None:
            return self._write(answers)
        with timed("encode"):
            body = encode(wanted, self._run.job)
        if not self._write(answers, wanted):
            return False
        sending = self._pool.submit(self._client.send, body, partial(in_time, wanted))
        self._flying[sending] = wanted
        return True

    def _answers(self) -> list[_Answer]:
        """Wait for the first answer; every one that is there."""
        with timed("wait"):
            done, _ = wait(self._flying, return_when=FIRST_COMPLETED)
        answers = []
        for future in done:
            batch, (reply, attempts) = self._flying.pop(future), future.result()
            if isinstance(reply, Halted | Busy | Late):
                late = isinstance(reply, Late)
                self._late = self._late or late
                answers.append(_Answer(batch, reply.reason, attempts, stops=not late))
                continue
            with timed("match"):
                answers.append(_Answer(batch, _settled(batch, reply), attempts))
        return answers

    def _reason_to_stop(self, answers: Sequence[_Answer]) -> str | None:
        """Why nothing more may be sent after these answers, where one says so."""
        why = None
        for answer in answers:
            if isinstance(answer.settled, str):
                why = why or (answer.settled if answer.stops else None)
                continue
            self._lost_in_a_row = self._lost_in_a_row + 1 if answer.settled.lost else 0
            if self._lost_in_a_row >= LOST_IN_A_ROW:
                why = why or (
                    f"{LOST_IN_A_ROW} batches in a row got no certain answer, so the others are "
                    "kept back"
                )
        return why

    def _stop_if(self, why: str | None) -> None:
        if why is not None:
            self.stop(why)

    def _write(self, answers: Sequence[_Answer], batch: Batch | None = None) -> bool:
        """Record answers and claim a batch, in one transaction: the disk is waited for once.

        Where that fails each is tried by itself. Stops, and returns False, where one cannot be.
        """
        try:
            with self._run.together():
                for answer in answers:
                    self._record(answer)
                if batch is not None:
                    with timed("claim"):
                        self._run.claim(batch)
        except LedgerError as error:
            if batch is not None and answers:
                return self._write(answers) and self._write([], batch)
            if len(answers) > 1:
                written = [self._write([answer]) for answer in answers]
                return all(written)
            unknown = "What was in flight is UNKNOWN when the run is resumed."
            self.stop(f"{error} {unknown}" if answers else str(error))
            return False
        for answer in answers:
            self._events.event(answer.event(self._run))
            if isinstance(answer.settled, Settled):
                self._progress(answer.settled.counts())
        return True

    def _record(self, answer: _Answer) -> None:
        batch, settled, attempts = answer.batch, answer.settled, answer.attempts
        if isinstance(settled, str):
            self._run.release(batch, attempts)
            return
        with timed("record"):
            self._run.settle(batch, settled.others, attempts, settled.batch_id, settled.accepted)


class _Answer(NamedTuple):
    """What came back for a batch; or why it was certainly not accepted, and may go again.

    Most of these reasons end the run for now: `stops`.
    """

    batch: Batch
    settled: Settled | str
    attempts: list[Attempt]
    stops: bool = True

    def event(self, run: Run) -> BatchSent:
        """What the log of events says of it."""
        settled, rows = self.settled, len(self.batch.messages)
        last = self.attempts[-1] if self.attempts else None
        return BatchSent(
            run=run.id,
            number=self.batch.number,
            rows=rows,
            counts={RowStatus.READY: rows} if isinstance(settled, str) else settled.counts(),
            http_status=last.http_status if last else None,
            attempts=len(self.attempts),
            seconds=_seconds(self.attempts),
            batch_id="" if isinstance(settled, str) else settled.batch_id,
            scheduled=self.batch.due or run.job.scheduled,
        )


def _seconds(attempts: Sequence[Attempt]) -> float:
    """From the first try to the last answer."""
    if not attempts:
        return 0.0
    first, last = attempts[0].started_at, attempts[-1].ended_at
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()


def _settled(batch: Batch, reply: Answered | Declined | Lost) -> Settled:
    if isinstance(reply, Answered):
        try:
            return match(batch, reply.body)
        except UnreadableError:
            reply = Lost("8x8's answer cannot be read; the batch may have been accepted")
    status = RowStatus.REJECTED if isinstance(reply, Declined) else RowStatus.UNKNOWN
    outcomes = [Outcome(message.row, status, detail=reply.reason) for message in batch.messages]
    return Settled("", {}, outcomes)
