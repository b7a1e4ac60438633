import math
from random import Random

from cloud.domain.visits import (
    OFF_ROUTE_AFTER_MS,
    SILENT_AFTER_MS,
    Progress,
    StopPlace,
    Visit,
    distance_to_path_m,
    observe,
    silent_since_ms,
)
from cloud.domain.whereabouts import Sighting

LAT, LON = 31.2, 121.5
M = 1 / 111_195
STOPS = (StopPlace(1, LAT, LON), StopPlace(2, LAT + 2000 * M, LON))
ROAD = ((LAT - 1000 * M, LON), (LAT + 3000 * M, LON))


def at(second: float, north_m: float, east_m: float = 0.0) -> Sighting:
    return Sighting(round(second * 1000), LAT + north_m * M, LON + east_m * M / math.cos(math.radians(LAT)))


def seen(*fixes: Sighting, path: tuple[tuple[float, float], ...] = ()) -> Progress:
    progress = Progress()
    for fix in fixes:
        progress = observe(progress, fix, STOPS, path)
    return progress


def test_a_van_that_stands_at_a_stop_has_arrived_when_it_came() -> None:
    approach = [at(n, -300 + 50 * n) for n in range(6)]
    visit = seen(*approach, *(at(6 + 10 * n, 0) for n in range(6))).visits[1]
    assert visit == Visit(5000, 5000, 56_000, None)


def test_driving_past_is_no_arrival() -> None:
    progress = seen(*(at(n, -500 + 7 * n) for n in range(200)))
    assert progress.visits[1].arrived_ms is None
    assert progress.visits[1].near_since_ms is None


def test_a_van_leaves_when_it_was_last_there() -> None:
    stay = [at(10 * n, 0) for n in range(10)]
    visit = seen(*stay, at(100, 100), at(110, 200), at(120, 400)).visits[1]
    assert visit.departed_ms == 100_000  # 100 m: between the circles


def test_noise_of_a_van_that_stands_at_the_kerb_is_no_departure() -> None:
    random = Random(3)
    progress = seen(*(at(n, 45 + random.gauss(0, 8), random.gauss(0, 8)) for n in range(1800)))
    assert progress.visits[1].arrived_ms is not None
    assert progress.visits[1].departed_ms is None


def test_a_gap_does_not_hide_a_departure() -> None:
    visit = seen(at(0, 0), at(60, 0), at(120, 0), at(900, 1500)).visits[1]
    assert (visit.arrived_ms, visit.departed_ms) == (0, 120_000)


def test_two_fixes_a_minute_apart_are_an_arrival() -> None:
    assert seen(at(0, 10), at(60, 10)).visits[1].arrived_ms == 0


def test_who_comes_back_was_there_from_the_first_time_until_the_last() -> None:
    first = [at(0, 0), at(60, 0), at(100, 500)]
    again = [at(200, 0), at(260, 0)]
    assert seen(*first).visits[1].departed_ms == 60_000
    assert seen(*first, *again).visits[1] == Visit(200_000, 0, 260_000, None)
    assert seen(*first, *again, at(400, 900)).visits[1].departed_ms == 260_000


def test_each_stop_has_its_own_visit() -> None:
    progress = seen(at(0, 0), at(60, 0), at(300, 2000), at(360, 2000))
    assert progress.visits[1].departed_ms == 60_000
    assert progress.visits[2].arrived_ms == 300_000


def test_beside_its_way_for_three_minutes_a_van_is_off_route() -> None:
    drive = [at(10 * n, 500 + 20 * n, 800) for n in range(20)]
    assert not seen(*drive[:5], path=ROAD).is_off_route()
    progress = seen(*drive, path=ROAD)
    assert progress.is_off_route()
    assert round(progress.off_m) == 800
    assert OFF_ROUTE_AFTER_MS <= 190_000


def test_back_on_its_way_it_is_off_route_no_more() -> None:
    drive = [at(10 * n, 500 + 20 * n, 800) for n in range(20)]
    assert not seen(*drive, at(210, 900, 50), path=ROAD).is_off_route()


def test_at_a_stop_or_without_a_planned_way_nobody_is_off_it() -> None:
    away = [at(10 * n, 600, 900) for n in range(30)]
    assert not seen(*away).is_off_route()
    assert not seen(*(at(10 * n, 2000, 50) for n in range(30)), path=((0.0, 0.0), (0.0, 1.0))).is_off_route()


def test_the_nearest_part_of_the_way_counts() -> None:
    assert round(distance_to_path_m(LAT, LON + 500 * M / math.cos(math.radians(LAT)), ROAD)) == 500
    assert round(distance_to_path_m(LAT + 3400 * M, LON, ROAD)) == 400


def test_a_van_that_was_not_heard_for_longer_than_a_tunnel_is_silent_since_it_was_heard_or_left() -> None:
    assert silent_since_ms(1_000, 0, 180_000) is None
    assert silent_since_ms(1_000, 0, 1_001 + SILENT_AFTER_MS) == 1_000
    assert silent_since_ms(None, 5_000, 5_001 + SILENT_AFTER_MS) == 5_000
    yesterday_ms = -86_400_000
    assert silent_since_ms(yesterday_ms, 5_000, 6_000) is None, "it has only just left"
    assert silent_since_ms(yesterday_ms, 5_000, 5_001 + SILENT_AFTER_MS) == 5_000
