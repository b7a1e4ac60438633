"""The api with its real database, called in process."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from cloud.api.app import create_app, gated
from cloud.config import CloudConfig
from tests.cloud.api.world import SECRET, TestClock, World, settle


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> CloudConfig:
    return CloudConfig(database_url=SecretStr(database_url), secret=SecretStr(SECRET), pages_dir=tmp_path / "dist")


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def app(config: CloudConfig, clock: TestClock) -> FastAPI:
    return create_app(config, clock)


@pytest.fixture
async def world(config: CloudConfig, clock: TestClock, app: FastAPI) -> AsyncIterator[World]:
    transport = httpx.ASGITransport(app=gated(app, config), raise_app_exceptions=False)
    async with (
        await psycopg.AsyncConnection.connect(config.database_url.get_secret_value(), autocommit=True) as connection,
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://tuantu.test") as client,
    ):
        yield World(client, connection, clock, await settle(connection))
