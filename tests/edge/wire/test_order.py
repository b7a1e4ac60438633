"""The order of events: keys only grow, and are never behind what was heard."""

from hypothesis import given
from hypothesis import strategies as st

from edge.wire.messages import MAX_HLC, MAX_MS
from edge.wire.order import (
    COUNTER_BITS,
    MAX_WALL_SKEW_MS,
    ZERO,
    Hlc,
    believed_ms,
    hlc_from_ms,
    hlc_ms,
    observe,
    shift,
    tick,
)

keys = st.integers(0, MAX_HLC).map(Hlc)
clocks = st.none() | st.integers(-(10**15), 10**18)


@given(st.lists(st.tuples(st.sampled_from(["tick", "observe"]), clocks, keys), max_size=60))
def test_keys_only_grow_whatever_the_clocks_say(steps: list[tuple[str, int | None, Hlc]]) -> None:
    last = ZERO
    for kind, physical_ms, heard in steps:
        if kind == "tick":
            following = tick(last, physical_ms)
            assert following > last
        else:
            following = observe(last, heard)
            assert following >= last
            assert following >= heard
        assert following < 2**63
        last = following


@given(keys, st.integers(0, 2**46))
def test_a_believed_clock_that_is_ahead_is_followed(last: Hlc, physical_ms: int) -> None:
    key = tick(last, physical_ms)
    assert hlc_ms(key) >= physical_ms
    assert key == max(last + 1, hlc_from_ms(physical_ms))


def test_a_clock_past_the_year_4199_is_not_followed() -> None:
    assert tick(Hlc(5), MAX_MS) == 6


def test_the_counter_carries_into_the_milliseconds() -> None:
    last = Hlc(hlc_from_ms(1000) + (1 << COUNTER_BITS) - 1)
    assert hlc_ms(tick(last, 1000)) == 1001


@given(keys, st.integers(-(10**13), 10**13))
def test_a_corrected_key_stays_within_a_databases_integer(key: Hlc, offset_ms: int) -> None:
    assert 0 <= shift(key, offset_ms) <= MAX_HLC


@given(st.integers(2**41, 2**42), st.integers(0, 2**16 - 1), st.integers(-(10**11), 10**11))
def test_a_correction_moves_the_time_and_keeps_the_counter(ms: int, counter: int, offset_ms: int) -> None:
    moved = shift(Hlc(hlc_from_ms(ms) + counter), offset_ms)
    assert hlc_ms(moved) == ms + offset_ms
    assert moved & 0xFFFF == counter


@given(st.integers(0, 2**42), st.integers(0, 2**42), st.booleans())
def test_a_wall_clock_is_believed_only_near_the_clouds(wall_ms: int, cloud_ms: int, synced: bool) -> None:
    believed = believed_ms(wall_ms, wall_synced=synced, cloud_ms=cloud_ms)
    near = synced and abs(wall_ms - cloud_ms) <= MAX_WALL_SKEW_MS
    assert believed == (wall_ms if near else cloud_ms)


def test_before_the_first_ack_only_a_synced_wall_clock_is_believed() -> None:
    assert believed_ms(1000, wall_synced=True, cloud_ms=None) == 1000
    assert believed_ms(1000, wall_synced=False, cloud_ms=None) is None


def test_the_edge_of_five_minutes_is_inside() -> None:
    assert believed_ms(MAX_WALL_SKEW_MS, wall_synced=True, cloud_ms=0) == MAX_WALL_SKEW_MS
    assert believed_ms(MAX_WALL_SKEW_MS + 1, wall_synced=True, cloud_ms=0) == 0
