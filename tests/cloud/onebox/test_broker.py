"""The one box's brokers, both started for real."""

import queue
import socket
from functools import partial
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from cloud.onebox import broker as onebox_broker
from cloud.onebox.broker import BrokerKind
from cloud.trouble import Trouble
from edge.wire.topics import Leaf
from tests.conftest import find_free_port, reachable_folder, run_broker

pytestmark = pytest.mark.slow


def _kinds() -> list[object]:
    try:
        onebox_broker.choose("mosquitto")
    except Trouble as trouble:
        return [pytest.param("mosquitto", marks=pytest.mark.skip(str(trouble))), "iotcore"]
    return ["mosquitto", "iotcore"]


def _client(said: "queue.Queue[object]") -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.on_connect = lambda _c, _u, _f, reason, _p: said.put(reason)
    client.on_disconnect = lambda _c, _u, _f, reason, _p: said.put(reason)
    client.on_message = lambda _c, _u, message: said.put(message.payload)
    client.on_subscribe = lambda _c, _u, _m, reasons, _p: said.put(reasons)
    return client


@pytest.mark.parametrize("kind", _kinds())
def test_it_relays_with_the_right_password(kind: str) -> None:
    with run_broker(kind) as broker:
        said: queue.Queue[object] = queue.Queue()
        client = _client(said)
        client.username_pw_set(broker.username, broker.password)
        client.connect(broker.host, broker.port)
        client.loop_start()
        try:
            assert said.get(timeout=5) == "Success"
            client.subscribe("tt/v1/+/+/up/event", qos=1)
            said.get(timeout=5)
            client.publish("tt/v1/jia/north/up/event", b"bytes", qos=1)
            assert said.get(timeout=5) == b"bytes"
        finally:
            client.disconnect()
            client.loop_stop()


@pytest.mark.parametrize("kind", _kinds())
def test_it_refuses_a_wrong_password(kind: str) -> None:
    with run_broker(kind) as broker:
        said: queue.Queue[object] = queue.Queue()
        client = _client(said)
        client.username_pw_set(broker.username, "wrong")
        client.connect(broker.host, broker.port)
        client.loop_start()
        try:
            reason = said.get(timeout=5)
            assert isinstance(reason, ReasonCode)
            assert reason.is_failure
        finally:
            client.loop_stop()


@pytest.mark.parametrize("kind", _kinds())
def test_it_listens_on_loopback_only(kind: str) -> None:
    with run_broker(kind) as broker, socket.socket() as elsewhere:
        # 127.0.0.2 is this machine by another of its addresses: a listener on 0.0.0.0 would hold it too.
        elsewhere.bind(("127.0.0.2", broker.port))


@pytest.mark.skipif(onebox_broker.choose() is not BrokerKind.MOSQUITTO, reason="only Mosquitto has rules by user")
def test_a_site_may_say_only_what_a_site_says_under_its_own_name_and_operator() -> None:
    with reachable_folder() as folder:
        configured = onebox_broker.prepare(
            BrokerKind.MOSQUITTO,
            folder / "broker",
            find_free_port(),
            {"cloud": "a" * 16, "north": "b" * 16, "south": "c" * 16},
            operators={"north": "jia"},
        )
        with onebox_broker.running(configured, folder / "broker.log"):
            north = partial(_published, configured, "north")
            south = partial(_published, configured, "south")
            assert {north("tt/v1/jia/north/up/event"), north("tt/v1/jia/north/status")} == {"No matching subscribers"}
            assert north("tt/v1/jia/south/up/event") == "Not authorized"
            assert north("tt/v1/yi/north/up/event") == "Not authorized"
            assert north("tt/v1/jia/north/ack") == "Not authorized"  # the cloud's word
            assert south("tt/v1/yi/south/up/live") == "No matching subscribers"  # whose it is, ingest knows
            assert south("tt/v1/yi/south/cmd") == "Not authorized"


@pytest.mark.skipif(onebox_broker.choose() is not BrokerKind.MOSQUITTO, reason="only Mosquitto has rules by user")
def test_the_rules_for_a_broker_of_ones_own_let_a_site_say_only_what_a_site_says() -> None:
    with reachable_folder() as folder:
        logins = {"cloud": "a" * 16, "north": "b" * 16}
        configured = onebox_broker.prepare(BrokerKind.MOSQUITTO, folder / "broker", find_free_port(), logins)
        rules = folder / "broker" / "rules"
        rules.write_text((Path(__file__).resolve().parents[3] / "deploy" / "mosquitto.acl").read_text())
        with onebox_broker.running(configured, folder / "broker.log"):
            north = partial(_published, configured, "north")
            said = {leaf: north(f"tt/v1/jia/north/{leaf}") for leaf in Leaf}
            assert {leaf for leaf, answer in said.items() if answer == "Not authorized"} == {Leaf.ACK, Leaf.COMMAND, Leaf.DESIRED}
            assert north("tt/v1/jia/south/up/event") == "Not authorized"
            assert north("tt-live/v1/rooms") == "Not authorized"


def _published(configured: onebox_broker.Broker, user: str, topic: str) -> str:
    """What the broker says to a publication of ``user``."""
    said: queue.Queue[object] = queue.Queue()
    client = _client(said)
    client.on_publish = lambda _c, _u, _m, reason, _p: said.put(reason)
    client.username_pw_set(user, configured.logins[user])
    client.connect("127.0.0.1", configured.port)
    client.loop_start()
    try:
        assert said.get(timeout=5) == "Success"
        client.publish(topic, b"x", qos=1)
        return str(said.get(timeout=5))
    finally:
        client.disconnect()
        client.loop_stop()


def test_passwords_are_kept_private(tmp_path: Path) -> None:
    onebox_broker.prepare(BrokerKind.IOTCORE, tmp_path / "broker", 1, {"cloud": "x" * 16})
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "broker").iterdir()} == {0}


def test_an_unknown_broker_is_named_with_the_remedy() -> None:
    with pytest.raises(Trouble, match="BROKER=rabbit"):
        onebox_broker.choose("rabbit")
