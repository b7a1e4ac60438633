"""Days' routes as asked for, searched and decided on (table `plan`). What is asked and answered is bytes of JSON here.

Leaves what the routes say to cloud/routing, and runs to `runs`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg.rows import class_row

from cloud.domain.scope import PLANS_IN_SCOPE, Scope
from cloud.store.pool import Connection

CHANNEL = "tuantu_plans"
# Of real time: a solver speaks every second; whose has not for so long is gone, and its plan is somebody else's.
SILENT_S = 30
MOST_ATTEMPTS = 2
# States with routes that can be decided on.
OPEN = ("done", "stopped")


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """One plan. ``day``, ``result`` and ``progress``: JSON."""

    id: int
    operator_id: str
    service_date: date
    state: str
    asked_by: str | None
    asked_at: datetime
    day: str
    result: str | None
    progress: str
    is_estimate: bool | None
    stop_asked: bool
    trouble: str
    ended_at: datetime | None
    runs: list[str]
    moved_from: int | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A plan that is this worker's to solve."""

    id: int
    day: str


async def ask(connection: Connection, operator_id: str, day: date, asked: bytes, account_id: int, now: datetime) -> int:
    """Queue a plan; its number."""
    cursor = await connection.execute(
        """
        INSERT INTO plan (operator_id, service_date, asked_by, asked_at, day) VALUES (%s, %s, %s, %s, %s::jsonb) RETURNING id
        """,
        [operator_id, day, account_id, now, asked.decode()],
    )
    row = await cursor.fetchone()
    if row is None:
        raise RuntimeError("an insert that returns its row returned none")
    await connection.execute("SELECT pg_notify(%s, '')", [CHANNEL])
    return int(row[0])


async def keep_moved(
    connection: Connection, plan: PlanStanding, result: bytes, account_id: int, now: datetime, *, is_estimate: bool
) -> int:
    """Of the same day, made from ``plan`` by hand, with nothing to search; its number."""
    cursor = await connection.execute(
        """
        INSERT INTO plan (operator_id, service_date, state, asked_by, asked_at, day, result, is_estimate, ended_at, moved_from)
        VALUES (%(operator)s, %(date)s, 'done', %(account)s, %(now)s, %(day)s::jsonb, %(result)s::jsonb, %(estimate)s, %(now)s,
            %(from)s)
        RETURNING id
        """,
        {
            "operator": plan.operator_id, "date": plan.service_date, "account": account_id, "now": now, "day": plan.day,
            "result": result.decode(), "estimate": is_estimate, "from": plan.id,
        },
    )  # fmt: skip
    row = await cursor.fetchone()
    if row is None:
        raise RuntimeError("an insert that returns its row returned none")
    return int(row[0])


_COLUMNS = """l.id, l.operator_id, l.service_date, l.state, a.display_name AS asked_by, l.asked_at, l.day::text, l.result::text,
    l.progress::text, l.is_estimate, l.stop_asked, l.trouble, l.ended_at, l.runs, l.moved_from"""


async def listed(
    connection: Connection, scope: Scope, *, operator_id: str | None = None, day: date | None = None, plan_id: int | None = None
) -> list[PlanStanding]:
    """The newest first, fifty at most."""
    async with connection.cursor(row_factory=class_row(PlanStanding)) as cursor:
        await cursor.execute(
            f"""
            SELECT {_COLUMNS}
            FROM plan l LEFT JOIN account a ON a.id = l.asked_by
            WHERE {PLANS_IN_SCOPE} AND (%(operator)s::text IS NULL OR l.operator_id = %(operator)s)
                AND (%(day)s::date IS NULL OR l.service_date = %(day)s) AND (%(plan)s::bigint IS NULL OR l.id = %(plan)s)
            ORDER BY l.id DESC LIMIT 50
            """.encode(),  # noqa: S608  # a constant
            {**scope.order_filter(), "operator": operator_id, "day": day, "plan": plan_id},
        )
        return await cursor.fetchall()


async def committed_for(connection: Connection, run_id: int) -> PlanStanding | None:
    """The plan that a run's day is driven by now; None: its runs were made without one."""
    async with connection.cursor(row_factory=class_row(PlanStanding)) as cursor:
        await cursor.execute(
            f"""
            SELECT {_COLUMNS}
            FROM run r JOIN plan l ON l.operator_id = r.operator_id AND l.service_date = r.service_date AND l.state = 'committed'
                LEFT JOIN account a ON a.id = l.asked_by
            WHERE r.id = %s ORDER BY l.id DESC LIMIT 1
            """.encode(),  # noqa: S608  # a constant
            [run_id],
        )
        return await cursor.fetchone()


async def claim(connection: Connection) -> Claimed | None:
    """The oldest that waits, or whose solver has died. One that took two with it has failed."""
    await connection.execute(
        """
        UPDATE plan SET state = 'failed', trouble = 'died', ended_at = now()
        WHERE state = 'solving' AND attempts >= %s AND heard_at < now() - make_interval(secs => %s)
        """,
        [MOST_ATTEMPTS, SILENT_S],
    )
    cursor = await connection.execute(
        """
        UPDATE plan SET state = 'solving', heard_at = now(), attempts = attempts + 1, progress = '[]'
        WHERE id = (
            SELECT id FROM plan WHERE state = 'queued' OR state = 'solving' AND heard_at < now() - make_interval(secs => %s)
            ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
        ) RETURNING id, day::text
        """,
        [SILENT_S],
    )
    row = await cursor.fetchone()
    return None if row is None else Claimed(*row)


async def hear(connection: Connection, plan_id: int, rows: Sequence[tuple[float, int | None]]) -> bool:
    """Write down how the search goes (seconds, fen); True where it is to stop: somebody had enough, or the plan is gone."""
    seconds, fen = [one for one, _ in rows], [cost for _, cost in rows]
    cursor = await connection.execute(
        """
        UPDATE plan SET heard_at = now(), progress = progress || coalesce((
            SELECT jsonb_agg(jsonb_build_array(s, c) ORDER BY s) FROM unnest(%s::float8[], %s::bigint[]) AS told (s, c)), '[]')
        WHERE id = %s AND state = 'solving' RETURNING stop_asked
        """,
        [seconds, fen, plan_id],
    )
    row = await cursor.fetchone()
    return row is None or bool(row[0])


async def finish(connection: Connection, plan_id: int, result: bytes, *, is_estimate: bool, now: datetime) -> None:
    """With routes; ``stopped`` where somebody had enough."""
    await connection.execute(
        """
        UPDATE plan SET state = CASE WHEN stop_asked THEN 'stopped' ELSE 'done' END, result = %s::jsonb,
            is_estimate = %s, ended_at = %s
        WHERE id = %s AND state = 'solving'
        """,
        [result.decode(), is_estimate, now, plan_id],
    )


async def fail(connection: Connection, plan_id: int, trouble: str, now: datetime) -> None:
    """Without routes."""
    await connection.execute(
        "UPDATE plan SET state = 'failed', trouble = %s, ended_at = %s WHERE id = %s AND state = 'solving'", [trouble, now, plan_id]
    )


async def ask_to_stop(connection: Connection, plan_id: int) -> bool:
    """The solver hears of it within a second or two; False where none is at work."""
    cursor = await connection.execute(
        "UPDATE plan SET stop_asked = true WHERE id = %s AND state IN ('queued', 'solving') RETURNING id", [plan_id]
    )
    return await cursor.fetchone() is not None


async def decide(
    connection: Connection, plan_id: int, state: str, account_id: int, now: datetime, runs: Sequence[str] = ()
) -> bool:
    """Commit or discard; False where it is decided already, or has no routes to commit."""
    may_come_from = OPEN if state == "committed" else (*OPEN, "failed")
    cursor = await connection.execute(
        """
        UPDATE plan SET state = %s, decided_by = %s, decided_at = %s, runs = %s WHERE id = %s AND state = ANY(%s) RETURNING id
        """,
        [state, account_id, now, list(runs), plan_id, list(may_come_from)],
    )
    return await cursor.fetchone() is not None


async def lock_day(connection: Connection, operator_id: str, day: date) -> None:
    """Two who commit plans of a day come one after the other."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"plan/{operator_id}/{day}"])


async def is_committed(connection: Connection, plan_id: int) -> bool:
    """Still: nothing has replaced it."""
    cursor = await connection.execute("SELECT FROM plan WHERE id = %s AND state = 'committed'", [plan_id])
    return await cursor.fetchone() is not None


async def replaced(connection: Connection, operator_id: str, day: date, account_id: int, now: datetime) -> list[str]:
    """Discard what was committed for the day before; the names of its runs."""
    await lock_day(connection, operator_id, day)
    cursor = await connection.execute(
        """
        UPDATE plan SET state = 'discarded', decided_by = %s, decided_at = %s
        WHERE operator_id = %s AND service_date = %s AND state = 'committed' RETURNING runs
        """,
        [account_id, now, operator_id, day],
    )
    return sorted({name for row in await cursor.fetchall() for name in row[0]})
