"""The table ``booking``: what was booked here, and so where each parcel stands."""

from dataclasses import dataclass
from typing import Any

from edge.outbox.transaction import Execute
from edge.station.decide import NEVER_HERE, BookedAs, ParcelHere
from edge.wire.ids import EventId, EventNumber, SiteId, parse_epoch

KEEP_MS = 60 * 24 * 3600 * 1000  # a parcel is resolved within days; two months answer every question asked at the counter


@dataclass(frozen=True, slots=True)
class Booking:
    """One thing that was booked, as the page lists it. ``event`` is its id as first recorded."""

    row_id: int
    event: EventId
    parcel: str
    kind: BookedAs
    slot: str
    at_ms: int
    device: str
    is_undone: bool


def parcel_here(execute: Execute, parcel: str) -> ParcelHere:
    """Where a parcel stands at this station."""
    for kind, slot in execute(
        "SELECT kind, slot FROM booking WHERE parcel = ? AND NOT undone ORDER BY id DESC LIMIT 1", (parcel,)
    ).fetchall():
        return ParcelHere(kind, slot)
    return NEVER_HERE


def insert(
    execute: Execute, parcel: str, kind: BookedAs, slot: str, at_ms: int, device: str, actor: str, epoch: int, n: int, scan_n: int
) -> None:
    """Booked, in the transaction of its event (``epoch``: the file's own number for it). ``scan_n``: the scan's first event."""
    execute(
        "INSERT INTO booking (parcel, kind, slot, at_ms, device, actor, epoch, n, scan_n) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (parcel, kind, slot, at_ms, device, actor, epoch, n, scan_n),
    )


def recent(execute: Execute, site: SiteId, limit: int) -> list[Booking]:
    """The newest bookings, newest first; of what one scan booked, the last."""
    return _bookings(
        site,
        execute(
            """SELECT booking.id, uuid, n, parcel, kind, slot, at_ms, device, undone
               FROM booking JOIN epoch ON epoch.id = booking.epoch
               WHERE NOT EXISTS (SELECT 1 FROM booking AS later WHERE later.parcel = booking.parcel AND later.id > booking.id
                                 AND later.epoch = booking.epoch AND later.scan_n = booking.scan_n)
               ORDER BY booking.id DESC LIMIT ?""",
            (limit,),
        ).fetchall(),
    )


def find(execute: Execute, event: EventId) -> Booking | None:
    """The booking of an event, by the id it was recorded with."""
    rows = execute(
        """SELECT booking.id, uuid, n, parcel, kind, slot, at_ms, device, undone
           FROM booking JOIN epoch ON epoch.id = booking.epoch WHERE uuid = ? AND n = ?""",
        (str(event.epoch), event.n),
    ).fetchall()
    return next(iter(_bookings(event.site, rows)), None)


def last_not_undone(execute: Execute, site: SiteId) -> Booking | None:
    """What "undo" without a name means."""
    rows = execute(
        """SELECT booking.id, uuid, n, parcel, kind, slot, at_ms, device, undone
           FROM booking JOIN epoch ON epoch.id = booking.epoch WHERE NOT undone ORDER BY booking.id DESC LIMIT 1"""
    ).fetchall()
    return next(iter(_bookings(site, rows)), None)


def of_same_scan(execute: Execute, booking: Booking) -> list[Booking]:
    """All that stands of what one scan booked, the last first."""
    rows = execute(
        """SELECT other.id, uuid, other.n, other.parcel, other.kind, other.slot, other.at_ms, other.device, other.undone
           FROM booking JOIN booking AS other ON other.parcel = booking.parcel AND other.epoch = booking.epoch
                AND (other.id = booking.id OR other.scan_n = booking.scan_n)
           JOIN epoch ON epoch.id = other.epoch
           WHERE booking.id = ? AND NOT other.undone ORDER BY other.id DESC""",
        (booking.row_id,),
    ).fetchall()
    return _bookings(booking.event.site, rows)


def mark_undone(execute: Execute, booking: Booking) -> None:
    """In the transaction of the undoing event."""
    execute("UPDATE booking SET undone = 1 WHERE id = ?", (booking.row_id,))


def forget_old(execute: Execute, now_ms: int) -> None:
    """Housekeeping, a bounded bite a time."""
    execute("DELETE FROM booking WHERE id IN (SELECT id FROM booking WHERE at_ms < ? ORDER BY id LIMIT 500)", (now_ms - KEEP_MS,))


def _bookings(site: SiteId, rows: list[tuple[Any, ...]]) -> list[Booking]:
    return [
        Booking(row_id, EventId(site, parse_epoch(uuid), EventNumber(n)), parcel, kind, slot, at_ms, device, bool(undone))
        for row_id, uuid, n, parcel, kind, slot, at_ms, device, undone in rows
    ]
