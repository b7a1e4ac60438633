"""Claims with their codes and tokens: what one code releases, who may come instead, what is taken back.

In the caller's transaction. Leaves keys and signatures to `pickup`, and what a station is told to the manifest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import psycopg

from cloud.auth.pickup import PickupKeys, new_code, new_token
from cloud.store.manifest_facts import changed
from cloud.store.pool import Connection

# A day's leftovers are resolved the next morning; a token dies with some days to spare.
OUTLIVES_DEADLINE = timedelta(days=3)
# No order that old is still handed out.
OPEN_FOR = timedelta(days=30)
_TRIES = 10  # 300 codes of 10^8: even the second is never needed
MAX_PROXIES = 5

# Stands in a SELECT of customer_order AS o: who shares a code.
CLAIM = (
    "CASE WHEN o.resident_id IS NULL THEN o.operator_id || '/o/' || o.external_id ELSE o.operator_id || '/r/' || o.resident_id END"
)
# Stands in a WHERE of customer_order AS o: something of it may still be handed out.
IS_OPEN = "o.cancelled_at IS NULL AND o.state NOT IN ('collected', 'closed', 'cancelled')"


@dataclass(frozen=True, slots=True)
class OpenClaim:
    """A claim with what is still open of it. ``deadline``: of its latest order."""

    claim: str
    operator_id: str
    site_id: str
    orders: tuple[str, ...]
    deadline: datetime
    tail: str | None


@dataclass(frozen=True, slots=True)
class Proxy:
    """Somebody who may come instead, once."""

    token: str
    expires_at: datetime


async def claim_of(connection: Connection, order_id: str, today: date) -> OpenClaim | None:
    """The claim of an order, with all of it that is open; None: nothing of it is."""
    cursor = await connection.execute(
        f"""
        WITH asked AS (SELECT o.operator_id, o.site_id, {CLAIM} AS claim FROM customer_order o WHERE o.id = %(order)s AND {IS_OPEN})
        SELECT asked.claim, asked.operator_id, asked.site_id, array_agg(o.id ORDER BY o.id <> %(order)s, o.pickup_date, o.id),
               max((o.pickup_date + op.pickup_until) AT TIME ZONE op.time_zone), max(r.phone_tail)
        FROM asked
        JOIN customer_order o ON (o.operator_id, o.site_id) = (asked.operator_id, asked.site_id) AND {CLAIM} = asked.claim
        JOIN operator op ON op.id = o.operator_id LEFT JOIN resident r ON r.id = o.resident_id
        WHERE {IS_OPEN} AND o.pickup_date >= %(since)s
        GROUP BY 1, 2, 3
        """,  # noqa: S608  # constants
        {"order": order_id, "since": today - OPEN_FOR},
    )
    row = await cursor.fetchone()
    return None if row is None else OpenClaim(row[0], row[1], row[2], tuple(row[3]), row[4], row[5])


async def code_of(connection: Connection, keys: PickupKeys, site_id: str, claim: str, now: datetime) -> str:
    """The claim's code; made if it has none."""
    return await code_kept(connection, keys, site_id, claim, "") or await _make_code(connection, keys, site_id, claim, "", now)


async def _make_code(connection: Connection, keys: PickupKeys, site_id: str, claim: str, token: str, now: datetime) -> str:
    for _ in range(_TRIES):
        code = new_code()
        sealed = keys.seal(site_id, code)
        cursor = await connection.execute(
            """
            INSERT INTO pickup_code (site_id, claim, token, sealed, lookup, created_at) VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT DO NOTHING RETURNING id
            """,
            [site_id, claim, token, sealed.sealed, sealed.lookup, now],
        )
        if await cursor.fetchone():
            return code
        # Either the digits are taken at this site, or somebody else has made the claim's code in this moment.
        cursor = await connection.execute(
            "SELECT sealed FROM pickup_code WHERE site_id = %s AND claim = %s AND token = %s AND revoked_at IS NULL",
            [site_id, claim, token],
        )
        if row := await cursor.fetchone():
            return keys.open(site_id, row[0])
    raise psycopg.errors.SerializationFailure("no free pickup code was found")


async def lock_claim(connection: Connection, open_claim: OpenClaim) -> None:
    """Until the transaction's end nobody else adds a token to the claim: what is not there yet has no row to lock."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('pickup claim ' || %s || ' ' || %s, 0))",
        [open_claim.site_id, open_claim.claim],
    )


async def own_token(connection: Connection, open_claim: OpenClaim, now: datetime) -> tuple[str, datetime]:
    """The token of the claim's own QR and until when it holds; one at a time, so that taking it back is taking all of it back."""
    expires_at = open_claim.deadline + OUTLIVES_DEADLINE
    await lock_claim(connection, open_claim)
    cursor = await connection.execute(
        "SELECT token FROM pickup_token WHERE site_id = %s AND claim = %s AND NOT is_proxy AND revoked_at IS NULL FOR UPDATE",
        [open_claim.site_id, open_claim.claim],
    )
    row = await cursor.fetchone()
    if row is None:
        return await _add_token(connection, open_claim, expires_at, now, is_proxy=False), expires_at
    await connection.execute(
        "UPDATE pickup_token SET expires_at = greatest(expires_at, %s), orders = %s WHERE token = %s",
        [expires_at, list(open_claim.orders), row[0]],
    )
    return str(row[0]), expires_at


async def add_proxy(connection: Connection, keys: PickupKeys, open_claim: OpenClaim, now: datetime) -> tuple[Proxy, str]:
    """Let somebody else come, once: token and code. Past MAX_PROXIES none may: asked by the caller, under lock_claim."""
    expires_at = open_claim.deadline + OUTLIVES_DEADLINE
    token = await _add_token(connection, open_claim, expires_at, now, is_proxy=True)
    code = await _make_code(connection, keys, open_claim.site_id, open_claim.claim, token, now)
    await changed(connection, open_claim.site_id)
    return Proxy(token, expires_at), code


async def proxies(connection: Connection, open_claim: OpenClaim, now: datetime) -> list[Proxy]:
    """Those who may still come: a station that lets one take something says so with the release."""
    cursor = await connection.execute(
        """
        SELECT t.token, t.expires_at FROM pickup_token t
        WHERE t.site_id = %s AND t.claim = %s AND t.is_proxy AND t.revoked_at IS NULL AND t.expires_at > %s AND NOT EXISTS (
            SELECT FROM parcel p JOIN event_subject s ON s.entity = 'parcel' AND s.entity_id = p.id
            JOIN event e ON (e.site_id, e.epoch, e.n) = (s.site_id, s.epoch, s.n)
            WHERE p.order_id = ANY(t.orders) AND e.kind = 'parcel_released' AND e.fact->>'token' = t.token AND NOT EXISTS (
                SELECT FROM event_undo u WHERE (u.target_site_id, u.target_epoch, u.target_n) = (e.site_id, e.epoch, e.n)))
        ORDER BY t.made_at, t.token
        """,
        [open_claim.site_id, open_claim.claim, now],
    )
    return [Proxy(row[0], row[1]) for row in await cursor.fetchall()]


async def code_kept(connection: Connection, keys: PickupKeys, site_id: str, claim: str, token: str) -> str | None:
    """The code that stands: the claim's own (``token`` ""), or of one who comes instead. None: none was made, or it was revoked."""
    cursor = await connection.execute(
        "SELECT sealed FROM pickup_code WHERE site_id = %s AND claim = %s AND token = %s AND revoked_at IS NULL",
        [site_id, claim, token],
    )
    row = await cursor.fetchone()
    return None if row is None else keys.open(site_id, row[0])


async def is_left(connection: Connection, orders: Sequence[str]) -> bool:
    """Whether something of these orders may still be handed out."""
    cursor = await connection.execute(
        f"SELECT EXISTS (SELECT FROM customer_order o WHERE o.id = ANY(%s) AND {IS_OPEN})",  # noqa: S608  # constants
        [list(orders)],
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


async def is_used(connection: Connection, token: str, orders: Sequence[str]) -> bool:
    """Whether a station has let them take something; a hand-out that was undone gives it back."""
    cursor = await connection.execute(
        """
        SELECT EXISTS (
            SELECT FROM parcel p JOIN event_subject s ON s.entity = 'parcel' AND s.entity_id = p.id
            JOIN event e ON (e.site_id, e.epoch, e.n) = (s.site_id, s.epoch, s.n)
            WHERE p.order_id = ANY(%s) AND e.kind = 'parcel_released' AND e.fact->>'token' = %s AND NOT EXISTS (
                SELECT FROM event_undo u WHERE (u.target_site_id, u.target_epoch, u.target_n) = (e.site_id, e.epoch, e.n)))
        """,
        [list(orders), token],
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


async def revoke_token(connection: Connection, site_id: str, claim: str, token: str, now: datetime) -> bool:
    """Take a token back, with its code. False: there is none. An offline station hears of it with its next manifest."""
    cursor = await connection.execute(
        "UPDATE pickup_token SET revoked_at = %s WHERE token = %s AND site_id = %s AND claim = %s AND revoked_at IS NULL",
        [now, token, site_id, claim],
    )
    if not cursor.rowcount:
        return False
    await connection.execute(
        "UPDATE pickup_code SET revoked_at = %s WHERE site_id = %s AND claim = %s AND token = %s AND revoked_at IS NULL",
        [now, site_id, claim, token],
    )
    await changed(connection, site_id)
    return True


async def revoke_claim(connection: Connection, site_id: str, claim: str, now: datetime) -> None:
    """Take back everything by which a claim can be asked for; the next look makes a new code and a new QR."""
    for table in ("pickup_token", "pickup_code"):
        await connection.execute(
            f"UPDATE {table} SET revoked_at = %s WHERE site_id = %s AND claim = %s AND revoked_at IS NULL",  # noqa: S608  # constants
            [now, site_id, claim],
        )
    await changed(connection, site_id)


async def _add_token(connection: Connection, open_claim: OpenClaim, expires_at: datetime, now: datetime, *, is_proxy: bool) -> str:
    token = new_token()
    await connection.execute(
        """
        INSERT INTO pickup_token (token, site_id, claim, is_proxy, orders, made_at, expires_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        """,
        [token, open_claim.site_id, open_claim.claim, is_proxy, list(open_claim.orders), now, expires_at],
    )
    return token


def signed(
    keys: PickupKeys, token: str, site_id: str, orders: Sequence[str], expires_ms: int, *, is_proxy: bool
) -> tuple[str, tuple[str, ...]]:
    """The QR's text, and the orders that found room in it: the first ones."""
    for count in range(min(len(orders), 20), 0, -1):
        try:
            return keys.sign(token, site_id, orders[:count], expires_ms, is_proxy=is_proxy), tuple(orders[:count])
        except ValueError:
            continue
    raise ValueError("orders: want at least one whose id fits into a QR")
