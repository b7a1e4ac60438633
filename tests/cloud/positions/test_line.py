"""OwnTracks over a real broker with each phone's own log-in: what it says under its name is kept, what under another's is not."""

import asyncio
import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from cloud.auth.broker_passwords import mosquitto_hash
from cloud.domain.notices import RoomNotice, read_notices
from cloud.onebox import broker as onebox_broker
from cloud.onebox.broker import Broker, BrokerKind
from cloud.positions.intake import Intake
from cloud.positions.line import NOTICES, BrokerLine
from cloud.positions.meters import PositionMeters
from cloud.store.pool import Connection
from cloud.store.trackers import TrackerProtocol, broker_user
from edge.wire.clock import to_ms
from tests.cloud.positions.world import NOW, TestClock, rows, tracker
from tests.conftest import find_free_port, reachable_folder
from tests.faults.processes import eventually

pytestmark = pytest.mark.slow


def client(broker: Broker, user: str, password: str, name: str) -> mqtt.Client:
    made = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv311)  # as the app speaks
    made.username_pw_set(user, password)
    made.connect(broker.host, broker.port)
    made.loop_start()
    return made


@pytest.fixture
def mosquitto() -> Iterator[Broker]:
    if onebox_broker.choose() is not BrokerKind.MOSQUITTO:
        pytest.skip("Mosquitto is not installed")
    with reachable_folder() as folder:
        phones = {broker_user(n): mosquitto_hash(f"password-{n}", secrets.token_bytes(12)) for n in (1, 2)}
        logins = {"cloud": secrets.token_hex(8)}
        broker = onebox_broker.prepare(BrokerKind.MOSQUITTO, Path(folder) / "broker", find_free_port(), logins, phones=phones)
        with onebox_broker.running(broker, Path(folder) / "log"):
            yield broker


async def test_a_phone_is_heard_under_its_own_name_only(
    mosquitto: Broker, database_url: str, connection: Connection, clock: TestClock
) -> None:
    assert await tracker(connection, TrackerProtocol.OWNTRACKS, "token-1") == 1
    assert await tracker(connection, TrackerProtocol.OWNTRACKS, "token-2", vehicle="van-2") == 2
    line = BrokerLine(mosquitto.url("cloud"), clock)
    intake = Intake(database_url, clock, PositionMeters(), line.publish)
    running = [asyncio.create_task(intake.run()), asyncio.create_task(line.run(intake))]
    heard: list[RoomNotice] = []
    gateway = client(mosquitto, "cloud", mosquitto.logins["cloud"], "gateway")
    gateway.on_message = lambda _client, _data, message: heard.extend(read_notices(message.payload))
    gateway.subscribe(NOTICES)
    phone = client(mosquitto, "tracker-1", "password-1", "phone")
    stranger = client(mosquitto, "tracker-2", "wrong", "stranger")
    try:
        said = {"_type": "location", "lat": 31.2, "lon": 121.5, "tst": to_ms(NOW) // 1000}
        stored = 0
        for _ in range(100):  # until the line has subscribed: what is said before is nobody's
            phone.publish("owntracks/tracker-2/phone", json.dumps({**said, "lat": 40.0}), qos=1)
            phone.publish("owntracks/tracker-1/phone", json.dumps(said), qos=1)
            stranger.publish("owntracks/tracker-2/phone", json.dumps({**said, "lat": 41.0}), qos=1)
            await asyncio.sleep(0.1)
            ((stored,),) = await rows(connection, "SELECT count(*) FROM position")
            if stored:
                break
        assert await rows(connection, "SELECT site_id, lat FROM position") == [("van-1", 31.2)]
        assert await eventually(lambda: "vans:op-a" in {notice.room for notice in heard}, 10)
        phone.publish("owntracks/tracker-1/phone", b'{"_type": "location"}', qos=1)
        for _ in range(100):
            if await rows(connection, "SELECT FROM quarantine"):
                break
            await asyncio.sleep(0.1)
        assert await rows(connection, "SELECT topic, reason FROM quarantine") == [("tracker/owntracks/tracker-1", "payload")]
    finally:
        for one in (gateway, phone, stranger):
            one.disconnect()
            one.loop_stop()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
