"""What passes through ingest: a message as it arrived, a batch that was understood, one that was not.

Leaves how a message becomes one or the other to `checks`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from cloud.store.quarantine_kept import MAX_KEPT_BYTES
from edge.wire.envelope import Envelope
from edge.wire.ids import Epoch, Lane, Seq, SiteId
from edge.wire.messages import EventBatch, TelemetryBatch
from edge.wire.topics import Topic

# How a lane is written in the table `batch`.
LANE_NUMBER = {Lane.EVENT: 1, Lane.LIVE: 2, Lane.BACKFILL: 3}
LANE_OF_NUMBER = {number: lane for lane, number in LANE_NUMBER.items()}


class BatchKey(NamedTuple):
    """Names one sealed batch in the world; sorts in the order in which keys are inserted."""

    site: SiteId
    epoch: Epoch
    lane: int
    seq: Seq


def batch_key(site: SiteId, envelope: Envelope) -> BatchKey:
    """The key of a batch from a site."""
    return BatchKey(site, envelope.epoch, LANE_NUMBER[envelope.lane], envelope.seq)


class Reason(StrEnum):
    """Why a message is in quarantine (table `quarantine`)."""

    TOPIC = "topic"
    RELATION = "relation"
    PROPERTIES = "properties"
    SCHEMA = "schema"
    PAYLOAD = "payload"
    HASH = "hash"
    SIZE = "size"
    CONFLICT = "conflict"
    DATABASE = "database"


# Not acknowledged: it is not known which batch it is, or whose, so the site keeps it.
_AT_THE_SITE = frozenset({Reason.HASH, Reason.PROPERTIES, Reason.TOPIC, Reason.RELATION})


def _nothing() -> None:
    """For messages that no broker waits for."""


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """A message as the broker gave it. ``finished`` is called once, when ingest is done with it, whatever came of it."""

    topic: str
    payload: bytes
    properties: tuple[tuple[str, str], ...]
    content_type: str
    received_at_ms: int
    finished: Callable[[], None] = _nothing


@dataclass(frozen=True, slots=True, eq=False)
class Sealed:
    """A batch that was understood and can be applied."""

    arrival: Arrival
    topic: Topic
    envelope: Envelope
    body: EventBatch | TelemetryBatch

    @property
    def key(self) -> BatchKey:
        return batch_key(self.topic.site, self.envelope)


@dataclass(frozen=True, slots=True, eq=False)
class Rejected:
    """A message that cannot be applied. Where ``envelope`` is known its bytes are what the site sealed."""

    arrival: Arrival
    reason: Reason
    detail: str
    topic: Topic | None = None
    envelope: Envelope | None = None

    @property
    def key(self) -> BatchKey | None:
        """The batch's key where it may be acknowledged: it is known which it is, and its bytes are kept whole."""
        if self.topic is None or self.envelope is None or self.reason in _AT_THE_SITE:
            return None
        return batch_key(self.topic.site, self.envelope) if len(self.arrival.payload) <= MAX_KEPT_BYTES else None
