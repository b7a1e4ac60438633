"""Cases as rows: opened and settled in the transaction of the fold that finds why, moved by people (cloud.domain says how).

Whoever follows causes holds the locks of what they are about (containers, parcels, orders); cases are locked after these, by id.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from cloud.domain.case import Case, CaseState, Liability, Origin, Step
from cloud.domain.case_causes import Cause, Followed, Moved, Opened, follow
from cloud.store.pool import Connection


@dataclass(frozen=True, slots=True)
class About:
    """Whose cases are followed: all those that causes have opened about these.

    ``containers_since``: older cases about containers are left to people; the fold does not look back further.
    """

    parcels: Collection[str] = ()
    containers: Collection[str] = ()
    containers_since: datetime | None = None
    orders: Collection[str] = ()  # of an allocation


async def follow_causes(connection: Connection, about: About, causes: Sequence[Cause], now: datetime) -> int:
    """Bring the cases of some things in line with what is the cause of any now; how many changed."""
    followed = await _followed(connection, about)
    if not followed and not causes:
        return 0
    operators = sorted({cause.operator for cause in causes if cause.operator is not None})
    cursor = await connection.execute("SELECT id, refunds_at_once FROM operator WHERE id = ANY(%s)", [operators])
    at_once = {row[0]: row[1] for row in await cursor.fetchall()}
    changes = follow(followed, causes, at_once)
    for change in changes:
        if isinstance(change, Opened):
            await open_case(connection, NewCase.of(change.cause), change.case, change.steps, now, by="fold")
        else:
            await _move(connection, change, now)
    return len(changes)


async def _followed(connection: Connection, about: About) -> list[Followed]:
    cursor = await connection.execute(
        """
        SELECT id, key, state, origin, liability, refund_fen, reference, is_settled, quantity, events FROM after_sales_case
        WHERE key IS NOT NULL AND (
            parcel_id = ANY(%(parcels)s) AND origin IN ('station', 'readings', 'conflict')
            OR container_id = ANY(%(containers)s) AND opened_at >= %(since)s
            OR order_id = ANY(%(orders)s) AND origin = 'allocation')
        ORDER BY id FOR UPDATE
        """,
        {
            "parcels": list(about.parcels), "containers": list(about.containers), "since": about.containers_since,
            "orders": list(about.orders),
        },
    )  # fmt: skip
    return [Followed(row[0], row[1], case_of(row[2:8]), row[8], tuple(row[9])) for row in await cursor.fetchall()]


CASE_COLUMNS = "c.state, c.origin, c.liability, c.refund_fen, c.reference, c.is_settled"


def case_of(row: Sequence[object]) -> Case:
    """CASE_COLUMNS as a case."""
    state, origin, liability, refund_fen, reference, is_settled = row
    return Case(
        CaseState(str(state)), Origin(str(origin)), None if liability is None else Liability(str(liability)),
        refund_fen if isinstance(refund_fen, int) else None, str(reference), bool(is_settled),
    )  # fmt: skip


async def lock_case(connection: Connection, case_id: int) -> Case | None:
    """For whoever is about to move it; None: there is none."""
    cursor = await connection.execute(
        f"SELECT {CASE_COLUMNS} FROM after_sales_case c WHERE c.id = %s FOR UPDATE",  # noqa: S608  # constants
        [case_id],
    )
    row = await cursor.fetchone()
    return None if row is None else case_of(row)


class NewCase(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a case when it is opened. ``key``: of its cause; None: a person opened it."""

    problem: str
    key: str | None = None
    operator: str | None = None
    order: str | None = None
    parcel: str | None = None
    container: str | None = None
    sites: tuple[str, ...] = ()
    sku: str = ""
    quantity: int = 1
    said: str = ""
    events: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()

    @classmethod
    def of(cls, cause: Cause) -> "NewCase":
        return cls(
            problem=cause.problem, key=cause.key, operator=cause.operator, order=cause.order, parcel=cause.parcel,
            container=cause.container, sites=cause.sites, sku=cause.sku, quantity=cause.quantity, events=cause.events,
            photos=cause.photos,
        )  # fmt: skip


async def open_case(
    connection: Connection, new: NewCase, case: Case, steps: Sequence[Step], now: datetime, *, by: str, account: int | None = None
) -> int | None:
    """Its id; None: its cause has one already."""
    cursor = await connection.execute(
        """
        INSERT INTO after_sales_case (key, origin, operator_id, order_id, parcel_id, container_id, sites, sku, quantity, problem,
            said, events, photos, state, liability, refund_fen, reference, opened_at, changed_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (key) DO NOTHING RETURNING id
        """,
        [
            new.key, case.origin, new.operator, new.order, new.parcel, new.container, list(new.sites), new.sku, new.quantity,
            new.problem, new.said, list(new.events), list(new.photos), case.state, case.liability, case.refund_fen, case.reference,
            now, now,
        ],
    )  # fmt: skip
    row = await cursor.fetchone()
    if row is None:
        return None
    case_id = int(row[0])
    # The rule's steps come after the one that opened it.
    await write_steps(connection, case_id, steps[:1], now, by=by, account=account, said=new.said, photos=new.photos)
    await write_steps(connection, case_id, steps[1:], now, by="rule")
    return case_id


async def _move(connection: Connection, moved: Moved, now: datetime) -> None:
    await write_case(connection, moved.id, moved.case, now)
    if moved.cause is not None:
        await connection.execute(
            "UPDATE after_sales_case SET quantity = %s, events = %s, photos = %s, sites = %s WHERE id = %s",
            [moved.cause.quantity, list(moved.cause.events), list(moved.cause.photos), list(moved.cause.sites), moved.id],
        )
    await write_steps(connection, moved.id, moved.steps, now, by="fold")


async def write_case(connection: Connection, case_id: int, case: Case, now: datetime) -> None:
    """What an action made of it. The caller holds its lock."""
    await connection.execute(
        """
        UPDATE after_sales_case SET state = %s, liability = %s, refund_fen = %s, reference = %s, is_settled = %s, changed_at = %s
        WHERE id = %s
        """,
        [case.state, case.liability, case.refund_fen, case.reference, case.is_settled, now, case_id],
    )


async def write_steps(
    connection: Connection,
    case_id: int,
    steps: Iterable[Step],
    now: datetime,
    *,
    by: str,
    account: int | None = None,
    said: str = "",
    photos: Sequence[str] = (),
) -> None:
    """Add to its record. What was said stands with the first."""
    for step in steps:
        await connection.execute(
            """
            INSERT INTO case_step (case_id, step, at, by, account_id, action, state, said, photos)
            SELECT %(id)s, coalesce(max(step), 0) + 1, %(now)s, %(by)s, %(account)s, %(action)s, %(state)s, %(said)s, %(photos)s
            FROM case_step WHERE case_id = %(id)s
            """,
            {
                "id": case_id, "now": now, "by": by, "account": account, "action": step.action, "state": step.state, "said": said,
                "photos": list(photos),
            },
        )  # fmt: skip
        said, photos = "", ()
