"""Parcels that are none of a station's day and may lie there all the same: of a later day, of another station, of nobody known.

Leaves what the station says of them to its rules, and the day's own parcels to `manifest_facts`.
"""

from collections.abc import Mapping

from cloud.domain.rooms import site_room
from cloud.store.pool import Connection
from edge.wire.clock import to_ms
from edge.wire.manifest import OtherParcel, Zone

AHEAD_DAYS = 7  # a van brings tomorrow's early; what is ordered for later than a week is not packed yet

# A site's room holds every parcel that lies there, whoever it is meant for, and is found by the site.
_LIES_HERE = """
SELECT p.id, p.zone, s.name, o.id IS NULL
FROM room_entry e JOIN parcel p ON p.id = substr(e.key, length('parcel/') + 1)
LEFT JOIN customer_order o ON o.id = p.order_id LEFT JOIN site s ON s.id = p.site_id AND s.id <> %(site)s
WHERE e.room = %(room)s AND e.key LIKE 'parcel/%%' AND p.at_site_id = %(site)s AND p.state IN ('received', 'shelved', 'in_locker')
    AND (p.site_id IS DISTINCT FROM %(site)s OR o.cancelled_at IS NOT NULL)
ORDER BY p.id
"""

_COMES_LATER = """
SELECT p.id, p.zone, o.pickup_date, o.pickup_date::timestamp AT TIME ZONE op.time_zone
FROM customer_order o JOIN operator op ON op.id = o.operator_id JOIN parcel p ON p.order_id = o.id
WHERE o.site_id = %(site)s AND o.pickup_date > %(day)s AND o.pickup_date <= %(day)s + %(ahead)s AND o.cancelled_at IS NULL
    AND p.state NOT IN ('released', 'returned', 'disposed')
ORDER BY p.id
"""


async def read_others(connection: Connection, values: Mapping[str, object]) -> tuple[OtherParcel, ...]:
    """``values``: site, day. Each parcel once, and none that is of the day."""
    site = str(values["site"])
    cursor = await connection.execute(_COMES_LATER, {**values, "ahead": AHEAD_DAYS})
    later = [
        OtherParcel(parcel=row[0], why="later", zone=_zone(row[1]), day=row[2].isoformat(), from_ms=to_ms(row[3]))
        for row in await cursor.fetchall()
    ]
    cursor = await connection.execute(_LIES_HERE, {"site": site, "room": site_room(site)})
    lies_here: list[OtherParcel] = []
    for parcel, zone, station, is_unknown in await cursor.fetchall():
        lies_here.append(_lying(parcel, _zone(zone), station or "", is_unknown=is_unknown))
    return (*later, *lies_here)


def _lying(parcel: str, zone: Zone | None, station: str, *, is_unknown: bool) -> OtherParcel:
    if is_unknown:
        return OtherParcel(parcel=parcel, why="unknown", zone=zone)
    return OtherParcel(parcel=parcel, why="elsewhere" if station else "cancelled", zone=zone, station=station)


def _zone(zone: str | None) -> Zone | None:
    return None if zone is None else Zone(zone)
