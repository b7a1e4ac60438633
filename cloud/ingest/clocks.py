"""What clock events have said so far: by how much a boot's stamps are off."""

from collections.abc import Collection
from typing import NamedTuple

import msgspec

from cloud.store.pool import Connection, Cursor
from edge.wire.ids import Epoch, SiteId


class Boot(NamedTuple):
    """One run of a site's machine."""

    site: SiteId
    epoch: Epoch
    number: int


_OFFSETS = """
SELECT site_id, epoch, boot, offset_ms FROM clock_correction
WHERE (site_id, epoch, boot) IN (
    SELECT site_id, epoch, boot FROM jsonb_to_recordset(%(boots)s::jsonb) AS given (site_id text, epoch uuid, boot int)
)
"""

# The lock's row has no boot.
_LOCK_AND_OFFSETS = (
    """
SELECT pg_advisory_xact_lock(hashtextextended(site, 20))::text, NULL::uuid, NULL::int, NULL::bigint
FROM jsonb_array_elements_text(%(locked)s::jsonb) AS site
UNION ALL
"""
    + _OFFSETS
)


async def known_offsets(connection: Connection, boots: Collection[Boot]) -> dict[Boot, int]:
    """The corrections of these boots in ms; a boot that nobody corrected is not in it."""
    return await read_offsets(await connection.execute(_OFFSETS, {"boots": _json(boots)})) if boots else {}


async def lock_and_ask_offsets(connection: Connection, sites: Collection[SiteId], boots: Collection[Boot]) -> Cursor:
    """Lock the sites until the transaction ends, and ask for the corrections of these boots, which `read_offsets` reads.

    A correction that was committed while this waited for a lock is not among them: as if it had come after the events.
    """
    locked = msgspec.json.encode(sorted(sites)).decode()
    return await connection.execute(_LOCK_AND_OFFSETS, {"locked": locked, "boots": _json(boots)})


def _json(boots: Collection[Boot]) -> str:
    """As `_OFFSETS` takes them: JSON, which costs the driver less than three arrays."""
    return msgspec.json.encode([{"site_id": boot.site, "epoch": boot.epoch, "boot": boot.number} for boot in boots]).decode()


async def read_offsets(cursor: Cursor) -> dict[Boot, int]:
    """The corrections that were asked for."""
    return {
        Boot(SiteId(site), Epoch(epoch), number): offset_ms
        for site, epoch, number, offset_ms in await cursor.fetchall()
        if number is not None
    }
