"""``python -m tests.bench.ingest_publisher NAME BATCHES READINGS WINDOW BEGIN_MS``: sites that send as fast as they are answered.

Prints "ready" and waits for a line; then encodes, seals and sends every batch live, at most WINDOW unacknowledged at once, and
prints how it went. A batch that goes unanswered for long is sent again, as the edge does.
"""

import json
import sys
import threading
import time
from dataclasses import dataclass, field
from uuid import uuid4

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.wire.codec import MSGPACK, decode_downlink, encode
from edge.wire.envelope import Envelope, digest
from edge.wire.ids import Epoch, Lane, Seq, operator_id, site_id
from edge.wire.messages import SCHEMA, Ack, ClockQuality, Series, TelemetryBatch
from edge.wire.topics import Leaf, Topic, uplink
from tests.bench.mqtt_client import open_client

SITES = 4
SENSORS = 10
OPERATOR = operator_id("bench")
RESEND_AFTER_S = 5.0
VALUES: list[float | None] = [3.0 + (index * 7919 % 1000) / 1000 for index in range(4096)]


@dataclass(slots=True)
class Site:
    """One site: makes its batches when they are due."""

    name: str
    begin_ms: int
    readings_a_sensor: int
    epoch: Epoch = field(default_factory=lambda: Epoch(uuid4()))
    made: int = 0

    def seal(self) -> tuple[str, bytes, Properties]:
        """Encode and seal the next batch: topic, payload, properties."""
        size = self.readings_a_sensor
        start = self.made * size % (len(VALUES) - size)
        series = [
            Series(
                sensor=f"fridge-{number}.temperature_c",
                t0=self.begin_ms + self.made * size,
                dt=list(range(size)),
                v=VALUES[start : start + size],
            )
            for number in range(SENSORS)
        ]
        payload = encode(TelemetryBatch(boot=1, clock=ClockQuality.SYNCED, series=series))
        self.made += 1
        envelope = Envelope(
            self.epoch, Lane.LIVE, Seq(self.made), digest(payload), Seq(1), Seq(1), SCHEMA, time.time_ns() // 1_000_000
        )
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.UserProperty = envelope.properties()
        properties.ContentType = MSGPACK
        return uplink(OPERATOR, site_id(self.name), Lane.LIVE), payload, properties


@dataclass(slots=True)
class Publisher:
    """Sends the batches of its sites in turn."""

    sites: dict[str, Site]
    window: int
    client: mqtt.Client | None = None
    waiting: dict[tuple[str, int], tuple[str, bytes, Properties]] = field(default_factory=dict)
    acknowledged: int = 0
    resent: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def hear(self, payload: bytes) -> None:
        """Called on paho's thread with every answer."""
        message = decode_downlink(payload)
        if not isinstance(message, Ack):
            return
        with self.changed:
            for seq in message.seqs:
                if self.waiting.pop((message.epoch, seq), None) is not None:
                    self.acknowledged += 1
            self.changed.notify()

    def run(self, batches: int) -> None:
        """Send, and wait until all are acknowledged."""
        sites = list(self.sites.values())
        for index in range(batches):
            site = sites[index % len(sites)]
            sealed = site.seal()
            with self.changed:
                self.waiting[str(site.epoch), site.made] = sealed
            self._send(sealed)
            self._wait_below(self.window)
        self._wait_below(1)

    def _wait_below(self, limit: int) -> None:
        while True:
            with self.changed:
                if self.changed.wait_for(lambda: len(self.waiting) < limit, RESEND_AFTER_S):
                    return
                unanswered = list(self.waiting.values())
            for sealed in unanswered:
                self.resent += 1
                self._send(sealed)

    def _send(self, sealed: tuple[str, bytes, Properties]) -> None:
        assert self.client is not None
        topic, payload, properties = sealed
        self.client.publish(topic, payload, qos=1, properties=properties)


def main(name: str, batches: int, readings: int, window: int, begin_ms: int) -> None:
    sites = {f"{name}-{index}": Site(f"{name}-{index}", begin_ms, readings // SENSORS) for index in range(SITES)}
    publisher = Publisher(sites, window)
    publisher.client = open_client(str(Topic(OPERATOR, site_id(name), Leaf.ACK)).replace(name, "+"), publisher.hear, 2 * window)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.process_time()
    publisher.run(batches)
    spent = time.process_time() - began
    print(json.dumps({"acknowledged": publisher.acknowledged, "resent": publisher.resent, "cpu_s": spent}), flush=True)
    publisher.client.disconnect()
    publisher.client.loop_stop()


if __name__ == "__main__":
    main(sys.argv[1], *(int(argument) for argument in sys.argv[2:6]))
