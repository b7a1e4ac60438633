"""Writes positions, whoever told them, and where each vehicle is now, in the caller's transaction; reads tracks.

Every fix is kept as it came; what a map shows of them is `cloud.domain.whereabouts`' to decide. Leaves what a run makes of them to
`run_following`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from cloud.domain.order import iso
from cloud.domain.rooms import site_room, vans_room
from cloud.domain.whereabouts import Rest, Sighting, Whereabouts, follow
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry, entry
from edge.wire.clock import to_ms, utc
from edge.wire.ids import OperatorId, SiteId

_PLACES = 6  # of a degree: a decimetre


@dataclass(frozen=True, slots=True)
class Fix:
    """One position, placed in time (ms since 1970)."""

    site: SiteId
    operator: OperatorId
    at_ms: int
    measured_at_ms: int
    received_at_ms: int
    lat: float
    lon: float
    speed_m_s: float | None
    heading_deg: float | None

    @property
    def sighting(self) -> Sighting:
        return Sighting(self.at_ms, self.lat, self.lon, self.speed_m_s, self.heading_deg)


class PositionEntry(msgspec.Struct, frozen=True):
    """Body of ``position`` in a site's room and of ``van/{site}`` in the room of its operator's vans. ``at``: as of when.

    ``standing_since``: it has not moved since then; null: it moves, or nobody knows yet.
    """

    site: str
    at: str
    lat: float
    lon: float
    speed_m_s: float | None
    heading_deg: float | None
    standing_since: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What came of writing fixes: entries for the rooms, and those that were not there before."""

    entries: tuple[RoomEntry, ...] = ()
    kept: tuple[Fix, ...] = ()


async def write_fixes(connection: Connection, fixes: Sequence[Fix], *, once: bool = False) -> Written:
    """Keep fixes and move their vehicles. ``once``: a fix of the same vehicle and time is there already: it was sent again.

    Vehicles are locked by their names, so that of two who write at once the second sees what the first wrote.
    """
    sites = sorted({fix.site for fix in fixes})
    known = await _locked(connection, sites)
    if once:
        fixes = await _new(connection, fixes)
    if not fixes:
        return Written()
    await _copy(connection, fixes)
    moves, late = _decide(known, fixes)
    written = await _move(connection, moves)
    if late:
        await connection.execute(_STALE, [sorted(late)])
    shown = (move for move in moves if move.shows and move.site in written)
    return Written(tuple(made for move in shown for made in _entries(move)), tuple(fixes))


async def _locked(connection: Connection, sites: Sequence[SiteId]) -> dict[SiteId, Whereabouts]:
    cursor = await connection.execute(
        """
        SELECT site_id, at, lat, lon, speed_m_s, heading_deg, following::text FROM position_current
        WHERE site_id = ANY(%s) ORDER BY site_id FOR NO KEY UPDATE
        """,
        [sites],
    )
    return {
        SiteId(site): _as_it_came(Sighting(to_ms(at), lat, lon, speed, heading))
        if following is None
        else _FOLLOWING.decode(following)
        for site, at, lat, lon, speed, heading, following in await cursor.fetchall()
    }


def _as_it_came(seen: Sighting) -> Whereabouts:
    return Whereabouts(seen, Rest(seen.at_ms, seen.lat, seen.lon))


_FOLLOWING = msgspec.json.Decoder(Whereabouts)


async def _new(connection: Connection, fixes: Sequence[Fix]) -> list[Fix]:
    """Of those that say the same vehicle and time, the first; none where there is one already."""
    asked = {(fix.site, fix.at_ms): fix for fix in reversed(fixes)}
    keys = list(asked)
    # The index of position is by vehicle and time; a time between makes PostgreSQL leave out partitions that cannot hold it.
    cursor = await connection.execute(
        """
        SELECT given.n FROM unnest(%(sites)s::text[], %(times)s::timestamptz[]) WITH ORDINALITY AS given (site_id, at, n)
        WHERE EXISTS (
            SELECT FROM position p WHERE p.site_id = given.site_id AND p.at = given.at AND p.at BETWEEN %(low)s AND %(high)s
        )
        """,
        {
            "sites": [site for site, _ in keys],
            "times": [utc(at_ms) for _, at_ms in keys],
            "low": utc(min(at_ms for _, at_ms in keys)),
            "high": utc(max(at_ms for _, at_ms in keys)),
        },
    )
    there = {keys[n - 1] for (n,) in await cursor.fetchall()}
    return [fix for fix in fixes if (fix.site, fix.at_ms) not in there and asked[fix.site, fix.at_ms] is fix]


_COPY = "COPY position (at, received_at, site_id, lat, lon, speed_m_s, heading_deg, measured_at) FROM STDIN (FORMAT BINARY)"
_TYPES = ["timestamptz", "timestamptz", "text", "float8", "float8", "float4", "float4", "timestamptz"]


async def _copy(connection: Connection, fixes: Sequence[Fix]) -> None:
    async with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for fix in fixes:
            measured_at = None if fix.at_ms == fix.measured_at_ms else utc(fix.measured_at_ms)
            await copy.write_row(
                (utc(fix.at_ms), utc(fix.received_at_ms), fix.site, fix.lat, fix.lon, fix.speed_m_s, fix.heading_deg, measured_at)
            )


@dataclass(frozen=True, slots=True)
class _Move:
    """A vehicle's new state; ``shows``: a map shows something else now."""

    site: SiteId
    operator: OperatorId
    received_at_ms: int
    state: Whereabouts
    shows: bool


def _decide(known: Mapping[SiteId, Whereabouts], fixes: Sequence[Fix]) -> tuple[list[_Move], set[SiteId]]:
    """Moves in the order of their sites, and the sites of which something came late."""
    moves: dict[SiteId, _Move] = {}
    late: set[SiteId] = set()
    for fix in sorted(fixes, key=lambda fix: (fix.site, fix.at_ms)):
        move = moves.get(fix.site)
        before = known.get(fix.site) if move is None else move.state
        after = follow(before, fix.sighting)
        if after is None:
            late.add(fix.site)
            continue
        shows = (move is not None and move.shows) or before is None or before.seen.at_ms != after.seen.at_ms
        moves[fix.site] = _Move(fix.site, fix.operator, fix.received_at_ms, after, shows)
    return list(moves.values()), late


# Whoever was quicker to tell of a vehicle that was new here has the last word only if it is the newest.
_MOVE = """
INSERT INTO position_current AS held (site_id, operator_id, at, received_at, lat, lon, speed_m_s, heading_deg, following)
SELECT site_id, operator_id, at, received_at, lat, lon, speed_m_s, heading_deg, following::jsonb FROM unnest(
    %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::float8[], %s::float8[], %s::float4[], %s::float4[], %s::text[]
) AS given (site_id, operator_id, at, received_at, lat, lon, speed_m_s, heading_deg, following)
ORDER BY site_id
ON CONFLICT (site_id) DO UPDATE SET
    operator_id = excluded.operator_id, at = excluded.at, received_at = excluded.received_at,
    lat = excluded.lat, lon = excluded.lon, speed_m_s = excluded.speed_m_s, heading_deg = excluded.heading_deg,
    following = excluded.following, version = held.version + 1
WHERE held.at <= excluded.at
RETURNING site_id
"""

# A run that was followed past the time of what came late is folded again, from its beginning.
_STALE = """
UPDATE run SET is_stale = true
WHERE vehicle_id = ANY(%s) AND state IN ('loading', 'departed', 'paused') AND followed_to IS NOT NULL AND NOT is_stale
"""


async def _move(connection: Connection, moves: Sequence[_Move]) -> set[SiteId]:
    if not moves:
        return set()
    shown = [move.state.shown for move in moves]
    cursor = await connection.execute(
        _MOVE,
        (
            [move.site for move in moves],
            [move.operator for move in moves],
            [utc(one.at_ms) for one in shown],
            [utc(move.received_at_ms) for move in moves],
            [one.lat for one in shown],
            [one.lon for one in shown],
            [one.speed_m_s for one in shown],
            [one.heading_deg for one in shown],
            [msgspec.json.encode(move.state).decode() for move in moves],
        ),
    )
    return {SiteId(site) for (site,) in await cursor.fetchall()}


def _entries(move: _Move) -> tuple[RoomEntry, RoomEntry]:
    shown = move.state.shown
    body = PositionEntry(
        move.site, iso(shown.at_ms), round(shown.lat, _PLACES), round(shown.lon, _PLACES), shown.speed_m_s, shown.heading_deg,
        iso(move.state.rest.since_ms) if move.state.is_standing else None,
    )  # fmt: skip
    return entry(site_room(move.site), "position", body), entry(vans_room(move.operator), f"van/{move.site}", body)


async def track_of(connection: Connection, site_id: str, start: datetime, end: datetime, limit: int) -> list[Sighting]:
    """Raw fixes from ``start`` until ``end``, in order of time, the first ``limit`` of them; as far back as they are kept."""
    cursor = await connection.execute(
        """
        SELECT at, lat, lon, speed_m_s, heading_deg FROM position
        WHERE site_id = %s AND at >= %s AND at < %s ORDER BY at LIMIT %s
        """,
        [site_id, start, end, limit],
    )
    return [Sighting(to_ms(at), lat, lon, speed, heading) for at, lat, lon, speed, heading in await cursor.fetchall()]


async def vehicles_now(connection: Connection, sites: Iterable[str]) -> dict[str, Sighting]:
    """Where these vehicles are, as a map shows it."""
    cursor = await connection.execute(
        "SELECT site_id, at, lat, lon, speed_m_s, heading_deg FROM position_current WHERE site_id = ANY(%s)", [sorted(sites)]
    )
    return {site: Sighting(to_ms(at), lat, lon, speed, heading) for site, at, lat, lon, speed, heading in await cursor.fetchall()}
