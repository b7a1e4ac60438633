"""Who holds a resident's link, and whether they know the phone's last four besides: links get forwarded to the group."""

from fastapi import Request

from cloud.api.context import Services
from cloud.api.errors import ApiError
from cloud.auth.attempts import Admission
from cloud.auth.links import Link, LinkError, LinkExpiredError
from cloud.store.pool import Connection
from edge.wire.pickup import read_tail


def read_link(services: Services, token: str) -> Link:
    """What the link says: 404 where it is none of ours, 410 where it has expired."""
    try:
        return services.signer.read(token)
    except LinkExpiredError:
        raise ApiError(410, "link_expired", "token") from None
    except LinkError as error:
        raise ApiError(404, "link_invalid", "token", detail=str(error)) from None


async def order_behind(connection: Connection, services: Services, token: str) -> str:
    """The order the link stands for; 410 where the link was taken back."""
    link = read_link(services, token)
    cursor = await connection.execute("SELECT link_version FROM customer_order WHERE id = %s", [link.order_id])
    row = await cursor.fetchone()
    if row is None:
        raise ApiError(404, "order_gone", "token")
    if row[0] != link.version:
        raise ApiError(410, "link_taken_back", "token")
    return link.order_id


async def check_tail(connection: Connection, services: Services, request: Request, order_id: str, tail: str) -> None:
    """The last four digits of the order's phone. A wrong one counts; ten of them close the link for a quarter of an hour."""
    cursor = await connection.execute(
        "SELECT r.phone_tail FROM customer_order o LEFT JOIN resident r ON r.id = o.resident_id WHERE o.id = %s", [order_id]
    )
    row = await cursor.fetchone()
    known = None if row is None else row[0]
    if known is None:  # the link alone must not do
        raise ApiError(409, "no_phone_known", "tail")
    address = address_of(request)
    await admit(services, f"tail of {order_id}", address, "tail")
    if read_tail(tail) != known:
        raise ApiError(403, "wrong_tail", "tail")
    async with services.counting.connection() as counting, counting.transaction():
        await services.attempts.succeeded(counting, f"tail of {order_id}", address)


async def admit(services: Services, what: str, address: str, field: str) -> None:
    """Count one attempt, in its own transaction: it counts even where all after it fails. 429 where it is one too many.

    By a connection of another pool: whoever asks holds one of the first, and would wait for another that holds one and waits.
    """
    async with services.counting.connection() as counting, counting.transaction():
        admission: Admission = await services.attempts.admit(counting, what, address)
    if not admission.allowed:
        error = ApiError(429, "too_many_attempts", field, minutes=-(-admission.wait_s // 60))
        error.headers["Retry-After"] = str(admission.wait_s)
        raise error


def address_of(request: Request) -> str:
    """Where a request came from."""
    return request.client.host if request.client else "unknown"
