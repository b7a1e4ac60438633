"""Deletes what has served its time: log-ins, settled quarantine, pickup codes, the live rooms of finished orders.

Ages are of domain time, but for log-ins.
"""

from datetime import datetime, timedelta
from typing import LiteralString

from cloud.domain.scope import LEADER_OF_ORDER
from cloud.store.erasure import erase_old_words
from cloud.store.pool import Connection

# Long enough to ask what was done with it and why.
SETTLED_QUARANTINE_KEPT = timedelta(days=30)
# Residents' links live a week; a leader may look back on the month.
FINISHED_ORDERS_SHOWN = timedelta(days=30)
# A claim of which nothing is open gets a new code the next time; the old one is forgotten when nobody can argue about it.
PICKUP_CODES_KEPT = timedelta(days=7)
# And on the day it ended a station still says what became of it.
PICKUP_CODES_OUTLIVE = timedelta(days=2)
# Longer than any complaint about a parcel lasts.
PHOTOS_KEPT = timedelta(days=180)
# After a case is over: what residents wrote goes with what they showed.
CASE_WORDS_KEPT = PHOTOS_KEPT
# Records of fixed cold storage are kept two years, and what they say of parcels and alarms no longer.
COLD_RECORDS_KEPT = timedelta(days=2 * 366)
# How far behind that this job may be and still find what it missed.
SWEPT = timedelta(days=60)


async def delete_served(connection: Connection, now: datetime) -> dict[str, int]:
    """One statement each, in autocommit; returns how many rows of each went."""
    return {
        # Sessions expire by the real clock, not the town's (cloud.auth.sessions).
        "sessions": await _count(connection, "DELETE FROM session WHERE expires_at < now()", {}),
        "quarantine": await _count(
            connection,
            "DELETE FROM quarantine WHERE state IN ('replayed', 'discarded') AND state_at < %(before)s",
            {"before": now - SETTLED_QUARANTINE_KEPT},
        ),
        "pickup_codes": await _count(
            connection, _PICKUP_CODES, {"now": now, "before": now - PICKUP_CODES_KEPT, "ended": now - PICKUP_CODES_OUTLIVE}
        ),
        "photos": await _count(connection, "DELETE FROM photo WHERE received_at < %(before)s", {"before": now - PHOTOS_KEPT}),
        "case_photos": await _count(
            connection, "DELETE FROM case_photo WHERE received_at < %(before)s", {"before": now - PHOTOS_KEPT}
        ),
        "case_words": await erase_old_words(connection, now - CASE_WORDS_KEPT, now),
        "pickup_tokens": await _count(
            connection, "DELETE FROM pickup_token WHERE expires_at < %(before)s", {"before": now - PICKUP_CODES_KEPT}
        ),
        "alarms": await _count(connection, _ALARMS, {"before": now - COLD_RECORDS_KEPT}),
        "cold_accounts": await _count(connection, _COLD_ACCOUNTS, {"before": now - COLD_RECORDS_KEPT}),
        "room_entries": await _count(
            connection, _ROOM_ENTRIES, {"before": now - FINISHED_ORDERS_SHOWN, "since": now - FINISHED_ORDERS_SHOWN - SWEPT}
        ),
    }


# The room itself stays: its version is a cursor that must not go back. Entries that ingest is writing are left to the next run.
_ROOM_ENTRIES = f"""
    WITH finished AS (
        SELECT o.id, o.operator_id, {LEADER_OF_ORDER} AS leader_id FROM customer_order o
        WHERE state IN ('collected', 'cancelled', 'closed') AND state_at >= %(since)s AND state_at < %(before)s
    ), shown (room, key) AS (
        SELECT 'order:' || id, 'order' FROM finished
        UNION ALL
        SELECT 'order:' || id, 'reminder' FROM finished
        UNION ALL
        SELECT 'operator:' || operator_id, 'order/' || id FROM finished
        UNION ALL
        SELECT 'group:' || operator_id || '/' || leader_id, 'order/' || id FROM finished WHERE leader_id IS NOT NULL
        UNION ALL
        SELECT 'site:' || site, 'parcel/' || p.id
        FROM finished JOIN parcel p ON p.order_id = finished.id CROSS JOIN LATERAL (VALUES (p.site_id), (p.at_site_id)) AS at (site)
        WHERE site IS NOT NULL
    )
    DELETE FROM room_entry WHERE (room, key) IN (
        SELECT room, key FROM room_entry JOIN shown USING (room, key) WHERE room_entry.at < %(before)s
        FOR UPDATE OF room_entry SKIP LOCKED
    )
"""  # noqa: S608  # literals only


_ALARMS = """
    WITH old AS (
        DELETE FROM alarm WHERE raised_at < %(before)s AND NOT is_open RETURNING site_id, alarm
    )
    DELETE FROM alarm_word w USING old WHERE (w.site_id, w.alarm) = (old.site_id, old.alarm)
"""

_COLD_ACCOUNTS = """
    WITH old AS (
        DELETE FROM cold_account WHERE computed_at < %(before)s AND is_settled RETURNING parcel_id
    )
    DELETE FROM cold_stay t USING old WHERE t.parcel_id = old.parcel_id
"""

_PICKUP_CODES = """
    WITH spent AS (
        UPDATE pickup_code c SET revoked_at = %(now)s
        WHERE c.revoked_at IS NULL AND NOT EXISTS (
            SELECT FROM customer_order o
            WHERE o.site_id = c.site_id AND o.cancelled_at IS NULL
                AND (o.state NOT IN ('collected', 'closed', 'cancelled') OR o.state_at >= %(ended)s)
                AND (o.operator_id || '/r/' || o.resident_id = c.claim OR o.operator_id || '/o/' || o.external_id = c.claim))
    )
    DELETE FROM pickup_code WHERE revoked_at < %(before)s
"""


async def _count(connection: Connection, statement: LiteralString, arguments: dict[str, datetime]) -> int:
    cursor = await connection.execute(statement, arguments)
    return cursor.rowcount
