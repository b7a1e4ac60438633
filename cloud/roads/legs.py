"""Ways that were asked for before, kept by pair of points and version of the roads; and the pace of vans."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from cloud.roads.pace import HOURS, Pace
from cloud.roads.ways import Metres, Seconds
from cloud.store.pool import Connection

_GRAPHS_KEPT = 2  # the one in use, and the one before it, should somebody go back


async def graph_id(connection: Connection, name: str, now: datetime) -> int:
    """The number of a version of the roads; the ways of those long gone are forgotten when a new one comes."""
    cursor = await connection.execute("SELECT id FROM road_graph WHERE name = %s", [name])
    row = await cursor.fetchone()
    if row is None:
        cursor = await connection.execute(
            "INSERT INTO road_graph (name, made_at) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET made_at = excluded.made_at "
            "RETURNING id",
            [name, now],
        )
        row = await cursor.fetchone()
        await connection.execute(
            "DELETE FROM road_graph WHERE id NOT IN (SELECT id FROM road_graph ORDER BY made_at DESC, id DESC LIMIT %s)",
            [_GRAPHS_KEPT],
        )
    if row is None:
        raise RuntimeError("an insert that returns its row returned none")
    return int(row[0])


async def read(connection: Connection, graph: int, keys: Sequence[int]) -> tuple[Seconds, Metres]:
    """(N, N) each; ``nan`` what is not known, ``inf`` where no way leads."""
    place = {key: n for n, key in enumerate(keys)}
    seconds = np.full((len(keys), len(keys)), np.nan)
    metres = np.full((len(keys), len(keys)), np.nan)
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(
            "SELECT start, finish, seconds, metres FROM road_leg WHERE graph_id = %s AND start = ANY(%s) AND finish = ANY(%s)",
            [graph, list(keys), list(keys)],
        )
        rows = await cursor.fetchall()
    if rows:
        starts = np.fromiter((place[row[0]] for row in rows), dtype=np.intp, count=len(rows))
        ends = np.fromiter((place[row[1]] for row in rows), dtype=np.intp, count=len(rows))
        seconds[starts, ends] = [np.inf if row[2] is None else row[2] for row in rows]
        metres[starts, ends] = [np.inf if row[3] is None else row[3] for row in rows]
    return seconds, metres


async def keep(
    connection: Connection, graph: int, starts: Sequence[int], ends: Sequence[int], seconds: Seconds, metres: Metres
) -> None:  # fmt: skip
    """A block. Another process may have kept the same at the same time: either is right."""
    rows = [
        (start, end, None if np.isinf(s) else float(s), None if np.isinf(m) else float(m))
        for start, row_s, row_m in zip(starts, seconds, metres, strict=True)
        for end, s, m in zip(ends, row_s, row_m, strict=True)
    ]
    await connection.execute(
        """
        INSERT INTO road_leg (graph_id, start, finish, seconds, metres)
        SELECT g.id, w.* FROM unnest(%s::bigint[], %s::bigint[], %s::real[], %s::real[]) w, road_graph g WHERE g.id = %s
        ON CONFLICT DO NOTHING
        """,
        [*(list(column) for column in zip(*rows, strict=True)), graph],
    )


async def read_pace(connection: Connection) -> Pace:
    """What was set or learned last; the first guess before."""
    cursor = await connection.execute("SELECT hour, factor FROM road_pace")
    said = {hour: factor async for hour, factor in cursor}
    first = Pace()
    return Pace(said.get(-1, first.factor), tuple(said.get(hour, first.by_hour[hour]) for hour in range(HOURS)))


async def keep_pace(connection: Connection, pace: Pace, now: datetime) -> None:
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO road_pace (hour, factor, changed_at) VALUES (%s, %s, %s)
            ON CONFLICT (hour) DO UPDATE SET factor = excluded.factor, changed_at = excluded.changed_at
            """,
            [(hour, factor, now) for hour, factor in ((-1, pace.factor), *enumerate(pace.by_hour))],
        )
