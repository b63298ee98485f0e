"""Every statement about the suppression list, by name, as in `sql`. Numbers are E.164 with +."""

# A number that is there keeps its first source and date: they say since when it must be left alone.
ADD_SUPPRESSED = """
INSERT INTO suppression (number, source, added_at) VALUES (?, ?, ?)
ON CONFLICT (number) DO NOTHING
"""

REMOVE_SUPPRESSED = """
DELETE FROM suppression WHERE number IN (SELECT value FROM json_each(:numbers))
"""

# A page behind the last one's end, oldest first. Pages, not one long cursor, as in READY_PAGE.
SUPPRESSED_PAGE = """
SELECT number, source, added_at FROM suppression
WHERE (added_at, number) > (:added_at, :number)
ORDER BY added_at, number LIMIT :most
"""

SUPPRESSED_AMONG = """
SELECT number, source, added_at FROM suppression
WHERE number IN (SELECT value FROM json_each(:numbers))
"""

ANYTHING_SUPPRESSED = """
SELECT EXISTS (SELECT 1 FROM suppression)
"""

# Rows of a run (:run) that would go out, and whose number is on the list. Where the list is empty,
# EXISTS says so before any row is looked at.
LEAVE_OUT_SUPPRESSED = """
UPDATE message
SET status = 'OPTED_OUT',
    detail = 'on the suppression list since ' || substr(listed.added_at, 1, 10)
             || ' (' || listed.source || ')'
FROM suppression AS listed
WHERE message.run = :run AND message.status = 'READY' AND message.destination = listed.number
  AND EXISTS (SELECT 1 FROM suppression)
"""

# The same of some rows (:rows, JSON).
LEAVE_OUT_ROWS = f"""
{LEAVE_OUT_SUPPRESSED}
  AND message.row IN (SELECT value FROM json_each(:rows))
"""

# Accepted by 8x8 to be sent later. Only runs with such a batch are looked through, since no index
# leads from a number to its messages. A run's own simulator has ended with it.
SCHEDULED_TO = """
SELECT run.id, count(*)
FROM message
JOIN batch ON batch.run = message.run AND batch.number = message.batch
JOIN run ON run.no = message.run
WHERE message.run IN (SELECT run FROM batch WHERE scheduled > :now)
  AND message.status = 'QUEUED' AND batch.scheduled > :now
  AND message.destination IN (SELECT value FROM json_each(:numbers))
  AND NOT coalesce(json_extract(run.job, '$.simulate'), 0)
GROUP BY run.no ORDER BY run.no
"""
