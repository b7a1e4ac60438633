"""Folds containers again and writes what came out, before the parcels that are in them (containers, parcels, orders).

Locks containers by id; also those that a parcel is only put into: whoever folds one then waits, and finds the parcel in it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from cloud.domain.case_causes import of_container
from cloud.domain.container import CHANGING_KINDS, Container, ContainerBrief, brief_of, fold_container
from cloud.domain.order import iso
from cloud.domain.rooms import operator_room, site_room
from cloud.store.cases import About, follow_causes
from cloud.store.fold_facts import EventRow, recorded
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry, entry
from edge.wire.order import ZERO, Hlc

# A container is back within days (48 hours are aimed at). What was said of it before tells nothing of its round.
LOOKS_BACK = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class FoldedContainers:
    """What a fold came to. ``parcels``: those in the containers, whose orders are to be folded next."""

    entries: tuple[RoomEntry, ...] = ()
    parcels: frozenset[str] = frozenset()
    hlc: Hlc = ZERO


class ContainerEntry(msgspec.Struct, frozen=True):
    """Body of ``container/{id}`` in the rooms of its sites and of its operator. ``site``: the station it is for.

    ``holder``: in whose hands it is. ``dispute``: pairs of event ids of which a person believes one.
    """

    id: str
    operator: str | None
    zone: str | None
    site: str | None
    run: str
    state: str
    state_at: str | None
    at_site: str | None
    holder: str
    is_signed: bool
    is_counted: bool
    is_astray: bool
    problems: list[str]
    dispute: list[str]


async def fold_containers(
    connection: Connection, named: Mapping[str, str], changed: Collection[str], now: datetime
) -> FoldedContainers:
    """``named``: operator by container, of all that events name; ``changed``: those whose state may follow from them."""
    if not named and not changed:
        return FoldedContainers()
    await connection.execute(
        """
        INSERT INTO container (id, operator_id, created_at)
        SELECT id, operator_id, %(now)s FROM unnest(%(ids)s::text[], %(operators)s::text[]) AS named (id, operator_id)
        ORDER BY id ON CONFLICT DO NOTHING
        """,
        {"ids": list(named), "operators": list(named.values()), "now": now},
    )
    await connection.execute(
        "SELECT count(*) FROM (SELECT FROM container WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE) AS c",
        [sorted({*named, *changed})],
    )
    return await _fold(connection, sorted(changed), now) if changed else FoldedContainers()


class _Row(msgspec.Struct, frozen=True, array_like=True):
    id: str
    operator_id: str | None
    zone: str | None
    site_id: str | None
    at_site_id: str | None
    had_dispute: bool


_ROWS = msgspec.json.Decoder(list[_Row])
_EVENTS = msgspec.json.Decoder(list[EventRow])

_FACTS = """
SELECT
    (SELECT json_agg(json_build_array(id, operator_id, zone, site_id, at_site_id, dispute <> '{}') ORDER BY id)::text
     FROM container WHERE id = ANY(%(ids)s)),
    (SELECT json_agg(json_build_array(
            s.entity_id, e.site_id, e.epoch, e.n, e.hlc, (extract(epoch FROM e.measured_at) * 1000)::bigint,
            (extract(epoch FROM e.received_at) * 1000)::bigint, e.clock, e.fact, coalesce(c.offset_ms, 0), e.boot, NULL, NULL,
            e.actor, e.device))::text
     FROM event_subject s
     JOIN event e ON (e.site_id, e.epoch, e.n) = (s.site_id, s.epoch, s.n)
     LEFT JOIN clock_correction c ON (c.site_id, c.epoch, c.boot) = (e.site_id, e.epoch, e.boot)
     WHERE s.entity = 'container' AND s.entity_id = ANY(%(ids)s) AND e.kind = ANY(%(kinds)s) AND e.received_at >= %(since)s),
    ARRAY(SELECT id FROM parcel WHERE container_id = ANY(%(ids)s) AND state NOT IN ('released', 'returned', 'disposed')
          UNION
          SELECT id FROM parcel WHERE planned_container_id = ANY(%(ids)s) AND state NOT IN ('released', 'returned', 'disposed')
          UNION
          SELECT id FROM parcel WHERE goods_container_id = ANY(%(ids)s) AND state NOT IN ('released', 'returned', 'disposed'))
"""

_WRITE = """
UPDATE container
SET state = new.state, is_signed = new.is_signed, is_counted = new.is_counted, problems = new.problems, run = new.run,
    at_site_id = new.at_site_id, state_at = new.state_at, brief = new.brief, zone = coalesce(new.zone, container.zone),
    site_id = coalesce(new.site_id, container.site_id), dispute = new.dispute,
    stands_for = new.stands_for
FROM jsonb_to_recordset(%s::jsonb) AS new (
    id text, state text, is_signed boolean, is_counted boolean, problems text[], run text, at_site_id text, state_at timestamptz,
    brief json, zone text, site_id text, dispute text[], stands_for text)
WHERE container.id = new.id
"""


class _State(msgspec.Struct, frozen=True):
    id: str
    state: str
    is_signed: bool
    is_counted: bool
    problems: tuple[str, ...]
    run: str
    at_site_id: str | None
    state_at: str | None
    brief: ContainerBrief
    zone: str | None
    site_id: str | None
    dispute: list[str]
    stands_for: str


async def folded_container(connection: Connection, container_id: str, now: datetime) -> Container:
    """One container with all that is kept of its rounds, read without locks."""
    _, containers, _ = await _read(connection, [container_id], now)
    return containers.get(container_id, Container())


async def _read(
    connection: Connection, ids: Collection[str], now: datetime
) -> tuple[list[_Row], dict[str, Container], frozenset[str]]:
    values = {"ids": list(ids), "kinds": list(CHANGING_KINDS), "since": now - LOOKS_BACK}
    row: Any = await (await connection.execute(_FACTS, values)).fetchone()
    rows = [] if row[0] is None else _ROWS.decode(row[0])
    events, _ = recorded([] if row[1] is None else _EVENTS.decode(row[1]))
    return rows, {one.id: fold_container(events.get(one.id, ())) for one in rows}, frozenset(row[2])


async def _fold(connection: Connection, ids: Collection[str], now: datetime) -> FoldedContainers:
    rows, containers, parcels = await _read(connection, ids, now)
    states = [_state(row, containers[row.id]) for row in rows]
    await connection.execute(_WRITE, [msgspec.json.encode(states).decode()])
    troubled = [row for row in rows if row.had_dispute or containers[row.id].conflicts]
    if troubled:
        causes = [
            cause
            for row in troubled
            for cause in of_container(row.id, row.operator_id, ((one.kept, one.disputed) for one in containers[row.id].conflicts))
        ]
        about = About(containers=[row.id for row in troubled], containers_since=now - LOOKS_BACK + timedelta(days=1))
        await follow_causes(connection, about, causes, now)
    entries = [made for row in rows for made in _entries(row, containers[row.id])]
    return FoldedContainers(tuple(entries), parcels, max((one.hlc for one in containers.values()), default=ZERO))


def _state(row: _Row, container: Container) -> _State:
    return _State(
        row.id, container.state, container.standing.is_signed, container.standing.is_counted, container.problems, container.run,
        container.at_site, None if container.state_at_ms is None else iso(container.state_at_ms), brief_of(row.id, container),
        container.zone or None, container.bound_for or None, _dispute(container), container.stands_for,
    )  # fmt: skip


def _dispute(container: Container) -> list[str]:
    return [str(event) for conflict in container.conflicts for event in (conflict.kept, conflict.disputed)]


def _entries(row: _Row, container: Container) -> Iterable[RoomEntry]:
    site = container.bound_for or row.site_id
    body = ContainerEntry(
        id=row.id,
        operator=row.operator_id,
        zone=container.zone or row.zone,
        site=site,
        run=container.run,
        state=container.state,
        state_at=None if container.state_at_ms is None else iso(container.state_at_ms),
        at_site=container.at_site,
        holder=container.holder,
        is_signed=container.standing.is_signed,
        is_counted=container.standing.is_counted,
        is_astray=container.is_astray,
        problems=list(container.problems),
        dispute=_dispute(container),
    )
    key = f"container/{row.id}"
    sites = {one for one in (site, container.at_site) if one}
    yield from (entry(site_room(one), key, body) for one in sorted(sites))
    yield from (entry(site_room(one), key, None) for one in sorted({row.site_id, row.at_site_id} - sites - {None}, key=str) if one)
    if row.operator_id is not None:
        yield entry(operator_room(row.operator_id), key, body)
