import time
from collections.abc import AsyncIterator

import pytest

from cloud.ingest.flush import Flusher
from cloud.store.pool import Connection, connect
from tests.cloud.ingest.sites import WALL


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    """A connection like a worker's."""
    connection = await connect(database_url, f"test-{time.monotonic_ns()}")
    yield connection
    await connection.close()


@pytest.fixture
def flusher(connection: Connection) -> Flusher:
    return Flusher(connection, WALL)
