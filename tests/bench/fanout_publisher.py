"""Commits changes of rooms as ingest does, in a process of its own, and hints over MQTT.

Lines in: ``TICK BYTES timed|plain ROOM…``; lines out: ``TICK``, once it is committed.
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from cloud.domain.notices import encode_notices
from cloud.live.notices import NOTICES
from cloud.store.pool import connect
from cloud.store.rooms import change, entry


async def main(url: str, broker: dict[str, str]) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set(broker["username"], broker["password"])
    client.connect(broker["host"], int(broker["port"]))
    client.loop_start()
    connection = await connect(url, "bench-fanout")
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with connection:
        while line := (await lines.readline()).decode().split():
            tick, size, timed, rooms = int(line[0]), int(line[1]), line[2] == "timed", line[3:]
            body: dict[str, object] = {"text": "x" * size}
            if timed:
                body["t"] = time.monotonic() * 1000
            async with connection.transaction():
                versions = await change(connection, [entry(room, f"m/{tick:06d}", body) for room in rooms], datetime.now(UTC))
            client.publish(NOTICES, encode_notices(versions), qos=0)
            print(tick, flush=True)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
