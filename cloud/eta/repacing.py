"""When the roads' pace changes: what is known of arrivals is over the pace before it, and is reckoned over the new one.

Else what vans take longer would count twice until it is forgotten, which takes weeks.
"""

from cloud.roads.pace import Pace
from cloud.store.pool import Connection


async def pace_anew(connection: Connection, before: Pace, after: Pace) -> None:
    """In the transaction that changes it. Arrivals go by the pace of the day; straight lines have none."""
    times = after.factor / before.factor
    # As lessons take them: the run first, then its operator.
    await connection.execute(
        """
        UPDATE eta_run SET legs = (
            SELECT jsonb_agg((
                SELECT jsonb_agg(round(leg.seconds::numeric * %(times)s::numeric, 1) ORDER BY leg.n)
                FROM jsonb_array_elements_text(way.leg_row) WITH ORDINALITY AS leg (seconds, n)) ORDER BY way.n)
            FROM jsonb_array_elements(legs) WITH ORDINALITY AS way (leg_row, n))
        WHERE learned_at IS NULL AND NOT is_estimate
        """,
        {"times": times},
    )
    await connection.execute("SELECT FROM operator ORDER BY id FOR NO KEY UPDATE")
    await connection.execute(
        """
        UPDATE eta_experience SET experience = jsonb_set(
            experience, '{drive,expected_s}', to_jsonb((experience #>> '{drive,expected_s}')::float8 * %(times)s::float8))
        WHERE experience #> '{drive,expected_s}' IS NOT NULL
        """,
        {"times": times},
    )
