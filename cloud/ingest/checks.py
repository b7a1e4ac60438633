"""From a message to a batch, or to the reason why it is none: the pure half of the pipeline.

Leaves everything that needs the database to `flush`.
"""

from cloud.ingest.batch import Arrival, Reason, Rejected, Sealed
from edge.wire.codec import PayloadError, UnknownWordError, decode_events, decode_telemetry
from edge.wire.envelope import Envelope, EnvelopeError, digest
from edge.wire.ids import Lane
from edge.wire.messages import MAX_PAYLOAD_BYTES, SCHEMA, EventBatch, TelemetryBatch
from edge.wire.topics import Topic


class _RejectedError(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def check(arrival: Arrival) -> Sealed | Rejected:
    """Topic, properties, hash, size, schema, content, in this order; the first that is wrong names the reason."""
    topic: Topic | None = None
    envelope: Envelope | None = None
    try:
        topic = _read_topic(arrival.topic)
        envelope = _read_envelope(arrival.properties, topic)
        _check_hash(arrival.payload, envelope)
        _check_size(arrival.payload)
        _check_schema(envelope)
        return Sealed(arrival, topic, envelope, _decode(arrival, envelope))
    except _RejectedError as rejected:
        return Rejected(arrival, rejected.reason, rejected.detail, topic, envelope)


def _read_topic(text: str) -> Topic:
    try:
        topic = Topic.parse(text)
    except ValueError as error:
        raise _RejectedError(Reason.TOPIC, str(error)) from None
    if topic.lane is None:
        raise _RejectedError(Reason.TOPIC, f"topic: no batch is taken on {topic.leaf}")
    return topic


def _read_envelope(properties: tuple[tuple[str, str], ...], topic: Topic) -> Envelope:
    try:
        envelope = Envelope.parse(properties)
    except EnvelopeError as error:
        raise _RejectedError(Reason.PROPERTIES, str(error)) from None
    if envelope.lane is not topic.lane:
        raise _RejectedError(Reason.PROPERTIES, f"lane: the topic says {topic.lane}, the property {envelope.lane}")
    return envelope


def _check_hash(payload: bytes, envelope: Envelope) -> None:
    if digest(payload) != envelope.sha256:
        raise _RejectedError(Reason.HASH, "sha256: not that of the payload")


def _check_size(payload: bytes) -> None:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise _RejectedError(Reason.SIZE, f"payload: want at most {MAX_PAYLOAD_BYTES} bytes, got {len(payload)}")


def _check_schema(envelope: Envelope) -> None:
    if envelope.schema > SCHEMA:
        wanted = f"schema: this release reads up to {SCHEMA}, got {envelope.schema}; upgrade the cloud, then replay"
        raise _RejectedError(Reason.SCHEMA, wanted)


def _decode(arrival: Arrival, envelope: Envelope) -> EventBatch | TelemetryBatch:
    read = decode_events if envelope.lane is Lane.EVENT else decode_telemetry
    try:
        return read(arrival.payload, arrival.content_type)
    except UnknownWordError as error:
        raise _RejectedError(Reason.SCHEMA, str(error)) from None
    except PayloadError as error:
        raise _RejectedError(Reason.PAYLOAD, str(error)) from None
