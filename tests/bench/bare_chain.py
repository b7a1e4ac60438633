"""The least that makes a scan durable at both ends and visible: what the latency benchmark compares with.

``edge PORT FILE``: a line with a start time comes in over TCP → SQLite FULL commit → QoS 1 publish.
``cloud PORT``: the message → a one-row commit → one WebSocket send to whoever is connected.
"""

import asyncio
import os
import sys
from pathlib import Path

import apsw
import psycopg
from websockets.asyncio.server import ServerConnection, serve

from tests.bench.mqtt_client import open_client

TOPIC = "bench/bare"
# As long as the sealed event that the agent sends.
PADDING = "x" * 120


async def edge(port: int, path: Path) -> None:
    """Until killed."""
    database = apsw.Connection(str(path))
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE IF NOT EXISTS sent (id INTEGER PRIMARY KEY AUTOINCREMENT, payload BLOB)")
    client = open_client()

    async def serve_lines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            payload = f'{{"began_s": {line.decode().strip()}, "padding": "{PADDING}"}}'.encode()
            database.execute("INSERT INTO sent (payload) VALUES (?)", (payload,))
            client.publish(TOPIC, payload, qos=1)
        writer.close()

    server = await asyncio.start_server(serve_lines, "127.0.0.1", port)
    await server.serve_forever()


async def cloud(port: int) -> None:
    """Until killed."""
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    sockets: set[ServerConnection] = set()
    loop = asyncio.get_running_loop()

    def take(payload: bytes) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, payload)

    open_client(TOPIC, take)

    async def hold(connection: ServerConnection) -> None:
        sockets.add(connection)
        await connection.wait_closed()
        sockets.discard(connection)

    database = await psycopg.AsyncConnection.connect(os.environ["TUANTU_DATABASE_URL"])
    await database.execute(
        "CREATE TABLE IF NOT EXISTS bare_chain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload bytea)"
    )
    await database.commit()
    async with serve(hold, "127.0.0.1", port, compression=None):
        while True:
            payload = await queue.get()
            await database.execute("INSERT INTO bare_chain (payload) VALUES (%s)", (payload,))
            await database.commit()
            for connection in list(sockets):
                await connection.send(payload.decode())


if __name__ == "__main__":
    if sys.argv[1] == "edge":
        asyncio.run(edge(int(sys.argv[2]), Path(sys.argv[3])))
    else:
        asyncio.run(cloud(int(sys.argv[2])))
