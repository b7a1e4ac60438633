"""What the cloud says of the time, and of keys ahead of ours."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge.downlink import MAX_HEARD_AHEAD_MS, Downlink, Received, Station
from edge.link import Incoming
from edge.outbox import BatchKey, NotKeptError, Outbox, SealedBatch, Step, no_step, owner
from edge.site_clock import SiteClock
from edge.wire.codec import MSGPACK, decode_events, encode
from edge.wire.envelope import mark
from edge.wire.ids import OperatorId, SiteId
from edge.wire.labels import parcel_label
from edge.wire.messages import (
    Ack,
    ClockCorrected,
    ClockQuality,
    Command,
    Desired,
    Event,
    Message,
    ParcelReceived,
)
from edge.wire.order import hlc_from_ms, hlc_ms
from edge.wire.topics import Leaf, Topic
from tests.edge.outbox.sites import settings, waiting
from tests.edge.test_site_clock import NOW_MS, Machine

HOUR_MS = 3_600_000


@dataclass(slots=True)
class Sender:
    gone: list[BatchKey] = field(default_factory=list)
    credit: int = 0

    def landed(self, keys: Sequence[BatchKey]) -> None:
        self.gone.extend(keys)

    def lost_by_cloud(self, keys: Sequence[BatchKey]) -> None:
        raise AssertionError(f"nothing was lost, not {keys}")

    def set_credit(self, credit: int) -> None:
        self.credit = credit


@dataclass(slots=True)
class Source:
    incoming: asyncio.Queue[Incoming] = field(default_factory=asyncio.Queue)


@dataclass(slots=True)
class Site:
    """An outbox, its clock and its downlink, and a way to let it hear something to the end."""

    outbox: Outbox
    clock: SiteClock
    machine: Machine
    downlink: Downlink
    sender: Sender

    async def scan(self, serial: int) -> None:
        stamp = self.clock.stamp()
        await self.outbox.transact(lambda transaction: transaction.record(ParcelReceived(parcel=parcel_label(serial)), stamp))

    async def hear(self, leaf: Leaf, message: Message) -> None:
        source = Source()
        topic = str(Topic(OperatorId("op"), SiteId("st-1"), leaf))
        source.incoming.put_nowait(Incoming(topic, encode(message), MSGPACK, "", b"", 0.0))
        heard = asyncio.Event()

        async def take(*_: object) -> None:
            heard.set()  # commands are taken in order: what came before has been dealt with

        self.downlink = Downlink(self.outbox, self.clock, self.sender, Station(take, _nothing_new, lambda: None))
        task = asyncio.create_task(self.downlink.hear(source, "nonce"))
        last = encode(Command(id="last", nonce="nonce", ttl_s=1, action="report"))
        while not source.incoming.empty():  # an ack is committed once the queue has been taken
            await asyncio.sleep(0)
        source.incoming.put_nowait(Incoming(topic.rsplit("/", 1)[0] + "/cmd", last, MSGPACK, "", b"", 0.0))
        async with asyncio.timeout(30):
            await heard.wait()
        task.cancel()

    async def acked(self, cloud_ms: int, hlc: int = 0) -> None:
        (batch, *_) = await self.outbox.run(waiting)
        await self.hear(Leaf.ACK, ack_of(batch, cloud_ms, hlc))

    async def events(self) -> list[Event]:
        return [decode_events(batch.payload).events[0] for batch in await self.outbox.run(waiting)]

    async def order_ms(self) -> int:
        return hlc_ms(await self.outbox.run(lambda store: store.counters.hlc))


def ack_of(batch: SealedBatch, cloud_ms: int = NOW_MS, hlc: int = 0) -> Ack:
    return Ack(
        epoch=str(batch.epoch), lane="event", seqs=[batch.key.seq], marks=[mark(batch.sha256)],
        credit=7, cloud_time_ms=cloud_ms, hlc=hlc,
    )  # fmt: skip


async def _nothing_new(_desired: Desired) -> bool:
    return False


@asynccontextmanager
async def open_site(folder: Path, machine: Machine, on_step: Callable[[Step], None] = no_step) -> AsyncIterator[Site]:
    async with Outbox(settings(folder, on_step=on_step), machine.now_ms) as outbox:
        past_ms = hlc_ms(await outbox.run(lambda store: store.counters.hlc))
        clock = SiteClock(machine, lambda: machine.monotonic_s, lambda: machine.is_synced, past_ms)
        sender = Sender()
        downlink = Downlink(outbox, clock, sender, Station(_never, _nothing_new, lambda: None))
        yield Site(outbox, clock, machine, downlink, sender)


async def _never(_received: Received, _topic: str, _correlation: bytes) -> None:
    raise AssertionError("no command was given")


async def test_the_first_word_of_the_cloud_corrects_what_an_unsynced_boot_stamped(tmp_path: Path) -> None:
    machine = Machine(wall_ms=NOW_MS - HOUR_MS, is_synced=False)
    async with open_site(tmp_path, machine) as site:
        await site.scan(1)
        await site.scan(2)
        assert {event.clock for event in await site.events()} == {ClockQuality.UNSYNCED}
        await site.acked(NOW_MS)
        second, corrected = await site.events()
        assert corrected.fact == ClockCorrected(boot=second.boot, offset_ms=HOUR_MS)
        assert (corrected.boot, corrected.clock, corrected.measured_at_ms) == (second.boot + 1, ClockQuality.CLOUD, NOW_MS)
        assert site.sender.credit == 7
        await site.scan(3)
        assert (await site.events())[-1].measured_at_ms == NOW_MS


async def test_a_correction_the_disk_did_not_take_is_made_at_the_next_occasion_and_once(tmp_path: Path) -> None:
    machine = Machine(wall_ms=NOW_MS - HOUR_MS, is_synced=False)
    fails = False

    def on_step(step: Step) -> None:
        if fails and step == "sealed":
            raise NotKeptError("the card is busy")

    async with open_site(tmp_path, machine, on_step) as site:
        await site.scan(1)
        site.clock.heard(NOW_MS)
        fails = True
        with pytest.raises(NotKeptError):
            await site.downlink.correct_clock()
        assert len(await site.events()) == 1
        fails = False
        await asyncio.gather(site.downlink.correct_clock(), site.downlink.correct_clock())
        first, corrected = await site.events()
        assert corrected.fact == ClockCorrected(boot=first.boot, offset_ms=HOUR_MS)


async def test_a_key_heard_while_guessing_waits_for_the_correction(tmp_path: Path) -> None:
    machine = Machine(wall_ms=NOW_MS - HOUR_MS, is_synced=False)
    async with open_site(tmp_path, machine) as site:
        await site.scan(1)
        await site.hear(Leaf.DESIRED, Desired(version=1, hlc=hlc_from_ms(NOW_MS - 1)))
        await site.scan(2)
        assert await site.order_ms() == NOW_MS - HOUR_MS
        await site.acked(NOW_MS, hlc=hlc_from_ms(NOW_MS + 5))
        assert await site.order_ms() >= NOW_MS + 5


async def test_a_key_of_2100_is_not_taken_in(tmp_path: Path) -> None:
    async with open_site(tmp_path, Machine()) as site:
        await site.scan(1)
        await site.acked(NOW_MS, hlc=hlc_from_ms(NOW_MS + MAX_HEARD_AHEAD_MS + 1_000))
        assert await site.order_ms() == NOW_MS
        assert len(site.sender.gone) == 1


async def test_acks_and_settings_that_come_while_the_disk_is_too_busy_are_left_and_the_line_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_site(tmp_path, Machine()) as site:
        await site.scan(1)
        (batch,) = await site.outbox.run(waiting)
        with monkeypatch.context() as busy:
            busy.setattr(owner, "MAX_JOBS", 0)
            await site.hear(Leaf.DESIRED, Desired(version=1, hlc=hlc_from_ms(NOW_MS + 5)))
            await site.hear(Leaf.ACK, ack_of(batch))
        assert (site.sender.gone, len(await site.events())) == ([], 1)
        await site.hear(Leaf.ACK, ack_of(batch))  # it is sent again, and acknowledged again
        assert len(site.sender.gone) == 1
