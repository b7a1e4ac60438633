from collections.abc import AsyncIterator

import pytest

from cloud.positions.flush import Flusher
from cloud.store.pool import Connection, connect
from tests.cloud.positions.world import TestClock, settle


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    async with await connect(database_url, "test") as opened:
        await settle(opened)
        yield opened


@pytest.fixture
async def flusher(database_url: str, connection: Connection, clock: TestClock) -> AsyncIterator[Flusher]:
    async with await connect(database_url, "test-flush") as opened:
        yield Flusher(opened, clock)
