"""What sites say of their boxes, dated: written as births bring it, read by whoever asks what measured around a parcel."""

from collections.abc import Collection, Sequence

import msgspec

from cloud.domain.boxes import Boxes, same_boxes
from cloud.store.pool import Connection
from edge.wire.clock import to_ms, utc
from edge.wire.messages import ColdBox

_DECODE = msgspec.json.Decoder(list[ColdBox]).decode


async def keep_boxes(connection: Connection, site: str, boxes: Sequence[ColdBox], at_ms: int) -> bool:
    """Said in a birth of ``at_ms``; True where it is news. One from before the newest that is known changes nothing."""
    held = (await boxes_of(connection, {site})).get(site, [])
    if (held and (same_boxes(held[-1].boxes, boxes) or held[-1].since_ms >= at_ms)) or not (held or boxes):
        return False
    await connection.execute(
        "INSERT INTO site_boxes (site_id, since, boxes) VALUES (%s, %s, %s::jsonb) ON CONFLICT DO NOTHING",
        [site, utc(at_ms), msgspec.json.encode(boxes).decode()],
    )
    return True


async def boxes_of(connection: Connection, sites: Collection[str]) -> dict[str, list[Boxes]]:
    """All that these sites ever said, oldest first; it changes a few times a year."""
    cursor = await connection.execute(
        "SELECT site_id, since, boxes::text FROM site_boxes WHERE site_id = ANY(%s) ORDER BY site_id, since", [sorted(sites)]
    )
    found: dict[str, list[Boxes]] = {}
    for site, since, boxes in await cursor.fetchall():
        found.setdefault(site, []).append(Boxes(to_ms(since), tuple(_DECODE(boxes))))
    return found
