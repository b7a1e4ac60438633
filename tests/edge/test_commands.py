"""Commands from the cloud are carried out at most once, and say what came of them."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from edge.devices.ports import Cue, Scan, Sound
from edge.downlink import Received
from edge.outbox import Outbox
from edge.site_clock import SiteClock
from edge.station.commands import CommandDesk, Outcome
from edge.station.station import Station
from edge.wire.clock import WallClock
from edge.wire.codec import MSGPACK, PayloadError, decode_command, decode_events, encode
from edge.wire.ids import SiteId
from edge.wire.labels import parcel_label
from edge.wire.messages import Command, CommandFinished, EventUndone
from tests.edge.outbox.sites import settings, waiting

PARCEL = parcel_label(7)


class Beeper:
    """Dies at its first beep if told so."""

    def __init__(self, *, dies: bool) -> None:
        self.sounds: list[Cue] = []
        self._dies = dies

    async def signal(self, cue: Cue) -> None:
        if self._dies:
            raise SystemError("the power is gone")
        self.sounds.append(cue)


class Desk:
    def __init__(self, desk: CommandDesk, outbox: Outbox, beeper: Beeper) -> None:
        self.desk, self.outbox, self.beeper = desk, outbox, beeper
        self.now_s = 100.0

    async def ask(self, command: str, *, nonce: str = "n1", ttl_s: float = 10.0, waited_s: float = 0.0) -> str:
        asked = Command(id=command, nonce=nonce, ttl_s=ttl_s, action="identify")
        return (await self.desk.carry_out(Received(asked, "n1", self.now_s - waited_s))).outcome

    async def told(self) -> list[tuple[str, str]]:
        facts = [decode_events(batch.payload).events[0].fact for batch in await self.outbox.run(waiting)]
        return [(fact.command, fact.outcome) for fact in facts if isinstance(fact, CommandFinished)]


@asynccontextmanager
async def open_desk(folder: Path, *, dies: bool = False) -> AsyncIterator[Desk]:
    clock = WallClock(time.time)
    async with Outbox(settings(folder), clock.now_ms) as outbox:
        beeper = Beeper(dies=dies)
        site_clock = SiteClock(clock, time.monotonic, lambda: True, 0)
        station = Station(SiteId("st-1"), outbox, site_clock, [beeper], time.monotonic)
        desk = Desk(CommandDesk(outbox, site_clock, station, lambda: None, lambda: desk.now_s), outbox, beeper)
        await desk.desk.settle_interrupted()
        yield desk


async def test_a_repeat_gets_the_recorded_result_and_nothing_happens_again(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        assert [await desk.ask("c1"), await desk.ask("c1")] == ["done", "done"]
        assert desk.beeper.sounds == [Sound.IDENTIFY]
        assert await desk.told() == [("c1", "done")]


async def test_a_command_for_another_connection_or_too_old_is_refused_and_stays_so(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        assert await desk.ask("c1", nonce="n0") == "refused"
        assert await desk.ask("c2", waited_s=10.1) == "refused"
        assert await desk.ask("c2") == "refused"
        assert desk.beeper.sounds == []
        assert await desk.told() == [("c1", "refused"), ("c2", "refused")]


async def test_after_a_crash_between_record_and_result_it_is_unknown_and_not_tried_again(tmp_path: Path) -> None:
    async with open_desk(tmp_path, dies=True) as desk:
        with suppress(SystemError):
            await desk.ask("c1")
    async with open_desk(tmp_path) as desk:
        assert await desk.told() == [("c1", "unknown")]
        assert await desk.ask("c1") == "unknown"
        assert desk.beeper.sounds == []


async def test_an_alarm_seen_in_the_cloud_goes_to_who_watches_over_alarms(tmp_path: Path) -> None:
    seen: list[tuple[str, ...]] = []

    async def see(*said: str) -> tuple[Outcome, str]:
        seen.append(said)
        return "done", ""

    async with open_desk(tmp_path) as desk:
        asked = Command(id="c1", nonce="n1", ttl_s=10.0, action="acknowledge_alarm", alarm="a/high/1", severity="warning", note="x")
        assert (await desk.desk.carry_out(Received(asked, "n1", desk.now_s))).outcome == "refused"
        clock = WallClock(time.time)
        site_clock = SiteClock(clock, time.monotonic, lambda: True, 0)
        station = Station(SiteId("st-1"), desk.outbox, site_clock, [], time.monotonic)
        watched = CommandDesk(desk.outbox, site_clock, station, lambda: None, lambda: desk.now_s, see_alarm=see)
        again = msgspec.structs.replace(asked, id="c2")
        for _ in range(2):
            assert (await watched.carry_out(Received(again, "n1", desk.now_s))).outcome == "done"
        assert seen == [("a/high/1", "warning", "x")]


@pytest.mark.parametrize(("action", "alarm"), [("acknowledge_alarm", ""), ("identify", "a/high/1")])
def test_a_command_names_an_alarm_where_it_is_about_one_and_only_there(action: str, alarm: str) -> None:
    with pytest.raises(PayloadError, match="alarm: want one with acknowledge_alarm only"):
        decode_command(encode(Command(id="c", nonce="n", ttl_s=1.0, action=action, alarm=alarm)), MSGPACK)  # type: ignore[arg-type]


async def test_an_act_is_undone_from_afar_once_and_in_the_clouds_name(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        station = desk.desk._station
        scanned = await station.handle(Scan(PARCEL, "gun", 0))
        assert scanned.event is not None

        async def undo(command: str, event: str) -> tuple[str, str]:
            asked = Command(id=command, nonce="n1", ttl_s=10.0, action="undo", event=event, note="two stations, one parcel")
            answer = await desk.desk.carry_out(Received(asked, "n1", desk.now_s))
            return answer.outcome, answer.detail

        assert await undo("c1", str(scanned.event)) == ("done", "")
        assert await undo("c1", str(scanned.event)) == ("done", ""), "a repeat is answered, and nothing is done"
        assert await undo("c2", str(scanned.event)) == ("refused", f"{PARCEL}: undone before")
        assert (await undo("c3", f"st-1/{scanned.event.epoch}/999"))[0] == "refused"
        events = [decode_events(batch.payload).events[0] for batch in await desk.outbox.run(waiting)]
        undone = [(one.actor, one.fact.reason) for one in events if isinstance(one.fact, EventUndone)]
        assert undone == [("cloud", "two stations, one parcel")]


@pytest.mark.parametrize(
    ("action", "event"), [("undo", ""), ("identify", "st-1/0b5fdfd5-6c3c-4f3e-8d5a-0f1e2d3c4b5a/1"), ("undo", "x")]
)
def test_an_undo_names_an_event_and_nothing_else_does(action: str, event: str) -> None:
    command = {"id": "c", "nonce": "n", "ttl_s": 1.0, "action": action, "event": event}
    with pytest.raises(PayloadError, match="event"):
        decode_command(msgspec.msgpack.encode(command), MSGPACK)
