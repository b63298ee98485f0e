"""Every statement that touches many rows, by name, in the order of a run's life.

They go to the driver as they stand: tuples through its executemany are three times as fast as
SQLAlchemy's rendering of the same insert. `:run` is the run's number.
"""

# Planning ------------------------------------------------------------------------------------

ADD_MESSAGES = """
INSERT INTO message (run, row, status, destination, text, parts, encoding, reference, detail,
                     oddities, saving)
VALUES (?, ?, 'READY', ?, ?, ?, ?, ?, ?, ?, ?)
"""

ADD_REFUSED = """
INSERT INTO message (run, row, status, destination, detail, umid, held)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""

# All runs about the same rows: the first one, its tries again, and theirs.
FAMILY = """
WITH RECURSIVE
    up (id, parent) AS (
        SELECT id, parent FROM run WHERE no = :run
        UNION SELECT run.id, run.parent FROM run JOIN up ON run.id = up.parent
    ),
    down (no, id) AS (
        SELECT run.no, run.id FROM run JOIN up ON run.id = up.id WHERE up.parent IS NULL
        UNION SELECT run.no, run.id FROM run JOIN down ON run.parent = down.id
    )
SELECT run.no, run.id FROM down JOIN run ON run.no = down.no
WHERE approved_at IS NOT NULL OR run.no = :run ORDER BY run.no
"""

# Rows that 8x8 refused, and that no later try has taken up.
ADD_REJECTED = """
INSERT INTO message (run, row, status, destination, text, parts, encoding, reference)
SELECT :run, row, 'READY', destination, text, parts, encoding, reference FROM message
WHERE run IN (SELECT value FROM json_each(:family)) AND status = 'REJECTED' AND text <> ''
  AND NOT EXISTS (
      SELECT 1 FROM message AS later
      WHERE later.run IN (SELECT value FROM json_each(:family))
        AND later.run > message.run AND later.row = message.row
  )
"""

# The number stands in another row of the sheet, which was sent (or may be), or which is opted out.
LEAVE_OUT_FAMILY = """
UPDATE message
SET status = iif(other.opted_out, 'OPTED_OUT', 'DUPLICATE'),
    detail = iif(other.opted_out, 'the same number is opted out in row ',
                                  'the same number as row ') || other.row
FROM (
    SELECT destination, max(status = 'OPTED_OUT') AS opted_out, min(row) AS row FROM message
    WHERE run IN (SELECT value FROM json_each(:family)) AND run <> :run AND destination <> ''
      AND status NOT IN ('INVALID', 'DUPLICATE', 'REJECTED')
    GROUP BY destination
) AS other
WHERE message.run = :run AND message.status = 'READY' AND message.destination = other.destination
"""

# The rows of each number together, in an order that does not depend on the sheet's. The first of
# them decides about the READY ones: one that is opted out, else one that was, or may have been,
# sent, else the first one in the sheet, which goes out.
BY_NUMBER = """
SELECT destination, row, status, text FROM message
WHERE run = ? AND status IN ('OPTED_OUT', 'READY', 'ALREADY_SENT', 'UNKNOWN') AND destination <> ''
ORDER BY destination, (status = 'READY') - (status = 'OPTED_OUT'), row
"""

# Rows behind the first of their number. They are put aside while BY_NUMBER is read.
TWINS = """
CREATE TEMP TABLE twin (row INTEGER PRIMARY KEY, status TEXT NOT NULL, said TEXT NOT NULL)
"""

ADD_TWIN = """
INSERT INTO temp.twin (row, status, said) VALUES (?, ?, ?)
"""

MARK_TWINS = """
UPDATE message SET (status, detail) = (SELECT status, said FROM temp.twin WHERE row = message.row)
WHERE run = ? AND row IN (SELECT row FROM temp.twin)
"""

NO_TWINS = """
DROP TABLE temp.twin
"""

# The same text to the same number may have been accepted in another run, and nobody knows.
HOLD_UNSETTLED = """
UPDATE message
SET status = 'UNKNOWN',
    detail = 'may have been sent in run ' || :other_id || ': settle that run first',
    held = :other_id
WHERE run = :run AND status = 'READY' AND (destination, text) IN (
    SELECT destination, text FROM message
    WHERE run = :other AND status IN ('SENDING', 'UNKNOWN') AND batch IS NOT NULL
)
"""

# The run that had to be settled first is settled. A row that came in UNKNOWN from its sheet has no
# text here; its number is enough, of each number one row goes out.
SETTLE_HELD = """
WITH other AS MATERIALIZED (
    SELECT run.id, message.destination, message.text, message.umid, message.status
    FROM message JOIN run ON run.no = message.run
    WHERE run.id IN (SELECT held FROM message WHERE run = :run AND held <> '')
      AND message.status IN ('QUEUED', 'SENT', 'DELIVERED', 'UNDELIVERED', 'READ', 'REJECTED',
                             'CANCELLED', 'ALREADY_SENT')
      AND message.destination <> ''
)
UPDATE message
SET status = iif(other.status IN ('REJECTED', 'CANCELLED'), other.status, 'ALREADY_SENT'),
    detail = CASE other.status WHEN 'REJECTED' THEN 'rejected in run '
                               WHEN 'CANCELLED' THEN 'cancelled in run '
                               ELSE 'sent in run ' END || other.id,
    umid = iif(other.status IN ('REJECTED', 'CANCELLED'), '', other.umid)
FROM other
WHERE message.run = :run AND message.status = 'UNKNOWN' AND message.held = other.id
  AND message.destination = other.destination AND message.text IN (other.text, '')
"""

# The same text to the same number still waits in a run that was stopped.
COUNT_WAITING = """
SELECT count(*) FROM message
WHERE run = :run AND status = 'READY' AND (destination, text) IN (
    SELECT destination, text FROM message WHERE run = :other AND status = 'READY'
)
"""

# A stopped run is resumed, and a later one has sent the same meanwhile, or still may.
OVERTAKEN = """
WITH other AS MATERIALIZED (
    SELECT destination, text, max(status IN ('READY', 'SENDING', 'UNKNOWN')) AS open FROM message
    WHERE run = :other AND held = ''
      AND status NOT IN ('INVALID', 'DUPLICATE', 'OPTED_OUT', 'ALREADY_SENT', 'REJECTED',
                         'CANCELLED')
    GROUP BY destination, text
)
UPDATE message
SET status = iif(other.open, 'UNKNOWN', 'ALREADY_SENT'), held = iif(other.open, :other_id, ''),
    detail = iif(other.open, 'may be sent in run ' || :other_id || ': settle that run first',
                             'sent meanwhile in run ' || :other_id)
FROM other
WHERE message.run = :run AND message.status = 'READY'
  AND message.destination = other.destination AND message.text = other.text
"""

# Later is what was approved later: a plan may have waited for its yes.
LATER_RUNS = """
SELECT no, id FROM run
WHERE no NOT IN (:run, :since) AND pretended = :pretended
  AND approved_at >= (SELECT approved_at FROM run WHERE no = :since)
"""

# Of a campaign, the same text goes to the same number in another period on purpose.
_NOT_ANOTHER_PERIOD = "coalesce(campaign = :campaign AND period <> :period, 0) = 0"

# Runs (but one) that somebody approved, of the same kind, in which rows wait or are not settled.
OPEN_RUNS = f"""
SELECT no, id FROM run
WHERE no <> :run AND approved_at IS NOT NULL AND pretended = :pretended
  AND {_NOT_ANOTHER_PERIOD}
  AND (state IN ('SENDING', 'STOPPED')
       OR no IN (SELECT run FROM batch WHERE state IN ('SENDING', 'UNKNOWN')))
"""

# The newest approved run of the same content of which anything went out, or still may; for a
# campaign only since its period began.
SENT_BEFORE = f"""
SELECT id FROM run
WHERE hash IN (:hash, :old_hash) AND no <> :run AND approved_at IS NOT NULL
  AND {_NOT_ANOTHER_PERIOD} AND approved_at >= :since
  AND (EXISTS (SELECT 1 FROM message WHERE message.run = run.no AND (
           status NOT IN ('INVALID', 'DUPLICATE', 'OPTED_OUT', 'ALREADY_SENT', 'REJECTED')
           OR (status = 'ALREADY_SENT' AND encoding <> '')))  -- planned, and sent by another run
       OR EXISTS (SELECT 1 FROM tally WHERE tally.run = run.no AND (
           status NOT IN ('INVALID', 'DUPLICATE', 'OPTED_OUT', 'ALREADY_SENT', 'REJECTED')
           OR (status = 'ALREADY_SENT' AND encoding <> ''))))
ORDER BY no DESC LIMIT 1
"""

# The run that a campaign has sent, or begun to send, in a period.
RUN_OF_PERIOD = """
SELECT id FROM run
WHERE campaign = :campaign AND period = :period AND pretended = :pretended AND no <> :run
  AND approved_at IS NOT NULL AND parent IS NULL
"""

# Sending -------------------------------------------------------------------------------------

# The times at which messages of a run are due, the earliest first; "" is at once.
DUES = """
SELECT DISTINCT due FROM message WHERE run = ? AND status = 'READY' ORDER BY due
"""

# A page of what is still to be sent, in the sheet's order. Pages, not one long cursor: rows are
# updated while they are being read. Each column comes as one JSON array: the driver lets other
# threads in behind each row that it fetches, and with several of them it then waits longer than it
# works.
READY_PAGE = """
SELECT json_group_array(row), json_group_array(destination), json_group_array(text),
       json_group_array(parts), json_group_array(encoding), json_group_array(reference),
       json_group_array(detail), json_group_array(attempt)
FROM (
    SELECT row, destination, text, parts, encoding, reference, detail, attempt FROM message
    WHERE run = ? AND row > ? AND status = 'READY' ORDER BY row LIMIT ?
)
"""

# The same of what is due at one time, by its own index.
DUE_PAGE = READY_PAGE.replace("status = 'READY'", "due <> '' AND due = ? AND status = 'READY'")

# The same of what is sent at once, among messages that are due at other times.
AT_ONCE_PAGE = READY_PAGE.replace("status = 'READY'", "due = '' AND status = 'READY'")

ADD_BATCH = """
INSERT INTO batch (run, number, state, rows, claimed_at, base_url, subaccount, scheduled)
VALUES (?, ?, 'SENDING', ?, ?, ?, ?, ?)
"""

END_BATCH = """
UPDATE batch SET state = ?, ended_at = ?, batch_id = ? WHERE run = ? AND number = ?
"""

ADD_ATTEMPT = """
INSERT INTO attempt (run, batch, number, started_at, ended_at, http_status, error, error_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""

# The rows of a batch stand next to each other among the READY ones that are due at its time.
CLAIM_ROWS = """
UPDATE message SET status = 'SENDING', batch = :batch
WHERE run = :run AND row BETWEEN :first AND :last AND status = 'READY'
  AND (:due IS NULL OR due = :due)
"""

# Nearly all rows of a batch were accepted: one statement for them, since one a row takes twice as
# long. `umid_of` is a function that the caller gives.
SETTLE_ACCEPTED = """
UPDATE message SET status = 'QUEUED', umid = umid_of(row)
WHERE run = :run AND row BETWEEN :first AND :last AND status = 'SENDING' AND batch = :batch
"""

SETTLE_ROW = """
UPDATE message SET status = ?, umid = ?, detail = iif(? = '', detail, ?)
WHERE run = ? AND row = ? AND status = 'SENDING'
"""

RELEASE_ROWS = """
UPDATE message SET status = 'READY', batch = NULL
WHERE run = :run AND batch = :batch AND status = 'SENDING'
"""

# What a dead process had in flight: its POST may have been accepted.
ORPHANED_ROWS = """
UPDATE message
SET status = 'UNKNOWN', detail = 'the program ended before 8x8''s answer was recorded'
WHERE run = :run AND status = 'SENDING'
"""

# Nobody knows when its last request left: not after now.
ORPHANED_BATCHES = """
UPDATE batch SET state = 'UNKNOWN', ended_at = :now WHERE run = :run AND state = 'SENDING'
"""

# Telling -------------------------------------------------------------------------------------

# How many rows a page has; and the state, encoding and parts, a word each, of those that are not as
# most rows are. HELD are those UNKNOWN rows that another run has to settle first. They are counted
# in Python: GROUP BY would sort them first.
STATES = """
SELECT count(*),
       group_concat(iif(status = 'UNKNOWN' AND batch IS NULL, 'HELD', status) || ' ' || encoding
                    || ' ' || parts)
       FILTER (WHERE NOT (status = :status AND encoding = :encoding AND parts = :parts
                          AND status <> 'UNKNOWN'))
FROM message WHERE run = :run AND row BETWEEN :first AND :last
"""

# The same of a run whose messages were purged, counted.
PURGED_STATES = """
SELECT status, encoding, rows, parts FROM tally WHERE run = ?
"""

HIGHEST_OWN_ROW = """
SELECT coalesce(max(row), 0) FROM message WHERE run = ?
"""

PROBLEMS = """
SELECT row, status, detail FROM message
WHERE run = ? AND status NOT IN ('READY', 'SENDING', 'QUEUED', 'SENT', 'DELIVERED', 'READ',
                                 'ALREADY_SENT')
ORDER BY row LIMIT ?
"""

# The same problem of many rows is one line; its first rows stand for it.
PROBLEM_GROUPS = """
SELECT status, iif(status = 'DUPLICATE', 'the same number as an earlier row', detail) AS said,
       count(*) AS rows, group_concat(row)
FROM message
WHERE run = ? AND status IN ('INVALID', 'OPTED_OUT', 'DUPLICATE', 'REJECTED', 'UNKNOWN')
GROUP BY status, said
ORDER BY status IN ('DUPLICATE', 'OPTED_OUT'), rows DESC, min(row) LIMIT ?
"""

NOTES = """
SELECT detail, count(*) AS rows, group_concat(row) FROM message
WHERE run = ? AND status IN ('READY', 'SENDING', 'QUEUED') AND detail <> ''
GROUP BY detail ORDER BY rows DESC, min(row) LIMIT ?
"""

ODDITIES = """
SELECT row, oddities, saving FROM message
WHERE run = ? AND status = 'READY' AND oddities <> 0 ORDER BY row
"""

REBASE = """
UPDATE run SET facts = :facts WHERE no IN (SELECT value FROM json_each(:family))
"""

HIGHEST_ROW = """
SELECT coalesce(max(row), 0) FROM message WHERE run IN (SELECT value FROM json_each(:family))
"""

WAITS_BETWEEN = """
SELECT 1 FROM message
WHERE run = :run AND row BETWEEN :first AND :last AND status IN ('READY', 'SENDING') LIMIT 1
"""

# A range of rows, not a number of them: so nothing is sorted twice, however long the sheet.
RESULT_PAGE = """
SELECT message.row, message.umid, message.status, message.detail, message.destination,
       message.parts, message.encoding, coalesce(batch.batch_id, ''),
       coalesce(batch.claimed_at, ''), run.id
FROM message
JOIN run ON run.no = message.run
LEFT JOIN batch ON batch.run = message.run AND batch.number = message.batch
WHERE message.run IN (SELECT value FROM json_each(:family))
  AND message.row BETWEEN :first AND :last
  AND NOT EXISTS (
      SELECT 1 FROM message AS later
      WHERE later.run IN (SELECT value FROM json_each(:family))
        AND later.run > message.run AND later.row = message.row
  )
ORDER BY message.row
"""

# The same of a run that is alone in its family: nothing is later. The batches' own are told apart,
# and each column comes as one JSON array, in two thirds of the time of the driver's rows.
RESULT_PAGE_ALONE = """
SELECT json_group_array(row), json_group_array(umid), json_group_array(status),
       json_group_array(detail), json_group_array(destination), json_group_array(parts),
       json_group_array(encoding), json_group_array(batch)
FROM (
    SELECT row, umid, status, detail, destination, parts, encoding, batch FROM message
    WHERE run = :run AND row BETWEEN :first AND :last ORDER BY row
)
"""

BATCH_IDS = """
SELECT number, batch_id, claimed_at FROM batch WHERE run = ? AND number BETWEEN ? AND ?
"""

BATCHES = """
SELECT number, state, rows, claimed_at, ended_at, batch_id FROM batch WHERE run = ? ORDER BY number
"""

ATTEMPTS = """
SELECT batch, started_at, ended_at, http_status, error, error_id FROM attempt
WHERE run = ? ORDER BY batch, number
"""

INQUIRIES = """
SELECT asked_at, found, absent, open FROM inquiry WHERE run = ? ORDER BY number
"""
