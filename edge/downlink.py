"""What the cloud says: acknowledgements, conflicts, what it has lost, commands, desired rules, and what time it is.

What a command does and what a rule means is the station's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, assert_never

import structlog

from edge.link import Incoming
from edge.outbox import BatchKey, NotKeptError, Outbox
from edge.outbox.records import Acknowledgement
from edge.site_clock import SiteClock
from edge.wire.codec import PayloadError, decode_command, decode_desired, decode_downlink
from edge.wire.ids import Lane, parse_epoch
from edge.wire.messages import Ack, Command, Desired, Nack, Resend
from edge.wire.order import ZERO, Hlc, hlc_ms
from edge.wire.topics import Leaf, Topic

# A key further ahead of the cloud's own time than this comes from somebody's broken clock; taking it in would break ours.
MAX_HEARD_AHEAD_MS = 24 * 3600 * 1000

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Received:
    """A command as it came: on the connection with this nonce, at this monotonic time."""

    command: Command
    connection_nonce: str
    heard_s: float


class Sender(Protocol):
    """Who sends batches (``edge.sending``), as far as answers concern it."""

    def landed(self, keys: Sequence[BatchKey]) -> None: ...

    def lost_by_cloud(self, keys: Sequence[BatchKey]) -> None: ...

    def set_credit(self, credit: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Station:
    """What the station and the uplink do with what comes down.

    ``take_command``: with its response topic and correlation. It must not wait until the command is done: acknowledgements would
    wait for a door, and what they acknowledge would be sent again.
    """

    take_command: Callable[[Received, str, bytes], Awaitable[None]]
    apply: Callable[[Desired], Awaitable[bool]]  # False: nothing new
    report: Callable[[], None]


class Source(Protocol):
    """One connection's messages."""

    @property
    def incoming(self) -> "asyncio.Queue[Incoming]": ...


class Downlink:
    """``hear`` runs as long as a connection does."""

    def __init__(
        self,
        outbox: Outbox,
        clock: SiteClock,
        sender: Sender,
        station: Station,
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._sender = sender
        self._station = station
        self._heard_while_guessing = ZERO
        self._correcting = asyncio.Lock()
        self.last_sync_ms: int | None = None
        self.broken = 0  # messages that nobody could read, since the start

    async def hear(self, source: Source, nonce: str) -> None:
        """Take messages in, in order; acknowledgements that came together are one commit. A broken one is counted and left."""
        while True:
            messages = [await source.incoming.get()]
            while not source.incoming.empty():
                messages.append(source.incoming.get_nowait())
            acks: list[Acknowledgement] = []
            for message in messages:
                try:
                    await self._take(message, nonce, acks)
                except (PayloadError, ValueError) as error:
                    self.broken += 1
                    _log.warning("downlink_message_broken", topic=message.topic, error=str(error), broken=self.broken)
                except NotKeptError as error:  # nothing was done and nothing is answered: the cloud says it again
                    _log.error("downlink_message_not_kept", topic=message.topic, error=str(error))
            if acks:
                await self._acknowledge(acks)

    async def _take(self, message: Incoming, nonce: str, acks: list[Acknowledgement]) -> None:
        match Topic.parse(message.topic).leaf:
            case Leaf.ACK:
                await self._take_answer(message, acks)
            case Leaf.COMMAND:
                command = decode_command(message.payload, message.content_type)
                received = Received(command, nonce, message.heard_s)
                await self._station.take_command(received, message.response_topic, message.correlation)
            case Leaf.DESIRED if message.payload:  # empty: the retained message was cleared
                desired = decode_desired(message.payload, message.content_type)
                await self._hear_hlc(Hlc(desired.hlc))
                if await self._station.apply(desired):
                    self._station.report()
            case _:
                pass

    async def _take_answer(self, message: Incoming, acks: list[Acknowledgement]) -> None:
        answer = decode_downlink(message.payload, message.content_type)
        await self._hear_time(answer.cloud_time_ms)
        match answer:
            case Ack():
                acks.append(_read(answer))
                self._sender.set_credit(answer.credit)
            case Nack():
                epoch, lane, now_ms = parse_epoch(answer.epoch), Lane(answer.lane), self._clock.now_ms()
                moved = await self._outbox.run(lambda store: store.conflict(epoch, lane, answer.seq, answer.mark, now_ms))
                if moved is not None:
                    _log.error("content_conflict", epoch=answer.epoch, lane=answer.lane, seq=answer.seq)
                    self._sender.landed([moved])
            case Resend():
                epoch, lane = parse_epoch(answer.epoch), Lane(answer.lane)
                keys = await self._outbox.run(lambda store: store.resend(epoch, lane, answer.from_seq, answer.to_seq))
                _log.warning("cloud_asks_again", epoch=answer.epoch, lane=answer.lane, batches=len(keys))
                self._sender.lost_by_cloud(keys)
            case _:
                assert_never(answer)

    async def _acknowledge(self, acks: Sequence[Acknowledgement]) -> None:
        now_ms = self._clock.now_ms()
        try:
            gone = await self._outbox.run(lambda store: store.acknowledge(acks, now_ms))
        except NotKeptError as error:  # they are sent again, and acknowledged again
            _log.error("acks_not_kept", error=str(error))
            return
        self.last_sync_ms = now_ms
        self._sender.landed(gone)

    # --- time ---------------------------------------------------------------------------------------

    async def _hear_time(self, cloud_ms: int) -> None:
        self._clock.heard(cloud_ms)
        await self.correct_clock()

    async def correct_clock(self) -> None:
        """Once, when the site first knows the time: say by how much this boot was wrong. Also called by housekeeping.

        NotKeptError: nothing was said yet, and the next call says it.
        """
        async with self._correcting:  # a second caller would count the offset twice
            correction = self._clock.correction()
            if correction is not None:
                stamp = self._clock.stamp()
                await self._outbox.transact(lambda transaction: transaction.correct_clock(correction.offset_ms, stamp))
                _log.warning("clock_corrected", offset_ms=correction.offset_ms)
            self._clock.confirm_correction()
            if self._heard_while_guessing and not self._clock.is_guessing:
                await self._hear_hlc(self._heard_while_guessing)
                self._heard_while_guessing = ZERO

    async def _hear_hlc(self, hlc: Hlc) -> None:
        """While this boot's time is a guess, a correction will shift its keys: no foreign key may get among them yet."""
        if self._clock.is_guessing:
            self._heard_while_guessing = max(self._heard_while_guessing, hlc)
            return
        hlc = _believable(hlc, self._clock.now_ms())
        await self._outbox.transact(lambda transaction: transaction.hear(hlc))


def _read(ack: Ack) -> Acknowledgement:
    """ValueError names what is broken."""
    if len(ack.seqs) != len(ack.marks):
        raise ValueError(f"marks: want as many as seqs ({len(ack.seqs)}), got {len(ack.marks)}")
    hlc = _believable(Hlc(ack.hlc), ack.cloud_time_ms)
    return Acknowledgement(parse_epoch(ack.epoch), Lane(ack.lane), list(ack.seqs), list(ack.marks), hlc)


def _believable(hlc: Hlc, cloud_ms: int) -> Hlc:
    if hlc_ms(hlc) > cloud_ms + MAX_HEARD_AHEAD_MS:
        _log.warning("order_key_too_far_ahead", ahead_ms=hlc_ms(hlc) - cloud_ms)
        return ZERO
    return hlc
