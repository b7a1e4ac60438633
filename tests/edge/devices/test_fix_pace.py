"""Which fixes of a receiver travel: a drive keeps its shape in few of them, and what cannot be is left out."""

import itertools
from random import Random

import pytest

from edge.devices.fix_pace import FixPace
from edge.devices.sensor import Fix

METRE = 1 / 111_195  # of latitude


def fix(
    at_s: float, north_m: float = 0.0, speed_m_s: float | None = None, heading_deg: float | None = None, hdop: float = 0.9
) -> Fix:
    return Fix("gnss", 31.0 + north_m * METRE, 121.0, round(at_s * 1000), speed_m_s, heading_deg, hdop=hdop)


def sent(*fixes: Fix) -> list[float]:
    pace = FixPace()
    return [one.measured_at_ms / 1000 for one in fixes if pace.travels(one)]


def test_ten_minutes_of_driving_are_a_fix_each_ten_seconds() -> None:
    assert len(sent(*(fix(s, 8 * s, 8.0, 0.0) for s in range(600)))) == pytest.approx(62, abs=6)


def test_a_stand_is_told_when_it_has_lasted_five_seconds_and_then_each_minute() -> None:
    drive = [fix(s, 8 * s, 8.0, 0.0) for s in range(20)]
    stand = [fix(s, 8 * 19 + Random(s).gauss(0, 4), 0.2) for s in range(20, 200)]
    told = [at for at in sent(*drive, *stand) if at >= 20]
    assert told[0] == pytest.approx(25, abs=1)
    assert [round(later - earlier) for earlier, later in itertools.pairwise(told)] == [54, 54, 54]


def test_a_red_light_of_four_seconds_is_no_stand() -> None:
    light = [fix(s, 0, 8.0 if s < 10 or s > 13 else 0.0, 0.0) for s in range(20)]
    assert sent(*light) == [0, 9, 18]


def test_a_corner_travels_out_of_turn() -> None:
    corner = [fix(s, 0, 8.0, 0.0 if s < 5 else 90.0) for s in range(12)]
    assert sent(*corner) == [0, 5]


def test_a_jump_waits_for_a_second_fix_that_confirms_it() -> None:
    assert sent(fix(0, 0, 8.0), fix(20, 50_000, 8.0), fix(40, 300, 8.0)) == [0, 40]
    assert sent(fix(0, 0, 8.0), fix(20, 50_000, 8.0), fix(30, 50_060, 8.0)) == [0, 30]


def test_a_fix_that_the_receiver_calls_poor_is_left_out() -> None:
    assert sent(fix(0), fix(70, hdop=25.0), fix(71)) == [0, 71]


def test_a_clock_that_was_set_back_holds_nothing_up() -> None:
    assert sent(fix(1000, 0, 8.0, 0.0), fix(10, 0, 8.0, 0.0), fix(11, 0, 8.0, 0.0), fix(20, 0, 8.0, 0.0)) == [1000, 10, 20]
