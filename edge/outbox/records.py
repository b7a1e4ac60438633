"""What the outbox hands out and takes in: plain values, no database."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from edge.wire.envelope import Envelope, digest
from edge.wire.ids import Epoch, EventId, Lane, Seq
from edge.wire.messages import SCHEMA, AnyFact, ClockQuality
from edge.wire.order import Hlc

LANE_NUMBERS = {Lane.EVENT: 1, Lane.LIVE: 2, Lane.BACKFILL: 3}
LANES = {number: lane for lane, number in LANE_NUMBERS.items()}

# The steps at which a process may die; fault tests kill it exactly there.
Step = Literal[
    "sealed",  # rows written, not committed
    "committed",
    "sending",  # next, not handed to the connection
    "published",
    "puback",
    "ack_received",  # decoded, not committed
    "acked",
    "moving",  # a conflict's content is being sealed anew, not committed
    "moved",
    "resending",  # marked unacknowledged again, not committed
    "pruning",  # copies deleted, not committed
    "pruned",
]
STEPS: tuple[Step, ...] = get_args(Step)


class NotKeptError(Exception):
    """Nothing was written, and nobody may be told that it was. The text is for staff."""


class OutboxFullError(NotKeptError):
    """The disk is full, also after all that may go has gone."""


class WrongSiteError(Exception):
    """The file belongs to another site; the text says what to do."""


class Stamp(NamedTuple):
    """When something happened: domain ms, how far it can be believed, and the time to order by (None: no clock is believed)."""

    measured_at_ms: int
    quality: ClockQuality
    order_ms: int | None


class BatchKey(NamedTuple):
    """A batch's place in the file: ``epoch`` is the file's own number for it."""

    epoch: int
    lane: Lane
    seq: Seq


class SealedBatch(NamedTuple):
    """Bytes that never change again under their key."""

    key: BatchKey
    epoch: Epoch
    payload: bytes
    sha256: bytes

    @property
    def is_damaged(self) -> bool:
        """The bytes that were read back are not those that were sealed."""
        return digest(self.payload) != self.sha256

    def envelope(self, bounds: "Bounds", sent_at_ms: int) -> Envelope:
        """Its user properties for one sending."""
        seq = self.key.seq
        floor = min(bounds.floor, seq)
        return Envelope(
            self.epoch, self.key.lane, seq, self.sha256, Seq(floor), Seq(min(bounds.kept, floor)), SCHEMA, sent_at_ms
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """An ack off the wire: ``contents[i]`` is the mark of what the cloud holds under ``seqs[i]``."""

    epoch: Epoch
    lane: Lane
    seqs: list[int]
    contents: list[int]
    hlc: Hlc


class Bounds(NamedTuple):
    """A lane's state: its lowest unacknowledged seq, and its lowest seq that could be sent again."""

    floor: int
    kept: int


class LaneBounds(NamedTuple):
    """The bounds of a lane of an epoch."""

    epoch: Epoch
    lane: Lane
    bounds: Bounds


class RecordedEvent(NamedTuple):
    """An event that is in the file."""

    id: EventId
    epoch_number: int
    hlc: int
    measured_at_ms: int
    fact: AnyFact


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one sensor. ``value`` None: asked, no answer. ``quality``: 0 good, 1 doubtful, 2 bad."""

    sensor: str
    at_ms: int
    value: float | None
    quality: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """Where the site itself was: WGS-84 degrees."""

    at_ms: int
    lat: float
    lon: float
    speed_m_s: float | None = None
    heading_deg: float | None = None


Sample = Reading | Position


@dataclass(frozen=True, slots=True)
class LaneDepth:
    """How much of a lane waits: sealed batches without acknowledgement, and (backfill) readings not yet sealed.

    ``damaged``: batches the card has spoilt. They do not wait, and cannot be sent.
    """

    batches: int
    readings: int = 0
    oldest_ms: int | None = None
    damaged: int = 0


@dataclass(frozen=True, slots=True)
class OutboxDepth:
    """What waits, lane by lane, and what the file takes."""

    lanes: dict[Lane, LaneDepth]
    epoch: Epoch
    boot: int
    hlc: int
    last_sync_ms: int | None
    kept_bytes: int
    file_bytes: int
    trouble: str = ""  # why the last scan was not kept; "" where it was
    is_full: bool = False
    synchronous: int | None = None  # as the agent's own connection has it: 2 is FULL; None: looked at from outside

    @property
    def damage(self) -> str:
        """What the card has spoilt, for staff; "" where nothing."""
        told = []
        if events := self.lanes[Lane.EVENT].damaged:
            told.append(
                f"{events} bookings spoilt on the card before the cloud confirmed them: they may be LOST, count the shelves"
            )
        if readings := self.lanes[Lane.LIVE].damaged + self.lanes[Lane.BACKFILL].damaged:
            told.append(f"{readings} batches of sensor readings spoilt on the card")
        return "; ".join([*told, "replace the card"]) if told else ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long acknowledged copies stay, for a cloud that is restored from a backup (ARCHITECTURE, decision 4)."""

    keep_acked_ms: int = 7 * 24 * 3600 * 1000
    keep_acked_bytes: int = 256 * 1024 * 1024
    reserve_bytes: int = 4 * 1024 * 1024  # room to tidy up in when the disk is full: a WAL of the largest tidying transaction
