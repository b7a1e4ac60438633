"""A broker that delivers twice, late and out of order: captures what sites and cloud publish, and publishes it again.

paho's thread captures into bounded lists; publishing is called from the schedule's loop.
"""

import threading
from collections import deque
from random import Random
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from cloud.onebox.broker import Broker
from edge.wire.codec import MSGPACK, decode_downlink
from edge.wire.ids import Lane
from edge.wire.messages import Ack, AnyDownlink
from edge.wire.topics import Leaf, Topic, every_site_filter

KEPT = 400
_UPLINK = (Leaf.UP_EVENT, Leaf.UP_LIVE, Leaf.UP_BACKFILL)


class Repeater:
    """Connected while in its ``with`` block; comes back by itself after the broker was killed."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._lock = threading.Lock()
        self._uplink: dict[str, deque[mqtt.MQTTMessage]] = {}
        self._acks: dict[str, deque[mqtt.MQTTMessage]] = {}
        self._acknowledged: dict[str, set[tuple[str, int]]] = {}
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="repeater", protocol=mqtt.MQTTv5)
        self._client.username_pw_set("cloud", broker.logins["cloud"])
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._capture

    def __enter__(self) -> Self:
        self._client.connect(self._broker.host, self._broker.port, clean_start=True)
        self._client.loop_start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def repeat(self, site: str, random: Random, count: int) -> int:
        """Publish captured batches of a site again, in any order, and some old acknowledgements to it."""
        with self._lock:
            uplink = list(self._uplink.get(site, ()))
            acks = list(self._acks.get(site, ()))
        chosen = random.choices(uplink, k=count) if uplink else []
        chosen += random.choices(acks, k=count // 4) if acks else []
        random.shuffle(chosen)
        for message in chosen:
            self._client.publish(message.topic, message.payload, qos=1, properties=_published(message))
        return len(chosen)

    def take_acknowledged(self, site: str) -> set[tuple[str, int]]:
        """(epoch, seq) of the event batches the cloud has acknowledged since this was last asked."""
        with self._lock:
            return self._acknowledged.pop(site, set())

    def forget_acks(self, site: str) -> None:
        """The cloud was restored: what it acknowledged before, it may not have now. No network keeps an ack that long."""
        with self._lock:
            self._acks.pop(site, None)

    def _subscribe(
        self, client: mqtt.Client, _userdata: object, _flags: mqtt.ConnectFlags, _reason: ReasonCode, _properties: Properties | None
    ) -> None:
        client.subscribe([(every_site_filter(leaf), SubscribeOptions(qos=1)) for leaf in (*_UPLINK, Leaf.ACK)])

    def _capture(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        topic = Topic.parse(message.topic)
        kept = self._acks if topic.leaf is Leaf.ACK else self._uplink
        with self._lock:
            kept.setdefault(topic.site, deque(maxlen=KEPT)).append(message)
            if kept is self._acks:
                self._note(topic.site, decode_downlink(bytes(message.payload), MSGPACK))

    def _note(self, site: str, answer: AnyDownlink) -> None:
        if isinstance(answer, Ack) and answer.lane == Lane.EVENT:
            self._acknowledged.setdefault(site, set()).update((answer.epoch, seq) for seq in answer.seqs)


def _published(message: mqtt.MQTTMessage) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.UserProperty = list(getattr(message.properties, "UserProperty", ()))
    properties.ContentType = getattr(message.properties, "ContentType", "")
    return properties
