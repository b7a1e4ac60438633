"""How the api asks the simulated town and the one box that runs it: one JSON line to a Unix socket in the town's folder, one back.

Nothing of either is imported: in production there is neither (cloud/api/town_guard.py).
"""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path

TOWN = "control.sock"  # firmware_sim/town/control.py
BOX = "box.sock"  # cloud/onebox/town_controls.py
ANSWER_S = 15.0  # a scan waits for its turn at the station's scanner
_MOST_BYTES = 1 << 20


class NobodyThereError(Exception):
    """No town answers: it starts, or has ended."""


async def ask(folder: Path, name: str, asked: Mapping[str, object]) -> bytes:
    """The answer's line. NobodyThereError."""
    descriptor = -1
    try:
        # A socket's path holds 107 bytes only, a data folder's may be longer.
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{descriptor}/{name}", limit=_MOST_BYTES)
            try:
                writer.write(json.dumps(asked).encode() + b"\n")
                await writer.drain()
                line = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError) as error:
        raise NobodyThereError(str(error)) from None
    finally:
        if descriptor >= 0:
            os.close(descriptor)
    if not line.endswith(b"\n"):
        raise NobodyThereError("it broke off")
    return line
