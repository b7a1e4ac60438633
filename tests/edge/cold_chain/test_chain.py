"""From a reading to the alarm's fact, its row and the buzzer, and through restarts."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from edge.cold_chain import chain as chain_module
from edge.cold_chain.records import KEEP_MS, AlarmStandsError, NoSuchAlarmError
from edge.devices.ports import Reason, Sound
from edge.devices.sensor import Fix
from edge.outbox import NotKeptError
from edge.wire.messages import AlarmAcknowledged, AlarmCleared, AlarmClosed, AlarmRaised, GoodsLimits
from tests.edge.cold_chain.chains import DOOR, FREEZER, FRIDGE, SHELF, kitchen

MINUTE_MS = 60_000


async def test_a_warm_fridge_is_raised_acknowledged_cleared_and_closed_each_a_fact_with_its_time(tmp_path: Path) -> None:
    async with kitchen(tmp_path) as one:
        start_ms = one.clock.now_ms()
        await one.live(2)
        await one.live(12, fridge=6.0)
        (alarm,) = one.chain.open
        assert (alarm.subject, alarm.rule, alarm.severity, alarm.limit) == (FRIDGE, "high", "warning", 5.0)
        assert (alarm.since_ms, alarm.raised_ms) == (start_ms + 3 * MINUTE_MS, start_ms + 13 * MINUTE_MS)
        with pytest.raises(AlarmStandsError, match="still goes on"):
            await one.chain.close(alarm.id, "page-1", "staff-1", "")
        seen = await one.chain.acknowledge(alarm.id, "page-1", "staff-1", "门没关好")
        assert (seen.acknowledged_by, seen.note, seen.needs_somebody) == ("staff-1", "门没关好", False)
        await one.live(10)
        assert one.chain.open == []
        closed = await one.chain.close(alarm.id, "page-1", "staff-2", "换了门封条")
        assert (closed.stands, closed.closed_by, closed.acknowledged_by) == (False, "staff-2", "staff-1")
        events = await one.events()
        assert [event.fact for event in events] == [
            AlarmRaised(
                alarm=alarm.id,
                subject=FRIDGE,
                rule="high",
                severity="warning",
                value=alarm.value,
                limit=5.0,
                since_ms=alarm.since_ms,
            ),
            AlarmAcknowledged(alarm=alarm.id, note="门没关好"),
            AlarmCleared(alarm=alarm.id, value=closed.cleared_value),
            AlarmClosed(alarm=alarm.id, note="换了门封条"),
        ]
        assert [(event.actor, event.device) for event in events] == [
            ("", ""),
            ("staff-1", "page-1"),
            ("", ""),
            ("staff-2", "page-1"),
        ]
        assert events[0].measured_at_ms == alarm.raised_ms
        assert [record.id for record in await one.chain.recent()] == [alarm.id]
        assert [(record.stands, record.acknowledged_ms is None, record.closed_ms is None) for record in one.told] == [
            (True, True, True), (True, False, True), (False, False, True), (False, False, False),
        ]  # fmt: skip


async def test_the_buzzer_sounds_at_once_then_now_and_then_until_somebody_has_seen_it(tmp_path: Path) -> None:
    async with kitchen(tmp_path) as one:
        await one.live(2)
        one.feel(FRIDGE, 10.0)
        one.clock.pass_s(1.0)
        one.feel(FRIDGE, 10.0)
        for _ in range(60):
            await one.chain.round()
            one.clock.pass_s(1.0)
        assert one.beeper.sounds == [Sound.ALARM, Sound.ALARM]  # at once and half a minute later
        await one.chain.acknowledge(one.chain.open[0].id, "page-1", "staff-1", "")
        await one.live(5, fridge=10.0)
        assert len(one.beeper.sounds) == 2


async def test_a_warning_that_becomes_an_alarm_sounds_again_though_it_was_seen(tmp_path: Path) -> None:
    async with kitchen(tmp_path) as one:
        await one.live(11, fridge=6.0)
        (warning,) = one.chain.open
        await one.chain.acknowledge(warning.id, "page-1", "staff-1", "")
        sounds = len(one.beeper.sounds)
        await one.live(9, fridge=6.0)
        assert len(one.beeper.sounds) == sounds
        await one.live(1, fridge=6.0)
        (critical,) = one.chain.open
        assert (critical.id, critical.severity, critical.acknowledged_ms) == (warning.id, "critical", None)
        assert len(one.beeper.sounds) == sounds + 1
        raised = [fact for fact in await one.facts() if isinstance(fact, AlarmRaised)]
        assert [(fact.alarm, fact.severity) for fact in raised] == [(warning.id, "warning"), (warning.id, "critical")]


async def test_an_alarm_that_is_over_is_quiet_and_waits_to_be_seen(tmp_path: Path) -> None:
    async with kitchen(tmp_path) as one:
        await one.live(4, door=1.0)
        await one.live(1)
        sounds = len(one.beeper.sounds)
        await one.live(30)
        assert len(one.beeper.sounds) == sounds
        (alarm,) = one.chain.open
        assert (alarm.subject, alarm.rule, alarm.stands, alarm.acknowledged_ms) == (DOOR, "door_open", False, None)
        await one.chain.acknowledge(alarm.id, "page-1", "staff-1", "")
        assert one.chain.open == []


async def test_a_restart_raises_nothing_again_loses_nothing_and_counts_on(tmp_path: Path) -> None:
    async with kitchen(tmp_path) as one:
        await one.live(11, fridge=6.0)
        (before,) = one.chain.open
        clock = one.clock
    clock.pass_s(3600.0)
    async with kitchen(tmp_path, clock) as one:
        assert one.chain.open == [before]
        await one.chain.round()
        assert one.beeper.sounds == [Sound.ALARM]  # still nobody has seen it
        await one.live(2, fridge=6.0)
        raised = [fact for fact in await one.facts() if isinstance(fact, AlarmRaised)]
        assert [fact.severity for fact in raised] == ["warning"]
        await one.live(9, fridge=6.0)
        await one.live(10)
        kinds = [type(fact) for fact in await one.facts()]
        assert kinds == [AlarmRaised, AlarmRaised, AlarmCleared]


async def test_an_alarm_that_the_disk_did_not_take_is_raised_when_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with kitchen(tmp_path) as one:
        await one.live(2)
        real = one.outbox.transact

        async def refuse(_work: object) -> object:
            raise NotKeptError("the disk is full")

        monkeypatch.setattr(one.outbox, "transact", refuse)
        await one.live(3, fridge=10.0)
        assert one.chain.open == one.told == []
        assert one.beeper.sounds == []
        monkeypatch.setattr(one.outbox, "transact", real)
        await one.chain.round()
        assert [alarm.severity for alarm in one.chain.open] == ["critical"]
        assert one.beeper.sounds == [Sound.ALARM]
        assert len(await one.facts()) == 1


async def test_what_is_no_temperature_of_a_box_is_watched_only_for_silence(tmp_path: Path) -> None:
    async with kitchen(tmp_path) as one:
        one.chain.take(Fix("van", 31.2, 121.5, one.clock.now_ms()))
        await one.live(300, shelf=35.0)
        assert one.chain.open == []
        await one.live(6, silent=SHELF)
        assert [(alarm.subject, alarm.rule) for alarm in one.chain.open] == [(SHELF, "silent")]
        assert set(one.beeper.sounds) == {Reason.SENSOR_FAULT}


async def test_a_sensors_own_fault_sounds_as_such_until_goods_are_too_warm_besides(tmp_path: Path) -> None:
    async with kitchen(tmp_path) as one:
        await one.live(2)
        await one.live(6, silent=SHELF)
        assert set(one.beeper.sounds) == {Reason.SENSOR_FAULT}
        one.beeper.sounds.clear()
        await one.live(30, fridge=6.0, silent=SHELF)
        assert {"high", "silent"} <= {alarm.rule for alarm in one.chain.open}
        assert one.beeper.sounds[-1] is Sound.ALARM


async def test_the_limits_of_the_cloud_hold_at_once_and_after_a_restart_and_impossible_ones_do_not(tmp_path: Path) -> None:
    async with kitchen(tmp_path) as one:
        await one.live(2)
        await one.chain.apply({"chilled": GoodsLimits(low_c=0.0, high_c=8.0)})
        await one.chain.apply({"chilled": GoodsLimits(low_c=9.0, high_c=8.0)})
        await one.live(20, fridge=7.0)
        assert one.chain.open == []
        clock = one.clock
    async with kitchen(tmp_path, clock) as one:
        await one.live(20, fridge=7.0)
        assert one.chain.open == []
        await one.chain.apply({})
        await one.live(12, fridge=7.0)
        assert [alarm.limit for alarm in one.chain.open] == [5.0]


async def test_a_wall_clock_that_is_set_makes_no_alarm_and_no_minute_more(tmp_path: Path) -> None:
    async with kitchen(tmp_path) as one:
        one.clock.is_simulated = False
        one.clock.rate = 1.0
        await one.live(8, fridge=6.0)
        one.clock.ms += 6 * 3_600_000
        await one.live(2, fridge=6.0)
        assert one.chain.open == []
        one.clock.ms -= 12 * 3_600_000
        await one.live(1, fridge=6.0)
        assert [(alarm.rule, alarm.severity) for alarm in one.chain.open] == [("high", "warning")]


async def test_what_the_rules_know_nothing_of_is_cleared_at_the_start(tmp_path: Path) -> None:
    async with kitchen(tmp_path) as one:
        await one.live(3, fridge=10.0)
        clock = one.clock
        await one.outbox.transact(lambda transaction: transaction.execute("UPDATE alarm_memory SET watched = CAST('?' AS BLOB)"))
    async with kitchen(tmp_path, clock) as one:
        await one.live(1)
        assert [alarm.stands for alarm in one.chain.open] == [False]
        assert [type(fact) for fact in await one.facts()] == [AlarmRaised, AlarmCleared]


async def test_alarms_long_over_and_seen_are_forgotten_the_others_are_not(tmp_path: Path) -> None:
    async with kitchen(tmp_path) as one:
        await one.live(4, door=1.0)
        await one.live(1)
        seen = one.chain.open[0].id
        await one.chain.acknowledge(seen, "page-1", "staff-1", "")
        await one.live(4, door=1.0)
        await one.live(1)
        one.clock.pass_s(KEEP_MS / 1000 + 60)
        await one.chain.forget_old()
        assert [alarm.id == seen for alarm in await one.chain.recent()] == [False]
        with pytest.raises(NoSuchAlarmError):
            await one.chain.acknowledge(seen, "page-1", "staff-1", "")


async def test_the_part_looks_by_itself_and_keeps_what_it_counted_when_it_is_stopped(tmp_path: Path) -> None:
    async with kitchen(tmp_path) as one:
        running = asyncio.create_task(one.chain.run())
        one.feel(FRIDGE, 10.0)
        async with asyncio.timeout(30):
            while not one.told:
                await asyncio.sleep(0.01)
        one.clock.pass_s(60.0)
        one.feel(FRIDGE, 10.1)
        running.cancel()
        await asyncio.wait([running])
        clock = one.clock
    async with kitchen(tmp_path, clock) as one:
        one.clock.pass_s(1.0)
        one.feel(FRIDGE, 10.1)
        one.clock.pass_s(600.0)
        await one.chain.round()
        high = [alarm for alarm in one.chain.open if alarm.rule == "high"]
        assert [alarm.severity for alarm in high] == ["critical"]


async def test_what_the_disk_does_not_take_for_too_long_lets_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_module, "MAX_UNKEPT", 3)
    async with kitchen(tmp_path) as one:
        for minute in range(16):
            one.clock.pass_s(60.0)
            for sensor in (FRIDGE, FREEZER, SHELF):
                one.feel(sensor, -21.0 if sensor == FREEZER else 3.0 + 0.1 * minute / 16)
            one.feel(DOOR, 1.0 if minute % 4 < 3 else 0.0)
        await one.chain.round()
        assert [type(fact) for fact in await one.facts()] == [AlarmCleared, AlarmRaised, AlarmCleared]
        assert [(alarm.rule, alarm.stands) for alarm in one.told] == [("door_open", False)]


async def test_what_somebody_in_the_cloud_has_seen_is_quiet_here_unless_it_became_worse(tmp_path: Path) -> None:
    async with kitchen(tmp_path) as room:
        await room.live(15, fridge=6.5)
        (warned,) = room.chain.open
        assert await room.chain.seen_from_cloud(warned.id, "critical", "") == ("refused", "it is warning by now")
        assert await room.chain.seen_from_cloud(warned.id, "warning", "已打电话") == ("done", "")
        (seen,) = room.chain.open
        assert (seen.acknowledged_by, seen.note, seen.needs_somebody) == ("dispatcher", "已打电话", False)
        event = (await room.events())[-1]
        assert (event.fact, event.device, event.actor) == (
            AlarmAcknowledged(alarm=warned.id, note="已打电话"),
            "cloud",
            "dispatcher",
        )
        await room.live(15, fridge=6.5)
        (worse,) = room.chain.open
        assert (worse.severity.value, worse.needs_somebody) == ("critical", True)
        assert await room.chain.seen_from_cloud(warned.id, "warning", "") == ("refused", "it is critical by now")
        assert (await room.chain.seen_from_cloud("nobody's", "warning", ""))[0] == "refused"


async def test_what_becomes_worse_while_the_clouds_acknowledgement_is_kept_is_not_silenced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kitchen(tmp_path) as room:
        await room.live(15, fridge=6.5)
        (warned,) = room.chain.open
        transact = room.outbox.transact

        async def worsens_first(work: Any) -> Any:
            monkeypatch.setattr(room.outbox, "transact", transact)
            await room.live(15, fridge=6.5)
            return await transact(work)

        monkeypatch.setattr(room.outbox, "transact", worsens_first)
        assert await room.chain.seen_from_cloud(warned.id, "warning", "") == ("refused", "it is critical by now")
        (worse,) = room.chain.open
        assert (worse.severity.value, worse.needs_somebody) == ("critical", True)
