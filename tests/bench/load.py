"""``python -m tests.bench.load ROWS_PER_S SITE…``: telemetry at a steady rate through the real broker, until killed.

Every batch is encoded anew and sealed as an agent would; 500 readings of ten sensors a message.
"""

import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.wire.codec import MSGPACK, encode
from edge.wire.envelope import Envelope, digest
from edge.wire.ids import Epoch, Lane, OperatorId, Seq, SiteId
from edge.wire.messages import SCHEMA, ClockQuality, Series, TelemetryBatch
from edge.wire.topics import uplink
from tests.bench.mqtt_client import open_client

SENSORS = 10
READINGS_A_SENSOR = 50


@dataclass(slots=True)
class Publisher:
    """One site that sends nothing but present readings."""

    topic: str
    epoch: Epoch
    client: mqtt.Client
    random: Random
    seq: int = 0

    def publish(self) -> None:
        """Make, seal and send the next batch."""
        now_ms = time.time_ns() // 1_000_000
        batch = TelemetryBatch(
            boot=1,
            clock=ClockQuality.SYNCED,
            series=[
                Series(
                    sensor=f"fridge-{number}_c",
                    t0=now_ms,
                    dt=list(range(READINGS_A_SENSOR)),
                    v=[3.0 + self.random.random() for _ in range(READINGS_A_SENSOR)],
                )
                for number in range(SENSORS)
            ],
        )
        payload = encode(batch)
        self.seq += 1
        envelope = Envelope(self.epoch, Lane.LIVE, Seq(self.seq), digest(payload), Seq(1), Seq(1), SCHEMA, now_ms)
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.UserProperty = envelope.properties()
        properties.ContentType = MSGPACK
        self.client.publish(self.topic, payload, qos=1, properties=properties)


def open_publisher(site: str, seed: int) -> Publisher:
    """Connect as the cloud's user, which may publish for any site."""
    return Publisher(uplink(OperatorId("bench"), SiteId(site), Lane.LIVE), Epoch(uuid.uuid4()), open_client(), Random(seed))


def main(rows_per_s: int, sites: Sequence[str]) -> None:
    """Until killed; what falls behind is caught up, so that the rate holds on average."""
    publishers = [open_publisher(site, seed) for seed, site in enumerate(sites)]
    interval_s = SENSORS * READINGS_A_SENSOR / rows_per_s
    due_s = time.monotonic()
    turn = 0
    while True:
        publishers[turn % len(publishers)].publish()
        turn += 1
        due_s += interval_s
        time.sleep(max(0.0, due_s - time.monotonic()))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
