"""How fresh what a resident is told of their station can be: whether the cloud hears it, and when it last did."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from cloud.api.context import ServicesDep, Transaction
from cloud.api.link_holder import order_behind
from cloud.api.text import iso_or_none

router = APIRouter(prefix="/api", tags=["links"])


class StationNews(BaseModel):
    """``is_silent``: the order's station is known to be offline. ``as_of``: when anything of it was last heard; null: never.

    A station without an agent never says anything, and is not silent.
    """

    is_silent: bool
    as_of: str | None


@router.get("/links/{token}/station")
async def station_news(token: str, response: Response, services: ServicesDep, connection: Transaction) -> StationNews:
    """Of the station at which the order is picked up."""
    response.headers["Cache-Control"] = "no-store"
    order_id = await order_behind(connection, services, token)
    # A will comes half a minute after the last word; a batch after it says that only the birth was lost.
    cursor = await connection.execute(
        """
        SELECT t.online, t.heard_at, (SELECT max(f.heard_at) FROM lane_floor f WHERE f.site_id = t.site_id)
        FROM customer_order o JOIN site_status t ON t.site_id = o.site_id WHERE o.id = %s
        """,
        [order_id],
    )
    row = await cursor.fetchone()
    if row is None:
        return StationNews(is_silent=False, as_of=None)
    is_online, said_at, batch_at = row
    is_silent = not is_online and (batch_at is None or batch_at <= said_at)
    return StationNews(is_silent=is_silent, as_of=iso_or_none(batch_at or said_at))
