"""The books of a schedule: what people were told is done, and what the database holds of it.

A person does a thing until the agent says that it is booked (or was booked before), so in the end everything done is told; it has
to be in the database, once, unless it was taken back. A cell that was opened is in the database as often as the site wished it.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NewType

import psycopg

from tests.faults.cabinet import Ask

Fact = NewType("Fact", tuple[str, str])  # kind of event, label

# Where a parcel stands after the last thing that was told of it.
_STATES = {
    "parcel_received": "received",
    "parcel_shelved": "shelved",
    "parcel_placed": "in_locker",
    "parcel_removed": "received",
    "parcel_released": "released",
    "parcel_disposed": "disposed",
    "parcel_returned": "returned",
}
_CONTAINER_STATES = {"container_signed": "delivered", "container_opened": "opened", "container_emptied": "awaiting_return"}


@dataclass
class Ledger:
    """What one schedule did and was told."""

    sites: list[str]
    told: Counter[Fact] = field(default_factory=Counter)
    has_twins: bool = False  # two cards, or an old one: then events move to another epoch and keep their order, not their number
    scans: int = 0
    parcels: dict[str, str] = field(default_factory=dict)  # where each stands
    containers: dict[str, str] = field(default_factory=dict)
    wishes: Counter[Ask] = field(default_factory=Counter)  # of the site's file, at the end

    def tell(self, kind: str, label: str) -> None:
        """The agent said that this is booked; saying it again is the same thing."""
        self.told[Fact((kind, label))] = 1
        if kind in _STATES:
            self.parcels[label] = _STATES[kind]
        if kind in _CONTAINER_STATES:
            self.containers[label] = _CONTAINER_STATES[kind]


@dataclass(frozen=True, slots=True)
class Balance:
    """``lost``: told and not there. ``doubled``: there more than once. ``doors``: opened without a command. ``odd``: all else."""

    events: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    odd: tuple[str, ...]
    doors: tuple[str, ...] = ()

    @property
    def is_even(self) -> bool:
        return not (self.lost or self.doubled or self.odd or self.doors)


def held_events(connection: psycopg.Connection, sites: list[str]) -> Counter[Fact]:
    """How often the database holds each fact about a parcel or a container, whatever its number; nothing that was taken back."""
    rows = connection.execute(
        """
        SELECT kind, coalesce(fact->>'parcel', fact->>'container') FROM event
        WHERE site_id = ANY(%s)
            AND (kind ~ '^(parcel|container)_' OR kind = 'count_finished'
                 OR kind = 'variance_found' AND fact->>'problem' = 'missing')
            AND NOT EXISTS (SELECT 1 FROM event_undo
                            WHERE target_site_id = event.site_id AND target_epoch = event.epoch AND target_n = event.n)
        """,
        (sites,),
    )
    return Counter(Fact((kind, label)) for kind, label in rows)


def missing_batches(url: str, site: str, acknowledged: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """Event batches that were acknowledged and are not in the database at this moment. psycopg.OperationalError: nobody can say."""
    with psycopg.connect(url, connect_timeout=2) as connection:
        held: set[tuple[str, int]] = {
            (str(epoch), seq)
            for epoch, seq in connection.execute("SELECT epoch, seq FROM batch WHERE site_id = %s AND lane = 1", (site,))
        }
    return acknowledged - held


def is_all_there(url: str, ledger: Ledger) -> bool:
    """Whether everything told is in the database by now."""
    with psycopg.connect(url) as connection:
        held = held_events(connection, ledger.sites)
    return all(fact in held for fact in ledger.told)


def balance(url: str, ledger: Ledger) -> Balance:
    """Compare the books, and look at what was derived from the events: parcels, rooms, order."""
    with psycopg.connect(url) as connection:
        held = held_events(connection, ledger.sites)
        lost = [f"{kind} {label}" for kind, label in ledger.told if Fact((kind, label)) not in held]
        doubled = [f"{kind} {label} ×{count}" for (kind, label), count in held.items() if count > 1]
        doubled += _doubled_readings(connection, ledger.sites)
        odd = [
            *_parcels(connection, ledger),
            *_containers(connection, ledger),
            *_openings(connection, ledger),
            *_rooms(connection, ledger),
            *_order(connection, ledger),
            *_lost_floors(connection, ledger),
        ]
        odd += [f"never scanned: {kind} {label}" for kind, label in held if Fact((kind, label)) not in ledger.told]
    return Balance(sum(held.values()), tuple(lost), tuple(doubled), tuple(odd))


def _doubled_readings(connection: psycopg.Connection, sites: list[str]) -> list[str]:
    rows = connection.execute(
        """
        SELECT s.site_id, s.name, coalesce(r.measured_at, r.at), count(*) FROM reading r JOIN sensor s ON s.id = r.sensor_id
        WHERE s.site_id = ANY(%s) GROUP BY 1, 2, 3 HAVING count(*) > 1
        """,
        (sites,),
    )
    return [f"reading {site}/{name} at {at} ×{count}" for site, name, at, count in rows]


def _parcels(connection: psycopg.Connection, ledger: Ledger) -> list[str]:
    """A parcel's state follows from its events, and the site's room shows the same."""
    wanted = ledger.parcels
    found: dict[str, str] = dict(connection.execute("SELECT id, state FROM parcel WHERE id = ANY(%s)", (list(wanted),)).fetchall())
    shown: dict[str, str] = dict(
        connection.execute(
            "SELECT body->>'id', body->>'state' FROM room_entry WHERE room = ANY(%s) AND key LIKE 'parcel/%%'",
            ([f"site:{site}" for site in ledger.sites],),
        ).fetchall()
    )
    return [f"parcel {label}: {found.get(label)}, want {state}" for label, state in wanted.items() if found.get(label) != state] + [
        f"room shows parcel {label} {shown.get(label)}, want {state}"
        for label, state in wanted.items()
        if shown.get(label) != state
    ]


def _containers(connection: psycopg.Connection, ledger: Ledger) -> list[str]:
    found: dict[str, str] = dict(
        connection.execute("SELECT id, state FROM container WHERE id = ANY(%s)", (list(ledger.containers),)).fetchall()
    )
    return [
        f"container {label}: {found.get(label)}, want {state}"
        for label, state in ledger.containers.items()
        if found.get(label) != state
    ]


def _openings(connection: psycopg.Connection, ledger: Ledger) -> list[str]:
    """Every wish of the site's file came to one event; a copied card says of what it found unfinished the same again."""
    rows = connection.execute(
        """
        SELECT fact->>'cell', fact->>'purpose', coalesce(fact->>'parcel', ''), coalesce(fact->>'command', '') FROM event
        WHERE site_id = ANY(%s) AND kind = 'cell_opened'
        """,
        (ledger.sites,),
    )
    opened = Counter(Ask(*row) for row in rows)
    amiss = (ledger.wishes - opened) + (Counter() if ledger.has_twins else opened - ledger.wishes)
    return [f"cell opened {opened[ask]} times in the database, wished {ledger.wishes[ask]} times: {ask}" for ask in amiss]


def _rooms(connection: psycopg.Connection, ledger: Ledger) -> list[str]:
    """A room's version is that of its newest entry, and no two changes share one."""
    rows = connection.execute(
        """
        SELECT coalesce(r.name, e.room), r.version, e.newest FROM room r
        FULL JOIN (SELECT room, max(version) AS newest FROM room_entry GROUP BY room) e ON e.room = r.name
        WHERE coalesce(r.name, e.room) = ANY(%s) AND r.version IS DISTINCT FROM e.newest
        """,
        ([f"site:{site}" for site in ledger.sites],),
    )
    return [f"room {room}: version {version}, newest entry {newest}" for room, version, newest in rows]


def _order(connection: psycopg.Connection, ledger: Ledger) -> list[str]:
    """Within an epoch a later number has a later order key, whatever the clocks said."""
    if ledger.has_twins:
        return []
    rows: Any = connection.execute(
        """
        SELECT site_id, epoch, n FROM (
            SELECT site_id, epoch, n, hlc, lag(hlc) OVER (PARTITION BY site_id, epoch ORDER BY n) AS before FROM event
            WHERE site_id = ANY(%s)
        ) AS ordered WHERE hlc <= before
        """,
        (ledger.sites,),
    )
    return [f"event {site}/{epoch}/{n} is not ordered after the one before" for site, epoch, n in rows]


def _lost_floors(connection: psycopg.Connection, ledger: Ledger) -> list[str]:
    rows = connection.execute("SELECT site_id, lane, lost FROM lane_floor WHERE site_id = ANY(%s) AND lost > 0", (ledger.sites,))
    return [f"{site}, lane {lane}: {lost} batches given up" for site, lane, lost in rows]
