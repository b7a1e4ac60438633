"""Log-in attempts, counted in the database so that all replicas count together.

An attempt is counted before its password is looked at: a hundred at once cannot all pass. Windows are of real time, the database's.
"""

import hashlib
import hmac
from dataclasses import dataclass

from pydantic import SecretStr

from cloud.auth.secrets import derive_key
from cloud.store.pool import Connection

WINDOW_S = 15 * 60
MAX_PER_LOGIN = 10
# A station's people sit behind one address; a botnet's address gets no more tries than they need.
MAX_PER_ADDRESS = 100


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether an attempt may be made; ``wait_s`` until the next may be, where not."""

    allowed: bool
    wait_s: int


class AttemptCounter:
    """Counts attempts by log-in and by address; neither is kept readable."""

    def __init__(self, secret: SecretStr) -> None:
        self._key = derive_key(secret, "log-in attempts")

    async def admit(self, connection: Connection, login: str, address: str) -> Admission:
        """Count one attempt. Commit before verifying, whatever the answer."""
        by_login = await self._count(connection, self._hash("login", login), MAX_PER_LOGIN)
        by_address = await self._count(connection, self._hash("address", address), MAX_PER_ADDRESS)
        return Admission(by_login.allowed and by_address.allowed, max(by_login.wait_s, by_address.wait_s))

    async def succeeded(self, connection: Connection, login: str, address: str) -> None:
        """The attempt was no failure: forget the log-in's, take this one off the address'; sweep windows long closed."""
        await connection.execute("DELETE FROM login_attempt WHERE key = %s", [self._hash("login", login)])
        await connection.execute(
            "UPDATE login_attempt SET failures = greatest(failures - 1, 0) WHERE key = %s", [self._hash("address", address)]
        )
        await connection.execute("DELETE FROM login_attempt WHERE started_at < now() - make_interval(days => 1)")

    async def _count(self, connection: Connection, key: bytes, most: int) -> Admission:
        cursor = await connection.execute(
            """
            INSERT INTO login_attempt AS k (key, failures, started_at) VALUES (%(key)s, 1, now())
            ON CONFLICT (key) DO UPDATE SET
                failures = CASE WHEN k.started_at < now() - make_interval(secs => %(window)s) THEN 1 ELSE k.failures + 1 END,
                started_at = CASE WHEN k.started_at < now() - make_interval(secs => %(window)s) THEN now() ELSE k.started_at END
            RETURNING failures, ceil(extract(epoch FROM started_at - now()))::int + %(window)s
            """,
            {"key": key, "window": WINDOW_S},
        )
        match await cursor.fetchone():
            case (int(failures), int(wait_s)):
                return Admission(failures <= most, 0 if failures <= most else max(1, wait_s))
            case row:
                raise AssertionError(row)

    def _hash(self, kind: str, text: str) -> bytes:
        return hmac.new(self._key, f"{kind}\0{text}".encode(), hashlib.sha256).digest()
