"""What is gone for good, and who has taken note of it: a reason to worry until then, and a number for ever."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg.rows import class_row

from cloud.store.pool import Connection


class LossKind(StrEnum):
    """``batches``: neither in the database nor at their site any more; ``quarantine``: dropped by its bounds, unread."""

    BATCHES = "batches"
    QUARANTINE = "quarantine"


class LossError(ValueError):
    """The number that was given is not one that can be acknowledged."""


@dataclass(frozen=True, slots=True)
class Loss:
    """How much of one kind. ``acknowledged``: how much of ``total``, and by whom last; None where nobody did."""

    kind: LossKind
    total: int
    acknowledged: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None

    @property
    def open(self) -> int:
        """What nobody has taken note of yet."""
        return max(0, self.total - self.acknowledged)


_LOSSES = """
SELECT counted.kind, counted.total, coalesce(last.total, 0) AS acknowledged, last.at AS acknowledged_at,
    last.name AS acknowledged_by, last.note
FROM (
    SELECT 'batches' AS kind, coalesce(sum(lost), 0)::bigint AS total FROM lane_floor
    UNION ALL SELECT 'quarantine', coalesce(sum(lost), 0)::bigint FROM quarantine_dropped
) AS counted
LEFT JOIN LATERAL (
    SELECT total, at, name, note FROM loss_acknowledged a WHERE a.kind = counted.kind ORDER BY total DESC, id DESC LIMIT 1
) AS last ON true
ORDER BY counted.kind
"""


async def losses(connection: Connection) -> dict[LossKind, Loss]:
    """Every kind, also those of which nothing is lost."""
    async with connection.cursor(row_factory=class_row(Loss)) as cursor:
        await cursor.execute(_LOSSES)
        return {LossKind(one.kind): one for one in await cursor.fetchall()}


async def acknowledge(
    connection: Connection, kind: LossKind, total: int, at: datetime, name: str, note: str = "", account_id: int | None = None
) -> Loss:
    """Take note of ``total`` losses: the number the person saw, so that what came since stays open. Else LossError."""
    known = (await losses(connection))[kind]
    if not known.acknowledged < total <= known.total:
        raise LossError(f"want a number from {known.acknowledged + 1} to {known.total}" if known.open else "nothing is open")
    await connection.execute(
        "INSERT INTO loss_acknowledged (kind, total, at, account_id, name, note) VALUES (%s, %s, %s, %s, %s, %s)",
        (kind, total, at, account_id, name, note),
    )
    return (await losses(connection))[kind]
