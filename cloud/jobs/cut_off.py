"""Freezes what the cut-off has passed: by the server's domain clock, for whoever has open orders."""

from collections.abc import Mapping
from datetime import datetime

from cloud.store.batches import due, freeze
from cloud.store.pool import Connection


async def freeze_due(connection: Connection, now: datetime) -> Mapping[str, int]:
    """One transaction a batch; returns how many orders were locked."""
    locked = 0
    for batch in await due(connection, now):
        async with connection.transaction():
            count, _ = await freeze(connection, batch.operator_id, batch.pickup_date, now)
        locked += count
    return {"orders": locked}
