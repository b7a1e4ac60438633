"""Log-ins: an opaque random token, of which only the SHA-256 is kept; its account is read anew at every use.

Expiry is a safety limit, so it runs on the database's real clock and not on the town's.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from cloud.auth.accounts import ACCOUNT_COLUMNS, Account
from cloud.store.pool import Connection

# A leader opens the page daily; a phone that was lost is shut out within the week even when nobody says so.
SESSION_LIFE_S = 7 * 24 * 3600
COOKIE = "tt_session"
_TOKEN_BYTES = 32
_MAX_TOKEN_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class NewSession:
    """A token for its owner; it cannot be read again."""

    token: str
    expires_at: datetime


def token_sha256(token: str) -> bytes:
    """What is kept of a token. It is 32 random bytes, so a plain hash cannot be tried out."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


async def open_session(connection: Connection, account_id: int) -> NewSession:
    """Start a session; sessions that have expired are swept on the way."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    await connection.execute("DELETE FROM session WHERE expires_at < now()")
    cursor = await connection.execute(
        """
        INSERT INTO session (token_sha256, account_id, created_at, expires_at)
        VALUES (%s, %s, now(), now() + make_interval(secs => %s)) RETURNING expires_at
        """,
        [token_sha256(token), account_id, SESSION_LIFE_S],
    )
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101  # RETURNING of one inserted row
    return NewSession(token, row[0])


async def close_session(connection: Connection, token: str) -> None:
    """End a session; one that is not there is no error."""
    await connection.execute("DELETE FROM session WHERE token_sha256 = %s", [token_sha256(token)])


async def find_account(connection: Connection, now: datetime, token: str) -> Account | None:
    """The account a token stands for; None where it is unknown, expired or its account disabled."""
    if len(token) > _MAX_TOKEN_CHARACTERS:
        return None
    key = token_sha256(token)
    return (await find_accounts(connection, now, [key])).get(key)


async def find_accounts(connection: Connection, now: datetime, tokens_sha256: Collection[bytes]) -> dict[bytes, Account]:
    """The accounts of many sessions, by the hash of their token; those that stand no more are left out."""
    async with connection.cursor(row_factory=class_row(_Standing)) as cursor:
        await cursor.execute(
            f"""
            SELECT session.token_sha256, {ACCOUNT_COLUMNS}
            FROM session JOIN account a ON a.id = session.account_id
            WHERE session.token_sha256 = ANY(%(tokens)s) AND session.expires_at > now() AND a.disabled_at IS NULL
            """,  # noqa: S608  # literals only
            {"tokens": list(tokens_sha256), "now": now},
        )
        return {row.token_sha256: row.account for row in await cursor.fetchall()}


class _Standing:
    """A session's row: its key, and the account."""

    def __init__(self, token_sha256: bytes, **account: Any) -> None:
        self.token_sha256 = token_sha256
        self.account = Account(**account)
