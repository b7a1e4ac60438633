"""What drivers' phones said of a run: kept once by key, and the facts about containers that follow from it.

Facts are events like any other, so that a container's fold does not care who said them: of the station's site or the
van's, under an epoch of the run and that site, numbered from 1. Whoever writes them holds the run's row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

import msgspec
from psycopg.rows import class_row

from cloud.store.container_folding import fold_containers
from cloud.store.folding import ask_refold
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry
from edge.wire.clock import to_ms
from edge.wire.messages import ClockQuality, ContainerDropped, ContainerLoaded, ContainerReturned
from edge.wire.order import hlc_from_ms

_DRIVERS = UUID("0d6e1f2a-7c53-5b8e-9a41-d21ee7c0ffee")


@dataclass(frozen=True, slots=True)
class DriverRun:
    """The run a link is for, locked."""

    id: int
    operator_id: str
    name: str
    vehicle_id: str | None
    state: str
    departed_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Act:
    """As the phone said it, but for ``at``, which is what is believed."""

    key: str
    kind: str
    stop: int
    site_id: str
    at: datetime
    reason: str
    note: str
    containers: list[str]


@dataclass(frozen=True, slots=True)
class KeptAct:
    """One that came before. ``refusal``: "" where it counts."""

    kind: str
    site_id: str
    at: datetime
    refusal: str


@dataclass(frozen=True, slots=True)
class StopNow:
    """A stop, and when the last that a driver said of it happened."""

    stop: int
    state: str
    said_at: datetime | None


async def link_version(connection: Connection, run_id: int) -> int | None:
    """The version that links of the run have; None: no such run."""
    cursor = await connection.execute("SELECT driver_link_version FROM run WHERE id = %s", [run_id])
    row = await cursor.fetchone()
    return None if row is None else int(row[0])


async def take_back_links(connection: Connection, run_id: int) -> None:
    """All links of the run that were made so far are good no more."""
    await connection.execute("UPDATE run SET driver_link_version = driver_link_version + 1 WHERE id = %s", [run_id])


async def lock_run(connection: Connection, run_id: int) -> DriverRun | None:
    """The run; one at a time writes what its driver says."""
    async with connection.cursor(row_factory=class_row(DriverRun)) as cursor:
        await cursor.execute(
            "SELECT id, operator_id, name, vehicle_id, state, departed_at, ended_at FROM run WHERE id = %s FOR UPDATE", [run_id]
        )
        return await cursor.fetchone()


async def kept_act(connection: Connection, run_id: int, key: str) -> KeptAct | None:
    """What came under this key before."""
    async with connection.cursor(row_factory=class_row(KeptAct)) as cursor:
        await cursor.execute("SELECT kind, site_id, at, refusal FROM driver_act WHERE run_id = %s AND key = %s", [run_id, key])
        return await cursor.fetchone()


async def stop_now(connection: Connection, run_id: int, stop: int, site_id: str) -> StopNow | None:
    """The stop at the site; its number only decides where the run comes there twice, for a plan may have numbered it anew."""
    async with connection.cursor(row_factory=class_row(StopNow)) as cursor:
        await cursor.execute(
            """
            SELECT t.stop, t.state, (SELECT max(a.at) FROM driver_act a WHERE a.run_id = t.run_id AND a.site_id = t.site_id
                AND a.refusal = '' AND a.kind NOT IN ('arrived', 'taken_back', 'taken_over')) AS said_at
            FROM run_stop t WHERE t.run_id = %s AND t.site_id = %s ORDER BY t.stop <> %s, t.stop LIMIT 1
            """,
            [run_id, site_id, stop],
        )
        return await cursor.fetchone()


async def keep(connection: Connection, run_id: int, act: Act, refusal: str, now: datetime) -> None:
    """Write it down, refused or not; one that was refused and comes again is judged anew."""
    await connection.execute(
        """
        INSERT INTO driver_act (run_id, key, kind, stop, site_id, at, received_at, reason, note, containers, refusal)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (run_id, key) DO UPDATE SET at = excluded.at, received_at = excluded.received_at, refusal = excluded.refusal
        WHERE driver_act.refusal <> ''
        """,
        [
            run_id, act.key, act.kind, act.stop, act.site_id, act.at, now, act.reason, act.note, act.containers, refusal,
        ],
    )  # fmt: skip


async def set_stop(connection: Connection, run_id: int, stop: int, state: str) -> None:
    """What a driver says of a stop stands above what fixes say."""
    await connection.execute("UPDATE run_stop SET state = %s WHERE run_id = %s AND stop = %s", [state, run_id, stop])


async def is_labelled(connection: Connection, run_id: int, site_id: str) -> bool:
    """Whether containers are planned for the site on the run's day: then each goes by its label."""
    cursor = await connection.execute(
        """
        SELECT EXISTS (
            SELECT FROM run r JOIN planned_container p ON p.operator_id = r.operator_id AND p.pickup_date = r.service_date
            WHERE r.id = %s AND p.site_id = %s)
        """,
        [run_id, site_id],
    )
    return await cursor.fetchone() == (True,)


async def strangers(connection: Connection, run: DriverRun, act: Act) -> list[str]:
    """Those of the act's containers that it cannot be about: not carried to the stop by this run, or not empty there."""
    cursor = await connection.execute(
        """
        SELECT given.id FROM unnest(%(ids)s::text[]) AS given (id)
        WHERE NOT EXISTS (
            SELECT FROM container c WHERE c.id = given.id AND c.operator_id = %(operator)s AND CASE WHEN %(is_empty)s
                THEN c.at_site_id = %(site)s AND c.state IN ('awaiting_return', 'returned_empty')
                ELSE c.site_id = %(site)s AND c.run = %(run)s OR EXISTS (
                    SELECT FROM planned_container p JOIN run r ON r.id = %(run_id)s
                    WHERE p.operator_id = r.operator_id AND p.pickup_date = r.service_date AND p.run = r.name
                        AND p.site_id = %(site)s
                        AND (p.container_id = c.id OR (p.container_id = c.stands_for AND c.stands_for <> ''))) END)
        ORDER BY 1
        """,
        {
            "ids": act.containers, "operator": run.operator_id, "site": act.site_id, "run": run.name, "run_id": run.id,
            "is_empty": act.kind == "taken_back",
        },
    )  # fmt: skip
    return [row[0] for row in await cursor.fetchall()]


_FACTS: dict[str, type[ContainerReturned | ContainerDropped | ContainerLoaded]] = {
    "taken_back": ContainerReturned, "dropped": ContainerDropped, "taken_over": ContainerLoaded,
}  # fmt: skip


async def tell_containers(connection: Connection, run: DriverRun, act: Act, now: datetime) -> Sequence[RoomEntry]:
    """The facts that follow from the act, and all that is folded from them; the caller writes the entries to the rooms."""
    kind = _FACTS[act.kind]
    facts = [msgspec.json.encode(kind(container=one, run=run.name)).decode() for one in act.containers]
    # What is taken over is in the van, wherever that stands.
    site = (run.vehicle_id or act.site_id) if kind is ContainerLoaded else act.site_id
    values = {
        "site": site, "epoch": uuid5(_DRIVERS, f"{run.id}/{site}"), "hlc": hlc_from_ms(to_ms(act.at)),
        "kind": kind.__struct_config__.tag, "at": act.at, "now": now, "operator": run.operator_id,
        "clock": ClockQuality.CLOUD.value, "facts": facts,
    }  # fmt: skip
    await connection.execute(
        """
        WITH known AS (SELECT coalesce(max(n), 0) AS last FROM event WHERE site_id = %(site)s AND epoch = %(epoch)s),
        written AS (
            INSERT INTO event
                (site_id, epoch, n, hlc, boot, kind, measured_at, received_at, clock, operator_id, device, actor, fact)
            SELECT %(site)s, %(epoch)s, known.last + given.n, %(hlc)s + given.n, 1, %(kind)s, %(at)s, %(now)s, %(clock)s,
                %(operator)s, 'driver-phone', 'driver', given.fact::jsonb
            FROM known, unnest(%(facts)s::text[]) WITH ORDINALITY AS given (fact, n)
            RETURNING site_id, epoch, n, fact->>'container' AS container
        )
        INSERT INTO event_subject (entity, entity_id, site_id, epoch, n)
        SELECT 'container', container, site_id, epoch, n FROM written
        """,
        values,
    )
    folded = await fold_containers(connection, dict.fromkeys(act.containers, run.operator_id), act.containers, now)
    return (await (await ask_refold(connection, (), now, folded)).finish()).entries
