"""The bounds of quarantine: how many messages, bytes and days it holds, and what goes first. What went is counted, never silently.

First what was settled, the oldest first; then what its site still has; last what is only here. In each of these every site keeps
its newest, so that one site that sends nonsense all day pushes out its own messages, not those of others.
"""

from dataclasses import dataclass
from datetime import datetime

from cloud.store.kept import LATEST_ARRIVAL
from cloud.store.pool import Connection

MAX_MESSAGES = 20_000
MAX_BYTES = 512 * 1024 * 1024  # half of what a small server's database takes in a week
# Replayed later than this, readings would lie at the time of their replay.
MAX_AGE = LATEST_ARRIVAL
_STORED_BYTES = 1024 * 1024  # payloads are cut there

_TRIM = """
WITH valued AS (
    SELECT id, least(payload_bytes, %(cut)s) AS bytes, coalesce(site_id, '') AS site,
        CASE WHEN state IN ('replayed', 'discarded') THEN coalesce(state_at, last_at) ELSE last_at END AS at,
        CASE WHEN state IN ('replayed', 'discarded') THEN 2
             WHEN reason IN ('topic', 'relation', 'properties', 'hash') OR payload_bytes > %(cut)s THEN 1 ELSE 0 END AS value
    FROM quarantine
), turned AS (
    SELECT id, at, bytes, value,
        CASE WHEN value = 2 THEN 1 ELSE row_number() OVER (PARTITION BY value, site ORDER BY at DESC, id DESC) END AS turn
    FROM valued
), ranked AS (
    SELECT id, at, value, row_number() OVER place AS messages, sum(bytes) OVER place AS size
    FROM turned WINDOW place AS (ORDER BY value, turn, at DESC, id DESC ROWS UNBOUNDED PRECEDING)
), dropped AS (
    DELETE FROM quarantine q USING ranked
    WHERE q.id = ranked.id AND (messages > %(messages)s OR size > %(size)s OR value < 2 AND at < %(before)s)
    RETURNING ranked.value
)
SELECT count(*) FILTER (WHERE value = 2), count(*) FILTER (WHERE value = 1), count(*) FILTER (WHERE value = 0) FROM dropped
"""

_COUNT = """
INSERT INTO quarantine_dropped AS held (settled, at_site, lost, last_at) VALUES (%(settled)s, %(at_site)s, %(lost)s, %(now)s)
ON CONFLICT (single) DO UPDATE SET settled = held.settled + excluded.settled, at_site = held.at_site + excluded.at_site,
    lost = held.lost + excluded.lost, last_at = excluded.last_at
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What quarantine holds at most."""

    messages: int = MAX_MESSAGES
    size: int = MAX_BYTES


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many messages went: settled before, still at their site, gone for good."""

    settled: int
    at_site: int
    lost: int


@dataclass(frozen=True, slots=True)
class Held:
    """What quarantine holds: messages that wait for somebody, those that are settled, and the bytes of all."""

    waiting: int
    settled: int
    size: int


async def trim(connection: Connection, now: datetime, limits: Limits = Limits()) -> Dropped:
    """Drop what is over the bounds, and count it, in one transaction."""
    async with connection.transaction():
        cursor = await connection.execute(
            _TRIM, {"cut": _STORED_BYTES, "messages": limits.messages, "size": limits.size, "before": now - MAX_AGE}
        )
        row = await cursor.fetchone()
        dropped = Dropped(*(row or (0, 0, 0)))
        if dropped != Dropped(0, 0, 0):
            await connection.execute(
                _COUNT, {"settled": dropped.settled, "at_site": dropped.at_site, "lost": dropped.lost, "now": now}
            )
    return dropped


async def held(connection: Connection) -> Held:
    """What lies there now."""
    cursor = await connection.execute(
        """
        SELECT count(*) FILTER (WHERE state IN ('kept', 'requested')), count(*) FILTER (WHERE state IN ('replayed', 'discarded')),
            coalesce(sum(least(payload_bytes, %s)), 0)::bigint
        FROM quarantine
        """,
        (_STORED_BYTES,),
    )
    row = await cursor.fetchone()
    return Held(*(row or (0, 0, 0)))
