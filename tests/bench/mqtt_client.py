"""paho as the benchmarks use it: MQTT 5, TCP_NODELAY, the cloud's log-in from the environment."""

import os
import socket
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from cloud.ingest.session import BrokerAddress


def open_client(topic: str = "", on_payload: Callable[[bytes], None] | None = None, max_inflight: int = 20) -> mqtt.Client:
    """Connected, its thread running; ``on_payload`` is called on that thread for every message of ``topic``.

    ``max_inflight``: publishes that may wait for their PUBACK; paho's own default is 20.
    """
    address = BrokerAddress.parse(os.environ["TUANTU_BROKER_URL"])
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.max_inflight_messages_set(max_inflight)
    client.username_pw_set(address.username, address.password)

    def on_socket_open(_client: mqtt.Client, _userdata: object, sock: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def on_message(_client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        if on_payload is not None:
            on_payload(bytes(message.payload))

    def on_connect(connected: mqtt.Client, *_: object) -> None:
        if topic:
            connected.subscribe(topic, qos=1)

    client.on_socket_open = on_socket_open
    client.on_message = on_message
    client.on_connect = on_connect
    client.connect(address.host, address.port)
    client.loop_start()
    return client
