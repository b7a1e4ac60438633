import asyncio
from dataclasses import dataclass

import msgspec
import psycopg
import pytest
from pydantic import SecretStr

from cloud.config import CloudConfig
from cloud.domain.notices import read_notices
from cloud.ingest import resync_tool
from cloud.ingest.session import BrokerAddress, BrokerLost, open_session
from cloud.trouble import Trouble
from edge.wire.codec import encode
from edge.wire.ids import Lane
from edge.wire.messages import Ack, Birth, ClockQuality, ParcelReceived, Resend, SettledLane
from tests.cloud.ingest.sites import WALL, TestSite, count, rows, running_ingest, until, uplink_of
from tests.conftest import TestBroker, find_free_port

pytestmark = pytest.mark.slow


async def test_an_event_and_readings_are_stored_once_and_acknowledged_every_time(database_url: str, broker: TestBroker) -> None:
    site = TestSite("run-1")
    async with running_ingest(database_url, broker, site), uplink_of(site, broker) as link:
        await until(lambda: count(database_url, "SELECT count(*) FROM heartbeat WHERE lag_s >= 0") == 1)
        event = site.scans(ParcelReceived(parcel="TTP1"))
        readings = site.readings([3.5, None, 4.0])
        for round_ in range(1, 4):
            link.send(event)
            link.send(readings)
            await until(lambda wanted=round_: len(link.acked()) == len(link.acked(Lane.LIVE)) == wanted)  # type: ignore[misc]
    assert count(database_url, "SELECT count(*) FROM event") == 1
    assert count(database_url, "SELECT count(*) FROM reading") == 3
    assert count(database_url, "SELECT count(*) FROM batch") == 2


async def test_a_message_that_waits_for_the_database_is_a_lag(broker: TestBroker) -> None:
    site = TestSite("run-10")
    address = BrokerAddress.parse(broker.url)
    async with open_session(address, "lag-test", ("tt/v1/green/run-10/up/live",), WALL) as session, uplink_of(site, broker) as link:
        assert session.waited_s == 0
        link.send(site.readings([1.0]))
        (arrival,) = await session.take(10, 1000)
        await until(lambda: session.waited_s > 0.05)
        arrival.finished()
        assert session.waited_s == 0


async def test_every_change_of_a_room_is_hinted_after_the_commit(database_url: str, broker: TestBroker) -> None:
    site = TestSite("run-2")
    async with running_ingest(database_url, broker, site), uplink_of(site, broker) as link:
        link.send(site.scans(ParcelReceived(parcel="X")))
        await until(lambda: bool(link.notices))
    told = {one.room: one for one in read_notices(link.notices[0])}["site:run-2"]
    assert [(told.version, told.previous)] == rows(database_url, "SELECT version, previous FROM room WHERE name = 'site:run-2'")
    held = rows(database_url, "SELECT key, body FROM room_entry WHERE room = 'site:run-2' AND key = 'parcel/X'")
    assert [(key, msgspec.json.decode(body or b"null")) for key, body in told.entries] == held


async def test_many_batches_on_all_lanes_are_each_acknowledged(database_url: str, broker: TestBroker) -> None:
    site = TestSite("run-3")
    async with running_ingest(database_url, broker, site), uplink_of(site, broker) as link:
        for index in range(300):
            link.send(site.readings([float(index)] * 5))
            link.send(site.readings([float(index)], lane=Lane.BACKFILL))
            if index % 10 == 0:
                link.send(site.scans(ParcelReceived(parcel=f"P{index}")))
        await until(lambda: len(link.acked(Lane.LIVE)) == 300 and len(link.acked(Lane.BACKFILL)) == 300 and len(link.acked()) == 30)
    assert sorted(link.acked(Lane.LIVE)) == list(range(1, 301))
    assert count(database_url, "SELECT count(*) FROM reading") == 1800
    assert all(1 <= ack.credit <= 32 for ack in link.of(Ack))


async def test_ten_megabytes_do_not_stop_the_lane(database_url: str, broker: TestBroker) -> None:
    site = TestSite("run-4")
    async with running_ingest(database_url, broker, site):
        async with uplink_of(site, broker) as link:
            link.send(site.seal(Lane.LIVE, b"x" * 10_000_000))
        async with uplink_of(site, broker) as link:
            link.send(site.readings([1.0]))
            await until(lambda: link.acked(Lane.LIVE) == [2])
    assert count(database_url, "SELECT count(*) FROM reading") == 1


async def test_where_the_database_is_away_nothing_is_acknowledged_until_it_is_back(database_url: str, broker: TestBroker) -> None:
    site = TestSite("run-5")
    name = database_url.rsplit("/", 1)[1]
    async with running_ingest(database_url, broker, site), uplink_of(site, broker) as link:
        event = site.scans(ParcelReceived(parcel="X"))
        with psycopg.connect(database_url.rsplit("/", 1)[0] + "/postgres", autocommit=True) as admin:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            link.send(event)
            await asyncio.sleep(0.5)  # what must not happen has its chance to
            assert link.acked() == []
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())

        def acked_after_sending_again() -> bool:
            link.send(event)
            return bool(link.acked())

        await until(acked_after_sending_again)
    assert count(database_url, "SELECT count(*) FROM event") == 1


async def test_what_is_in_work_is_acknowledged_before_ingest_stops(database_url: str, broker: TestBroker) -> None:
    site = TestSite("run-6")
    async with uplink_of(site, broker) as link:
        async with running_ingest(database_url, broker, site) as stopping:
            for index in range(200):
                link.send(site.readings([float(index)]))
            await until(lambda: len(link.acked(Lane.LIVE)) > 0)
            stopping.set()
        stored = {row[0] for row in rows(database_url, "SELECT seq FROM batch")}
        await until(lambda: stored <= set(link.acked(Lane.LIVE)))
    assert set(link.acked(Lane.LIVE)) == stored
    assert rows(database_url, "SELECT count(*) FROM heartbeat") == [(0,)]


async def test_births_reach_the_rooms(database_url: str, broker: TestBroker) -> None:
    site = TestSite("run-7")
    birth = Birth(version="1", boot=1, connect=1, nonce="n", epoch=str(site.epoch), at_ms=1, clock=ClockQuality.SYNCED)
    async with running_ingest(database_url, broker, site), uplink_of(site, broker) as link:
        link.publish("tt/v1/green/run-7/status", encode(birth))
        await until(lambda: count(database_url, "SELECT count(*) FROM site_status WHERE online") == 1)
    shown = rows(database_url, "SELECT room, key, body->>'online' FROM room_entry ORDER BY room")
    assert shown == [
        ("operator:green", "site/run-7", "true"),
        ("site:run-7", "status", "true"),
        ("sites:green", "site/run-7", "true"),
    ]


async def test_a_site_of_a_restored_cloud_is_asked_to_send_again(database_url: str, broker: TestBroker) -> None:
    site = TestSite("run-8")
    async with running_ingest(database_url, broker, site), uplink_of(site, broker) as link:
        link.send(site.seal(Lane.LIVE, site.readings([1.0]).payload, seq=9, floor=9))
        await until(lambda: bool(link.of(Resend)))
    asked = link.of(Resend)[0]
    assert (asked.epoch, asked.lane, asked.from_seq, asked.to_seq) == (str(site.epoch), "live", 1, 8)


async def test_the_end_of_an_epoch_that_is_over_is_asked_for_when_a_restored_cloud_misses_it(
    database_url: str, broker: TestBroker
) -> None:
    site, before = TestSite("run-8b"), TestSite("run-8b")
    birth = Birth(
        version="1", boot=1, connect=1, nonce="n", epoch=str(site.epoch), at_ms=1, clock=ClockQuality.SYNCED,
        settled=[SettledLane(epoch=str(before.epoch), lane="event", floor=4, kept=2)],
    )  # fmt: skip
    async with running_ingest(database_url, broker, site), uplink_of(site, broker) as link:
        link.send(before.scans(ParcelReceived(parcel="A")))
        await until(lambda: link.acked() == [1])
        # 2 and 3 were acknowledged, too, by the database that was lost; the site has begun a new epoch since.
        link.publish("tt/v1/green/run-8b/status", encode(birth), retain=True)
        await until(lambda: bool(link.of(Resend)))
    (asked,) = link.of(Resend)
    assert (asked.epoch, asked.lane, asked.from_seq, asked.to_seq) == (str(before.epoch), "event", 2, 3)


async def test_resync_asks_every_lane_that_is_known(
    database_url: str, broker: TestBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    site = TestSite("run-9")
    config = CloudConfig(database_url=SecretStr(database_url), broker_url=SecretStr(broker.url))
    assert await resync_tool.main([], config, WALL) == 1
    async with uplink_of(site, broker) as link:
        async with running_ingest(database_url, broker, site):
            link.send(site.scans(ParcelReceived(parcel="X")))
            await until(lambda: bool(link.acked()))
        assert await resync_tool.main(["--site", "run-9"], config, WALL) == 0
        await until(lambda: bool(link.of(Resend)))
    assert [(one.epoch, one.lane, one.from_seq) for one in link.of(Resend)] == [(str(site.epoch), "event", 1)]
    assert "asked 1 sites" in capsys.readouterr().out


@dataclass(frozen=True, slots=True)
class _Nowhere:
    url: str


async def test_a_broker_that_is_not_there_is_named() -> None:
    address = BrokerAddress.parse(f"mqtt://u:p@127.0.0.1:{find_free_port()}")
    with pytest.raises(BrokerLost, match=f"127.0.0.1:{address.port}"):
        async with open_session(address, "x", (), WALL):
            pytest.fail("there is no broker")


async def test_a_wrong_password_is_named(broker: TestBroker) -> None:
    address = BrokerAddress.parse(f"mqtt://cloud:wrong@127.0.0.1:{broker.port}")
    with pytest.raises(BrokerLost, match=r"refused|closed"):
        async with open_session(address, "x", (), WALL):
            pytest.fail("it should not let us in")


@pytest.mark.parametrize("url", ["", "http://x", "mqtt://"])
async def test_a_broker_url_that_is_none_stops_the_start_with_a_remedy(database_url: str, url: str) -> None:
    with pytest.raises(Trouble, match="TUANTU_BROKER_URL"):
        async with running_ingest(database_url, _Nowhere(url)):
            pytest.fail("it should not start")


def test_a_broker_url_is_read() -> None:
    assert BrokerAddress.parse("mqtts://a%40b:c%2Fd@h") == BrokerAddress("h", 8883, "a@b", "c/d", tls=True)
