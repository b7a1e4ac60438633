import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.rules.alarm_limits import DEFAULT_LIMITS, Goods
from edge.rules.exposure import Exposure, account

CHILLED = DEFAULT_LIMITS[Goods.CHILLED]
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def each_minute(values: Sequence[float | None]) -> list[tuple[int, float | None]]:
    return [(minute * MINUTE_MS, value) for minute, value in enumerate(values)]


def test_minutes_and_degree_minutes_out_of_range_on_either_side() -> None:
    found = account(each_minute([3.0] * 10 + [7.0] * 5 + [-1.0] * 5), 0, 20 * MINUTE_MS, CHILLED, 270.0)
    assert (found.observed_min, found.expected_min, found.coverage) == (20.0, 20.0, 1.0)
    assert (found.above_min, found.above_c_min) == (5.0, 10.0)
    assert (found.below_min, found.below_c_min) == (5.0, 5.0)


def test_a_gap_is_neither_within_nor_out_of_range_and_lowers_the_coverage() -> None:
    readings = [(0, 7.0), (30 * MINUTE_MS, 7.0), (31 * MINUTE_MS, None), (32 * MINUTE_MS, math.nan)]
    found = account(readings, 0, 40 * MINUTE_MS, CHILLED, 300.0)
    assert (found.observed_min, found.above_min) == (6.0, 6.0)
    assert found.coverage == pytest.approx(6 / 40)


def test_what_was_measured_shortly_before_holds_on_and_what_comes_after_does_not_count() -> None:
    found = account([(-2 * MINUTE_MS, 7.0), (10 * MINUTE_MS, 30.0)], 0, 10 * MINUTE_MS, CHILLED, 300.0)
    assert (found.observed_min, found.above_c_min) == (3.0, 6.0)


def test_where_nothing_was_expected_or_observed_nothing_is_said() -> None:
    assert account([], 5, 5, CHILLED, 300.0).coverage is None
    assert Exposure().mean_kinetic_c is None
    assert account([(0, -21.0)], 0, HOUR_MS, DEFAULT_LIMITS[Goods.FROZEN], 300.0).mean_kinetic_c is None


def test_the_mean_kinetic_temperature_is_nearer_the_warm_hours_than_the_mean() -> None:
    steady = account(each_minute([4.0] * 60), 0, HOUR_MS, CHILLED, 270.0)
    assert steady.mean_kinetic_c == pytest.approx(4.0)
    mixed = account(each_minute([2.0] * 30 + [20.0] * 30), 0, HOUR_MS, CHILLED, 270.0)
    # By hand, with ΔH/R = 10 000 K: 10 000 / (34.1122 - ln((1 + e^-2.2316) / 2)) = 10 000 / 34.7034 = 288.16 K
    assert mixed.mean_kinetic_c == pytest.approx(15.006, abs=0.002)


@given(
    st.lists(st.tuples(st.integers(0, 600), st.one_of(st.none(), st.floats(-30, 40))), max_size=40, unique_by=lambda one: one[0]),
    st.integers(1, 599),
    st.randoms(use_true_random=False),
)
def test_accounts_of_two_stretches_add_up_to_that_of_both_in_whatever_order_readings_come(
    readings: list[tuple[int, float | None]], cut: int, random: object
) -> None:
    readings = [(at_ms * 1000, value) for at_ms, value in readings]
    whole = account(readings, 0, 600_000, CHILLED, 120.0)
    shuffled = [*readings, *readings]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    both = account(shuffled, 0, cut * 1000, CHILLED, 120.0) + account(shuffled, cut * 1000, 600_000, CHILLED, 120.0)
    for name in ("observed_min", "expected_min", "above_min", "below_min", "above_c_min", "below_c_min", "kinetic"):
        assert getattr(both, name) == pytest.approx(getattr(whole, name))
