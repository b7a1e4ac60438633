"""What clock events have said so far: by how much a boot's stamps are off."""

from collections.abc import Collection
from typing import NamedTuple

from cloud.store.pool import Connection, Cursor
from edge.wire.ids import Epoch, SiteId


class Boot(NamedTuple):
    """One run of a site's machine."""

    site: SiteId
    epoch: Epoch
    number: int


_OFFSETS = """
SELECT site_id, epoch, boot, offset_ms FROM clock_correction
WHERE (site_id, epoch, boot) IN (SELECT * FROM unnest(%(sites)s::text[], %(epochs)s::uuid[], %(boots)s::int[]))
"""

# The lock's row has no boot.
_LOCK_AND_OFFSETS = (
    """
SELECT pg_advisory_xact_lock(hashtextextended(site, 20))::text, NULL::uuid, NULL::int, NULL::bigint
FROM unnest(%(locked)s::text[]) AS site
UNION ALL
"""
    + _OFFSETS
)


async def known_offsets(connection: Connection, boots: Collection[Boot]) -> dict[Boot, int]:
    """The corrections of these boots in ms; a boot that nobody corrected is not in it."""
    return await read_offsets(await connection.execute(_OFFSETS, _columns(boots))) if boots else {}


async def lock_and_ask_offsets(connection: Connection, sites: Collection[SiteId], boots: Collection[Boot]) -> Cursor:
    """Lock the sites until the transaction ends, and ask for the corrections of these boots, which `read_offsets` reads.

    A correction that was committed while this waited for a lock is not among them: as if it had come after the events.
    """
    return await connection.execute(_LOCK_AND_OFFSETS, {"locked": sorted(sites), **_columns(boots)})


def _columns(boots: Collection[Boot]) -> dict[str, list[object]]:
    return {
        "sites": [boot.site for boot in boots],
        "epochs": [boot.epoch for boot in boots],
        "boots": [boot.number for boot in boots],
    }


async def read_offsets(cursor: Cursor) -> dict[Boot, int]:
    """The corrections that were asked for."""
    return {
        Boot(SiteId(site), Epoch(epoch), number): offset_ms
        for site, epoch, number, offset_ms in await cursor.fetchall()
        if number is not None
    }
