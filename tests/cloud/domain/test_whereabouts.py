import itertools
import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.whereabouts import Implausible, Sighting, Whereabouts, believed, follow, implausible
from edge.rules.places import metres, metres_from_line, offsets_m

NOW = 1_800_000_000_000
LAT, LON = 31.2, 121.5
M = 1 / 111_195  # degrees north of a metre


def at(second: float, north_m: float = 0.0, east_m: float = 0.0, speed: float | None = None) -> Sighting:
    return Sighting(
        NOW + round(second * 1000),
        LAT + north_m * M,
        LON + east_m * M / math.cos(math.radians(LAT)),
        speed,
        None if speed is None else 90.0,
    )


def after(*fixes: Sighting) -> Whereabouts:
    state: Whereabouts | None = None
    for fix in fixes:
        state = follow(state, fix) or state
    assert state is not None
    return state


@pytest.mark.parametrize(
    ("lat", "lon", "at_ms", "speed", "why"),
    [
        (91.0, 0.0, NOW, None, Implausible.NO_PLACE),
        (-91.0, 0.0, NOW, None, Implausible.NO_PLACE),
        (45.0, 180.1, NOW, None, Implausible.NO_PLACE),
        (math.nan, 120.0, NOW, None, Implausible.NO_PLACE),
        (0.0, 0.0, NOW, None, Implausible.NOWHERE),
        (31.2, 121.5, NOW + 6 * 60_000, None, Implausible.FUTURE),
        (31.2, 121.5, 0, None, Implausible.PAST),
        (31.2, 121.5, NOW - 31 * 86_400_000, None, Implausible.PAST),
        (31.2, 121.5, NOW, 61.0, Implausible.TOO_FAST),
        (31.2, 121.5, NOW, math.nan, Implausible.TOO_FAST),
        (31.2, 121.5, NOW + 4 * 60_000, 30.0, None),
        (31.2, 121.5, NOW - 29 * 86_400_000, None, None),
        (0.0, 121.5, NOW, None, None),
    ],
)
def test_what_cannot_be_true_is_named(lat: float, lon: float, at_ms: int, speed: float | None, why: Implausible | None) -> None:
    assert implausible(lat, lon, at_ms, speed, NOW) is why


def test_a_late_fix_changes_nothing() -> None:
    state = after(at(10))
    assert follow(state, at(10, 500)) is None
    assert follow(state, at(5, 500)) is None


def test_noise_of_a_receiver_that_stands_does_not_wander() -> None:
    random = Random(7)
    state: Whereabouts | None = None
    shown = []
    for second in range(3600):
        fix = at(second, random.gauss(0, 8), random.gauss(0, 8), abs(random.gauss(0, 0.3)))
        state = follow(state, fix) or state
        assert state is not None
        if second > 120:
            shown.append(state.shown)
    assert all(one.speed_m_s == 0.0 for one in shown)
    assert max(metres(LAT, LON, one.lat, one.lon) for one in shown) < 5.0
    steps = [metres(one.lat, one.lon, two.lat, two.lon) for one, two in itertools.pairwise(shown)]
    assert max(steps) < 1.0


def test_a_van_that_drives_is_shown_where_its_fixes_are() -> None:
    state = after(*(at(second, 0, 8.0 * second, 8.0) for second in range(60)))
    assert not state.is_standing
    assert state.shown == at(59, 0, 8.0 * 59, 8.0)


def test_a_van_that_says_no_speed_stands_until_it_is_away() -> None:
    standing = [at(second) for second in range(60)]
    assert after(*standing).is_standing
    assert not after(*standing, at(61, 50)).is_standing


def test_a_stand_keeps_the_course_it_came_with() -> None:
    state = after(at(0, 0, 0, 5.0), *(at(second, 0, 5) for second in range(1, 60)))
    assert state.is_standing
    assert state.shown.heading_deg == 90.0


def test_a_jump_is_not_believed_until_a_second_fix_is_there_too() -> None:
    jumped = after(at(0), at(1, 3000))
    assert jumped.shown.lat == LAT
    back = after(at(0), at(1, 3000), at(2, 5))
    assert back.doubted is None
    assert metres(back.shown.lat, back.shown.lon, LAT, LON) < 10.0
    there = after(at(0), at(1, 3000), at(2, 3005))
    assert metres(there.shown.lat, there.shown.lon, LAT, LON) > 2900.0


def test_jumps_all_over_the_place_are_never_believed() -> None:
    fixes = [at(0), *(at(second, 9000 * (-1) ** second, 4000 * second) for second in range(1, 20))]
    assert after(*fixes).shown.lat == LAT


def test_after_a_tunnel_a_van_is_where_it_came_out() -> None:
    state = after(at(0, 0, 0, 20.0), at(180, 0, 3500, 20.0))
    assert state.doubted is None
    assert state.shown == at(180, 0, 3500, 20.0)


@given(st.permutations(range(8)))
def test_fixes_in_any_order_end_at_the_newest(order: list[int]) -> None:
    fixes = [at(10 * n, 80 * n, 0, 8.0) for n in range(8)]
    assert after(*(fixes[n] for n in order)).shown == fixes[7]


def test_a_track_is_shown_without_its_jumps_and_with_what_a_second_fix_confirmed() -> None:
    drive = [at(second, 0, 10 * second, 10.0) for second in range(10)]
    with_jump = [*drive[:5], at(4.5, 8000, 0, 10.0), *drive[5:]]
    assert believed(with_jump) == drive
    ferry = [at(0, 0, 0, 10.0), at(1, 9000, 0, 10.0), at(2, 9010, 0, 10.0)]
    assert believed(ferry) == ferry


def test_across_the_180th_meridian_a_metre_is_a_metre() -> None:
    assert metres(0.0, 179.9999, 0.0, -179.9999) == pytest.approx(22.24, abs=0.01)
    state = after(Sighting(NOW, 0.5, 179.99999), Sighting(NOW + 20_000, 0.5, -179.99999))
    assert abs(abs(state.shown.lon) - 180.0) < 0.0001


@given(st.floats(-80, 80), st.floats(-179, 179), st.floats(-0.01, 0.01), st.floats(-0.01, 0.01))
def test_offsets_and_distance_agree(lat: float, lon: float, up: float, right: float) -> None:
    east, north = offsets_m(lat, lon, lat + up, lon + right)
    assert math.hypot(east, north) == pytest.approx(metres(lat, lon, lat + up, lon + right))


def test_from_a_line_the_nearest_point_counts() -> None:
    assert metres_from_line(-10, 5, 10, 5) == (5.0, 0.5)
    assert metres_from_line(3, 4, 10, 4)[0] == 5.0
    assert metres_from_line(3, 4, 3, 4) == (5.0, 0.0)
