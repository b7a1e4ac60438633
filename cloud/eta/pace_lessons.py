"""What vans' own tracks say of the roads' pace: a job, once a day, over the legs of the last weeks that the roads know too.

A leg is from when a van was last at one stop until it was first at the next, by the geofences of both. Leaves what follows from
such legs to `roads.pace`, and arrivals to `lessons`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from cloud.domain.visits import ENTER_M, LEAVE_M
from cloud.eta.repacing import pace_anew
from cloud.roads import legs, paces
from cloud.roads.blocks import key_of
from cloud.roads.pace import Passage, learn
from cloud.roads.ways import Point
from cloud.store.pool import Connection

DAYS = 28  # of every weekday four; roads under repair are forgotten within a month
MOST_LEGS = 100_000  # the newest of a large fleet: what more would change is behind the comma
LEAST_LEGS = 40  # a morning of three vans; fewer say more of one driver than of the roads
EVERY = timedelta(hours=20)
# What a leg lacks at its ends: the van has left once it is out of the one circle, and has come once it is in the other. Measured
# with simulated drives and a fix each 10 to 20 s: what is learned so is within 4 % of door to door, and 7 to 10 % short without.
_ENDS_M = ENTER_M + LEAVE_M
LEAST_M = 400.0  # of shorter ways most is such ends


async def learn_pace(connection: Connection, now: datetime) -> Mapping[str, int]:
    """How many legs taught the pace, 0 where it is not time yet or there are too few. ``connection`` is in autocommit."""
    async with connection.transaction():
        origin = await paces.read_origin(connection)
        if origin.learned_at is not None and now - origin.learned_at < EVERY:
            return {"legs": 0}
        since = max(now - timedelta(days=DAYS), origin.set_at or now - timedelta(days=DAYS))
        passages = await passages_between(connection, since, now)
        if len(passages) < LEAST_LEGS:
            await paces.note_too_few(connection, now)
            return {"legs": 0}
        before = await paces.read_pace(connection)
        pace = learn(passages, before)
        await paces.keep_learned(connection, pace, len(passages), now)
        await pace_anew(connection, before, pace)
    return {"legs": len(passages)}


async def passages_between(connection: Connection, since: datetime, until: datetime) -> list[Passage]:
    """Legs between stops that were driven to then, of ways that the roads know. The way from the dock is none: when a run leaves
    there is a person's word.
    """
    cursor = await connection.execute(
        """
        SELECT a.lat, a.lon, b.lat, b.lon, extract(hour FROM leg.left_at AT TIME ZONE o.time_zone)::int,
            extract(epoch FROM leg.arrived_at - leg.left_at)::float8
        FROM (
            SELECT r.operator_id, t.site_id, t.arrived_at,
                lag(t.site_id) OVER way AS from_site, lag(t.departed_at) OVER way AS left_at
            FROM run r JOIN run_stop t ON t.run_id = r.id
            WHERE r.departed_at > %(since)s - interval '1 day' AND t.arrived_at IS NOT NULL
            WINDOW way AS (PARTITION BY t.run_id ORDER BY t.arrived_at, t.stop)
        ) AS leg JOIN operator o ON o.id = leg.operator_id JOIN site a ON a.id = leg.from_site JOIN site b ON b.id = leg.site_id
        WHERE leg.left_at >= %(since)s AND leg.arrived_at > leg.left_at AND leg.arrived_at <= %(until)s
            AND a.lat IS NOT NULL AND a.lon IS NOT NULL AND b.lat IS NOT NULL AND b.lon IS NOT NULL
        ORDER BY leg.arrived_at DESC LIMIT %(most)s
        """,
        {"since": since, "until": until, "most": MOST_LEGS},
    )
    driven = [((key_of(Point(row[0], row[1])), key_of(Point(row[2], row[3]))), row[4], row[5]) for row in await cursor.fetchall()]
    known = await legs.newest(connection, list({leg for leg, _, _ in driven}))
    found: list[Passage] = []
    for leg, hour, observed_s in driven:
        seconds, metres = known.get(leg, (0.0, 0.0))
        if metres >= LEAST_M:
            found.append(Passage(leg, hour, observed_s, seconds * (metres - _ENDS_M) / metres))
    return found
