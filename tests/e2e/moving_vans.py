"""Five hundred vans with five thousand stops: written in bulk, then moved once a second each, as the positions process moves them.

``python -m tests.e2e.moving_vans DATABASE_URL BROKER_URL OPERATOR``: moves them until killed, each second in ten flushes; each
is one transaction with its room's entries, and a notice to the live gateway after it.
"""

import asyncio
import math
import sys
from datetime import UTC, datetime, timedelta

from cloud.domain.notices import encode_notices
from cloud.domain.rooms import vans_room
from cloud.eta.told import EtaEntry, StopEta
from cloud.mqtt.client import LoopClient
from cloud.mqtt.loop import PahoLoop
from cloud.mqtt.standing import Standing
from cloud.positions.line import NOTICES
from cloud.store.pool import Connection, connect
from cloud.store.positions import Fix, write_fixes
from cloud.store.rooms import RoomEntry, change, entry
from cloud.store.run_rooms import run_entries
from edge.wire.clock import to_ms
from edge.wire.ids import OperatorId, SiteId

VANS = 500
STOPS = 10
DONE = 3  # of each run, so that there is something behind and something ahead
LAT, LON = 30.5833, 114.2946  # the middle of the town's map
STEP_DEG = 0.0011
_FLUSHES = 10
_CIRCLE_S = 60.0


def place_of(van: int, stop: int = 0) -> tuple[float, float]:
    """Over 8 km each way."""
    across, down = van % 25, van // 25
    turn = 2 * math.pi * stop / STOPS
    return LAT + (down - 10) * 0.0034 + STEP_DEG * math.sin(turn), LON + (across - 12) * 0.0032 + STEP_DEG * math.cos(turn)


async def lay_out(url: str, operator: str) -> None:
    """Vans, stations, runs under way and what their pages are told: by SQL, in seconds."""
    now = datetime.now(UTC)
    vans = [(f"scale-van-{n:03}", "van", f"{n:03}号车", None, None) for n in range(VANS)]
    stations = [(f"scale-{n:03}-{k}", "station", f"小区{n:03}-{k}", *place_of(n, k)) for n in range(VANS) for k in range(STOPS)]
    async with await connect(url, "lay out") as connection, connection.transaction():
        async with connection.cursor() as cursor:
            async with cursor.copy("COPY site (id, kind, name, lat, lon, created_at) FROM STDIN") as copy:
                for one in (*vans, *stations):
                    await copy.write_row((*one, now))
            await cursor.execute(
                "INSERT INTO site_operator (site_id, operator_id) SELECT id, %s FROM site WHERE id LIKE 'scale-%%'", [operator]
            )
            await cursor.execute(
                """
                INSERT INTO run (operator_id, service_date, name, vehicle_id, state, state_at, departed_at)
                SELECT %s, %s, 'S' || right(id, 3), id, 'departed', %s, %s FROM site WHERE id LIKE 'scale-van-%%'
                """,
                [operator, (now + timedelta(hours=8)).date(), now, now],
            )
            await cursor.execute(
                """
                INSERT INTO run_stop (run_id, stop, site_id, planned_arrival, state, arrived_at)
                SELECT r.id, k + 1, 'scale-' || right(r.vehicle_id, 3) || '-' || k,
                    %(now)s + make_interval(mins => 10 * (k - %(done)s)),
                    CASE WHEN k < %(done)s THEN 'signed' ELSE 'pending' END, CASE WHEN k < %(done)s THEN %(now)s END
                FROM run r CROSS JOIN generate_series(0, %(stops)s - 1) AS k WHERE r.vehicle_id LIKE 'scale-van-%%'
                """,
                {"now": now, "done": DONE, "stops": STOPS},
            )
        runs = await _runs(connection)
        entries = [one for run in runs.values() for one in await run_entries(connection, run, now)]
        entries += [_etas(operator, run, n, now) for n, run in runs.items()]
        await change(connection, entries, now)
        await _flush(connection, operator, range(VANS), now)


async def _runs(connection: Connection) -> dict[int, int]:
    """The run of each van, by its number."""
    cursor = await connection.execute(
        "SELECT right(vehicle_id, 3)::int, id FROM run WHERE vehicle_id LIKE 'scale-van-%' ORDER BY 1"
    )
    return dict(await cursor.fetchall())


def _etas(operator: str, run: int, van: int, now: datetime) -> RoomEntry:
    """Some vans are late."""
    stops = []
    for k in range(DONE, STOPS):
        at = now + timedelta(minutes=10 * (k - DONE) + van % 12)
        early, late = at - timedelta(minutes=5), at + timedelta(minutes=5)
        stops.append(StopEta(k + 1, k - DONE, early.isoformat(), at.isoformat(), late.isoformat()))
    return entry(vans_room(operator), f"eta/{run}", EtaEntry(run, now.isoformat(), False, stops))


async def _flush(connection: Connection, operator: str, vans: range, now: datetime) -> list[RoomEntry]:
    fixes = []
    for van in vans:
        lat, lon = place_of(van)
        turn = 2 * math.pi * now.timestamp() / _CIRCLE_S + van
        fixes.append(
            Fix(
                SiteId(f"scale-van-{van:03}"), OperatorId(operator), to_ms(now), to_ms(now), to_ms(now),
                lat + STEP_DEG * math.sin(turn), lon + STEP_DEG * math.cos(turn), 9.0, None,
            )
        )  # fmt: skip
    written = await write_fixes(connection, fixes)
    return list(written.entries)


async def move(url: str, broker: str, operator: str) -> None:
    """Until cancelled."""
    line: list[tuple[LoopClient, PahoLoop]] = []
    standing = Standing(
        broker, "moving-vans", "tuantu/none", 0, lambda _client, _message: None,
        up=lambda client, driver: line.append((client, driver)), down=lambda _why: line.clear(),
    )  # fmt: skip
    async with asyncio.TaskGroup() as group, await connect(url, "moving vans") as connection:
        group.create_task(standing.run())
        runs = await _runs(connection)
        size = VANS // _FLUSHES
        number = 0
        while True:
            begun = asyncio.get_running_loop().time()
            part = range(number % _FLUSHES * size, (number % _FLUSHES + 1) * size)
            now = datetime.now(UTC)
            async with connection.transaction():
                entries = await _flush(connection, operator, part, now)
                entries += [_etas(operator, runs[van], van, now) for van in part[:: _FLUSHES // 2]]
                notices = await change(connection, entries, now)
            for client, driver in line[-1:]:
                client.publish(NOTICES, encode_notices(notices), qos=0)
                driver.flush()
            number += 1
            await asyncio.sleep(max(0.0, 1 / _FLUSHES - (asyncio.get_running_loop().time() - begun)))


def main() -> None:
    url, broker, operator = sys.argv[1:4]
    asyncio.run(move(url, broker, operator))


if __name__ == "__main__":
    main()
