"""One row for every write a person makes: who, when, what, on what. In the transaction of the write itself."""

from collections.abc import Mapping
from datetime import datetime

from psycopg.types.json import Jsonb

from cloud.store.pool import Connection


async def write_audit(
    connection: Connection,
    at: datetime,
    account_id: int | None,
    action: str,
    subject: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    """``action`` such as ``order.import``, ``subject`` the id of what was changed; no personal data in ``detail``."""
    await connection.execute(
        "INSERT INTO audit (at, account_id, action, subject, detail) VALUES (%s, %s, %s, %s, %s)",
        [at, account_id, action, subject, Jsonb(dict(detail or {}))],
    )
