"""Experience, and the day's own mood over it."""

from random import Random

import pytest

from cloud.eta.experience import Experience, learned
from cloud.eta.journey import Driven, Journey, Stood
from cloud.eta.ratio import Ratio, tamed
from cloud.eta.today import Mood, mood_of_day, mood_of_run
from tests.cloud.eta.runs import hour_of, journey


def legs(factor: float, *, hour: int = 7, route: str = "r", site: str = "s1", count: int = 200, seed: int = 1) -> list[Driven]:
    rng = Random(seed)
    return [Driven(route, hour, site, 600.0, 600.0 * factor * rng.uniform(0.8, 1.2)) for _ in range(count)]


def test_without_experience_the_plans_seconds_stand() -> None:
    assert (Experience().drive_factor("r", 7, "s1"), Experience().dwell_factor("s1")) == (1.0, 1.0)


def test_what_vans_take_longer_is_learned() -> None:
    known = learned(Experience(), legs(1.3), [Stood("s1", 300.0, 390.0)] * 100)
    assert known.drive_factor("r", 7, "s1") == pytest.approx(1.3, rel=0.03)
    assert known.dwell_factor("s1") == pytest.approx(1.3, rel=0.03)


def test_an_hour_a_route_and_a_station_are_told_apart() -> None:
    mixed: list[Driven] = []
    for seed in range(40):
        for hour, route, site, factor in ((7, "a", "s1", 1.4), (10, "a", "s2", 1.0), (7, "b", "s3", 1.4), (10, "b", "s4", 1.0)):
            mixed += legs(factor, hour=hour, route=route, site=site, count=2, seed=seed)
    known = learned(Experience(), mixed, ())
    assert known.drive_factor("a", 7, "s1") == pytest.approx(1.4, rel=0.05)
    assert known.drive_factor("b", 10, "s4") == pytest.approx(1.0, rel=0.05)


def test_who_was_seen_once_is_taken_for_one_like_the_others() -> None:
    known = learned(Experience(), (), [*[Stood("s1", 300.0, 300.0)] * 100, Stood("new", 300.0, 900.0)])
    assert 1.0 < known.dwell_factor("new") < 1.5


def test_a_meal_on_the_way_teaches_no_nonsense() -> None:
    assert (tamed(36_000.0, 600.0), tamed(1.0, 600.0), tamed(700.0, 600.0)) == (1800.0, 200.0, 700.0)
    known = learned(Experience(), [*legs(1.0), Driven("r", 7, "s1", 600.0, 36_000.0)], ())
    assert known.drive_factor("r", 7, "s1") < 1.15


def test_the_old_is_forgotten() -> None:
    ratio = Ratio()
    for factor in [1.0] * 500 + [1.5] * 500:
        ratio = ratio.seen(600.0 * factor, 600.0, 60.0)
    assert ratio.over(1.0, 600.0) == pytest.approx(1.5, abs=0.02)


def slow_run(factor: float, stops: int) -> Journey:
    """Legs and stops take that much longer."""
    facts, minute = [], 0.0
    for _ in range(stops):
        facts.append((minute + 10 * factor, minute + 15 * factor))
        minute += 15 * factor
    return journey(*facts, stops=20)


def test_a_slow_day_is_felt_within_the_day() -> None:
    known = learned(Experience(), legs(1.0), [Stood("s1", 300.0, 300.0)] * 100)
    day = mood_of_day(known, [slow_run(1.3, 8), slow_run(1.3, 8)], hour_of)
    assert 1.2 < day.drive < 1.35
    assert 1.15 < day.dwell < 1.35
    run = mood_of_run(known, Mood(), slow_run(1.3, 12), hour_of)
    assert 1.15 < run.drive < 1.3


def test_a_run_that_has_no_legs_yet_goes_by_the_others_of_the_day() -> None:
    assert mood_of_run(Experience(), Mood(1.2, 1.1), journey(), hour_of) == Mood(1.2, 1.1)
    assert mood_of_day(Experience(), [journey()], hour_of) == Mood()
