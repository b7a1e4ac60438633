"""Whether there is room for one more case about a thing: it has to be in the order, and no piece is paid back twice.

For cases that people open; what facts open by themselves is `cloud.domain.case_causes`'.
"""

from cloud.api.errors import ApiError, not_found
from cloud.store.pool import Connection


async def require_room(connection: Connection, order_id: str, parcel: str, sku: str, problem: str, quantity: int) -> None:
    """409 names the case that is about the same already, whoever opened it. The order's row keeps two from coming at once.

    Refused and closed cases pay nothing and take no room; nor do two stations' contradictions. A whole parcel is all of it.
    """
    await connection.execute("SELECT FROM customer_order WHERE id = %s FOR NO KEY UPDATE", [order_id])
    ordered = await _ordered(connection, order_id, parcel, sku, quantity)
    cursor = await connection.execute(
        """
        SELECT id, sku, quantity,
               sku = %(sku)s AND problem = %(problem)s AND origin IN ('resident', 'staff') AND state <> 'refunded'
        FROM after_sales_case
        WHERE order_id = %(order)s AND parcel_id = %(parcel)s AND origin <> 'conflict' AND state NOT IN ('refused', 'closed')
            AND (%(sku)s = '' OR sku IN ('', %(sku)s))
        ORDER BY id
        """,
        {"order": order_id, "parcel": parcel, "sku": sku, "problem": problem},
    )
    taken = 0
    for case_id, of_sku, pieces, is_same in await cursor.fetchall():
        if is_same:
            raise ApiError(409, "reported_before", "problem", case=case_id)
        taken += pieces if of_sku else ordered
        if taken + quantity > ordered:
            raise ApiError(409, "covered_before", "quantity", case=case_id, ordered=ordered)


async def _ordered(connection: Connection, order_id: str, parcel: str, sku: str, quantity: int) -> int:
    """Pieces ordered of what a case is about: it has to be in the order, and no more of it than was ordered."""
    cursor = await connection.execute(
        """
        SELECT coalesce(sum(quantity) FILTER (WHERE sku = %(sku)s OR %(sku)s = ''), 0) FROM order_line
        WHERE order_id = %(order)s AND parcel_id = %(parcel)s HAVING count(*) > 0
        """,
        {"order": order_id, "parcel": parcel, "sku": sku},
    )
    row = await cursor.fetchone()
    if row is None:
        raise not_found("parcel", "parcel")
    ordered = int(row[0])
    if not ordered:
        raise ApiError(422, "not_in_order", "sku", sku=sku)
    if quantity > ordered:
        raise ApiError(422, "more_than_ordered", "quantity", ordered=ordered)
    return ordered
