"""The one box's demo log-ins and the resident's link it prints: made through the same doors as real ones.

Passwords are derived from the data folder's secret: the same at every start, another in every folder.
"""

import asyncio
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from cloud.auth.accounts import AccountError, ensure_account, find_credentials
from cloud.auth.passwords import password_matches
from cloud.auth.sessions import open_session
from cloud.domain.scope import Role
from cloud.onebox.folder import Secrets
from cloud.store.pool import Unavailable, connect
from cloud.trouble import Trouble
from edge.wire.clock import Clock, utc

OPERATOR = "tuantu-demo"
_ORDERS = f"/api/operators/{OPERATOR}/orders"
# What a resident sees before anything was scanned: such an order's page moves when its parcel comes.
BEFORE_SCANS = ("placed", "paid", "locked", "allocating", "partially_short", "in_transit")


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A log-in to be printed."""

    login: str
    role: Role
    name: str
    operator: str | None = None
    sites: tuple[str, ...] = ()


ADMIN = DemoAccount("admin", Role.ADMIN, "管理员")


def town_accounts(stations: Sequence[str]) -> list[DemoAccount]:
    """One of each role in the town's operator."""
    return [
        DemoAccount("dispatcher", Role.DISPATCHER, "调度员", OPERATOR),
        DemoAccount("leader", Role.LEADER, "团长", OPERATOR, (stations[0],)),
        DemoAccount("staff", Role.STAFF, "店员", OPERATOR, (stations[0],)),
    ]


async def ensure_accounts(url: str, clock: Clock, secrets: Secrets, accounts: Sequence[DemoAccount]) -> None:
    """Make those that are missing. AccountError where operator or site is not there (yet)."""
    connection = await connect(url, "onebox")
    async with connection, connection.transaction():
        for account in accounts:
            await ensure_account(
                connection, utc(clock.now_ms()), login=account.login, password=secrets.derived(account.login),
                display_name=account.name, role=account.role, operator_id=account.operator, site_ids=account.sites,
            )  # fmt: skip


async def check_admin(url: str, secrets: Secrets) -> None:
    """Trouble where a database that is not ours alone has an ``admin`` with a password of its own: it is not ours to change."""
    connection = await connect(url, "onebox")
    async with connection:
        known = await find_credentials(connection, ADMIN.login)
    if known is None or not password_matches(known.password_hash, secrets.derived(ADMIN.login)):
        raise Trouble(
            f"the database of DATABASE_URL has an account '{ADMIN.login}' that is not of this data folder",
            "name an empty database, or use the data folder (TUANTU_DATA) this database was made with",
        )


async def open_admin_session(url: str) -> str:
    """A session's token for our own programs: they must come in also while strangers' guesses have the address locked out."""
    connection = await connect(url, "onebox")
    async with connection, connection.transaction():
        known = await find_credentials(connection, ADMIN.login)
        if known is None:
            raise Trouble(f"the account '{ADMIN.login}' is disabled", "enable it, or TOWN=0")
        return (await open_session(connection, known.account_id)).token


async def ensure_when_there(
    url: str, clock: Clock, secrets: Secrets, accounts: Sequence[DemoAccount], timeout_s: float = 60.0
) -> bool:
    """Once the town has registered its operator and stations; False where it has not in time."""
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                try:
                    await ensure_accounts(url, clock, secrets, accounts)
                except (AccountError, Unavailable):
                    await asyncio.sleep(0.3)
                else:
                    return True
    except TimeoutError:
        return False


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """An order whose page is worth opening now, a label of it to scan, and the four digits its pickup code asks for.

    ``label`` "": nothing of it is to be scanned on this day. ``day``: its pickup date.
    """

    url: str
    site: str
    label: str
    phone_tail: str
    day: date


async def find_order(api: str, token: str, sites: Sequence[str], today: date, timeout_s: float = 30.0) -> DemoOrder | None:
    """A link to an order of the town, best one whose parcels are still to come. None where there is none in time.

    ``today``: the town's. ``sites``: those with a scanner. What somebody has imported besides is not the town's to show.
    """
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                found = await asyncio.to_thread(_find_order, api, token, sites, today)
                if found is not None:
                    return found
                await asyncio.sleep(0.5)
    except TimeoutError:
        return None


# Who keep the town's stations, in their order.
LEADERS = ("王姐", "李姐", "张哥", "陈姐", "刘哥")


async def find_leader(api: str, token: str, sites: Sequence[str], site: str) -> str | None:
    """A link of the leader who keeps ``site``; each of ``sites`` gets a leader. None where the api does not make one."""
    return await asyncio.to_thread(_find_leader, api, token, sites, site)


def _find_leader(api: str, token: str, sites: Sequence[str], site: str) -> str | None:
    leaders = f"/api/operators/{OPERATOR}/leaders"
    try:
        kept = {one["keeps"]: one["id"] for one in _call(api, "GET", leaders, None, token)["leaders"]}
        for number, one in enumerate(sites):
            if one not in kept:
                kept[one] = f"tz-{one}"
                name = LEADERS[number % len(LEADERS)]
                _call(api, "PUT", f"{leaders}/{kept[one]}", {"name": name, "keeps": one}, token)
        return str(_call(api, "POST", f"{leaders}/{urllib.parse.quote(kept[site], safe='')}/link", {}, token)["url"])
    except (OSError, ValueError, KeyError):
        return None


def _find_order(api: str, token: str, sites: Sequence[str], today: date) -> DemoOrder | None:
    try:
        orders = [
            order
            for site in sites
            for day in (today, today + timedelta(days=1))
            for order in _call(api, "GET", f"{_ORDERS}?site={site}&date={day}&limit=500", None, token)["orders"]
            if order["parcels"] and is_of_town(order["external_id"], site)
        ]
        if not orders:
            return None
        order, is_to_come = best_order(orders, today, _followed(api, token))
        link = _call(api, "POST", f"{_ORDERS}/{urllib.parse.quote(order['external_id'], safe='')}/link", {}, token)
        label = order["parcels"][0]["id"] if is_to_come else ""
        return DemoOrder(link["url"], order["site"], label, order["phone_tail"] or "", date.fromisoformat(order["pickup_date"]))
    except (OSError, ValueError, KeyError):  # not up yet, or it has no orders yet: asked again
        return None


def is_of_town(external_id: str, site: str) -> bool:
    """Whether the town's residents ordered it: it numbers its orders by day and station."""
    return re.fullmatch(rf"\d{{8}}-{re.escape(site)}-\d{{3}}", external_id) is not None


def _followed(api: str, token: str) -> str:
    """The order whose morning the town's page shows; "" where the town does not say (yet)."""
    try:
        return str(_call(api, "GET", "/api/town", None, token)["stage"]["order"])
    except (OSError, ValueError, KeyError):
        return ""


def best_order(orders: Sequence[Mapping[str, Any]], today: date, followed: str = "") -> tuple[Mapping[str, Any], bool]:
    """The one to show, and whether its parcels are to be scanned in today. Of a later day nothing is: it would lie there early.

    Of several the one that is ``followed``, else the last: at the station the van reaches last there is time to open the page.
    """
    waiting = [order for order in orders if order["state"] in BEFORE_SCANS and order["pickup_date"] >= today.isoformat()]
    if not waiting:
        return max(orders, key=lambda order: (str(order["pickup_date"]), order["external_id"] == followed)), False
    first_day = min(order["pickup_date"] for order in waiting)
    of_that_day = [order for order in waiting if order["pickup_date"] == first_day]
    order = next((one for one in of_that_day if one["external_id"] == followed), of_that_day[-1])
    return order, first_day == today.isoformat()


def _call(api: str, method: str, path: str, body: object, token: str) -> Any:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(  # noqa: S310  # our own address
        api + path, None if body is None else json.dumps(body).encode(), headers, method=method
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.loads(answer.read())
