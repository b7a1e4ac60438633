import statistics
from datetime import date, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from edge.wire.clock import to_ms
from firmware_sim.town.chances import AS_USUAL
from firmware_sim.town.incidents import Mishap, going_on, incidents, skew_ms
from firmware_sim.town.plan import at, service_date

FIRST = date(2026, 11, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(200)]


@given(st.integers(0, 1000), st.integers(0, 27))
def test_a_stations_incidents_are_the_same_each_time_begin_on_their_day_and_end(seed: int, offset: int) -> None:
    day = FIRST + timedelta(days=offset)
    found = incidents(seed, "st-0001", day, AS_USUAL.worse(100))
    assert found == incidents(seed, "st-0001", day, AS_USUAL.worse(100))
    assert found == sorted(found, key=lambda one: one.from_ms)
    for one in found:
        assert service_date(one.from_ms) == day
        assert one.from_ms < one.until_ms <= one.from_ms + 12 * 3_600_000
        assert one in going_on(found, one.from_ms)
        assert one not in going_on(found, one.until_ms)


def test_lines_break_once_a_week_for_twenty_minutes_as_a_rule() -> None:
    outages = [
        one for n in range(30) for day in DAYS for one in incidents(n, "st-0001", day) if one.mishap is Mishap.OUTAGE
    ]  # fmt: skip
    assert 1 / 8 < len(outages) / (30 * len(DAYS)) < 1 / 6
    minutes = sorted((one.until_ms - one.from_ms) / 60_000 for one in outages)
    assert 16 < statistics.median(minutes) < 25
    assert 170 < minutes[int(len(minutes) * 0.95)] < 330


def test_clocks_are_seconds_off_and_few_of_them_minutes() -> None:
    skews = [abs(skew_ms(n, "st-0001", day)) for n in range(30) for day in DAYS]
    assert max(skews) == 300_000
    assert 0.005 < sum(skew > 2_000 for skew in skews) / len(skews) < 0.02


def test_where_nothing_goes_wrong_nothing_happens() -> None:
    assert incidents(1, "st-0001", FIRST, AS_USUAL.worse(0)) == []
    assert going_on([], to_ms(at(FIRST, time(12)))) == frozenset()
