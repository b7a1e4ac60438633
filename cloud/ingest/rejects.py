"""Keeps what cannot be applied, with its bytes and the reason, in the flush's transaction.

The same bytes on the same topic for the same reason are one row, seen again. Leaves looking and replaying to `quarantine`.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from cloud.domain.rooms import site_room
from cloud.ingest.batch import Rejected
from cloud.store.pool import Connection
from cloud.store.quarantine_kept import Unapplied, keep, printable
from cloud.store.rooms import RoomEntry, entry


class Problem(msgspec.Struct, frozen=True):
    """Body of ``problem/ingest`` in a site's room: what the cloud last could not take from the site."""

    at: str
    reason: str
    detail: str
    acknowledged: bool


async def keep_rejected(connection: Connection, rejected: Sequence[Rejected], at: datetime) -> list[RoomEntry]:
    """Write them to quarantine; returns an entry for the room of each site that is known."""
    in_order = sorted(rejected, key=lambda one: (one.arrival.topic, one.reason))
    messages = [
        Unapplied(
            topic=one.arrival.topic,
            site_id=None if one.topic is None else one.topic.site,
            properties=one.arrival.properties,
            content_type=one.arrival.content_type,
            payload=one.arrival.payload,
            reason=one.reason,
            detail=one.detail,
            batch_key=batch_name(one),
        )
        for one in in_order
    ]
    await keep(connection, messages, at)
    said_at = at.isoformat().replace("+00:00", "Z")
    return [
        entry(site_room(one.topic.site), "problem/ingest", Problem(said_at, one.reason, printable(one.detail), one.key is not None))
        for one in in_order
        if one.topic is not None
    ]


def batch_name(one: Rejected) -> str:
    """``epoch/lane/seq``, "" where the properties could not be read."""
    return "" if one.envelope is None else f"{one.envelope.epoch}/{one.envelope.lane}/{one.envelope.seq}"
