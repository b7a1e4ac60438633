"""What is sent next: at once where it follows what was sent, and in order where the cloud asks for the past meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from edge.link import Link, Outgoing
from edge.outbox import BatchKey, Bounds, Outbox, SealedBatch
from edge.outbox.owner import Told
from edge.sending import EndToEnd, Sending, Surroundings
from edge.site_clock import SiteClock
from edge.wire.clock import WallClock
from edge.wire.envelope import Envelope, digest
from edge.wire.ids import Epoch, Lane, Seq, operator_id, site_id


def key(epoch: int, seq: int) -> BatchKey:
    return BatchKey(epoch, Lane.EVENT, Seq(seq))


def batch_of(one: BatchKey) -> SealedBatch:
    return SealedBatch(one, Epoch(UUID(int=one.epoch)), b"x", digest(b"x"))


@dataclass
class FakeOutbox:
    """Batches that wait, and what happens while they are being looked up."""

    keys: list[BatchKey]
    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    listener: Told = field(init=False)
    looks: int = 0

    def on_sealed(self, listener: Told) -> None:
        self.listener = listener

    def seal(self, *keys: BatchKey) -> None:
        self.keys += keys
        self.listener([(batch_of(one), Bounds(1, 1)) for one in keys])

    async def run(self, job: Callable[[Any], Any]) -> Any:
        found = job(self)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return found

    def waiting(self, lane: Lane, after: BatchKey | None, limit: int, but_not: frozenset[BatchKey]) -> list[Any]:
        self.looks += 1
        place = (0, 0) if after is None else (after.epoch, after.seq)
        chosen = [one for one in self.keys if one.lane == lane and (one.epoch, one.seq) > place and one not in but_not]
        return [(batch_of(one), Bounds(1, 1)) for one in sorted(chosen)[:limit]]

    def seal_backfill(self, _now_ms: int) -> bool:
        return False


@dataclass
class FakeLink:
    """Counts packets; everything is taken."""

    sent: list[tuple[int, int]] = field(default_factory=list)
    receive_maximum: int = 100

    def publish(self, message: Outgoing) -> int:
        envelope = Envelope.parse(message.user_properties)
        self.sent.append((envelope.epoch.int, envelope.seq))
        return len(self.sent)


def sending_of(outbox: FakeOutbox) -> Sending:
    clock = SiteClock(WallClock(lambda: 1_767_225_600.0), lambda: 0.0, lambda: True, 0)
    around = Surroundings(lambda: 0.0, lambda: 0.0, lambda _step: None, EndToEnd())
    sending = Sending(operator_id("op"), site_id("st"), cast(Outbox, outbox), clock, around)
    sending.begin()
    return sending


async def test_what_the_cloud_lost_is_sent_though_later_batches_were_just_being_looked_up() -> None:
    outbox = FakeOutbox([key(2, 8)])
    sending = sending_of(outbox)
    link = FakeLink()
    await sending._send_lane(cast(Link, link), Lane.EVENT)
    outbox.seal(key(2, 9))  # nobody is connected, so it is not sent at once

    def cloud_asks_again() -> None:
        again = [key(1, 1), key(1, 2), key(2, 1)]
        outbox.keys += again
        sending.lost_by_cloud(again)

    outbox.keys.remove(key(2, 8))
    outbox.meanwhile.append(cloud_asks_again)
    await sending._send_lane(cast(Link, link), Lane.EVENT)
    assert link.sent == [(2, 8), (1, 1), (1, 2), (2, 1), (2, 9)]


@asynccontextmanager
async def caught_up(outbox: FakeOutbox, link: FakeLink) -> AsyncIterator[Sending]:
    """Sending on a connection, with nothing left to send."""
    sending = sending_of(outbox)
    task = asyncio.create_task(sending.run(cast(Link, link)))
    async with asyncio.timeout(5.0):
        while Lane.BACKFILL not in sending._caught_up:
            await asyncio.sleep(0)
    yield sending
    task.cancel()
    await asyncio.wait([task])


async def test_what_was_sealed_a_moment_ago_goes_out_at_once_and_is_not_read_back() -> None:
    outbox, link = FakeOutbox([]), FakeLink()
    async with caught_up(outbox, link):
        looks = outbox.looks
        outbox.seal(key(1, 1), key(1, 2))
        outbox.seal(key(2, 1))
        assert link.sent == [(1, 1), (1, 2), (2, 1)]
        await asyncio.sleep(0)
        assert outbox.looks == looks


async def test_what_finds_no_room_at_the_broker_waits_and_keeps_its_place() -> None:
    outbox, link = FakeOutbox([]), FakeLink(receive_maximum=3)
    async with caught_up(outbox, link) as sending:
        outbox.seal(key(1, 1))
        outbox.seal(key(1, 2))
        assert link.sent == [(1, 1)]
        sending.take_puback(1)
        outbox.seal(key(1, 3))  # there is room again, but it is not its turn
        assert link.sent == [(1, 1)]
        async with asyncio.timeout(5.0):
            while len(link.sent) < 2:
                await asyncio.sleep(0)
        assert link.sent == [(1, 1), (1, 2)]


async def test_a_new_connection_sends_from_the_start_whatever_was_sealed_meanwhile() -> None:
    outbox, link = FakeOutbox([]), FakeLink()
    async with caught_up(outbox, link) as sending:
        outbox.seal(key(1, 1))
    outbox.seal(key(1, 2))
    sending.begin()
    again = FakeLink()
    task = asyncio.create_task(sending.run(cast(Link, again)))
    async with asyncio.timeout(5.0):
        while len(again.sent) < 2:
            await asyncio.sleep(0)
    task.cancel()
    assert again.sent == [(1, 1), (1, 2)]
