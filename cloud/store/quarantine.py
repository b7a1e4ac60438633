"""What ingest could not apply: looked at, asked to be replayed, or put away. Replaying itself is ingest's (`ingest.replay`).

Used by the API and by ``python -m cloud quarantine``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from cloud.store.pool import Connection

PAGE = 200


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """One message in quarantine, without its bytes. ``state``: kept, requested, replayed or discarded."""

    id: int
    first_at: datetime
    last_at: datetime
    seen: int
    topic: str
    site_id: str | None
    properties: list[list[str]]
    content_type: str
    payload_bytes: int
    reason: str
    detail: str
    batch_key: str
    state: str
    state_at: datetime | None
    outcome: str


@dataclass(frozen=True, slots=True)
class QuarantinedMessage:
    """A message in quarantine with its bytes. ``is_whole``: False where the payload was cut."""

    row: QuarantineRow
    payload: bytes

    @property
    def is_whole(self) -> bool:
        return len(self.payload) == self.row.payload_bytes


class StateError(ValueError):
    """The message is not in a state that allows this."""


_COLUMNS = """id, first_at, last_at, seen, topic, site_id, properties, content_type, payload_bytes, reason, detail, batch_key,
    state, state_at, outcome"""


async def listed(
    connection: Connection,
    *,
    state: str | None = None,
    reason: str | None = None,
    site_ids: list[str] | None = None,
    before_id: int | None = None,
    limit: int = PAGE,
) -> list[QuarantineRow]:
    """Messages, newest first. ``site_ids`` None: of every site and of none; ``before_id`` continues a page."""
    async with connection.cursor(row_factory=class_row(QuarantineRow)) as cursor:
        await cursor.execute(
            f"""
            SELECT {_COLUMNS} FROM quarantine
            WHERE (%(state)s::text IS NULL OR state = %(state)s) AND (%(reason)s::text IS NULL OR reason = %(reason)s)
                AND (%(site_ids)s::text[] IS NULL OR site_id = ANY(%(site_ids)s))
                AND (%(before)s::bigint IS NULL OR id < %(before)s)
            ORDER BY id DESC LIMIT %(limit)s
            """.encode(),  # noqa: S608  # a constant
            {"state": state, "reason": reason, "site_ids": site_ids, "before": before_id, "limit": min(limit, PAGE)},
        )
        return await cursor.fetchall()


async def found(connection: Connection, row_id: int) -> QuarantinedMessage | None:
    """One message with its bytes; None where there is none."""
    return await _one(connection, row_id, lock="")


async def locked(connection: Connection, row_id: int) -> QuarantinedMessage | None:
    """The same, locked until the end of the transaction, so that one replay at a time works on it."""
    return await _one(connection, row_id, lock="FOR NO KEY UPDATE")


async def _one(connection: Connection, row_id: int, lock: str) -> QuarantinedMessage | None:
    cursor = await connection.execute(f"SELECT {_COLUMNS}, payload FROM quarantine WHERE id = %s {lock}".encode(), (row_id,))  # noqa: S608
    row = await cursor.fetchone()
    if row is None:
        return None
    values: tuple[Any, ...] = row
    return QuarantinedMessage(QuarantineRow(*values[:-1]), bytes(values[-1]))


async def request_replay(connection: Connection, row_id: int, at: datetime) -> QuarantineRow:
    """Ask ingest to apply a message; it answers within seconds in ``state`` and ``outcome``. LookupError, StateError."""
    return await _move(connection, row_id, ("kept", "requested"), "requested", "", at)


async def discard(connection: Connection, row_id: int, at: datetime) -> QuarantineRow:
    """Put a message away for good: its bytes stay until they are swept, nobody applies it. LookupError, StateError."""
    return await _move(connection, row_id, ("kept", "requested"), "discarded", "", at)


async def conclude(connection: Connection, row_id: int, state: str, outcome: str, at: datetime) -> None:
    """Write what came of a replay."""
    await connection.execute(
        "UPDATE quarantine SET state = %s, outcome = %s, state_at = %s WHERE id = %s", (state, outcome, at, row_id)
    )


async def requested(connection: Connection, limit: int = 20) -> list[int]:
    """Ids of messages somebody asked to be replayed, oldest first."""
    cursor = await connection.execute("SELECT id FROM quarantine WHERE state = 'requested' ORDER BY id LIMIT %s", (limit,))
    return [row[0] for row in await cursor.fetchall()]


async def _move(
    connection: Connection, row_id: int, allowed: tuple[str, ...], state: str, outcome: str, at: datetime
) -> QuarantineRow:
    cursor = await connection.execute(
        "UPDATE quarantine SET state = %s, outcome = %s, state_at = %s WHERE id = %s AND state = ANY(%s)",
        (state, outcome, at, row_id, list(allowed)),
    )
    message = await found(connection, row_id)
    if message is None:
        raise LookupError(f"quarantine {row_id}: there is none")
    if not cursor.rowcount:
        raise StateError(f"quarantine {row_id}: it is {message.row.state}, want {' or '.join(allowed)}")
    return message.row
