"""``python -m tests.bench.watchers URL TOKEN PREFIX COUNT``: so many sockets that look on, until killed.

Each is in the room PREFIX + its number.
"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect

_AT_ONCE = 50  # connections opened at a time


async def _watch(url: str, token: str, room: str, opening: asyncio.Semaphore, ready: asyncio.Queue[None]) -> None:
    async with opening:
        connection = await connect(url, compression=None, max_size=None, ping_interval=None)
        await connection.send(json.dumps({"type": "hello", "token": token}))
        await connection.send(json.dumps({"type": "subscribe", "rooms": [{"room": room, "cursor": 0}]}))
        while json.loads(await connection.recv())["type"] != "entries":
            pass
        ready.put_nowait(None)
    async for _frame in connection:
        pass


async def main(url: str, token: str, prefix: str, count: int) -> None:
    """Prints ``watching`` when all are in their rooms."""
    opening = asyncio.Semaphore(_AT_ONCE)
    ready: asyncio.Queue[None] = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(_watch(url, token, f"{prefix}{number}", opening, ready))
        for _ in range(count):
            await ready.get()
        print("watching", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
