"""What waits in the outbox goes to the broker, lane by lane, and again until the cloud says that it has it.

The counting is ``edge.flow``'s; connections come and go in ``edge.uplink``.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from edge.flow import MIN_TIMEOUT_S, LaneFlow
from edge.link import Link, LinkError, Outgoing
from edge.outbox import BatchKey, Bounds, NotKeptError, Outbox, SealedBatch, Step, Store
from edge.site_clock import SiteClock
from edge.wire.codec import MSGPACK
from edge.wire.ids import Lane, OperatorId, SiteId
from edge.wire.topics import uplink

# Batches of a lane without the cloud's word. Events: a burst of scans need not wait for a round trip each.
EVENT_WINDOW = 32
LIVE_WINDOW = 4  # a second's worth at a linger of 200 ms: what is older is the past, and belongs to the backfill
FIRST_CREDIT = 1  # before the cloud has said anything


class Custody(Protocol):
    """When the edge lets go of a batch. Fault tests put in wrong ones, to see themselves fail."""

    async def connected(self, outbox: Outbox) -> None: ...

    def taken(self, outbox: Outbox, key: BatchKey) -> None: ...


class EndToEnd:
    """Production: a batch is the edge's until the cloud's own word; the broker's means nothing, and bytes never change."""

    async def connected(self, outbox: Outbox) -> None:
        """Nothing: what waits is sent as it was sealed."""

    def taken(self, outbox: Outbox, key: BatchKey) -> None:
        """Nothing: a PUBACK is no acknowledgement."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is injected: monotonic seconds, randomness from 0.0 to 1.0, and what fault tests put in."""

    read_monotonic_s: Callable[[], float]
    read_random: Callable[[], float]
    on_step: Callable[[Step], None]
    custody: Custody


class Sending:
    """``begin`` and ``run`` for each connection; the rest is told by the downlink and the live lane."""

    def __init__(self, operator: OperatorId, site: SiteId, outbox: Outbox, clock: SiteClock, around: Surroundings) -> None:
        self._operator = operator
        self._site = site
        self._outbox = outbox
        self._clock = clock
        self._around = around
        self._wake = asyncio.Event()
        self._flows: dict[Lane, LaneFlow] = {}
        self._credit = FIRST_CREDIT
        self._has_readings = True
        self._refusal = ""
        self._link: Link | None = None
        self._caught_up: set[Lane] = set()  # nothing waits in them but what is under way
        outbox.on_sealed(self._take_sealed)

    def begin(self) -> None:
        """A new connection: whatever waits is sent from the start, for nobody knows what the last one carried."""
        random = self._around.read_random
        self._flows = {
            Lane.EVENT: LaneFlow(EVENT_WINDOW, random),
            Lane.LIVE: LaneFlow(LIVE_WINDOW, random),
            Lane.BACKFILL: LaneFlow(self._credit, random),
        }
        self._has_readings = True
        self._refusal = ""

    async def run(self, link: Link) -> None:
        """Fill the windows whenever something changed or is due. LinkError when the connection is lost."""
        self._link = link
        try:
            await self._run(link)
        finally:
            self._link = None
            self._caught_up.clear()

    async def _run(self, link: Link) -> None:
        while True:
            self._wake.clear()
            now_s = self._around.read_monotonic_s()
            if any(flow.is_stuck(now_s) for flow in self._flows.values()):
                raise LinkError(self._refusal or "the broker has taken nothing for a minute")
            for lane in (Lane.EVENT, Lane.LIVE):
                await self._send_lane(link, lane)
            if self._flows[Lane.EVENT].room:  # the past waits until every event is at least on its way
                await self._send_backfill(link)
            due = [due_s for flow in self._flows.values() if (due_s := flow.next_due_s()) is not None]
            # What is sent meanwhile is due MIN_TIMEOUT_S later at the earliest.
            wait_s = min(MIN_TIMEOUT_S, max(0.05, min(due) - self._around.read_monotonic_s())) if due else MIN_TIMEOUT_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    # --- what others say ----------------------------------------------------------------------------

    @property
    def live_has_room(self) -> bool:
        """Whether what is true now can be sent now."""
        return Lane.LIVE in self._flows and self._flows[Lane.LIVE].room > 0

    def readings_were_kept(self) -> None:
        """There is something to backfill."""
        self._has_readings = True
        self._wake.set()

    def landed(self, keys: Sequence[BatchKey]) -> None:
        """These do not wait any more."""
        now_s = self._around.read_monotonic_s()
        for lane, flow in self._flows.items():
            flow.landed([key for key in keys if key.lane == lane], now_s)
        self._wake.set()

    def lost_by_cloud(self, keys: Sequence[BatchKey]) -> None:
        """These wait again."""
        for lane, flow in self._flows.items():
            flow.rewind([key for key in keys if key.lane == lane])
        self._caught_up.clear()
        self._wake.set()

    def set_credit(self, credit: int) -> None:
        """Backfill batches that may be under way."""
        self._credit = max(FIRST_CREDIT, credit)
        if Lane.BACKFILL in self._flows:
            self._flows[Lane.BACKFILL].window = self._credit

    def take_puback(self, packet: int) -> None:
        """The broker has a packet."""
        for flow in self._flows.values():
            key = flow.taken(packet)
            if key is not None:
                self._around.on_step("puback")
                self._around.custody.taken(self._outbox, key)
                return

    def take_refusal(self, reason: str) -> None:
        """The broker refused a packet: it is not taken, and after a minute the next connection tries again."""
        self._refusal = reason

    # --- lanes --------------------------------------------------------------------------------------

    async def _send_backfill(self, link: Link) -> None:
        await self._send_lane(link, Lane.BACKFILL)
        flow = self._flows[Lane.BACKFILL]
        while flow.room and self._has_readings:
            now_ms = self._clock.now_ms()

            def seal(store: Store, now_ms: int = now_ms) -> bool:
                return store.seal_backfill(now_ms)

            try:
                self._has_readings = await self._outbox.run(seal)
            except NotKeptError as error:
                structlog.get_logger().error("backfill_not_sealed", error=str(error))
                return
            await self._send_lane(link, Lane.BACKFILL)

    def _take_sealed(self, fresh: Sequence[tuple[SealedBatch, Bounds]]) -> None:
        """Send what was sealed a moment ago without reading it back, if it is next and there is room for it."""
        for batch, bounds in fresh:
            link, lane = self._link, batch.key.lane
            if link is not None and lane in self._caught_up and self._is_next(link, batch.key):
                with contextlib.suppress(LinkError):  # ``run`` hears of the loss, too
                    self._publish(link, self._flows[lane], batch, bounds)
                    continue
            self._caught_up.discard(lane)
            self._wake.set()

    def _is_next(self, link: Link, key: BatchKey) -> bool:
        flow = self._flows[key.lane]
        is_beyond = flow.last is None or (key.epoch, key.seq) > (flow.last.epoch, flow.last.seq)
        return is_beyond and flow.room > 0 and self._room_of(link) > 0

    async def _send_lane(self, link: Link, lane: Lane) -> None:
        flow = self._flows[lane]
        due = flow.due(self._around.read_monotonic_s())
        if lane in self._caught_up and not due:
            return
        self._caught_up.discard(lane)
        for key in due:
            await self._repeat(link, flow, key)
        while room := min(flow.room, self._room_of(link)):
            rewinds = flow.rewinds
            found = await self._next(flow, lane, room)
            if flow.rewinds != rewinds:
                continue  # sent now, these would make us pass over what waits again before them
            for batch, bounds in found:
                self._publish(link, flow, batch, bounds)
            if len(found) < room:
                if not self._wake.is_set():  # else something may have been sealed since it was looked up
                    self._caught_up.add(lane)
                return

    async def _repeat(self, link: Link, flow: LaneFlow, key: BatchKey) -> None:
        found = await self._outbox.run(lambda store: store.still_waiting(key))
        if found is None:
            flow.landed([key], self._around.read_monotonic_s())
        else:
            self._publish(link, flow, *found)

    async def _next(self, flow: LaneFlow, lane: Lane, room: int) -> list[tuple[SealedBatch, Bounds]]:
        after, under_way = flow.last, frozenset(flow.in_flight)
        return await self._outbox.run(lambda store: store.waiting(lane, after, room, under_way))

    def _room_of(self, link: Link) -> int:
        """What the broker lets us have unacknowledged, less what it has not taken yet."""
        waiting = sum(not flight.is_taken for flow in self._flows.values() for flight in flow.in_flight.values())
        return max(0, link.receive_maximum - 2 - waiting)  # two for status and response

    def _publish(self, link: Link, flow: LaneFlow, batch: SealedBatch, bounds: Bounds) -> None:
        self._around.on_step("sending")
        topic = uplink(self._operator, self._site, batch.key.lane)
        properties = batch.envelope(bounds, self._clock.now_ms()).properties()
        packet = link.publish(Outgoing(topic, batch.payload, MSGPACK, properties))
        flow.sent(batch.key, packet, self._around.read_monotonic_s())
        self._around.on_step("published")
