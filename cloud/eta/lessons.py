"""What a run that is over has taught: experience, errors, and how true what was said was. A job; a run in one transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from cloud.eta.errors import group_of, seen
from cloud.eta.estimates import outcomes_of
from cloud.eta.experience import learned
from cloud.eta.journey import driven, stood
from cloud.eta.kept import Knowledge, keep_knowledge, knowledge_of
from cloud.eta.outcomes import Outcome
from cloud.eta.run_facts import LASTS, RunFacts, route_of, run_facts
from cloud.store.pool import Connection

LATE_FIXES = timedelta(minutes=10)  # a phone that was out of reach tells the rest of its day
AT_ONCE = 100


async def learn_lessons(connection: Connection, now: datetime) -> Mapping[str, int]:
    """Of runs that ended some minutes ago, and of those nobody ended, a day later. ``connection`` is in autocommit."""
    cursor = await connection.execute(
        """
        SELECT e.run_id FROM eta_run e JOIN run r ON r.id = e.run_id
        WHERE e.learned_at IS NULL AND (r.ended_at < %s OR r.departed_at < %s) ORDER BY e.run_id LIMIT %s
        """,
        [now - LATE_FIXES, now - LASTS, AT_ONCE],
    )
    run_ids = [row[0] for row in await cursor.fetchall()]
    for run_id in run_ids:
        async with connection.transaction():
            await _learn(connection, run_id, now)
    return {"runs": len(run_ids)}


async def _learn(connection: Connection, run_id: int, now: datetime) -> None:
    cursor = await connection.execute(
        "UPDATE eta_run SET learned_at = %s WHERE run_id = %s AND learned_at IS NULL RETURNING run_id", [now, run_id]
    )
    if await cursor.fetchone() is None:
        return
    for run in await run_facts(connection, [run_id]):
        came = await outcomes_of(connection, run)
        journey = run.journey()
        if journey is not None:
            # Two runs of one operator are learned one after the other.
            await connection.execute("SELECT FROM operator WHERE id = %s FOR NO KEY UPDATE", [run.operator_id])
            known = await knowledge_of(connection, run.operator_id)
            experience = learned(known.experience, driven(journey, run.hour_of()), stood(journey))
            errors = seen(known.errors, [(one.stops_before, one.off_spreads) for one in came])
            await keep_knowledge(connection, run.operator_id, Knowledge(experience, errors, known.runs + 1), now)
        await _account(connection, run, came)
    await connection.execute("DELETE FROM eta_said WHERE run_id = %s", [run_id])


async def _account(connection: Connection, run: RunFacts, came: Iterable[Outcome]) -> None:
    by_group: dict[int, list[Outcome]] = {}
    for one in came:
        by_group.setdefault(group_of(one.stops_before), []).append(one)
    for group, of in sorted(by_group.items()):
        planned = [one for one in of if one.schedule_off_s is not None and one.delay_off_s is not None]
        await connection.execute(
            """
            INSERT INTO eta_accuracy AS held VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (operator_id, service_date, route, stops_before) DO UPDATE SET said = held.said + excluded.said,
                covered = held.covered + excluded.covered, off_s = held.off_s + excluded.off_s,
                width_s = held.width_s + excluded.width_s, planned = held.planned + excluded.planned,
                schedule_off_s = held.schedule_off_s + excluded.schedule_off_s,
                delay_off_s = held.delay_off_s + excluded.delay_off_s
            """,
            [
                run.operator_id, run.service_date, route_of(run.name, run.service_date), group, len(of),
                sum(not one.is_early and not one.is_late for one in of), sum(abs(one.off_s) for one in of),
                sum(one.width_s for one in of), len(planned), sum(abs(one.schedule_off_s or 0.0) for one in planned),
                sum(abs(one.delay_off_s or 0.0) for one in planned),
            ],
        )  # fmt: skip
