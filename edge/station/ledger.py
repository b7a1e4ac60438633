"""The table ``booking``: every fact about a parcel, a container or goods that was recorded here. What stands is a fold over it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from edge.outbox import RecordedEvent
from edge.outbox.transaction import Execute
from edge.rules.custody import ParcelStanding, ParcelState, container_standing, parcel_standing
from edge.station import forgetting
from edge.station.day import Day
from edge.station.handout import ClaimHere
from edge.station.known import Gone, KnownContainer, KnownParcel
from edge.wire.ids import EventId, EventNumber, SiteId, parse_epoch
from edge.wire.messages import (
    AnyFact,
    ContainerBound,
    ContainerDropped,
    ContainerEmptied,
    ContainerLoaded,
    ContainerLost,
    ContainerOpened,
    ContainerReturned,
    ContainerSealed,
    ContainerSigned,
    ContainerTakenBack,
    CountFinished,
    GoodsDistributed,
    GoodsPacked,
    GoodsReceived,
    ParcelDisposed,
    ParcelOverdue,
    ParcelPacked,
    ParcelPlaced,
    ParcelReceived,
    ParcelReleased,
    ParcelRemoved,
    ParcelReturned,
    ParcelSeen,
    ParcelShelved,
    ParcelSorted,
    VarianceFound,
)

NEWEST_KEPT = 20_000  # two busy weeks
KEEP_MS = 60 * 24 * 3600 * 1000  # a parcel is resolved within days; two months answer every question asked at the counter
MAX_FACTS_OF_ACT = 1_000  # closing a count calls at most this much missing; rows of one act lie side by side

NEVER_SEEN = ParcelStanding()

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(AnyFact).decode

# What each kind of fact that is kept here is kept under: a label, or a SKU.
_THINGS: dict[type[AnyFact], str] = {
    ParcelReceived: "parcel",
    ParcelShelved: "parcel",
    ParcelReleased: "parcel",
    ParcelPlaced: "parcel",
    ParcelRemoved: "parcel",
    ParcelSeen: "parcel",
    ParcelOverdue: "parcel",
    ParcelDisposed: "parcel",
    ParcelReturned: "parcel",
    VarianceFound: "parcel",  # or the container, where it is about no parcel
    GoodsReceived: "sku",
    GoodsDistributed: "sku",
    ContainerSigned: "container",
    ContainerDropped: "container",
    ContainerOpened: "container",
    CountFinished: "container",
    ContainerEmptied: "container",
    ContainerReturned: "container",
    ParcelSorted: "parcel",
    ParcelPacked: "parcel",
    ContainerBound: "container",
    ContainerSealed: "container",
    ContainerLoaded: "container",
    ContainerLost: "container",
    ContainerTakenBack: "container",
    GoodsPacked: "sku",
}
_TAGS = {kind: str(kind.__struct_config__.tag) for kind in _THINGS}  # looked up: asking the struct costs a microsecond


@dataclass(frozen=True, slots=True)
class Booking:
    """One fact that was booked. ``event`` is its id as first recorded."""

    row_id: int
    event: EventId
    thing: str
    fact: AnyFact
    at_ms: int
    device: str
    actor: str
    is_undone: bool


def thing_of(fact: AnyFact) -> str:
    """What a fact is kept under here: a parcel's or container's label, or a SKU; "" where it is not kept."""
    name = _THINGS.get(type(fact))
    if name is None:
        return ""
    thing: str = getattr(fact, name) or getattr(fact, "container", "")
    return thing


def decode_fact(text: str) -> AnyFact:
    """As it was kept."""
    fact: AnyFact = _decode(text)
    return fact


def insert(execute: Execute, recorded: RecordedEvent, device: str, actor: str, act_n: int) -> None:
    """Booked, in the transaction of its event. ``act_n``: the number of the act's first event; it is undone as a whole."""
    fact = recorded.fact
    thing = thing_of(fact)
    if not thing:
        return
    container = token = None
    if isinstance(fact, ParcelReceived):
        container = fact.container or None
    elif isinstance(fact, ContainerBound):
        container = fact.stands_for or None
    elif isinstance(fact, ParcelReleased):
        token = fact.token or None
    execute(
        """INSERT INTO booking (thing, kind, fact, container, token, at_ms, device, actor, epoch, n, scan_n)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            thing, _TAGS[type(fact)], _encode(fact).decode(), container, token,
            recorded.measured_at_ms, device, actor, recorded.epoch_number, recorded.id.n, act_n,
        ),
    )  # fmt: skip


def facts_of(execute: Execute, thing: str) -> list[AnyFact]:
    """What stands of a thing, in order."""
    rows = execute("SELECT fact FROM booking WHERE thing = ? AND NOT undone ORDER BY id", (thing,)).fetchall()
    return [_decode(fact) for (fact,) in rows]


def facts_since(execute: Execute, thing: str, row: int) -> list[AnyFact]:
    """What stands of a thing from this row on, in order."""
    rows = execute("SELECT fact FROM booking WHERE thing = ? AND id >= ? AND NOT undone ORDER BY id", (thing, row)).fetchall()
    return [_decode(fact) for (fact,) in rows]


def facts_until(execute: Execute, thing: str, row: int) -> list[AnyFact]:
    """What stood of a thing when this row was the newest."""
    rows = execute("SELECT fact FROM booking WHERE thing = ? AND id <= ? AND NOT undone ORDER BY id", (thing, row)).fetchall()
    return [_decode(fact) for (fact,) in rows]


def parcel(execute: Execute, day: Day, label: str) -> KnownParcel:
    """What is known of a parcel."""
    facts = facts_of(execute, label)
    known = day.known_parcel(label, parcel_standing(facts) if facts else NEVER_SEEN)
    return known._replace(gone=_gone(execute, label)) if known.standing.state is ParcelState.RELEASED else known


def _gone(execute: Execute, label: str) -> Gone | None:
    """The hand-out that stands: the first, for a second one contradicts it."""
    rows = execute(
        "SELECT at_ms, fact FROM booking WHERE thing = ? AND kind = 'parcel_released' AND NOT undone ORDER BY id LIMIT 1", (label,)
    ).fetchall()
    for at_ms, text in rows:
        fact = _decode(text)
        return Gone(at_ms, fact.how) if isinstance(fact, ParcelReleased) else None
    return None


def container(execute: Execute, day: Day, label: str) -> KnownContainer:
    """What is known of a container."""
    return day.known_container(label, container_standing(facts_of(execute, label)))


def claim(execute: Execute, day: Day, name: str) -> ClaimHere:
    """A claim of the manifest, with its parcels as they stand."""
    return day.claim_here(name, (parcel(execute, day, label) for label in day.parcels_of_claim.get(name, ())))


def of_container(execute: Execute, day: Day, label: str) -> list[KnownParcel]:
    """The parcels expected in a container, and those that were taken out of it besides since it came."""
    expected = day.parcels_in.get(label, ())
    rows = execute(
        "SELECT DISTINCT thing FROM booking WHERE container = ? AND id > ? AND NOT undone", (label, came_row(execute, label))
    ).fetchall()
    besides = sorted({thing for (thing,) in rows} - set(expected))
    return [parcel(execute, day, one) for one in (*expected, *besides)]


def came_row(execute: Execute, container: str) -> int:
    """The row of the booking by which a container was last signed for, 0 where it never was: it goes round, and so begins anew."""
    ((row,),) = execute(
        "SELECT coalesce(max(id), 0) FROM booking WHERE thing = ? AND kind = 'container_signed' AND NOT undone", (container,)
    ).fetchall()
    return int(row)


def signed_at_ms(execute: Execute, container: str) -> int | None:
    """When a container that is here was signed for."""
    rows: list[tuple[int]] = execute("SELECT at_ms FROM booking WHERE id = ?", (came_row(execute, container),)).fetchall()
    return rows[0][0] if rows else None


def here(execute: Execute, day: Day) -> list[KnownParcel]:
    """Every parcel that lies here, by label. Reads two months of bookings: tens of ms; for a stock-take, not for a scan."""
    known = (parcel(execute, day, thing) for thing in maybe_here(execute))
    return [one for one in known if one.standing.state.is_at_station]


def maybe_here(execute: Execute) -> list[str]:
    """The parcels of which something was booked since they left, if they ever did, by label. Reads all bookings."""
    rows = execute(
        """SELECT thing FROM booking WHERE NOT undone AND kind LIKE 'parcel!_%' ESCAPE '!' GROUP BY thing
           HAVING max(id * (kind IN ('parcel_released', 'parcel_disposed', 'parcel_returned'))) < max(id) ORDER BY thing"""
    ).fetchall()
    return [thing for (thing,) in rows]


def here_since(execute: Execute, day: Day, row: int) -> list[KnownParcel]:
    """What lay here when this row was the newest and has not left since, as it stood then."""
    before = (day.known_parcel(one.parcel, parcel_standing(facts_until(execute, one.parcel, row))) for one in here(execute, day))
    return [one for one in before if one.standing.state.is_at_station]


def lying(parcels: Iterable[KnownParcel]) -> Mapping[str, int]:
    """How many parcels each place holds."""
    count: dict[str, int] = {}
    for one in parcels:
        if one.standing.place:
            count[one.standing.place] = count.get(one.standing.place, 0) + 1
    return count


def taken_cells(execute: Execute, day: Day) -> Mapping[str, str]:
    """Which parcel lies in which locker cell."""
    inside = (one for one in here(execute, day) if one.standing.state is ParcelState.IN_LOCKER)
    return {one.standing.place: one.parcel for one in inside}


def is_used(execute: Execute, token: str) -> bool:
    """Whether somebody was handed something for this one-use token. An undone hand-out gives it back."""
    return bool(execute("SELECT 1 FROM booking WHERE token = ? AND NOT undone LIMIT 1", (token,)).fetchall())


def last_row(execute: Execute) -> int:
    """The newest booking's row, 0 where there is none."""
    ((row,),) = execute("SELECT coalesce(max(id), 0) FROM booking").fetchall()
    return int(row)


def seen_since(execute: Execute, row: int) -> set[str]:
    """Parcels that were seen by a stock-take that began after this row."""
    rows = execute("SELECT thing FROM booking WHERE id > ? AND kind = 'parcel_seen' AND NOT undone", (row,)).fetchall()
    return {thing for (thing,) in rows}


_BOOKING = """
SELECT booking.id, uuid, n, thing, fact, at_ms, device, actor, undone FROM booking JOIN epoch ON epoch.id = booking.epoch
"""


def recent(execute: Execute, site: SiteId, limit: int) -> list[Booking]:
    """The newest acts, newest first; of what one act booked of a thing, the last."""
    return _bookings(
        site,
        execute(
            """SELECT booking.id, uuid, n, thing, fact, at_ms, device, actor, undone
               FROM booking JOIN epoch ON epoch.id = booking.epoch
               WHERE NOT EXISTS (SELECT 1 FROM booking AS later WHERE later.thing = booking.thing AND later.id > booking.id
                                 AND later.epoch = booking.epoch AND later.scan_n = booking.scan_n)
               ORDER BY booking.id DESC LIMIT ?""",
            (limit,),
        ).fetchall(),
    )


def find(execute: Execute, event: EventId) -> Booking | None:
    """The booking of an event, by the id it was recorded with."""
    rows = execute(_BOOKING + "WHERE uuid = ? AND n = ?", (str(event.epoch), event.n)).fetchall()
    return next(iter(_bookings(event.site, rows)), None)


def last_not_undone(execute: Execute, site: SiteId) -> Booking | None:
    """What "undo" without a name means: the newest that a person did."""
    rows = execute(_BOOKING + "WHERE NOT undone AND kind <> 'parcel_overdue' ORDER BY booking.id DESC LIMIT 1").fetchall()
    return next(iter(_bookings(site, rows)), None)


def of_same_act(execute: Execute, booking: Booking) -> list[Booking]:
    """All that stands of what one act booked, the last first."""
    rows = execute(
        """SELECT other.id, uuid, other.n, other.thing, other.fact, other.at_ms, other.device, other.actor, other.undone
           FROM booking JOIN booking AS other ON other.epoch = booking.epoch AND other.id BETWEEN booking.id - ? AND booking.id + ?
                AND (other.id = booking.id OR other.scan_n = booking.scan_n)
           JOIN epoch ON epoch.id = other.epoch
           WHERE booking.id = ? AND NOT other.undone ORDER BY other.id DESC""",
        (MAX_FACTS_OF_ACT, MAX_FACTS_OF_ACT, booking.row_id),
    ).fetchall()
    return _bookings(booking.event.site, rows)


def mark_undone(execute: Execute, booking: Booking) -> None:
    """In the transaction of the undoing event."""
    execute("UPDATE booking SET undone = 1 WHERE id = ?", (booking.row_id,))


def forget_old(execute: Execute, now_ms: int) -> None:
    """Housekeeping, a bounded bite a time."""
    forgetting.forget_old(execute, "booking", "at_ms", now_ms - KEEP_MS, NEWEST_KEPT)


def _bookings(site: SiteId, rows: list[tuple[Any, ...]]) -> list[Booking]:
    return [
        Booking(row_id, EventId(site, parse_epoch(uuid), EventNumber(n)), thing, _decode(fact), at_ms, device, actor, bool(undone))
        for row_id, uuid, n, thing, fact, at_ms, device, actor, undone in rows
    ]
