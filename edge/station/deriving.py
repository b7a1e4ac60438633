"""Codes and PINs are derived one at a time in a thread of their own, never on the loop.

Each takes a core for up to half a second and 16 MB: two at once would be slower for both, and a Pi has other things to keep.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from edge.wire.pickup import Scrypt, secret_key

_one_at_a_time = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scrypt")


async def derive(secret: str, cost: Scrypt) -> bytes:
    """The key under which a code or a PIN is found."""
    return await asyncio.get_running_loop().run_in_executor(_one_at_a_time, secret_key, secret, cost)
