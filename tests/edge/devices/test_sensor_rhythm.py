import pytest

from edge.devices.sensor_rhythm import Rhythm
from tests.edge.devices.sensors import RatedClock


class Monotonic:
    def __init__(self) -> None:
        self.at_s = 100.0

    def __call__(self) -> float:
        return self.at_s


def test_a_minute_of_a_town_at_thirty_is_two_seconds() -> None:
    now = Monotonic()
    rhythm = Rhythm(RatedClock(30.0), 60.0, now)
    assert rhythm.left() == pytest.approx(2.0)
    now.at_s += 1.5
    assert rhythm.left() == pytest.approx(0.5)
    now.at_s += 0.6
    assert rhythm.left() == 0.0


def test_while_the_clock_stands_nothing_is_due_and_what_had_passed_still_counts() -> None:
    now, clock = Monotonic(), RatedClock(1.0)
    rhythm = Rhythm(clock, 60.0, now)
    now.at_s += 30.0
    rhythm.left()
    clock.rate = 0.0
    now.at_s += 3600.0
    assert rhythm.left() == float("inf")
    clock.rate = 1.0
    assert rhythm.left() == pytest.approx(30.0)


async def test_what_was_missed_is_left_out_and_the_next_stays_in_step() -> None:
    now = Monotonic()
    rhythm = Rhythm(RatedClock(1.0), 60.0, now)
    now.at_s += 200.0  # 60 and 120 and 180 have passed
    await rhythm.wait()
    assert rhythm.left() == pytest.approx(40.0)


async def test_a_wall_clock_that_is_set_back_holds_nothing_up() -> None:
    now, clock = Monotonic(), RatedClock(1.0)
    rhythm = Rhythm(clock, 60.0, now)
    clock.at_ms -= 86_400_000
    now.at_s += 60.0
    await rhythm.wait()
    assert rhythm.left() == pytest.approx(60.0)
