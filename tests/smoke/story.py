"""What is tried: an order comes in, its container is signed for, its parcel scanned and handed out, and a socket shows it at once;
then each part is restarted while somebody scans, and nothing of it is lost.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from firmware_sim.town.hands import Hands, NotBookedError
from firmware_sim.town.page import DayPage, Page
from firmware_sim.town.rest import RestError
from tests.smoke.live import Follower
from tests.smoke.places import Failure, Place
from tests.smoke.station import Station

PIN, TAIL = "246810", "5678"
CHINA = timezone(timedelta(hours=8))
PATIENCE_S = 60.0
_CODE_COST = 1024  # what is derived here opens nothing


@dataclass(slots=True)
class Told:
    """What came of it, for the last line."""

    store: str = ""
    broker: str = ""
    live_ms: float = 0.0
    handed_out: bool = False
    restarted: dict[str, float] = field(default_factory=dict)  # part → seconds until a scan made meanwhile was on the page
    scans: int = 0


@dataclass(slots=True)
class SmokeOrder:
    external_id: str
    label: str
    token: str
    follower: Follower


class Story:
    """One pass. ``say`` is told of each step that held; Failure says which did not."""

    def __init__(self, place: Place, say: Callable[[str], None]) -> None:
        self._place = place
        self._say = say
        mark = secrets.token_hex(3)
        self.operator, self.site = f"smoke-{mark}", f"smoke-st-{mark}"
        self.told = Told()
        self._orders: list[SmokeOrder] = []
        self._is_registered = False

    async def run(self, parts: Sequence[str]) -> Told:
        health = await self._health()
        place, told = self._place, self.told
        told.store, told.broker = _store(health), await place.broker_kind()
        self._say(f"store    {told.store}")
        self._say(f"broker   {told.broker}")
        lost_before = _lost(health)
        day = f"{datetime.fromtimestamp(health['clock']['now_ms'] / 1000, CHINA):%Y-%m-%d}"
        password = await self._register()
        async with asyncio.TaskGroup() as group:
            await self._take_orders(group, day, 1 + len(parts))
            code = await self._code(self._orders[0])
            containers = await self._plan(day)
            async with Station(place, self.operator, self.site, password) as station:
                hands = Hands(station.scanner, Page(station.url, PIN))
                await self._sign(station, hands, containers)
                await self._scan(hands, self._orders[0], "a scan is on the resident's page")
                for part in parts:
                    await self._restart(part, hands, self._orders[1 + list(parts).index(part)])
                await self._hand_out(hands, containers, code)
                await self._nothing_is_missing(station, lost_before)
            for order in self._orders:
                order.follower.stop()
        return told

    async def tidy(self) -> None:
        """Nobody waits for the station any more: its keys are taken back, and its silence raises no alarm."""
        if not self._is_registered:
            return

        async def is_away() -> bool:
            return not (await self._place.ask("GET", f"/api/sites/{self.site}"))["online"]

        await _until(is_away, f"{self.site} has gone, and the cloud does not know it", "look at broker and ingest")
        await self._place.cloud("site", "retire", self.site)

    async def _health(self) -> Mapping[str, Any]:
        health: Mapping[str, Any] = await self._place.ask("GET", "/health")
        if health["status"] == "down":
            raise Failure(f"the cloud is down: {'; '.join(health['reasons'])}", "look at the logs of the database and the api")
        return health

    async def _register(self) -> str:
        said = await self._place.cloud("site", "add", self.operator, self.site, "--name", "冒烟测试（可忽略）")
        password = said.split("password")[1].split()[0]
        self._is_registered = True
        await self._place.ask("PUT", f"/api/sites/{self.site}/staff/smoke", {"name": "冒烟测试", "pin": PIN})
        await self._place.ask("PUT", f"/api/sites/{self.site}/rules", {"rules": {}, "code_cost": _CODE_COST})
        self._say(f"site     {self.site} of {self.operator} is registered")
        return password

    async def _take_orders(self, group: asyncio.TaskGroup, day: str, count: int) -> None:
        rows = [
            {
                "external_id": f"SMOKE-{n}", "site": self.site, "pickup_date": day,
                "resident": {"name": "冒烟", "phone": f"1380000{TAIL}" if n == 0 else f"1390000{n:04d}"},
                "lines": [{"sku": "smoke", "name": "冒烟测试", "quantity": 1, "zone": "ambient"}],
            }
            for n in range(count)
        ]  # fmt: skip
        path = f"/api/operators/{self.operator}/orders"
        report = await self._place.ask("POST", path, rows)
        if report["created"] != count:
            raise Failure(f"of {count} orders {report['created']} came in: {report}", "see what it says of each row")
        for row in rows:
            seen = await self._place.ask("GET", f"{path}/{row['external_id']}")
            link = await self._place.ask("POST", f"{path}/{row['external_id']}/link")
            view = await self._place.ask("GET", f"/api/links/{link['token']}")
            follower = Follower(view["live_url"], link["token"], view["room"], self._place.tls)
            follower.task = group.create_task(follower.run())
            label = seen["order"]["parcels"][0]["id"]
            self._orders.append(SmokeOrder(str(row["external_id"]), label, link["token"], follower))
        self._say(f"orders   {count} came in, each followed over the live socket")

    async def _code(self, order: SmokeOrder) -> str:
        shown = await self._place.ask("POST", f"/api/links/{order.token}/pickup", {"tail": TAIL})
        return str(shown["code"]).replace(" ", "")

    async def _plan(self, day: str) -> list[str]:
        batch = f"/api/operators/{self.operator}/batches/{day}"
        await self._place.ask("POST", f"{batch}/freeze", {"early": True})
        await self._place.ask("POST", f"{batch}/allocation", {"stock": [{"sku": "smoke", "quantity": len(self._orders)}]})
        wall = await self._place.ask("POST", f"{batch}/plan", {"routes": [{"run": self.site, "stops": [self.site]}]})
        containers = [one["container"] for lane in wall["lanes"] for one in lane["containers"]]
        self._say(f"plan     {len(containers)} container for {self.site}")
        return containers

    async def _sign(self, station: Station, hands: Hands, containers: Sequence[str]) -> None:
        async def knows_them() -> bool:
            station.check()
            day = await hands.page.look("/api/day", DayPage)
            return {one.container for one in day.containers} >= set(containers)

        await _until(knows_them, "the station has no list of the day", "look at jobs (it makes the list) and at the station's log")
        await hands.switch_to("receive")
        for container in containers:
            act = await hands.scan(container)
            if act.word != "signed":
                raise Failure(f"container {container}: the station says {act.word} {act.detail}", "see the station's log")
            await hands.scan(container)  # and opened
        self._say("sign     the container is signed for")

    async def _scan(self, hands: Hands, order: SmokeOrder, what: str) -> float:
        """Seconds until the resident's socket showed it."""
        known = order.follower.count
        began_s = time.monotonic()
        act = await hands.scan(order.label)
        if act.word not in ("received", "received_before", "received_other_container"):
            raise Failure(f"{order.label}: the station says {act.word} {act.detail}", "see the station's log")
        self.told.scans += 1
        await order.follower.news(known, lambda body: body["parcels"][0]["state"] == "received", PATIENCE_S)
        took_s = time.monotonic() - began_s
        if not self.told.live_ms:
            self.told.live_ms = round(1000 * took_s, 1)
        self._say(f"scan     {what}, after {1000 * took_s:.0f} ms")
        return took_s

    async def _restart(self, part: str, hands: Hands, order: SmokeOrder) -> None:
        back = await self._place.restart(part)
        took_s = await self._scan(hands, order, f"{part} was restarted meanwhile: the scan is on the page")
        await _until(back, f"{part} does not come back", f"look at its log: {self._place.log_of(part)}")
        self.told.restarted[part] = round(took_s, 2)

    async def _hand_out(self, hands: Hands, containers: Sequence[str], code: str) -> None:
        order = self._orders[0]
        for container in containers:
            act = await hands.page.tap("/api/finish-count", {"container": container})
            if act.word not in ("counted", "counted_short"):
                raise Failure(f"container {container} is not counted: {act.word} {act.detail}", "see the station's log")
        answer = await hands.page.ask(code)
        ready = [(claim.claim, one.parcel) for claim in answer.claims for one in claim.parcels if one.parcel == order.label]
        if not ready:
            raise Failure(f"the code opens nothing: {answer.act.word} {answer.act.detail}", "see the station's log")
        known = order.follower.count
        claim, parcel = ready[0]
        act = await hands.page.tap(
            "/api/hand-out", {"question": answer.question, "claim": claim, "parcels": [parcel], "told": False}
        )
        if act.word != "released":
            raise Failure(f"{parcel} is not handed out: {act.word} {act.detail}", "see the station's log")
        await order.follower.news(known, lambda body: body["state"] == "collected", PATIENCE_S)
        again = await hands.page.ask(code)
        if any(one.ready for claim_row in again.claims for one in claim_row.parcels):
            raise Failure("the code of a parcel that was handed out opens it again", "that is a defect: please report it")
        self.told.handed_out = True
        self._say("hand out the code opens it once; the resident's page says that it was fetched")

    async def _nothing_is_missing(self, station: Station, lost_before: int) -> None:
        async def nothing_unsent() -> bool:
            queue = station.ask("/api/status")["queue"]
            return all(not lane["unsent"] for lane in queue.values())

        await _until(nothing_unsent, "the station could not send everything", "look at broker and ingest")
        path = f"/api/operators/{self.operator}/orders"
        for order in self._orders:
            seen = await self._place.ask("GET", f"{path}/{quote(order.external_id)}")
            state = seen["order"]["parcels"][0]["state"]
            if state not in ("received", "released"):
                raise Failure(f"{order.external_id} was scanned, and the cloud says {state}", "that is a loss: please report it")
        if (lost := _lost(await self._health()) - lost_before) > 0:
            raise Failure(f"{lost} batches are lost", "python -m cloud losses")
        self._say(f"all      {self.told.scans} scans arrived, nothing is lost")


def _store(health: Mapping[str, Any]) -> str:
    database = health["database"]
    names = {"timescale": "TimescaleDB, community licence", "apache": "TimescaleDB, Apache edition", "plain": "plain PostgreSQL"}
    return f"{names[database['mode']]} (PostgreSQL {database['version']})"


def _lost(health: Mapping[str, Any]) -> int:
    backlog = health["backlog"] or {}
    return int(backlog.get("lost_batches", 0)) + int(backlog.get("quarantine_lost", 0))


async def _until(look: Callable[[], Awaitable[bool]], what: str, remedy: str) -> None:
    give_up_s = time.monotonic() + PATIENCE_S
    why = ""
    while time.monotonic() < give_up_s:
        try:
            if await look():
                return
        except (RestError, NotBookedError) as error:
            why = f" ({error})"
        await asyncio.sleep(0.1)
    raise Failure(f"{what}, not in {PATIENCE_S:.0f} s{why}", remedy)
