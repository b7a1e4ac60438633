"""The table ``booking``: what was booked here, and so where each parcel stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.outbox.transaction import Execute
from edge.station.decide import BookedAs, ParcelHere
from edge.wire.ids import EventId

KEEP_MS = 60 * 24 * 3600 * 1000  # a parcel is resolved within days; two months answer every question asked at the counter


@dataclass(frozen=True, slots=True)
class Booking:
    """One thing that was booked, as the page lists it."""

    event: EventId
    parcel: str
    kind: BookedAs
    slot: str
    at_ms: int
    device: str
    is_undone: bool


def parcel_here(execute: Execute, parcel: str) -> ParcelHere:
    """Where a parcel stands at this station."""
    rows = execute("SELECT kind, slot FROM booking WHERE parcel = ? AND NOT undone ORDER BY id DESC LIMIT 1", (parcel,)).fetchall()
    return ParcelHere(*rows[0]) if rows else ParcelHere()


def insert(execute: Execute, booking: Booking, actor: str) -> None:
    """Booked, in the transaction of its event."""
    execute(
        "INSERT INTO booking (parcel, kind, slot, at_ms, device, actor, event) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (booking.parcel, booking.kind, booking.slot, booking.at_ms, booking.device, actor, str(booking.event)),
    )


def recent(execute: Execute, limit: int) -> list[Booking]:
    """The newest bookings, newest first."""
    return _bookings(
        execute(
            "SELECT event, parcel, kind, slot, at_ms, device, undone FROM booking ORDER BY id DESC LIMIT ?", (limit,)
        ).fetchall()
    )


def find(execute: Execute, event: EventId) -> Booking | None:
    """The booking of an event, by the id it was recorded with."""
    rows = execute("SELECT event, parcel, kind, slot, at_ms, device, undone FROM booking WHERE event = ?", (str(event),)).fetchall()
    return _bookings(rows)[0] if rows else None


def last_not_undone(execute: Execute) -> Booking | None:
    """What "undo" without a name means."""
    rows = execute(
        "SELECT event, parcel, kind, slot, at_ms, device, undone FROM booking WHERE NOT undone ORDER BY id DESC LIMIT 1"
    ).fetchall()
    return _bookings(rows)[0] if rows else None


def mark_undone(execute: Execute, event: EventId) -> None:
    """In the transaction of the undoing event."""
    execute("UPDATE booking SET undone = 1 WHERE event = ?", (str(event),))


def forget_old(execute: Execute, now_ms: int) -> None:
    """Housekeeping, a bounded bite a time."""
    execute("DELETE FROM booking WHERE id IN (SELECT id FROM booking WHERE at_ms < ? ORDER BY id LIMIT 500)", (now_ms - KEEP_MS,))


def _bookings(rows: Sequence[tuple[str, str, BookedAs, str, int, str, int]]) -> list[Booking]:
    return [
        Booking(EventId.parse(event), parcel, kind, slot, at_ms, device, bool(undone))
        for event, parcel, kind, slot, at_ms, device, undone in rows
    ]
