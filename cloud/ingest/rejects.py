"""Keeps what cannot be applied, with its bytes and the reason, in the flush's transaction.

The same bytes on the same topic for the same reason are one row, seen again. Leaves looking and replaying to `quarantine`.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from cloud.domain.rooms import site_room
from cloud.ingest.batch import MAX_KEPT_BYTES, Rejected
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry, entry
from edge.wire.envelope import digest

# It is part of a unique index, whose entries have to stay below 2,704 bytes; MQTT allows 65,535.
_MAX_TOPIC_BYTES = 500

_KEEP = """
INSERT INTO quarantine
    (first_at, last_at, topic, site_id, properties, content_type, payload, payload_sha256, payload_bytes, reason, detail, batch_key)
VALUES (%(at)s, %(at)s, %(topic)s, %(site)s, %(properties)s::jsonb, %(content_type)s, %(payload)s, %(sha256)s, %(bytes)s,
    %(reason)s, %(detail)s, %(batch_key)s)
ON CONFLICT (topic, payload_sha256, reason, batch_key)
    DO UPDATE SET seen = quarantine.seen + 1, last_at = excluded.last_at, detail = excluded.detail
"""


class Problem(msgspec.Struct, frozen=True):
    """Body of ``problem/ingest`` in a site's room: what the cloud last could not take from the site."""

    at: str
    reason: str
    detail: str
    acknowledged: bool


async def keep_rejected(connection: Connection, rejected: Sequence[Rejected], at: datetime) -> list[RoomEntry]:
    """Write them to quarantine; returns an entry for the room of each site that is known."""
    entries: list[RoomEntry] = []
    for one in sorted(rejected, key=lambda one: (one.arrival.topic, one.reason)):
        payload = one.arrival.payload
        await connection.execute(
            _KEEP,
            {
                "at": at,
                "topic": _stored_topic(one.arrival.topic),
                "site": None if one.topic is None else one.topic.site,
                "properties": msgspec.json.encode(
                    [[printable(name), printable(value)] for name, value in one.arrival.properties]
                ).decode(),
                "content_type": printable(one.arrival.content_type),
                "payload": payload[:MAX_KEPT_BYTES],
                "sha256": digest(payload),
                "bytes": len(payload),
                "reason": one.reason,
                "detail": printable(one.detail),
                "batch_key": batch_name(one),
            },
        )
        if one.topic is not None:
            problem = Problem(at.isoformat().replace("+00:00", "Z"), one.reason, printable(one.detail), one.key is not None)
            entries.append(entry(site_room(one.topic.site), "problem/ingest", problem))
    return entries


def batch_name(one: Rejected) -> str:
    """``epoch/lane/seq``, "" where the properties could not be read."""
    return "" if one.envelope is None else f"{one.envelope.epoch}/{one.envelope.lane}/{one.envelope.seq}"


def printable(text: str) -> str:
    """A stranger's text as PostgreSQL can hold it: without NUL and lone surrogates, at most 2,000 characters."""
    return text[:2000].replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _stored_topic(topic: str) -> str:
    """A stranger's topic, cut. What sites may use is far shorter."""
    return printable(topic).encode()[:_MAX_TOPIC_BYTES].decode("utf-8", "ignore")
