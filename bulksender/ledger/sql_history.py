"""Every statement that settles UNKNOWN rows, lists runs, or forgets; by name, as in `sql`."""

# Settling ------------------------------------------------------------------------------------

# What 8x8's log shows of the run, while it is being read; gone with the connection.
BEGIN_SETTLING = (
    """
    CREATE TEMP TABLE IF NOT EXISTS logged (
        row INTEGER, attempt INTEGER, batch INTEGER, umid TEXT, status TEXT, detail TEXT,
        batch_id TEXT, PRIMARY KEY (row, attempt, umid)
    ) WITHOUT ROWID
    """,
    "CREATE TEMP TABLE IF NOT EXISTS absent (row INTEGER PRIMARY KEY)",
    "DELETE FROM temp.logged",
    "DELETE FROM temp.absent",
)

ADD_LOGGED = """
INSERT OR REPLACE INTO temp.logged (row, attempt, batch, umid, status, detail, batch_id)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""

# The batches that hold UNKNOWN rows, by the account that they went to.
UNSETTLED = """
SELECT base_url, subaccount, min(claimed_at) FROM batch
WHERE run = :run AND number IN (
    SELECT batch FROM message WHERE run = :run AND status = 'UNKNOWN' AND batch IS NOT NULL
)
GROUP BY base_url, subaccount
"""

# When the newest of these batches, of later runs, was claimed, that is, before it was submitted.
NEWEST_CLAIM = """
SELECT max(batch.claimed_at)
FROM json_each(:seen) AS pair
JOIN run ON run.id = json_extract(pair.value, '$[0]')
JOIN batch ON batch.run = run.no AND batch.number = json_extract(pair.value, '$[1]')
WHERE batch.base_url = :base_url AND batch.subaccount = :subaccount AND run.no > :run
"""

# The same of this run's own batches, by their numbers: those do not depend on any clock.
NEWEST_OWN = """
SELECT number, claimed_at, scheduled FROM batch
WHERE run = :run AND base_url = :base_url AND subaccount = :subaccount
  AND number IN (SELECT batch FROM temp.logged WHERE batch IS NOT NULL)
ORDER BY number DESC LIMIT 1
"""

# An entry counts where its clientBatchId (if it has one) is the one that the row went out in. An
# earlier attempt that turns up late counts as well: the person has got the text.
SETTLE_FOUND = """
UPDATE message
SET status = best.status, umid = iif(message.destination = '', '', best.umid),
    detail = best.detail || iif(best.times > 1,
                                ' (8x8''s log shows it ' || best.times || ' times)', '')
FROM (
    SELECT logged.row, logged.status, logged.umid, logged.detail,
           row_number() OVER (PARTITION BY logged.row
                              ORDER BY logged.status IN ('REJECTED', 'CANCELLED'),
                                       logged.attempt, logged.umid) AS rank,
           count(*) OVER (PARTITION BY logged.row) AS times
    FROM temp.logged AS logged
    JOIN message AS unknown ON unknown.run = :run AND unknown.row = logged.row
    JOIN batch ON batch.run = :run AND batch.number = unknown.batch
    WHERE unknown.status = 'UNKNOWN'
      AND batch.base_url = :base_url AND batch.subaccount = :subaccount
      AND (logged.batch IS NULL
           OR (logged.attempt = unknown.attempt AND logged.batch = unknown.batch)
           OR (logged.attempt < unknown.attempt
               AND logged.batch BETWEEN 1 AND unknown.batch - 1))
) AS best
WHERE message.run = :run AND message.row = best.row AND best.rank = 1
"""

# 8x8 has accepted these, long enough ago to stand in the log (as the rest of their batch does), and
# they do not. Those that are to be sent later need not stand there yet.
COUNT_MISSING = """
SELECT count(*)
FROM message JOIN batch ON batch.run = message.run AND batch.number = message.batch
WHERE message.run = :run AND batch.base_url = :base_url AND batch.subaccount = :subaccount
  AND batch.claimed_at >= :since
  AND ((batch.ended_at < :horizon AND batch.scheduled <= max(:shown_until, :settled_before))
       OR batch.number IN (SELECT batch FROM temp.logged WHERE batch IS NOT NULL))
  AND message.status IN ('QUEUED', 'SENT', 'DELIVERED', 'UNDELIVERED', 'READ')
  AND NOT EXISTS (SELECT 1 FROM temp.logged WHERE logged.row = message.row)
"""

# Not in the log, which is waited for long enough; or which shows what was submitted afterwards, and
# nothing of the batch (a part of a batch says that the batch was accepted). Whether a scheduled
# message stands in the log before its time is not documented: only one of the same run shows that
# which was to be sent at this time or later.
FIND_ABSENT = """
INSERT INTO temp.absent
SELECT message.row
FROM message JOIN batch ON batch.run = message.run AND batch.number = message.batch
WHERE message.run = :run AND message.status = 'UNKNOWN'
  AND batch.base_url = :base_url AND batch.subaccount = :subaccount
  AND NOT EXISTS (SELECT 1 FROM temp.logged WHERE logged.row = message.row)
  AND (max(batch.ended_at, batch.scheduled) <= :settled_before
       OR (((batch.ended_at < :newest_claim AND batch.scheduled = '')
            OR (batch.ended_at < :own_claim AND batch.number < :own_number
                AND batch.scheduled <= :shown_until))
           AND batch.number NOT IN (SELECT batch FROM temp.logged WHERE batch IS NOT NULL)))
"""

# It was forgotten meanwhile, so there is nobody to send it to.
CLOSE_FORGOTTEN = """
UPDATE message SET status = 'OPTED_OUT', detail = 'removed on request; 8x8 never had it'
WHERE run = :run AND status = 'UNKNOWN' AND text = '' AND row IN (SELECT row FROM temp.absent)
"""

NOTE_ABSENT = """
UPDATE message SET detail = :detail
WHERE run = :run AND status = 'UNKNOWN' AND batch IN (
    SELECT number FROM batch
    WHERE run = :run AND base_url = :base_url AND subaccount = :subaccount
) AND (row IN (SELECT row FROM temp.absent)) = :proven
"""

COUNT_OPEN = """
SELECT count(*), coalesce(max(max(batch.ended_at, batch.scheduled)), '')
FROM message JOIN batch ON batch.run = message.run AND batch.number = message.batch
WHERE message.run = :run AND message.status = 'UNKNOWN'
  AND batch.base_url = :base_url AND batch.subaccount = :subaccount
  AND message.row NOT IN (SELECT row FROM temp.absent)
"""

NAME_BATCHES = """
UPDATE batch SET batch_id = logged.batch_id
FROM (SELECT batch, max(batch_id) AS batch_id FROM temp.logged GROUP BY batch) AS logged
WHERE batch.run = :run AND batch.number = logged.batch AND batch.batch_id = ''
"""

# No row of it is UNKNOWN any more; where it has no rows any more, they are sent anew.
CLOSE_BATCHES = """
UPDATE batch
SET state = iif(number IN (SELECT batch FROM message WHERE run = :run AND batch IS NOT NULL),
                'SETTLED', 'ABSENT')
WHERE run = :run AND state = 'UNKNOWN' AND number NOT IN (
    SELECT batch FROM message WHERE run = :run AND status = 'UNKNOWN' AND batch IS NOT NULL
)
"""

COUNT_ANEW = """
SELECT count(*) FROM message
WHERE run = :run AND status = 'READY' AND row IN (SELECT row FROM temp.absent)
"""

ADD_INQUIRY = """
INSERT INTO inquiry (run, number, asked_at, found, absent, open)
SELECT :run, coalesce(max(number), 0) + 1, :asked_at, :found, :absent, :open
FROM inquiry WHERE run = :run
"""

SEND_ANEW = """
UPDATE message SET status = 'READY', detail = '', batch = NULL, attempt = attempt + 1
WHERE run = :run AND status = 'UNKNOWN' AND row IN (SELECT row FROM temp.absent)
"""

# Listing -------------------------------------------------------------------------------------

RUNS = """
SELECT run.no, id, state, created_at, job, parent, pretended, purged_at, approved_at,
       campaign, period, consent_at, counted.status, counted.rows
FROM run
LEFT JOIN (
    SELECT run, status, count(*) AS rows FROM message GROUP BY run, status
    UNION ALL SELECT run, status, sum(rows) FROM tally GROUP BY run, status
) AS counted ON counted.run = run.no
ORDER BY run.no
"""

# The runs with rows that wait for a run to be settled.
WAITING_FOR = """
SELECT DISTINCT run FROM message WHERE held = :id AND status = 'UNKNOWN'
"""

# Forgetting ----------------------------------------------------------------------------------

ADD_TALLY = """
INSERT INTO tally (run, status, encoding, rows, parts)
SELECT run, status, encoding, count(*), sum(parts) FROM message WHERE run = :run
GROUP BY status, encoding
"""

PERSON_UMIDS = """
SELECT DISTINCT message.umid,
       coalesce(nullif(batch.base_url, ''), json_extract(run.job, '$.base_url')),
       coalesce(nullif(batch.subaccount, ''), json_extract(run.job, '$.subaccount')),
       run.id
FROM message
JOIN run ON run.no = message.run
LEFT JOIN batch ON batch.run = message.run AND batch.number = message.batch
WHERE message.destination = :number AND message.umid <> '' AND message.batch IS NOT NULL
  AND NOT coalesce(json_extract(run.job, '$.simulate'), 0)
"""

PERSON_RUNS = """
SELECT DISTINCT run.id FROM message JOIN run ON run.no = message.run WHERE destination = :number
"""

COUNT_PERSON_UNKNOWN = """
SELECT count(*) FROM message
WHERE destination = :number AND run = (SELECT no FROM run WHERE id = :id) AND status = 'UNKNOWN'
"""

# A row that waits to be sent has nobody to be sent to any more.
FORGET_PERSON = """
UPDATE message
SET status = iif(status = 'READY' OR (status = 'UNKNOWN' AND batch IS NULL), 'OPTED_OUT', status),
    detail = 'removed on request', held = '',
    destination = '', text = '', reference = '', umid = ''
WHERE destination = :number AND run = (SELECT no FROM run WHERE id = :id)
"""

# Rows that this run may still send, or has sent and has to settle.
COUNT_OPEN_ROWS = """
SELECT count(*) FROM message
WHERE run = :run AND (status IN ('READY', 'SENDING') OR (status = 'UNKNOWN' AND batch IS NOT NULL))
"""

NEWEST_UNSETTLED = """
SELECT run.id FROM run JOIN batch ON batch.run = run.no
WHERE batch.state IN ('UNKNOWN', 'SENDING') AND run.purged_at IS NULL
ORDER BY run.no DESC LIMIT 1
"""
