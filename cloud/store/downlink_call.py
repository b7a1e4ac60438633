"""Calls the downlink: what sites are to hear has changed. In the caller's transaction; heard once that is committed."""

from cloud.store.pool import Connection

CHANNEL = "tuantu_downlink"
PLANNED = "plan"  # a dock hears of a new plan at once: somebody may be waiting to sort


async def call_downlink(connection: Connection, about: str = "") -> None:
    """``about``: PLANNED, or "": it looks for itself."""
    await connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, about])
