"""Ways that were asked for before, kept by pair of points and version of the roads."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

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


async def newest(connection: Connection, pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], tuple[float, float]]:
    """Seconds and metres of the ways from key to key that are known, by the newest roads that know each; not where no way leads."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT ON (w.start, w.finish) w.start, w.finish, l.seconds, l.metres
        FROM road_graph g CROSS JOIN unnest(%s::bigint[], %s::bigint[]) AS w (start, finish)
            JOIN road_leg l ON l.graph_id = g.id AND l.start = w.start AND l.finish = w.finish
        WHERE l.seconds IS NOT NULL AND l.metres IS NOT NULL
        ORDER BY w.start, w.finish, g.made_at DESC, g.id DESC
        """,
        [[start for start, _ in pairs], [finish for _, finish in pairs]],
    )
    return {(row[0], row[1]): (row[2], row[3]) async for row in cursor}
