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


async def known_offsets(connection: Connection, boots: Collection[Boot]) -> dict[Boot, int]:
    """The corrections of these boots in ms; a boot that nobody corrected is not in it."""
    return await read_offsets(await ask_offsets(connection, boots)) if boots else {}


async def ask_offsets(connection: Connection, boots: Collection[Boot]) -> Cursor:
    """The same question; `read_offsets` reads the answer."""
    return await connection.execute(
        """
        SELECT site_id, epoch, boot, offset_ms FROM clock_correction
        WHERE (site_id, epoch, boot) IN (SELECT * FROM unnest(%s::text[], %s::uuid[], %s::int[]))
        """,
        ([boot.site for boot in boots], [boot.epoch for boot in boots], [boot.number for boot in boots]),
    )


async def read_offsets(cursor: Cursor) -> dict[Boot, int]:
    """The answer to `ask_offsets`."""
    return {Boot(SiteId(site), Epoch(epoch), number): offset_ms for site, epoch, number, offset_ms in await cursor.fetchall()}
