"""Who is not texted, by what stands in the row."""

from __future__ import annotations

import pytest

from bulksender.loader import Chunk
from bulksender.model import Previous, Recipient, RejectedRow, RowStatus
from bulksender.screening import Screen
from bulksender.settings import Job, SheetOptions

NUMBER = "+6591234567"


def screened(previous: Previous | None, *, again: bool = False, out: bool = False) -> RowStatus:
    """The status that a row with a valid number gets; READY where it may be texted."""
    row = Recipient(2, NUMBER, (), opted_out=out, previous=previous)
    job = Job(sheet=SheetOptions(path="sheet.csv"), template="Hi", again=again)
    recipients, refused = Screen(job, None)(Chunk([row], []))
    assert len(recipients) + len(refused) == 1
    return refused[0].status if refused else RowStatus.READY


@pytest.mark.parametrize(
    ("previous", "status"),
    [
        (None, RowStatus.READY),
        (Previous(umid="u"), RowStatus.ALREADY_SENT),
        (Previous(umid="u", status="QUEUED", run="r"), RowStatus.ALREADY_SENT),
        (Previous(status="DELIVERED", run="r"), RowStatus.ALREADY_SENT),
        (Previous(status="ALREADY_SENT", run="r"), RowStatus.ALREADY_SENT),
        (Previous(umid="u", status="REJECTED", run="r"), RowStatus.READY),
        (Previous(status="UNKNOWN", run="r"), RowStatus.UNKNOWN),
        (Previous(status="SENDING", run="r"), RowStatus.UNKNOWN),
        (Previous(status="OPTED_OUT", run="r"), RowStatus.OPTED_OUT),
        (Previous(status="INVALID", run="r"), RowStatus.READY),
        (Previous(status="DUPLICATE", run="r"), RowStatus.READY),
        (Previous(status="READY", run="r"), RowStatus.READY),
    ],
)
def test_an_earlier_result_decides_whether_a_row_goes_out(
    previous: Previous | None, status: RowStatus
) -> None:
    assert screened(previous) is status


@pytest.mark.parametrize("status", ["QUEUED", "UNKNOWN"])
def test_again_sends_what_was_sent_before(status: str) -> None:
    assert screened(Previous(umid="u", status=status, run="r"), again=True) is RowStatus.READY


def test_an_opt_out_counts_also_with_again() -> None:
    assert screened(None, again=True, out=True) is RowStatus.OPTED_OUT


def test_a_sent_row_whose_number_was_corrected_says_that_the_text_went_to_another() -> None:
    previous = Previous(umid="u", status="QUEUED", run="r", destination="6599999999")
    row = Recipient(2, NUMBER, (), previous=previous)
    job = Job(sheet=SheetOptions(path="sheet.csv"), template="Hi")
    _, [refused] = Screen(job, None)(Chunk([row], []))
    assert refused.destination == "+6599999999", "whoever else has the new number goes out"
    assert "to another number" in refused.detail


def test_a_sent_row_whose_number_is_no_number_any_more_stays_sent() -> None:
    previous = Previous(umid="u", status="QUEUED", run="r")
    row = RejectedRow(2, RowStatus.INVALID, "too short", previous=previous)
    job = Job(sheet=SheetOptions(path="sheet.csv"), template="Hi")
    _, [refused] = Screen(job, None)(Chunk([], [row]))
    assert refused.status is RowStatus.ALREADY_SENT


def test_an_opt_out_that_only_a_check_has_written_is_no_earlier_run() -> None:
    """Whoever empties the opt-out cell of a checked sheet has repaired the row."""
    assert screened(Previous(status="OPTED_OUT")) is RowStatus.READY
    assert screened(Previous(status="OPTED_OUT"), out=True) is RowStatus.OPTED_OUT
