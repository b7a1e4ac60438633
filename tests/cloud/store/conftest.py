"""A connection to a fresh database in the mode the server gives."""

from collections.abc import AsyncIterator

import pytest

from cloud.store.mode import StoreMode
from cloud.store.pool import Connection, connect
from cloud.store.rollup import store_mode


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    async with await connect(database_url, "test") as opened:
        yield opened


@pytest.fixture
async def mode(connection: Connection) -> StoreMode:
    return await store_mode(connection)
