"""A campaign's runs by their periods: which one is its run, what the last one was, who is told."""

from __future__ import annotations

from datetime import datetime

import msgspec

from bulksender.ledger import sql
from bulksender.ledger.due import ready_numbers
from bulksender.ledger.records import iso
from bulksender.ledger.run import Run
from bulksender.ledger.store import Ledger

_WAITING = """
SELECT id FROM run
WHERE campaign = :campaign AND period = :period AND pretended = :pretended AND state = 'WAITING'
ORDER BY no DESC LIMIT 1
"""

_PREVIOUS = """
SELECT id FROM run
WHERE campaign = :campaign AND period <> :period AND pretended = :pretended
  AND approved_at IS NOT NULL AND parent IS NULL
ORDER BY period DESC LIMIT 1
"""

_IDS = "SELECT id FROM run WHERE campaign = :campaign AND period = :period"

# Who has been texted since then, or is going to be. It is asked of the ledger of earlier runs, and
# compared with a plan that may be in another one.
_TEXTED = (
    "CREATE TEMP TABLE texted (number TEXT PRIMARY KEY) WITHOUT ROWID",
    """
    INSERT OR IGNORE INTO temp.texted (number)
    SELECT message.destination FROM run
    JOIN message ON message.run = run.no
    JOIN batch ON batch.run = message.run AND batch.number = message.batch
    WHERE run.id <> :run AND run.pretended = :pretended AND run.approved_at IS NOT NULL
      AND run.no IN (SELECT run FROM batch
                     WHERE iif(scheduled = '', claimed_at, scheduled) > :since)
      AND iif(batch.scheduled = '', batch.claimed_at, batch.scheduled) > :since
      AND message.status NOT IN ('READY', 'REJECTED', 'CANCELLED', 'OPTED_OUT')
    """,
)
_COUNT_TEXTED = """
SELECT count(*) FROM json_each(:numbers) JOIN temp.texted ON texted.number = json_each.value
"""
_NO_TEXTED = "DROP TABLE IF EXISTS temp.texted"

_NOTE_TOLD = "INSERT OR IGNORE INTO told (campaign, period, what, told_at) VALUES (?, ?, ?, ?)"


def run_of_period(ledger: Ledger, campaign: str, period: str, pretended: bool) -> Run | None:
    """The run that a campaign has sent, or begun to send, in a period; rehearsals by themselves."""
    return _found(ledger, sql.RUN_OF_PERIOD, campaign, period, pretended)


def waiting_run(ledger: Ledger, campaign: str, period: str, pretended: bool) -> Run | None:
    """The newest plan of a campaign's period that waits for approval."""
    return _found(ledger, _WAITING, campaign, period, pretended)


def previous_run(ledger: Ledger, campaign: str, period: str, pretended: bool) -> Run | None:
    """The run of the campaign's latest other period."""
    return _found(ledger, _PREVIOUS, campaign, period, pretended)


def _found(
    ledger: Ledger, statement: str, campaign: str, period: str, pretended: bool
) -> Run | None:
    place = {"campaign": campaign, "period": period, "pretended": int(pretended), "run": 0}
    with ledger.reading() as connection:
        found = connection.exec_driver_sql(statement, place).scalar()
    return ledger.run(found) if found else None


def runs_of_period(ledger: Ledger, campaign: str, period: str) -> frozenset[str]:
    """The ids of all runs of a campaign's period, its tries again included."""
    with ledger.reading() as connection:
        place = {"campaign": campaign, "period": period}
        return frozenset(connection.exec_driver_sql(_IDS, place).scalars())


def texted_since(plan: Run, history: Ledger, since: datetime) -> int:
    """How many of a plan's messages go to a number that a run in `history` has texted since."""
    place = {"run": plan.id, "pretended": int(plan.job.pretended), "since": iso(since)}
    found = 0
    with history.reading() as connection:
        make, fill = _TEXTED
        connection.exec_driver_sql(make)
        try:
            connection.exec_driver_sql(fill, place)
            for _, numbers in ready_numbers(plan):
                values = {"numbers": msgspec.json.encode(numbers).decode()}
                found += int(connection.exec_driver_sql(_COUNT_TEXTED, values).scalar_one())
        finally:
            connection.exec_driver_sql(_NO_TEXTED)
    return found


def note_told(ledger: Ledger, campaign: str, period: str, what: str) -> bool:
    """Remember that a campaign's owner is told of something; False where that was done before."""
    with ledger.transaction() as connection:
        values = (campaign, period, what, ledger.now())
        return connection.exec_driver_sql(_NOTE_TOLD, values).rowcount > 0


def note_missed(ledger: Ledger, campaign: str, period: str, pretended: bool) -> bool:
    """Remember that a period was missed; False where that was known already."""
    return note_told(ledger, campaign, period, "missed (rehearsal)" if pretended else "missed")
