"""Phones with OwnTracks on the one box's broker: those that are enrolled get in, each under its own name; revoked ones do not."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import psycopg

from cloud.store.pool import Unavailable, connect, is_unavailable
from cloud.store.trackers import broker_hashes

_LOOK_S = 3.0  # setting up a phone takes longer


async def watch(url: str, tell: Callable[[Mapping[str, str]], Awaitable[None]]) -> None:
    """Tell the broker's users and hashes whenever they changed, until cancelled; a database that is away is waited for."""
    told: Mapping[str, str] = {}
    while True:
        try:
            async with await connect(url, "onebox-phones") as connection:
                while True:
                    hashes = await broker_hashes(connection)
                    if hashes != told:
                        await tell(hashes)
                        told = hashes
                    await asyncio.sleep(_LOOK_S)
        except (Unavailable, psycopg.Error) as error:
            if not is_unavailable(error):
                raise
        await asyncio.sleep(_LOOK_S)
