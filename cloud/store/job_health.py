"""How each job last went: written by cloud.jobs, read by GET /health. All times are real ones, the database's."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from cloud.store.pool import Connection

# A job is late after three of its periods, and half a minute for those that take some.
_LATE = "greatest(registered_at, succeeded_at) + make_interval(secs => 3 * period_s + 30) < now()"


@dataclass(frozen=True, slots=True)
class JobHealth:
    """One job; all are well where none is late or failing."""

    task: str
    succeeded_at: datetime | None
    failed_at: datetime | None
    error: str  # of failed_at
    is_late: bool  # has not succeeded for three periods: the jobs process may be down
    is_failing: bool  # its last run failed


async def job_health(connection: Connection) -> list[JobHealth]:
    """All jobs by name. Empty where no jobs process ever ran on this database."""
    cursor = await connection.execute(
        f"""
        SELECT task, succeeded_at, failed_at, error, {_LATE}, coalesce(failed_at > coalesce(succeeded_at, '-infinity'), false)
        FROM job_run ORDER BY task
        """  # noqa: S608  # a constant
    )
    health = [JobHealth(*row) for row in await cursor.fetchall()]
    return health + await _timescale_health(connection)


async def _timescale_health(connection: Connection) -> list[JobHealth]:
    """TimescaleDB's own scheduler: we give it nothing to do (timescale/0004_rollup.sql), but an administrator may have."""
    cursor = await connection.execute("SELECT to_regclass('timescaledb_information.job_stats') IS NOT NULL")
    if await cursor.fetchone() != (True,):
        return []
    cursor = await connection.execute(
        """
        SELECT format('timescaledb %s (job %s)', j.proc_name, s.job_id),
            nullif(s.last_successful_finish, '-infinity'),
            CASE WHEN s.last_run_status = 'Failed' THEN nullif(s.last_run_started_at, '-infinity') END,
            CASE WHEN s.last_run_status = 'Failed' THEN s.total_failures || ' runs failed' ELSE '' END,
            false,
            s.last_run_status = 'Failed'
        FROM timescaledb_information.job_stats s JOIN timescaledb_information.jobs j USING (job_id)
        WHERE s.last_run_status IS NOT NULL AND s.job_id >= 1000  -- below are its own, which concern nobody's data
        ORDER BY 1
        """
    )
    return [JobHealth(*row) for row in await cursor.fetchall()]


async def register(connection: Connection, periods_s: dict[str, int]) -> None:
    """Say which jobs there are and how often each is due; others are forgotten."""
    async with connection.transaction():
        await connection.execute("DELETE FROM job_run WHERE task <> ALL(%s)", (list(periods_s),))
        await connection.execute(
            """
            INSERT INTO job_run (task, period_s)
            SELECT task, period_s FROM unnest(%s::text[], %s::int[]) AS given (task, period_s) ORDER BY task
            ON CONFLICT (task) DO UPDATE SET period_s = excluded.period_s
            """,
            (list(periods_s), list(periods_s.values())),
        )


async def started(connection: Connection, task: str) -> None:
    """A run began."""
    await connection.execute("UPDATE job_run SET started_at = now() WHERE task = %s", (task,))


async def succeeded(connection: Connection, task: str, detail: dict[str, int]) -> None:
    """A run ended well; ``detail`` counts what it did."""
    await connection.execute("UPDATE job_run SET succeeded_at = now(), detail = %s WHERE task = %s", (Jsonb(detail), task))


async def failed(connection: Connection, task: str, error: str) -> None:
    """A run ended with an error."""
    await connection.execute("UPDATE job_run SET failed_at = now(), error = %s WHERE task = %s", (error[:500], task))
