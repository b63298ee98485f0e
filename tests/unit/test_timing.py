"""Where the time of a command went: stages that together make up all of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bulksender.timing import Timings, each_timed, timed, watched


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_stage_inside_another_counts_for_itself_alone() -> None:
    clock = Clock()
    timings = Timings(clock, before=0.5)

    clock.now += 1
    with timings.stage("send"):
        clock.now += 2
        with timings.stage("claim"):
            clock.now += 4
        clock.now += 8
    with timings.stage("report"):
        clock.now += 16

    assert timings.spent() == {
        "start": 0.5,
        "send": 10.0,
        "claim": 4.0,
        "report": 16.0,
        "the rest": 1.0,
    }


def test_stages_add_up_to_all_that_has_passed_also_where_one_fails() -> None:
    clock = Clock()
    timings = Timings(clock)

    with pytest.raises(ValueError, match="over"), timings.stage("read"):
        clock.now += 3
        raise ValueError("over")
    clock.now += 1

    assert sum(timings.spent().values()) == 4.0
    assert timings.spent()["read"] == 3.0


def test_making_each_item_counts_and_working_on_it_does_not() -> None:
    def items() -> Iterator[int]:
        yield from range(3)

    with watched() as timings:
        for _ in each_timed("read", items()):
            with timed("render"):
                pass
    assert list(timings.spent()) == ["start", "read", "render", "the rest"]


def test_where_nobody_watches_items_come_all_the_same() -> None:
    with timed("read"):
        assert list(each_timed("read", [1, 2])) == [1, 2]


def test_the_start_of_the_process_is_counted() -> None:
    with watched() as timings:
        assert 0 <= timings.spent()["start"] < 100_000
