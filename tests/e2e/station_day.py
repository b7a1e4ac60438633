"""A station's day for a browser: a manifest of the town's own orders, and a line to the broker that can be cut.

The manifest is put into the agent's file as if it had been fetched.
"""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

import paho.mqtt.client as paho
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.wire.codec import MSGPACK, encode
from edge.wire.labels import container_label, parcel_label
from edge.wire.manifest import (
    Article,
    Claim,
    CodeKey,
    ExpectedContainer,
    ExpectedParcel,
    Line,
    Manifest,
    Shelf,
    SigningKey,
    StaffMember,
    Zone,
)
from edge.wire.messages import Desired
from edge.wire.pickup import PickupToken, Scrypt, badge_key, secret_key, sign_token
from tests.e2e.lone_station import put_day
from tests.e2e.town import OPERATOR, Order, Town
from tests.faults.proxy import Line as Wire
from tests.faults.proxy import Proxy

PIN, BADGE, NAME = "1357", "TTB:GEZDGNBVGY3TQOJQGEZDGNBVGY", "陈姐"
AMBIENT, CHILLED, GOODS = container_label(9_001), container_label(9_002), container_label(9_003)
EGGS, EGGS_EAN = "G-eggs", "6901234567892"
BAG = parcel_label(9_001)
NAMES = ("王*", "李*", "张*", "赵*", "陈*", "刘*", "杨*", "黄*", "周*", "吴*", "徐*", "孙*", "马*", "朱*", "胡*")
_CODES, _STAFF = Scrypt(salt=b"the salt of a day", n=1024), Scrypt(salt=b"the salt of staff", n=1024)
_PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_LINES = {
    Zone.AMBIENT: (Line(sku="ginger", quantity=1), Line(sku="rice", quantity=2)),
    Zone.CHILLED: (Line(sku="milk", quantity=2),),
}


@dataclass(frozen=True, slots=True)
class StationDay:
    """What comes today. Order n (from 0) has two parcels, the code 1000000n0 and the tail 100n; the last two share a tail."""

    site: str
    orders: Sequence[Order]

    def ambient(self, n: int) -> str:
        return self.orders[n].labels[0]

    def chilled(self, n: int) -> str:
        return self.orders[n].labels[1]

    def code(self, n: int) -> str:
        return f"1{n:06d}0"

    def tail(self, n: int) -> str:
        return f"{1000 + min(n, len(self.orders) - 2)}"

    def qr(self, n: int, *, site: str = "", expires_in_s: int = 36_000) -> str:
        order = f"{OPERATOR}/{self.orders[n].external_id}"
        return sign_token(PickupToken(1, "k1", f"t-{n}", site or self.site, int(time.time()) + expires_in_s, (order,)), _PRIVATE)

    def manifest(self) -> Manifest:
        deadline_ms = (int(time.time()) + 8 * 3600) * 1000
        count = range(len(self.orders))
        by_zone = ((Zone.AMBIENT, AMBIENT, self.ambient), (Zone.CHILLED, CHILLED, self.chilled))
        return Manifest(
            site=self.site,
            version=1,
            day=time.strftime("%Y-%m-%d"),
            made_at_ms=int(time.time()) * 1000,
            code_cost=_CODES,
            staff_cost=_STAFF,
            operators=(OPERATOR,),
            keys=(SigningKey(key="k1", public=_PRIVATE.public_key().public_bytes_raw()),),
            articles=(
                Article(sku="ginger", name="云南小黄姜 500g"),
                Article(sku="rice", name="五常大米 5kg", weight_g=5000),
                Article(sku="milk", name="鲜牛奶 950ml"),
                Article(sku=EGGS, name="土鸡蛋 30 枚", eans=(EGGS_EAN,)),
            ),
            containers=(
                ExpectedContainer(container=AMBIENT, operator=OPERATOR, zone=Zone.AMBIENT, run="run-1"),
                ExpectedContainer(container=CHILLED, operator=OPERATOR, zone=Zone.CHILLED, run="run-1"),
                ExpectedContainer(
                    container=GOODS,
                    operator=OPERATOR,
                    zone=Zone.AMBIENT,
                    pack_mode="sku_bulk",
                    lines=(Line(sku=EGGS, quantity=2),),
                ),
            ),
            claims=tuple(
                Claim(
                    claim=f"c-{n}",
                    operator=OPERATOR,
                    orders=(f"{OPERATOR}/{self.orders[n].external_id}",),
                    deadline_ms=deadline_ms,
                    name=NAMES[n % len(NAMES)],
                    tail=self.tail(n),
                )
                for n in count
            ),
            codes=tuple(CodeKey(key=secret_key(self.code(n), _CODES), claim=f"c-{n}") for n in count),
            parcels=(
                *(
                    ExpectedParcel(
                        parcel=label(n),
                        claim=f"c-{n}",
                        order=f"{OPERATOR}/{self.orders[n].external_id}",
                        zone=zone,
                        container=container,
                        lines=_LINES[zone],
                    )
                    for zone, container, label in by_zone
                    for n in count
                ),
                ExpectedParcel(
                    parcel=BAG,
                    claim=f"c-{len(self.orders) - 1}",
                    order=f"{OPERATOR}/{self.orders[-1].external_id}",
                    zone=Zone.AMBIENT,
                    lines=(Line(sku=EGGS, quantity=2),),
                    is_made_here=True,
                ),
            ),
            staff=(
                StaffMember(
                    staff="staff-1",
                    name=NAME,
                    role="leader",
                    pin_key=secret_key(PIN, _STAFF),
                    badge_key=badge_key(BADGE, _STAFF.salt),
                ),
            ),
            shelves=(
                *(Shelf(slot=f"A{n}", zone=Zone.AMBIENT, capacity=4) for n in range(1, 13)),
                *(Shelf(slot=f"C{n}", zone=Zone.CHILLED, capacity=4) for n in range(1, 9)),
            ),
        )


class WireToBroker:
    """The line between agent and broker, in a thread of its own, for a test that is not asynchronous."""

    def __init__(self, proxy: Proxy, loop: asyncio.AbstractEventLoop) -> None:
        self._proxy = proxy
        self._loop = loop
        self.port = proxy.port

    def cut(self) -> None:
        self._loop.call_soon_threadsafe(self._proxy.set, Wire.CUT)

    def mend(self) -> None:
        self._loop.call_soon_threadsafe(self._proxy.set, Wire.OPEN)


@contextmanager
def wire_to(port: int) -> Iterator[WireToBroker]:
    ready: Future[WireToBroker] = Future()
    stop: Future[asyncio.Event] = Future()

    async def run() -> None:
        over = asyncio.Event()
        stop.set_result(over)
        async with Proxy(port) as proxy:
            ready.set_result(WireToBroker(proxy, asyncio.get_running_loop()))
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    wire = ready.result(10.0)
    try:
        yield wire
    finally:
        wire._loop.call_soon_threadsafe(stop.result().set)
        thread.join(10.0)


def tell_where_the_cloud_is(town: Town) -> None:
    """What the cloud's jobs say to a site: where it finds the cloud by HTTP, and who it is there."""
    town.ask("POST", f"/api/sites/{town.site}/credentials", {"key": town.broker.password})
    say_desired(town, encode(Desired(version=1, hlc=0, manifest_url=f"{town.url}/manifest")))


def say_desired(town: Town, payload: bytes) -> None:
    """Retained, as the cloud does; nothing takes it back."""
    broker = town.broker
    client = paho.Client(CallbackAPIVersion.VERSION2, f"jobs-of-{town.site}", protocol=paho.MQTTv5)
    client.username_pw_set(broker.username, broker.password)
    client.connect(broker.host, broker.port)
    client.loop_start()
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = MSGPACK
    topic = f"tt/v1/{OPERATOR}/{town.site}/desired"
    client.publish(topic, payload, qos=1, retain=True, properties=properties).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def begin_day(town: Town, orders: int) -> StationDay:
    """The agent starts with this day in its file."""
    day = StationDay(town.site, [town.order() for _ in range(orders)])
    put_day(town.folder / "site.toml", day.manifest())
    tell_where_the_cloud_is(town)
    town.start_agent()
    return day
