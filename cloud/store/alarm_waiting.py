"""Folds the alarms that sites told of before the cloud kept any: a migration noted them in `alarm_waiting`.

May be killed anywhere: an alarm waits until the transaction that folded it is through.
"""

from datetime import datetime

from cloud.store.alarm_folding import AlarmKey, lock_site, refold_alarms
from cloud.store.pool import Connection
from cloud.store.rooms import change

BATCH = 100  # alarms of a site in a transaction: ingest waits for the site's lock meanwhile
MOST = 5_000  # a run


async def fold_waiting(connection: Connection, now: datetime) -> int:
    """Site by site; returns how many were folded. What is left over is the next run's."""
    folded = 0
    while folded < MOST:
        async with connection.transaction():
            cursor = await connection.execute("SELECT site_id FROM alarm_waiting ORDER BY site_id LIMIT 1")
            row = await cursor.fetchone()
            if row is None:
                break
            await lock_site(connection, row[0])
            cursor = await connection.execute(
                """
                DELETE FROM alarm_waiting WHERE site_id = %(site)s AND alarm IN (
                    SELECT alarm FROM alarm_waiting WHERE site_id = %(site)s ORDER BY alarm LIMIT %(batch)s)
                RETURNING site_id, alarm
                """,
                {"site": row[0], "batch": BATCH},
            )
            keys = [AlarmKey(*one) for one in await cursor.fetchall()]
            await change(connection, await refold_alarms(connection, keys, now), now)
        folded += len(keys)
    return folded
