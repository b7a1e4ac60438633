"""Keeps quarantine within its bounds, and shows how full it is."""

from collections.abc import Mapping
from datetime import datetime

import structlog
from prometheus_client import Counter, Gauge

from cloud.store.pool import Connection
from cloud.store.quarantine_limit import held, trim

_log = structlog.get_logger(__name__)

_DROPPED = Counter("tuantu_quarantine_dropped", "Messages that the bounds of quarantine took", ["still"])
_MESSAGES = Gauge("tuantu_quarantine_messages", "Messages in quarantine", ["state"])
_BYTES = Gauge("tuantu_quarantine_bytes", "Bytes of messages in quarantine")


async def trim_quarantine(connection: Connection, now: datetime) -> Mapping[str, int]:
    """One round; returns what went."""
    dropped = await trim(connection, now)
    _DROPPED.labels("settled").inc(dropped.settled)
    _DROPPED.labels("at_site").inc(dropped.at_site)
    _DROPPED.labels("lost").inc(dropped.lost)
    now_held = await held(connection)
    _MESSAGES.labels("waiting").set(now_held.waiting)
    _MESSAGES.labels("settled").set(now_held.settled)
    _BYTES.set(now_held.size)
    if dropped.lost:
        _log.error("quarantine is full: messages that nobody had looked at are gone for good", messages=dropped.lost)
    return {"settled": dropped.settled, "at_site": dropped.at_site, "lost": dropped.lost}
