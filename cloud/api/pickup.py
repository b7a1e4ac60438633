"""What a resident shows at the counter: code and QR, after the phone's last four; who may come instead; taking it all back.

Links get forwarded to the group: whoever holds one sees the order, and only who knows the phone's last four sees the code.
"""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.context import CurrentAccount, Services, ServicesDep, Transaction, require_operator
from cloud.api.errors import ApiError, not_found
from cloud.api.link_holder import check_tail, order_behind
from cloud.api.qr import qr_rows
from cloud.api.text import Text, iso_of
from cloud.auth import claims
from cloud.auth.audit import write_audit
from cloud.auth.claims import OpenClaim
from cloud.auth.links import LinkError, LinkExpiredError, LinkSigner
from cloud.auth.pickup import PickupKeys
from cloud.domain.scope import ORDERS_IN_SCOPE, Role
from cloud.store.pool import Connection
from edge.wire.clock import to_ms
from edge.wire.pickup import shown_code

router = APIRouter(prefix="/api", tags=["pickup"])

# A link that is good no more still says why.
_SAID_AFTER_MS = 7 * 24 * 3600 * 1000


class TailIn(BaseModel):
    """The last four digits of the order's phone."""

    model_config = ConfigDict(extra="forbid")
    tail: Text = Field(max_length=32)


class ProxyOut(BaseModel):
    token: str
    expires_at: str


class PickupOut(BaseModel):
    """``qr``: the text of the QR, ``qr_rows`` its modules. ``orders``: what it is good for; ``until``: by when to come.

    ``proxies``: who may come instead, and has not.
    """

    code: str
    qr: str
    qr_rows: list[str]
    orders: list[str]
    until: str
    expires_at: str
    proxies: list[ProxyOut]


class NewProxyOut(BaseModel):
    """To be handed on: good once, for whoever shows it first. ``url``: a page that shows code and QR."""

    token: str
    url: str
    code: str
    qr: str
    expires_at: str


ProxyState = Literal["ready", "used", "revoked", "expired", "nothing_left"]


class ProxyView(BaseModel):
    """What somebody who comes instead sees. ``state`` other than ``ready``: it is good for nothing, and there is no code.

    ``nothing_left``: the orders were fetched by somebody else, or ended otherwise.
    """

    state: ProxyState
    code: str
    qr_rows: list[str]
    site_name: str
    site_address: str
    expires_at: str
    time_zone: str
    as_of: str


@router.post("/links/{token}/pickup")
async def show_pickup(
    token: str, wanted: TailIn, request: Request, response: Response, services: ServicesDep, connection: Transaction
) -> PickupOut:
    """The claim's code and QR. A wrong tail counts; ten of them close the link for a quarter of an hour."""
    response.headers["Cache-Control"] = "no-store"
    claim = await _claim_behind(connection, services, request, token, wanted)
    keys = PickupKeys(services.config.secret)
    code = await claims.code_of(connection, keys, claim.site_id, claim.claim, services.now())
    own, expires_at = await claims.own_token(connection, claim, services.now())
    qr, orders = claims.signed(keys, own, claim.site_id, claim.orders, to_ms(expires_at), is_proxy=False)
    sent = await claims.proxies(connection, claim, services.now())
    return PickupOut(
        code=shown_code(code), qr=qr, qr_rows=qr_rows(qr), orders=list(orders), until=iso_of(claim.deadline),
        expires_at=iso_of(expires_at),
        proxies=[ProxyOut(token=one.token, expires_at=iso_of(one.expires_at)) for one in sent],
    )  # fmt: skip


@router.post("/links/{token}/proxies", status_code=201)
async def send_proxy(
    token: str, wanted: TailIn, request: Request, response: Response, services: ServicesDep, connection: Transaction
) -> NewProxyOut:
    """A code and a QR for somebody who comes instead, good once; a few at a time."""
    response.headers["Cache-Control"] = "no-store"
    claim = await _claim_behind(connection, services, request, token, wanted)
    await claims.lock_claim(connection, claim)
    if len(await claims.proxies(connection, claim, services.now())) >= claims.MAX_PROXIES:
        raise ApiError(409, "too_many_proxies", "token", most=claims.MAX_PROXIES)
    keys = PickupKeys(services.config.secret)
    proxy, code = await claims.add_proxy(connection, keys, claim, services.now())
    qr, _ = claims.signed(keys, proxy.token, claim.site_id, claim.orders, to_ms(proxy.expires_at), is_proxy=True)
    link = proxy_links(services).sign(proxy.token, 1, life_ms=to_ms(proxy.expires_at) - services.clock.now_ms() + _SAID_AFTER_MS)
    url = f"{services.config.public_url.rstrip('/')}/p/{link}"
    return NewProxyOut(token=proxy.token, url=url, code=shown_code(code), qr=qr, expires_at=iso_of(proxy.expires_at))


def proxy_links(services: Services) -> LinkSigner:
    """Signs the links of those who come instead; a link to an order is none of them, and the other way round."""
    return LinkSigner(services.config.secret, services.clock, "proxy-link-1")


@router.get("/proxies/{link}")
async def look_at_proxy(link: str, response: Response, services: ServicesDep, connection: Transaction) -> ProxyView:
    """Code and QR for who comes instead; the link is all they have, it works once and can be taken back."""
    response.headers["Cache-Control"] = "no-store"
    try:
        token = proxy_links(services).read(link).order_id
    except LinkExpiredError:
        raise ApiError(410, "link_expired", "link") from None
    except LinkError as error:
        raise ApiError(404, "link_invalid", "link", detail=str(error)) from None
    cursor = await connection.execute(
        """
        SELECT t.site_id, t.claim, t.orders, t.expires_at, t.revoked_at IS NOT NULL, s.name, s.address,
               (SELECT op.time_zone FROM customer_order o JOIN operator op ON op.id = o.operator_id WHERE o.id = t.orders[1])
        FROM pickup_token t JOIN site s ON s.id = t.site_id WHERE t.token = %s AND t.is_proxy
        """,
        [token],
    )
    row = await cursor.fetchone()
    if row is None:
        raise ApiError(410, "link_expired", "link")
    site, claim, orders, expires_at, is_revoked, name, address, time_zone = row
    keys = PickupKeys(services.config.secret)
    # Only read: what housekeeping took back for good is not made anew by looking.
    kept = await claims.code_kept(connection, keys, site, claim, token)
    state: ProxyState = "ready"
    if await claims.is_used(connection, token, orders):
        state = "used"
    elif is_revoked:
        state = "revoked"
    elif services.now() >= expires_at:
        state = "expired"
    elif kept is None or not await claims.is_left(connection, orders):
        state = "nothing_left"
    code, rows = "", []
    if state == "ready" and kept is not None:
        code = shown_code(kept)
        rows = qr_rows(claims.signed(keys, token, site, orders, to_ms(expires_at), is_proxy=True)[0])
    return ProxyView(
        state=state, code=code, qr_rows=rows, site_name=name, site_address=address, expires_at=iso_of(expires_at),
        time_zone=time_zone or "Asia/Shanghai", as_of=iso_of(services.now()),
    )  # fmt: skip


@router.post("/links/{token}/proxies/{proxy}/revoke", status_code=204)
async def revoke_proxy(
    token: str, proxy: str, wanted: TailIn, request: Request, services: ServicesDep, connection: Transaction
) -> None:
    """They may not come any more; an offline station hears of it with its next manifest."""
    claim = await _claim_behind(connection, services, request, token, wanted)
    if proxy not in {one.token for one in await claims.proxies(connection, claim, services.now())}:
        raise not_found("proxy", "proxy")
    await claims.revoke_token(connection, claim.site_id, claim.claim, proxy, services.now())


@router.post("/operators/{operator_id}/orders/{external_id}/pickup/revoke", status_code=204)
async def revoke_pickup(
    operator_id: str, external_id: str, account: CurrentAccount, services: ServicesDep, connection: Transaction
) -> None:
    """Take back code, QR and proxies of the order's resident; their page shows new ones."""
    require_operator(account, operator_id)
    if account.role == Role.STAFF:
        raise ApiError(403, "role_may_not", "authorization", role=account.role, roles="a leader or a dispatcher")
    cursor = await connection.execute(
        f"""
        SELECT o.id FROM customer_order o
        WHERE o.operator_id = %(operator)s AND o.external_id = %(external)s AND {ORDERS_IN_SCOPE}
        """,  # noqa: S608  # literals only
        {**account.scope.order_filter(), "operator": operator_id, "external": external_id},
    )
    row = await cursor.fetchone()
    claim = None if row is None else await claims.claim_of(connection, row[0], services.now().date())
    if claim is None:
        raise not_found("external_id", "order")
    await claims.revoke_claim(connection, claim.site_id, claim.claim, services.now())
    await write_audit(connection, services.now(), account.id, "pickup.revoke", row[0] if row else "")


async def _claim_behind(connection: Connection, services: Services, request: Request, token: str, wanted: TailIn) -> OpenClaim:
    """The claim of the link's order, once the tail is right."""
    order_id = await order_behind(connection, services, token)
    claim = await claims.claim_of(connection, order_id, services.now().date())
    if claim is None:
        raise ApiError(409, "nothing_to_fetch", "token")
    await check_tail(connection, services, request, order_id, wanted.tail)
    return claim
