"""Two operators, three vehicles, trackers of every kind; and a store to look into."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cloud.positions.flush import Flusher
from cloud.positions.messages import Answer, Caller, Message
from cloud.positions.report import Report, TrackerFix
from cloud.store.pool import Connection
from cloud.store.runs import WantedStop, plan_run, step
from cloud.store.trackers import Enrolment, TrackerProtocol, enrol, token_hash
from edge.wire.clock import to_ms

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
LAT, LON = 31.2, 121.5


@dataclass(slots=True)
class TestClock:
    """Domain time that tests move."""

    __test__ = False
    ms: int = to_ms(NOW)
    rate: float = 1.0
    is_simulated: bool = False

    def now_ms(self) -> int:
        return self.ms

    def pass_s(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


async def settle(connection: Connection) -> None:
    """Operators, vehicles and stations on a road to the north, a kilometre apart."""
    await connection.execute("INSERT INTO operator (id, name) VALUES ('op-a', 'A'), ('op-b', 'B')")
    for site, operator, kind, north_km in (
        ("van-1", "op-a", "van", None), ("van-2", "op-a", "van", None), ("van-b", "op-b", "van", None),
        ("st-1", "op-a", "station", 1), ("st-2", "op-a", "station", 2), ("st-3", "op-a", "station", None),
    ):  # fmt: skip
        lat = None if north_km is None else LAT + north_km / 111.195
        await connection.execute(
            "INSERT INTO site (id, kind, name, lat, lon, created_at) VALUES (%s, %s, %s, %s, %s, %s)",
            [site, kind, f"名 {site}", lat, None if lat is None else LON, NOW],
        )
        await connection.execute("INSERT INTO site_operator (site_id, operator_id) VALUES (%s, %s)", [site, operator])


async def tracker(
    connection: Connection, protocol: TrackerProtocol, secret: str, *, vehicle: str = "van-1", operator: str = "op-a",
    is_personal: bool = False,
) -> int:  # fmt: skip
    is_terminal = protocol is TrackerProtocol.JT808
    wanted = Enrolment(
        operator, vehicle, protocol, secret, is_personal, None if is_terminal else secret, secret if is_terminal else None
    )
    number = await enrol(connection, wanted, NOW)
    assert number is not None
    return number


async def run(connection: Connection, *stations: str, vehicle: str = "van-1", name: str = "R1", state: str = "departed") -> int:
    number = await plan_run(connection, "op-a", NOW.date(), name, vehicle, [WantedStop(one) for one in stations], NOW)
    assert number is not None
    assert await step(connection, number, state, NOW - timedelta(minutes=1))
    return number


def phone(token: str) -> Caller:
    return Caller(TrackerProtocol.OSMAND, token_hash(token))


def fix(second: float = 0.0, north_m: float = 0.0, **more: Any) -> TrackerFix:
    return TrackerFix(LAT + north_m / 111_195, LON, to_ms(NOW) + round(second * 1000), **more)


def said(caller: Caller, *fixes: TrackerFix, content: bytes = b"content", at_ms: int = to_ms(NOW)) -> Message:
    return Message(caller, at_ms, content, "text/plain", Report("", fixes))


async def tell(flusher: Flusher, *messages: Message) -> list[Answer]:
    return (await flusher.flush(messages)).answers


async def rows(connection: Connection, query: str, *arguments: object) -> list[tuple[Any, ...]]:
    return await (await connection.execute(query.encode(), arguments)).fetchall()
