"""The site's line to the broker: connect, say who we are, send and listen until it breaks, wait, connect again.

Knows no station: presence and what comes down are handed in. One connection is ``edge.link``'s, the batches ``edge.sending``'s.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

import structlog

from edge.link import Link, LinkError, LinkSettings, Outgoing
from edge.outbox import Outbox, OutboxBusyError, OutboxDepth, Store
from edge.sending import Sending, Surroundings
from edge.site_clock import SiteClock
from edge.wire.codec import MSGPACK, encode
from edge.wire.ids import OperatorId, SiteId
from edge.wire.messages import MAX_SETTLED_LANES, Birth, ColdBox, LaneQueue, Message, Reported, SettledLane, Will
from edge.wire.topics import Leaf, Topic

MIN_BACKOFF_S = 0.5
MAX_BACKOFF_S = 60.0  # site routers reboot in about 45 s
STEADY_S = 10.0  # a connection that held this long was a good one; a shorter one may be refused again at once
STOP_TIMEOUT_S = 3.0  # to say goodbye; a broker that does not listen gets the will instead

DEVICES_EVERY_S = 2.0  # a plug that wobbles is told of this often at most
SETTLED_EVERY_S = 30.0  # only a restored cloud needs to hear it, and each time a board is told


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """Who we are and where the broker is. ``client`` cannot be guessed, and tells clones of a card apart."""

    operator: OperatorId
    site: SiteId
    client: str
    version: str
    host: str
    port: int
    is_tls: bool
    ca_file: str | None
    username: str
    password: str
    silent_after_s: int


Hear = Callable[[Link, str], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class Presence:
    """What the uplink says of the site."""

    read_devices: Callable[[], dict[str, str]]
    read_reported: Callable[[int, int], Reported]  # (boot, connect) → what is in force
    new_nonce: Callable[[], str]
    boxes: Sequence[ColdBox] = ()


class Uplink:
    """``run`` for ever; ``stop`` says goodbye."""

    def __init__(
        self,
        settings: UplinkSettings,
        outbox: Outbox,
        clock: SiteClock,
        sending: Sending,
        presence: Presence,
        around: Surroundings,
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._clock = clock
        self._presence = presence
        self._around = around
        self._link: Link | None = None
        self._connects = itertools.count(1)
        self._said: tuple[int, int] = (0, 0)  # (boot, connect) of this connection
        self._sending = sending
        self._hear: Hear | None = None
        self._listeners: list[Callable[[], None]] = []
        self._up_since_s = 0.0
        self.last_error = ""

    @property
    def is_online(self) -> bool:
        """Connected to the broker; whether the cloud listens there is what ``last_sync`` says."""
        return self._link is not None

    def attach(self, hear: Hear) -> None:
        """Who takes in what comes down, told the nonce of the birth, until the connection is lost."""
        self._hear = hear

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call this when it goes on or off line."""
        self._listeners.append(listener)

    # --- connections --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, send, be cut off, wait, connect again, until cancelled; then say goodbye."""
        backoff_s = MIN_BACKOFF_S
        while True:
            try:
                await self._run_once()
            except LinkError as error:
                if str(error) != self.last_error:  # once, not at every try
                    structlog.get_logger().warning("broker_lost", error=str(error))
                was_up_s = self._around.read_monotonic_s() - self._up_since_s if self._link is not None else 0.0
                self._set_link(None)
                self.last_error = str(error)
                backoff_s = MIN_BACKOFF_S if was_up_s >= STEADY_S else min(MAX_BACKOFF_S, backoff_s * 2)
                await asyncio.sleep(backoff_s * (0.5 + 0.5 * self._around.read_random()))

    async def _run_once(self) -> None:
        depth, settled = await self._outbox.run(_look)
        connect, nonce = next(self._connects), self._presence.new_nonce()
        self._said = (depth.boot, connect)
        async with Link(self._link_settings(depth.boot, connect), self._around.read_monotonic_s) as link:
            link.on_puback = self._sending.take_puback
            link.on_refusal = self._take_refusal
            await self._around.custody.connected(self._outbox)
            birth = self._birth(depth, settled, nonce, 0)
            self._say(link, Leaf.STATUS, birth)
            self._say(link, Leaf.REPORTED, self._presence.read_reported(*self._said))
            self._sending.begin()
            self.last_error = ""
            self._up_since_s = self._around.read_monotonic_s()
            self._set_link(link)
            structlog.get_logger().info("broker_connected", boot=self._said[0], connect=self._said[1])
            try:
                await self._until_lost(link, birth)
            except asyncio.CancelledError:
                await self._say_goodbye(link)
                raise

    def _take_refusal(self, _packet: int, reason: str) -> None:
        error = f"the broker refuses what is sent: {reason}"
        if error != self.last_error:  # once, not for every packet
            structlog.get_logger().error("publish_refused", reason=reason)
        self.last_error = error
        self._sending.take_refusal(error)

    def _birth(self, depth: OutboxDepth, settled: list[SettledLane], nonce: str, after_ms: int) -> Birth:
        """As of now. Of one connection each is later than the one before, ``after_ms``, also where the clock was put back."""
        boot, connect = self._said
        return Birth(
            version=self._settings.version,
            boot=boot,
            connect=connect,
            nonce=nonce,
            epoch=str(depth.epoch),
            at_ms=max(self._clock.now_ms(), after_ms + 1),
            clock=self._clock.quality,
            devices=self._presence.read_devices(),
            queue={
                lane.value: LaneQueue(unsent=one.batches + one.readings, oldest_ms=one.oldest_ms)
                for lane, one in depth.lanes.items()
            },
            boxes=list(self._presence.boxes),
            settled=settled,
        )

    async def _tell_changes(self, link: Link, said: Birth) -> None:
        """Say the birth again when a device is another, or when more is settled of what no batch will tell, and that stands still.

        At a connection most devices are not up yet, and any may be unplugged later.
        """
        seen, due_s = said.settled, 0.0
        while True:
            await asyncio.sleep(DEVICES_EVERY_S)
            now_s = self._around.read_monotonic_s()
            try:
                before, seen = seen, await self._outbox.run(_settled)
                is_news = seen == before and seen != said.settled and now_s >= due_s
                if not is_news and self._presence.read_devices() == said.devices:
                    continue
                depth, settled = await self._outbox.run(_look)
            except OutboxBusyError:  # the connection is good; the next round tries again
                continue
            due_s = now_s + SETTLED_EVERY_S if settled != said.settled else due_s
            said = self._birth(depth, settled, said.nonce, said.at_ms)
            self._say(link, Leaf.STATUS, said)

    async def _until_lost(self, link: Link, birth: Birth) -> None:
        """Send and listen; LinkError at the loss of the connection, also where one of the two noticed it first."""
        reason = ""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._sending.run(link), name="uplink-send")
                if self._hear is not None:
                    tasks.create_task(self._hear(link, birth.nonce), name="downlink")
                tasks.create_task(self._tell_changes(link, birth), name="uplink-changes")
                raise LinkError(await asyncio.shield(link.lost))
        except* LinkError as group:
            reason = str(group.exceptions[0])
        raise LinkError(reason)

    async def _say_goodbye(self, link: Link) -> None:
        """The site stops by itself: the status says so, and the broker drops the will."""
        with contextlib.suppress(LinkError, TimeoutError):
            packet = self._say(link, Leaf.STATUS, Will(boot=self._said[0], connect=self._said[1], stopped=True))
            taken = asyncio.Event()
            link.on_puback = lambda mid: taken.set() if mid == packet else None
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await taken.wait()

    def _link_settings(self, boot: int, connect: int) -> LinkSettings:
        settings = self._settings
        return LinkSettings(
            host=settings.host,
            port=settings.port,
            is_tls=settings.is_tls,
            ca_file=settings.ca_file,
            username=settings.username,
            password=settings.password,
            client_id=f"tt-{settings.operator}-{settings.site}-{settings.client}",
            will_topic=self._topic(Leaf.STATUS),
            will_payload=encode(Will(boot=boot, connect=connect)),
            will_delay_s=settings.silent_after_s,
            topics=[self._topic(Leaf.ACK), self._topic(Leaf.COMMAND), self._topic(Leaf.DESIRED)],
        )

    def _topic(self, leaf: Leaf) -> str:
        return str(Topic(self._settings.operator, self._settings.site, leaf))

    def _set_link(self, link: Link | None) -> None:
        self._link = link
        for listener in self._listeners:
            listener()

    # --- what others say ----------------------------------------------------------------------------

    def report(self) -> None:
        """What is in force has changed, or was asked for. Offline: it is said at the next connection anyway."""
        if self._link is not None:
            with contextlib.suppress(LinkError):
                self._say(self._link, Leaf.REPORTED, self._presence.read_reported(*self._said))

    def respond(self, message: Message, topic: str, correlation: bytes) -> None:
        """A hint of a command's result, where it was asked for, else on ``rsp``. Lost offline: the result itself is an event."""
        if self._link is not None:
            with contextlib.suppress(LinkError):
                response = Outgoing(topic or self._topic(Leaf.RESPONSE), encode(message), MSGPACK, correlation=correlation)
                self._link.publish(response)

    def _say(self, link: Link, leaf: Leaf, message: Message) -> int:
        return link.publish(Outgoing(self._topic(leaf), encode(message), MSGPACK, is_retained=True))


def _look(store: Store) -> tuple[OutboxDepth, list[SettledLane]]:
    """What waits, and how far that is settled of which no batch tells."""
    return store.depth(), _settled(store)


def _settled(store: Store) -> list[SettledLane]:
    return [
        SettledLane(epoch=str(one.epoch), lane=one.lane.value, floor=one.bounds.floor, kept=one.bounds.kept)
        for one in store.settled_lanes(MAX_SETTLED_LANES)
    ]
