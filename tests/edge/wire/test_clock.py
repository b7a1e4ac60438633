"""The clock of edge, cloud and town: pause, rate, resume; monotonic time is handed in."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.wire.clock import Clock, TownClock, TownTime, WallClock, decode_town, encode_town, to_ms, utc
from edge.wire.messages import MAX_MS

START_MS = to_ms(datetime(2026, 1, 1, 7, tzinfo=UTC))
TOWN = TownTime(START_MS, 100.0, 30.0, "boot-a")


@dataclass
class Desk:
    """A clock file and a monotonic clock in the hands of the test."""

    town: TownTime = TOWN
    monotonic_s: float = 100.0
    reads: int = 0

    def read_file(self) -> bytes:
        self.reads += 1
        return encode_town(self.town)

    def read_monotonic_s(self) -> float:
        return self.monotonic_s


def test_a_wall_clock_is_the_machines_and_runs_at_one() -> None:
    clock: Clock = WallClock(lambda: 1767225600.1239)
    assert clock.now_ms() == 1767225600123
    assert clock.rate == 1.0
    assert not clock.is_simulated


@given(st.integers(0, MAX_MS))
def test_milliseconds_and_datetimes_are_the_same_moment(ms: int) -> None:
    assert to_ms(utc(ms)) == ms
    assert to_ms(utc(ms).astimezone(timezone(timedelta(hours=8)))) == ms


def test_a_fraction_of_a_millisecond_is_rounded_down() -> None:
    assert to_ms(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


def test_the_town_runs_at_its_rate_and_never_before_its_anchor() -> None:
    assert TOWN.at(102.0) == START_MS + 60_000
    assert TOWN.at(99.0) == START_MS


def test_a_paused_town_stands_still_and_goes_on_from_there() -> None:
    paused = TOWN.changed(102.0, 0.0)
    assert paused.at(1e6) == START_MS + 60_000
    going = paused.changed(200.0, 1.0)
    assert going.at(201.0) == START_MS + 61_000


@pytest.mark.parametrize("rate", [-0.1, 300.1, float("nan"), float("inf")])
def test_a_rate_out_of_range_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match=r"^rate: "):
        TOWN.changed(100.0, rate)


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 300)), max_size=20))
def test_a_town_whose_rate_changes_never_runs_backwards(changes: list[tuple[float, float]]) -> None:
    town, now_s, last_ms = TOWN, TOWN.anchor_s, START_MS
    for wait_s, rate in changes:
        now_s += wait_s
        assert town.at(now_s) >= last_ms
        town = town.changed(now_s, rate)
        last_ms = town.at(now_s)


def test_a_process_sees_a_change_of_rate_within_50_ms_and_does_not_read_the_file_more_often() -> None:
    desk = Desk()
    clock = TownClock(desk.read_file, desk.read_monotonic_s)
    assert clock.is_simulated
    assert clock.rate == 30.0
    desk.monotonic_s += 0.01
    assert clock.now_ms() == START_MS + 300
    assert desk.reads == 1
    desk.town = desk.town.changed(desk.monotonic_s, 0.0)
    desk.monotonic_s += 0.05
    assert clock.rate == 0.0
    assert clock.now_ms() == START_MS + 300
    assert desk.reads == 2


def test_a_clock_file_comes_back() -> None:
    assert decode_town(encode_town(TOWN)) == TOWN


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        encode_town(TOWN)[:-5],
        encode_town(replace(TOWN, rate=1e9)),
        encode_town(replace(TOWN, rate=float("nan"))),
        encode_town(replace(TOWN, simulated_ms=-1)),
        encode_town(replace(TOWN, simulated_ms=10**18)),
        encode_town(TOWN).replace(b"boot-a", b"\xff"),
    ],
)
def test_a_broken_clock_file_is_refused_with_the_remedy(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^clock file: .*FRESH=1"):
        decode_town(data)
