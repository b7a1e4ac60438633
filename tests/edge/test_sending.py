"""What is sent next, when the cloud asks for the past at the very moment the next batches are being looked up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from edge.link import Link, Outgoing
from edge.outbox import BatchKey, Bounds, Outbox, SealedBatch
from edge.sending import EndToEnd, Sending, Surroundings
from edge.site_clock import SiteClock
from edge.wire.clock import WallClock
from edge.wire.envelope import Envelope, digest
from edge.wire.ids import Epoch, Lane, Seq, operator_id, site_id


def key(epoch: int, seq: int) -> BatchKey:
    return BatchKey(epoch, Lane.EVENT, Seq(seq))


@dataclass
class FakeOutbox:
    """Batches that wait, and what happens while they are being looked up."""

    keys: list[BatchKey]
    meanwhile: list[Callable[[], None]] = field(default_factory=list)

    def on_sealed(self, _listener: Callable[[], None]) -> None:
        return

    async def run(self, job: Callable[[Any], Any]) -> Any:
        found = job(self)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return found

    def waiting(self, lane: Lane, after: BatchKey | None, limit: int, but_not: frozenset[BatchKey]) -> list[Any]:
        place = (0, 0) if after is None else (after.epoch, after.seq)
        chosen = [one for one in self.keys if one.lane == lane and (one.epoch, one.seq) > place and one not in but_not]
        return [(SealedBatch(one, Epoch(UUID(int=one.epoch)), b"x", digest(b"x")), Bounds(1, 1)) for one in sorted(chosen)[:limit]]

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


async def test_what_the_cloud_lost_is_sent_though_later_batches_were_just_being_looked_up() -> None:
    outbox = FakeOutbox([key(2, 8)])
    clock = SiteClock(WallClock(lambda: 1_767_225_600.0), lambda: 0.0, lambda: True, 0)
    around = Surroundings(lambda: 0.0, lambda: 0.0, lambda _step: None, EndToEnd())
    sending = Sending(operator_id("op"), site_id("st"), cast(Outbox, outbox), clock, around)
    sending.begin()
    link = FakeLink()
    await sending._send_lane(cast(Link, link), Lane.EVENT)
    outbox.keys = [key(2, 9)]

    def cloud_asks_again() -> None:
        again = [key(1, 1), key(1, 2), key(2, 1)]
        outbox.keys += again
        sending.lost_by_cloud(again)

    outbox.meanwhile.append(cloud_asks_again)
    await sending._send_lane(cast(Link, link), Lane.EVENT)
    assert link.sent == [(2, 8), (1, 1), (1, 2), (2, 1), (2, 9)]
