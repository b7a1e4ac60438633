"""What is known of a resident, given out and erased: who they are, their orders, what they said of their cases and showed.

States, sums and what the operator's people wrote stay: the books and the decisions are not the resident's words.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloud.store.pool import Connection

# Of after_sales_case AS c and case_step AS s: steps in which somebody says what the resident said.
_IS_WORD = "(s.by = 'resident' OR s.action IN ('open', 'give_evidence'))"
_OWN_PHOTOS = "ARRAY(SELECT photo FROM unnest({0}.photos) AS photo WHERE photo LIKE '%%/%%')"  # a station's stay

# Parameters: ``at``, ``by``; ``chosen`` is a query of case ids.
_ERASE = f"""
WITH chosen AS MATERIALIZED (SELECT c.id FROM after_sales_case c WHERE {{0}} ORDER BY c.id FOR UPDATE), steps AS (
    UPDATE case_step s SET said = '', photos = {_OWN_PHOTOS.format("s")} FROM chosen WHERE s.case_id = chosen.id AND {_IS_WORD}
)
UPDATE after_sales_case c
SET said = '', photos = {_OWN_PHOTOS.format("c")}, words_erased_at = %(at)s, words_erased_by = %(by)s
FROM chosen WHERE c.id = chosen.id RETURNING c.operator_id
"""  # noqa: S608  # literals only
_OF_RESIDENT = "c.order_id IN (SELECT id FROM customer_order WHERE resident_id = %(resident)s)"
_IS_OLD = f"""c.state IN ('refunded', 'refused', 'closed') AND c.changed_at < %(before)s AND (
    c.said <> '' OR EXISTS (SELECT FROM case_step s WHERE s.case_id = c.id AND s.said <> '' AND {_IS_WORD}))"""


@dataclass(frozen=True, slots=True)
class Erased:
    """How much went. ``is_unnamed``: name and phone too, for no order of theirs is open."""

    cases: int
    photos: int
    is_unnamed: bool


async def find_resident(connection: Connection, operator_id: str, phone_hash: bytes) -> int | None:
    """By the keyed hash of the phone."""
    cursor = await connection.execute(
        "SELECT id FROM resident WHERE operator_id = %s AND phone_hash = %s FOR UPDATE", [operator_id, phone_hash]
    )
    row = await cursor.fetchone()
    return None if row is None else int(row[0])


async def erase_resident(
    connection: Connection, operator_id: str, resident: int, reason: str, account_id: int, now: datetime
) -> Erased:
    """Words and photographs now; name and phone where none of their orders is open, for till then staff have to find them."""
    values: dict[str, Any] = {"resident": resident, "at": now, "by": account_id}
    cases = len(await (await connection.execute(_ERASE.format(_OF_RESIDENT).encode(), values)).fetchall())
    cursor = await connection.execute(
        "DELETE FROM case_photo WHERE order_id IN (SELECT id FROM customer_order WHERE resident_id = %(resident)s)", values
    )
    photos = cursor.rowcount
    cursor = await connection.execute(
        """
        SELECT EXISTS (SELECT FROM customer_order
                       WHERE resident_id = %(resident)s AND state NOT IN ('collected', 'cancelled', 'closed'))
        """,
        values,
    )
    (is_open,) = await cursor.fetchone() or (True,)
    if not is_open:
        await connection.execute("UPDATE customer_order SET resident_id = NULL WHERE resident_id = %(resident)s", values)
        await connection.execute("DELETE FROM resident WHERE id = %(resident)s", values)
    await connection.execute(
        """
        INSERT INTO erasure (at, account_id, operator_id, reason, cases, photos, is_unnamed)
        VALUES (%(at)s, %(by)s, %(operator)s, %(reason)s, %(cases)s, %(photos)s, %(unnamed)s)
        """,
        {**values, "operator": operator_id, "reason": reason, "cases": cases, "photos": photos, "unnamed": not is_open},
    )
    return Erased(cases, photos, not is_open)


async def erase_old_words(connection: Connection, before: datetime, now: datetime) -> int:
    """By schedule: of cases that have been over since then."""
    async with connection.transaction():
        cursor = await connection.execute(_ERASE.format(_IS_OLD).encode(), {"before": before, "at": now, "by": None})
        operators = [row[0] for row in await cursor.fetchall()]
        if operators:
            await connection.execute(
                """
                INSERT INTO erasure (at, operator_id, cases)
                SELECT %s, operator, count(*) FROM unnest(%s::text[]) AS operator GROUP BY operator
                """,
                [now, operators],
            )
    return len(operators)
