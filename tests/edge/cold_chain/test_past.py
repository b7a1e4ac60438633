"""A chart's day: what is heard now, and what the site's own file still holds."""

from pathlib import Path

import pytest

from edge.cold_chain import past as past_module
from edge.cold_chain.past import HOURS, Line, Past, Point
from edge.devices.sensor import Fix, Reading
from edge.outbox import Outbox
from edge.outbox import kept_readings as kept
from edge.outbox.records import Reading as Sampled
from edge.site_clock import SiteClock
from edge.wire.messages import ClockQuality
from tests.edge.outbox.sites import settings
from tests.edge.station.counters import TestClock

MINUTE_MS = 60_000
EVERY_S = {"fridge-1_c": 60.0, "fridge-1_open": 60.0}


def made(clock: TestClock, outbox: Outbox) -> Past:
    return Past(EVERY_S, outbox, SiteClock(clock, clock.monotonic_s, lambda: True, 0))


async def seal(outbox: Outbox, samples: list[Sampled], at_ms: int) -> None:
    await outbox.run(lambda store: store.seal_live(samples, ClockQuality.SYNCED, at_ms))


def test_a_line_is_in_order_each_time_once_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_module, "MAX_POINTS", 4)
    line = Line()
    for at_ms, value in ((10, 1.0), (30, 3.0), (20, None), (30, 9.0), (5, 0.5)):
        line.add(at_ms, value)
    assert line.since(0) == [Point(5, 0.5), Point(10, 1.0), Point(20, None), Point(30, 3.0)]
    line.add(40, 4.0)
    assert line.since(0)[0] == Point(10, 1.0)
    assert line.since(30) == [Point(30, 3.0), Point(40, 4.0)]


async def test_what_is_heard_is_in_the_chart_once_an_interval_and_a_door_whenever_it_moves(tmp_path: Path) -> None:
    clock = TestClock()
    async with Outbox(settings(tmp_path), clock.now_ms) as outbox:
        past = made(clock, outbox)
        start_ms = clock.now_ms()
        for second in range(0, 121, 20):
            past.take(Reading("fridge-1_c", 3.0 + second, start_ms + second * 1000))
        past.take(Reading("fridge-1_open", 0.0, start_ms))
        past.take(Reading("fridge-1_open", 1.0, start_ms + 5_000))
        past.take(Fix("van", 31.2, 121.5, start_ms))
        past.take(Reading("fridge-1_c", None, start_ms + 130_000, "no answer"))
        clock.pass_s(130.0)
        assert past.read("fridge-1_c", 24) == [
            Point(start_ms, 3.0), Point(start_ms + 60_000, 63.0), Point(start_ms + 120_000, 123.0), Point(start_ms + 130_000, None),
        ]  # fmt: skip
        assert [point.value for point in past.read("fridge-1_open", 1)] == [0.0, 1.0]
        assert past.latest["fridge-1_c"] == (start_ms + 130_000, None, "no answer")
        assert past.sensors == ["fridge-1_c", "fridge-1_open"]
        assert past.read("nothing_c", 24) == []
        assert past.read("fridge-1_c", 11 / 3600) == [Point(start_ms + 120_000, 123.0), Point(start_ms + 130_000, None)]


async def test_the_file_gives_back_the_last_day_sent_and_unsent_and_nothing_older(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_BATCHES_AT_ONCE", 2)
    clock = TestClock()
    now_ms = clock.now_ms()
    old_ms, day_ms = now_ms - 30 * 3_600_000, now_ms - 20 * 3_600_000
    async with Outbox(settings(tmp_path), clock.now_ms) as outbox:
        await seal(outbox, [Sampled("fridge-1_c", old_ms, 1.0)], old_ms)
        for n in range(7):
            at_ms = day_ms + n * MINUTE_MS
            samples = [Sampled("fridge-1_c", at_ms, float(n)), Sampled("battery_pct", at_ms, None, 2)]
            await seal(outbox, samples, at_ms)
        waiting = [Sampled("fridge-1_c", day_ms + n * MINUTE_MS, float(n)) for n in range(6, 9)]
        await outbox.run(lambda store: store.keep_readings(waiting[:2], ClockQuality.SYNCED))
        await outbox.run(lambda store: store.seal_backfill(day_ms + 10 * MINUTE_MS))
        await outbox.run(lambda store: store.keep_readings(waiting[2:], ClockQuality.SYNCED))
    async with Outbox(settings(tmp_path), clock.now_ms) as outbox:
        past = made(clock, outbox)
        past.take(Reading("fridge-1_c", 99.0, now_ms))
        await past.recall()
        assert [point.value for point in past.read("fridge-1_c", HOURS)] == [float(n) for n in range(9)] + [99.0]
        assert [point.value for point in past.read("battery_pct", HOURS)] == [None] * 7


async def test_a_batch_that_the_card_has_spoilt_is_a_gap(tmp_path: Path) -> None:
    clock = TestClock()
    now_ms = clock.now_ms()
    async with Outbox(settings(tmp_path), clock.now_ms) as outbox:
        for n in range(3):
            await seal(outbox, [Sampled("fridge-1_c", now_ms - n * MINUTE_MS, float(n))], now_ms)
        await outbox.transact(lambda transaction: transaction.execute("UPDATE batch SET payload = CAST('?' AS BLOB) WHERE seq = 2"))
        past = made(clock, outbox)
        await past.recall()
        assert [point.value for point in past.read("fridge-1_c", HOURS)] == [2.0, 0.0]


async def test_a_flood_of_names_fills_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_module, "MAX_SENSORS", 2)
    clock = TestClock()
    async with Outbox(settings(tmp_path), clock.now_ms) as outbox:
        past = made(clock, outbox)
        for n in range(5):
            past.take(Reading(f"s{n}_c", 1.0, clock.now_ms()))
        assert past.sensors == ["fridge-1_c", "fridge-1_open", "s0_c", "s1_c"]
        assert set(past.latest) == {"s0_c", "s1_c"}
