"""paho's client (ARCHITECTURE, decision 15) with a faster reader of PUBLISH packets."""

from collections.abc import Callable

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from cloud.mqtt.publish import MalformedError, Publish, decode_publish


class LoopClient(mqtt.Client):
    """``take`` is called with every message. Acknowledge with `ack`."""

    take: Callable[[Publish], None]
    messages_read: int

    def __init__(self, client_id: str) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, manual_ack=True, reconnect_on_failure=False
        )
        self.messages_read = 0

    def _handle_publish(self) -> MQTTErrorCode:
        try:
            message = decode_publish(self._in_packet["command"], bytes(self._in_packet["packet"]))
        except MalformedError:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL  # paho then closes the connection
        self.messages_read += 1
        self.take(message)
        return MQTTErrorCode.MQTT_ERR_SUCCESS
