"""Whatever the rules, the zones and the day: nobody is texted at the wrong time, nobody is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from timetable_worlds import (
    COUNTS,
    MINUTE,
    PLACES,
    UNITS,
    allowed,
    busiest,
    deliveries,
    nows,
    takens,
)

from bulksender.rules import Delivery
from bulksender.timetable import AT_ONCE_FOR, DoesNotFit, Lot, Place, lay, may_go
from bulksender.timetable.laying import LEAD, MARGIN

WEEK = timedelta(days=7)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_message_is_due_when_its_place_allows_it_and_within_the_pace(
    data: st.DataObject,
) -> None:
    now, rules, counts = data.draw(nows()), data.draw(deliveries()), data.draw(COUNTS)
    taken = data.draw(takens(now))
    try:
        lots = lay(counts, rules, now, taken)
    except DoesNotFit as refused:
        assert 0 <= refused.fit < sum(counts.values())
        assert set(refused.places) <= set(counts)
        return
    assert {place: sum(lot.messages for lot in found) for place, found in lots.items()} == counts
    for place, found in lots.items():
        for lot in found:
            judge(lot, place, rules, now)
        dues = [lot.due for lot in found if lot.due is not None]
        assert dues == sorted(set(dues))
    if rules.pace is not None:
        assert busiest(lots, taken, UNITS[rules.pace.unit]) <= rules.pace.messages


def judge(lot: Lot, place: Place, rules: Delivery, now: datetime) -> None:
    assert lot.messages > 0
    if lot.due is None:
        assert rules.pace is None
        assert all(
            allowed(place, rules, now.replace(microsecond=0) + after)
            for after in (MINUTE * minute for minute in range(AT_ONCE_FOR // MINUTE))
        )
        return
    assert lot.due.tzinfo is UTC
    assert lot.due.microsecond == 0
    assert now + LEAD <= lot.due <= now + WEEK - MARGIN
    assert allowed(place, rules, lot.due)
    assert may_go(place, rules, lot.due)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_what_the_pace_allows_all_at_once_is_never_refused(data: st.DataObject) -> None:
    now, rules = data.draw(nows()), data.draw(deliveries(step=15))
    places = data.draw(st.lists(PLACES, min_size=1, max_size=3, unique=True))
    most = 50 if rules.pace is None else rules.pace.messages
    counts: dict[Place, int] = {}
    for place in places:
        counts[place] = data.draw(st.integers(1, max(most - sum(counts.values()) - 2, 1)))
    assume(sum(counts.values()) <= most)
    first = now.replace(second=0, microsecond=0) + LEAD + 2 * MINUTE
    first -= timedelta(minutes=first.minute % 15)
    quarters = [first + 15 * MINUTE * step for step in range(1, 7 * 96 - 2)]
    opening = {place: any(allowed(place, rules, when) for when in quarters) for place in places}
    try:
        lots = lay(counts, rules, now)
    except DoesNotFit as refused:
        assert not all(opening.values())
        assert set(refused.places) & {place for place in places if not opening[place]}
    else:
        assert {place: sum(lot.messages for lot in lots[place]) for place in counts} == counts


@settings(max_examples=80, deadline=None)
@given(PLACES, deliveries(paced=False, step=15), nows())
def test_without_a_pace_nobody_waits_longer_than_the_rules_demand(
    place: Place, rules: Delivery, now: datetime
) -> None:
    try:
        [lot] = lay({place: 7}, rules, now)[place]
    except DoesNotFit:
        due = now + WEEK - MARGIN
    else:
        due = now if lot.due is None else lot.due
    first = (now + LEAD).replace(second=0, microsecond=0) + MINUTE
    waited = [first + 5 * MINUTE * step for step in range(7 * 288)]
    assert not any(allowed(place, rules, when) for when in waited if when < due)


@settings(max_examples=80, deadline=None)
@given(PLACES, deliveries(), nows())
def test_may_go_says_what_the_rules_say(place: Place, rules: Delivery, now: datetime) -> None:
    for hours in range(0, 100, 3):
        when = now + timedelta(hours=hours)
        assert may_go(place, rules, when) == allowed(place, rules, when.replace(microsecond=0))
