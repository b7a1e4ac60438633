"""Keeps what could not be applied, with its bytes and the reason, in the caller's transaction; whoever heard it.

The same bytes on the same topic for the same reason are one row, seen again. Leaves looking and replaying to `quarantine`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from cloud.store.pool import Connection
from edge.wire.envelope import digest

# What is kept of a payload. Four times what a batch may have: only nonsense is cut.
MAX_KEPT_BYTES = 1024 * 1024
# It is part of a unique index, whose entries have to stay below 2,704 bytes; MQTT allows 65,535.
_MAX_TOPIC_BYTES = 500


@dataclass(frozen=True, slots=True)
class Unapplied:
    """A message as it came. ``topic``: or for what does not come by MQTT a name like one; ``reason``: one the table knows."""

    topic: str
    site_id: str | None
    properties: tuple[tuple[str, str], ...]
    content_type: str
    payload: bytes
    reason: str
    detail: str
    batch_key: str = ""


_KEEP = """
INSERT INTO quarantine
    (first_at, last_at, topic, site_id, properties, content_type, payload, payload_sha256, payload_bytes, reason, detail, batch_key)
VALUES (%(at)s, %(at)s, %(topic)s, %(site)s, %(properties)s::jsonb, %(content_type)s, %(payload)s, %(sha256)s, %(bytes)s,
    %(reason)s, %(detail)s, %(batch_key)s)
ON CONFLICT (topic, payload_sha256, reason, batch_key)
    DO UPDATE SET seen = quarantine.seen + 1, last_at = excluded.last_at, detail = excluded.detail
"""


async def keep(connection: Connection, messages: Sequence[Unapplied], at: datetime) -> None:
    """Write them, in this order."""
    for one in messages:
        await connection.execute(
            _KEEP,
            {
                "at": at,
                "topic": _stored_topic(one.topic),
                "site": one.site_id,
                "properties": msgspec.json.encode([[printable(name), printable(value)] for name, value in one.properties]).decode(),
                "content_type": printable(one.content_type),
                "payload": one.payload[:MAX_KEPT_BYTES],
                "sha256": digest(one.payload),
                "bytes": len(one.payload),
                "reason": one.reason,
                "detail": printable(one.detail),
                "batch_key": one.batch_key,
            },
        )


def printable(text: str) -> str:
    """A stranger's text as PostgreSQL can hold it: without NUL and lone surrogates, at most 2,000 characters."""
    return text[:2000].replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _stored_topic(topic: str) -> str:
    """A stranger's topic, cut. What sites may use is far shorter."""
    return printable(topic).encode()[:_MAX_TOPIC_BYTES].decode("utf-8", "ignore")
