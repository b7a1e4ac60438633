"""A van's way in time: never faster than it may, never further than it goes."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.driving import ACCELERATION_M_S2, BRAKING_M_S2, Drive, Way, drive, way_of

NORTH = 1 / 111_195  # degrees a metre


def straight(metres: float, speed_m_s: float = 10.0, pieces: int = 2) -> Way:
    line = tuple((30.0 + metres / pieces * n * NORTH, 114.0) for n in range(pieces + 1))
    return Way(line, (speed_m_s,) * pieces, (0, pieces))


def driven_m(driven: Drive, until_s: float, step_s: float = 0.1) -> float:
    steps = int(until_s / step_s)
    return sum(driven.position_at((n + 0.5) * step_s).speed_m_s * step_s for n in range(steps))


def test_it_stands_at_both_ends_and_drives_at_the_limit_between() -> None:
    driven = drive(straight(1000), Random(1))
    assert driven.position_at(-5).speed_m_s == driven.position_at(driven.duration_s + 5).speed_m_s == 0
    assert driven.position_at(driven.duration_s / 2).speed_m_s == pytest.approx(10.0)
    assert driven.position_at(driven.duration_s).lat == pytest.approx(30.0 + 1000 * NORTH)
    # 1000 m at 10 m/s, and what getting there and braking cost: v/2a each.
    assert driven.duration_s == pytest.approx(100 + 10 / 2 / ACCELERATION_M_S2 + 10 / 2 / BRAKING_M_S2, rel=0.01)


def test_a_stop_holds_it_for_as_long_as_it_was_told() -> None:
    way = Way(tuple((30.0 + n * 300 * NORTH, 114.0) for n in range(3)), (10.0, 10.0), (0, 1, 2))
    driven = drive(way, Random(1), dwell_s=(5, 120))
    assert driven.leaves_s[0] == 5
    assert driven.leaves_s[1] - driven.arrives_s[1] == 120
    middle = driven.position_at(driven.arrives_s[1] + 60)
    assert middle.speed_m_s == 0.0
    assert middle.lat == pytest.approx(30.0 + 300 * NORTH)
    assert driven.arrives_s[2] == driven.duration_s


def test_a_corner_is_taken_slowly_and_a_straight_crossing_is_not() -> None:
    corner = Way(((30.0, 114.0), (30.0 + 400 * NORTH, 114.0), (30.0 + 400 * NORTH, 114.0 + 400 * NORTH)), (14.0, 14.0), (0, 2))
    driven = drive(corner, Random(1))
    speeds = [driven.position_at(n / 5).speed_m_s for n in range(int(driven.duration_s * 5))]
    middle = speeds[len(speeds) // 4 : -len(speeds) // 4]
    assert min(middle) < 5
    through = drive(straight(800, 14.0), Random(1))
    speeds = [through.position_at(n / 5).speed_m_s for n in range(int(through.duration_s * 5))]
    assert min(speeds[len(speeds) // 4 : -len(speeds) // 4]) == pytest.approx(14.0)


def test_lights_hold_it_now_and_then_the_same_each_time_for_the_same_seed() -> None:
    lights = Way(tuple((30.0 + n * 200 * NORTH, 114.0) for n in range(11)), (10.0,) * 10, (0, 10), tuple(range(1, 10)))
    times = {drive(lights, Random(seed)).duration_s for seed in range(20)}
    assert len(times) > 10
    assert drive(lights, Random(7)) == drive(lights, Random(7))
    assert drive(Way(lights.line, lights.speeds_m_s, (0, 10)), Random(7)).duration_s < min(times)


def test_a_pace_of_two_takes_about_twice_as_long() -> None:
    assert drive(straight(5000), Random(1), pace=2).duration_s == pytest.approx(
        2 * drive(straight(5000), Random(1)).duration_s, rel=0.05
    )


def test_the_course_is_where_it_heads() -> None:
    east = Way(((30.0, 114.0), (30.0, 114.01)), (10.0,), (0, 1))
    assert drive(east, Random(1)).position_at(10).course_deg == pytest.approx(90, abs=0.1)
    assert drive(straight(500), Random(1)).position_at(10).course_deg == pytest.approx(0, abs=0.1)


@given(
    st.lists(st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.floats(1, 30)), min_size=1, max_size=12), st.integers(0, 99)
)
def test_no_way_makes_it_jump_race_or_brake_harder_than_it_can(pieces: list[tuple[float, float, float]], seed: int) -> None:
    line, lat, lon = [(30.0, 114.0)], 30.0, 114.0
    for up, east, _ in pieces:
        lat, lon = lat + up * NORTH, lon + east * NORTH
        line.append((lat, lon))
    way = Way(tuple(line), tuple(speed for _, _, speed in pieces), (0, len(pieces)), tuple(range(1, len(pieces))))
    driven = drive(way, Random(seed))
    before = driven.position_at(0.0)
    for n in range(1, min(2000, int(driven.duration_s * 4) + 4)):
        now = driven.position_at(n / 4)
        assert math.isfinite(now.lat)
        assert 0.0 <= now.speed_m_s <= max(speed for _, _, speed in pieces) + 1e-6
        moved_m = math.hypot((now.lat - before.lat), (now.lon - before.lon) * math.cos(math.radians(30))) / NORTH
        assert moved_m <= (max(before.speed_m_s, now.speed_m_s) + ACCELERATION_M_S2) / 4 + 0.01
        before = now
    assert driven.position_at(driven.duration_s).lat == pytest.approx(line[-1][0])


@pytest.mark.parametrize(
    "bad", [{"line": [[30.0, 114.0]], "speeds_m_s": []}, {"line": [[30, 114], [31, 114]], "speeds_m_s": []}, {"stops": [9]}]
)
def test_a_way_that_does_not_fit_together_is_refused(bad: dict[str, object]) -> None:
    good = {"line": [[30.0, 114.0], [30.1, 114.0]], "speeds_m_s": [9.0], "stops": [0, 1], "lights": []}
    assert way_of(good).stops == (0, 1)
    with pytest.raises(ValueError, match="way"):
        way_of({**good, **bad})
