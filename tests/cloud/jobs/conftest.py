"""A connection to a fresh database, and a clock that stands where a test puts it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from cloud.store.mode import StoreMode
from cloud.store.pool import Connection, connect
from cloud.store.rollup import store_mode


@dataclass
class SetClock:
    """Domain time as a test sets it."""

    ms: int
    rate: float = 1.0
    is_simulated: bool = True

    def now_ms(self) -> int:
        return self.ms


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    async with await connect(database_url, "test") as opened:
        yield opened


@pytest.fixture
async def mode(connection: Connection) -> StoreMode:
    return await store_mode(connection)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(1_772_409_600_000)  # 2026-03-02
