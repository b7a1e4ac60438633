import pytest

from edge.devices.sensor import Fix, Reading
from edge.devices.sensor_pace import Pace

MINUTE_MS = 60_000


def expecting(*sensors: str) -> Pace:
    pace = Pace()
    pace.expect(dict.fromkeys(sensors, 60.0), 0)
    return pace


def test_a_sensor_that_says_ten_values_a_minute_sends_one() -> None:
    pace = expecting("a_c")
    sent = [at_s for at_s in range(0, 600, 6) if pace.travels(Reading("a_c", 3.0, at_s * 1000), 60.0)]
    assert sent == list(range(0, 600, 54))


def test_a_reading_a_little_early_or_late_is_not_left_out() -> None:
    pace = expecting("a_c")
    assert all(pace.travels(Reading("a_c", 3.0, at_ms), 60.0) for at_ms in (0, 59_500, 120_400, 179_000))


def test_each_change_of_a_door_travels_at_once_and_its_state_once_a_minute() -> None:
    pace = expecting("a_open")
    said = [(0, 0.0), (10, 0.0), (12, 1.0), (14, 1.0), (15, 0.0), (70, 0.0), (80, 0.0)]
    assert [pace.travels(Reading("a_open", value, at_s * 1000), 60.0) for at_s, value in said] == [
        True, False, True, False, True, True, False,
    ]  # fmt: skip


def test_a_fault_travels_at_once_and_so_does_the_first_number_after_it() -> None:
    pace = expecting("a_c")
    said: list[float | None] = [3.0, None, None, 3.1, 3.2]
    assert [pace.travels(Reading("a_c", value, n * 1000), 60.0) for n, value in enumerate(said)] == [True, True, False, True, False]


def test_a_clock_that_was_set_back_holds_nothing_up() -> None:
    pace = expecting("a_c")
    assert pace.travels(Reading("a_c", 3.0, 10**12), 60.0)
    assert pace.travels(Reading("a_c", 3.0, 10**12 - 10**9), 60.0)


def test_a_silent_sensor_is_told_once_an_interval_until_it_speaks() -> None:
    pace = expecting("a_c", "b_c")
    told = []
    for minute in range(8):
        pace.travels(Reading("b_c", 3.0, minute * MINUTE_MS), 60.0)
        told += [(minute, sensor) for sensor in pace.silent(minute * MINUTE_MS)]
    assert told == [(2, "a_c"), (4, "a_c"), (6, "a_c")]
    assert pace.travels(Reading("a_c", 3.0, 7 * MINUTE_MS), 60.0)
    assert pace.silent(8 * MINUTE_MS) == []


def test_a_battery_that_says_nothing_for_hours_is_not_silent() -> None:
    pace = Pace()
    assert pace.travels(Reading("a.battery_pct", 90.0, 0), 60.0)
    assert pace.silent(24 * 60 * MINUTE_MS) == []


@pytest.mark.parametrize(("speed_m_s", "sent"), [(8.0, 61), (0.2, 11)])
def test_positions_travel_every_ten_seconds_moving_and_every_minute_standing(speed_m_s: float, sent: int) -> None:
    pace = Pace()
    fixes = [Fix("gnss", 31.0, 121.0, at_s * 1000, speed_m_s) for at_s in range(601)]
    count = sum(pace.fix_travels(fix) for fix in fixes)
    assert sent <= count <= sent * 1.2


def test_a_receiver_that_says_no_speed_moves_when_it_has_moved() -> None:
    pace = Pace()
    assert pace.fix_travels(Fix("gnss", 31.0, 121.0, 0))
    assert not pace.fix_travels(Fix("gnss", 31.00005, 121.0, 12_000))  # 6 m: it wanders
    assert pace.fix_travels(Fix("gnss", 31.0005, 121.0, 13_000))  # 56 m
