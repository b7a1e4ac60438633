"""How warm goods may be, as each operator has set it: read for accounts, told to its stations."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from cloud.store.downlink_call import call_downlink
from cloud.store.pool import Connection
from edge.wire.messages import GoodsLimits


async def limits_by_operator(connection: Connection) -> dict[str, dict[str, GoodsLimits]]:
    """Of those who set any."""
    cursor = await connection.execute("SELECT operator_id, goods, limits::text FROM goods_limits ORDER BY 1, 2")
    found: dict[str, dict[str, GoodsLimits]] = {}
    for operator, goods, limits in await cursor.fetchall():
        found.setdefault(operator, {})[goods] = msgspec.json.decode(limits, type=GoodsLimits)
    return found


async def set_limits(connection: Connection, operator: str, limits: Mapping[str, GoodsLimits], now: datetime) -> None:
    """As a whole; a class left out has the defaults again. Its stations hear of it."""
    await connection.execute("DELETE FROM goods_limits WHERE operator_id = %s", [operator])
    for goods, one in sorted(limits.items()):
        await connection.execute(
            "INSERT INTO goods_limits (operator_id, goods, limits, changed_at) VALUES (%s, %s, %s::jsonb, %s)",
            [operator, goods, msgspec.json.encode(one).decode(), now],
        )
    await connection.execute(
        """
        UPDATE desired d SET version = d.version + 1, changed_at = %(now)s
        FROM site_status t WHERE t.site_id = d.site_id AND t.operator_id = %(operator)s
        """,
        {"operator": operator, "now": now},
    )
    await call_downlink(connection)
