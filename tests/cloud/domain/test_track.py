import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.track import GAP_MS, segments, simplified
from cloud.domain.whereabouts import Sighting
from edge.rules.places import metres, offsets_m

LAT, LON = 31.2, 121.5
M = 1 / 111_195


def at(second: float, north_m: float, east_m: float = 0.0) -> Sighting:
    return Sighting(round(second * 1000), LAT + north_m * M, LON + east_m * M / math.cos(math.radians(LAT)))


def off_m(track: list[Sighting], kept: list[Sighting]) -> float:
    """The largest distance at the same moment."""
    worst = 0.0
    for begin, end in itertools.pairwise(kept):
        for fix in track:
            if begin.at_ms < fix.at_ms < end.at_ms:
                share = (fix.at_ms - begin.at_ms) / (end.at_ms - begin.at_ms)
                east, north = offsets_m(begin.lat, begin.lon, end.lat, end.lon)
                its_east, its_north = offsets_m(begin.lat, begin.lon, fix.lat, fix.lon)
                worst = max(worst, math.hypot(its_east - share * east, its_north - share * north))
    return worst


def test_a_straight_drive_at_even_speed_is_two_points() -> None:
    drive = [at(second, 8.0 * second) for second in range(600)]
    assert simplified(drive, 5.0) == [drive[0], drive[-1]]


def test_a_corner_is_kept() -> None:
    drive = [at(second, 8.0 * second) for second in range(60)] + [at(60 + second, 480, 8.0 * second) for second in range(60)]
    kept = simplified(drive, 5.0)
    assert len(kept) == 3
    assert metres(kept[1].lat, kept[1].lon, drive[60].lat, drive[60].lon) < 10.0


def test_a_stand_on_a_straight_road_keeps_its_length() -> None:
    way = [*(8.0 * n for n in range(60)), *([480.0] * 300), *(480 + 8.0 * n for n in range(60))]
    kept = simplified([at(second, north) for second, north in enumerate(way)], 10.0)
    assert 4 <= len(kept) <= 6
    assert max(two.at_ms - one.at_ms for one, two in itertools.pairwise(kept)) > 290_000


@given(st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), max_size=40), st.floats(1, 200))
def test_nothing_left_out_is_further_away_than_the_tolerance(places: list[tuple[float, float]], tolerance_m: float) -> None:
    track = [at(10 * n, *place) for n, place in enumerate(places)]
    kept = simplified(track, tolerance_m)
    assert kept == [fix for fix in track if fix in kept]
    assert (kept[:1], kept[-1:]) == (track[:1], track[-1:])
    assert off_m(track, kept) <= tolerance_m * 1.001


def test_where_nothing_was_heard_the_track_is_cut() -> None:
    track = [at(0, 0), at(10, 80), at(10 + GAP_MS / 1000 + 1, 900), at(20 + GAP_MS / 1000 + 1, 980)]
    assert segments(track) == [track[:2], track[2:]]
    assert segments([]) == []
    assert segments(track[:1]) == [track[:1]]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_short_track_stays_as_it_is(count: int) -> None:
    track = [at(n, 10.0 * n) for n in range(count)]
    assert simplified(track, 1.0) == track
