"""Who is listed as alive: a process that was killed gives its place to the one that is started instead."""

import os
import socket
import subprocess
import sys

from cloud.store.heartbeat import beat, heartbeats, new_instance, retire
from cloud.store.pool import Connection


async def listed(connection: Connection, process: str) -> set[str]:
    return {one.instance for one in await heartbeats(connection) if one.process == process}


async def test_a_process_that_was_killed_gives_its_place_to_the_next(connection: Connection) -> None:
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    host = socket.gethostname()
    before, same_number = f"{host}-{killed.pid}-0a1b2c", f"{host}-{os.getpid()}-0a1b2c"
    beside, elsewhere = f"{host}-{os.getppid()}-0a1b2c", f"another-{killed.pid}-0a1b2c"
    for instance in (before, same_number, beside, elsewhere, "one"):
        await connection.execute("INSERT INTO heartbeat (process, instance) VALUES ('ingest', %s)", [instance])
    await connection.execute("INSERT INTO heartbeat (process, instance) VALUES ('live', %s)", [before])
    first, second = new_instance(), new_instance()
    await beat(connection, "ingest", first)
    await beat(connection, "ingest", second)
    assert await listed(connection, "ingest") == {beside, elsewhere, "one", first, second}
    assert await listed(connection, "live") == {before}
    await retire(connection, "ingest", second)
    assert second not in await listed(connection, "ingest")
