import pytest

from cloud.eta.experience import Experience
from cloud.eta.forecast import Now, by_delay, forecast
from cloud.eta.today import Mood
from tests.cloud.eta.runs import MINUTE_MS, hour_of, journey

NEW = Experience()


def minutes(run: object, now: Now, mood: Mood = Mood()) -> list[float]:  # noqa: B008  # frozen
    assert hasattr(run, "legs")
    return [one.expected_ms / MINUTE_MS for one in forecast(run, now, NEW, mood, hour_of)]  # type: ignore[arg-type]


def test_from_the_start_every_leg_and_stop_counts() -> None:
    assert minutes(journey(), Now(0)) == [10.0, 25.0, 40.0]


def test_of_the_leg_it_is_on_only_what_is_left_counts() -> None:
    assert minutes(journey(), Now(7 * MINUTE_MS, 0.5)) == [12.0, 27.0, 42.0]


def test_at_a_stop_the_rest_of_unloading_comes_first() -> None:
    assert minutes(journey((10, None)), Now(12 * MINUTE_MS)) == [25.0, 40.0]


def test_a_stop_that_takes_too_long_is_never_expected_to_end_at_once() -> None:
    assert minutes(journey((10, None)), Now(60 * MINUTE_MS)) == [71.25, 86.25]


def test_a_slow_day_stretches_legs_and_stops() -> None:
    assert minutes(journey(), Now(0), Mood(1.2, 2.0)) == [12.0, 34.0, 56.0]


def test_stops_before_are_counted_and_spread_grows_with_them() -> None:
    arrivals = forecast(journey((10, 15)), Now(15 * MINUTE_MS), NEW, Mood(), hour_of)
    assert [(one.stop, one.stops_before) for one in arrivals] == [(2, 0), (3, 1)]
    assert arrivals[0].spread_s < arrivals[1].spread_s


@pytest.mark.parametrize(
    ("facts", "now", "said"),
    [
        ((), Now(7 * MINUTE_MS, 0.5), [12, 27, 42]),
        (((13, None),), Now(14 * MINUTE_MS), [28, 43]),
        (((13, None),), Now(30 * MINUTE_MS), [40, 55]),
        (((13, 18),), Now(18 * MINUTE_MS), [28, 43]),
    ],
)
def test_the_plan_and_the_delay_of_now_are_what_it_is_compared_with(
    facts: tuple[tuple[float, float | None], ...], now: Now, said: list[int]
) -> None:
    assert [ms / MINUTE_MS for ms in by_delay(journey(*facts), now).values()] == said
