"""The pace of vans as it is kept, and where it is from: the first guess, a person's word, or what was learned from tracks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cloud.roads.pace import HOURS, Pace
from cloud.store.pool import Connection


@dataclass(frozen=True, slots=True)
class Origin:
    """``set_at``: of a person's last word. ``learned_at``: when tracks were read last; ``legs``: of how many the pace is."""

    set_at: datetime | None = None
    learned_at: datetime | None = None
    legs: int | None = None

    @property
    def source(self) -> Literal["guess", "set", "learned"]:
        """Who says it."""
        if self.legs is not None:
            return "learned"
        return "guess" if self.set_at is None else "set"

    @property
    def at(self) -> datetime | None:
        """Since when it is said."""
        return self.learned_at if self.legs is not None else self.set_at


async def read_pace(connection: Connection) -> Pace:
    """What was set or learned last; the first guess before."""
    cursor = await connection.execute("SELECT hour, factor FROM road_pace")
    said = {hour: factor async for hour, factor in cursor}
    first = Pace()
    return Pace(said.get(-1, first.factor), tuple(said.get(hour, first.by_hour[hour]) for hour in range(HOURS)))


async def read_origin(connection: Connection) -> Origin:
    cursor = await connection.execute("SELECT set_at, learned_at, legs FROM road_pace_origin")
    row = await cursor.fetchone()
    return Origin() if row is None else Origin(*row)


async def set_pace(connection: Connection, pace: Pace, now: datetime) -> None:
    """A person's word: only what is driven from now on is learned from."""
    await _keep(connection, pace, now)
    await connection.execute(
        """
        INSERT INTO road_pace_origin (set_at) VALUES (%s)
        ON CONFLICT (is_only) DO UPDATE SET set_at = excluded.set_at, learned_at = NULL, legs = NULL
        """,
        [now],
    )


async def keep_learned(connection: Connection, pace: Pace, legs: int, now: datetime) -> None:
    """``legs``: so many taught it."""
    await _keep(connection, pace, now)
    await _note_reading(connection, legs, now)


async def note_too_few(connection: Connection, now: datetime) -> None:
    """Tracks were read; what stands stays, and so does of how many legs it was learned."""
    await _note_reading(connection, None, now)


async def _note_reading(connection: Connection, legs: int | None, now: datetime) -> None:
    await connection.execute(
        """
        INSERT INTO road_pace_origin AS held (learned_at, legs) VALUES (%s, %s)
        ON CONFLICT (is_only) DO UPDATE SET learned_at = excluded.learned_at, legs = coalesce(excluded.legs, held.legs)
        """,
        [now, legs],
    )


async def _keep(connection: Connection, pace: Pace, now: datetime) -> None:
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO road_pace (hour, factor, changed_at) VALUES (%s, %s, %s)
            ON CONFLICT (hour) DO UPDATE SET factor = excluded.factor, changed_at = excluded.changed_at
            """,
            [(hour, factor, now) for hour, factor in ((-1, pace.factor), *enumerate(pace.by_hour))],
        )
