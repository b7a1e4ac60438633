"""A manifest on its whole way: from orders in the cloud's database, by HTTP, to what the agent answers a code from."""

import asyncio
import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from cloud.api import app as api
from cloud.auth.pickup import PickupKeys
from cloud.auth.residents import ResidentVault
from cloud.config import CloudConfig
from cloud.jobs.manifests import ManifestMaker
from edge.fetching import fetch
from edge.https import CloudAwayError, CloudSettings
from edge.wire.manifest import decode_manifest
from edge.wire.pickup import read_code, secret_key
from tests.cloud.api.world import NOW, SECRET, TestClock, World, order, settle

pytestmark = pytest.mark.slow


async def test_what_the_cloud_makes_the_agent_fetches_and_finds_a_code_in(
    database_url: str, free_port: int, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{free_port}"
    config = CloudConfig(
        database_url=SecretStr(database_url), secret=SecretStr(SECRET), pages_dir=tmp_path / "dist", http_port=free_port,
        public_url=url,
    )  # fmt: skip
    serving = asyncio.create_task(api.run(config, TestClock()))
    try:
        async with (
            await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection,
            httpx.AsyncClient(base_url=url, timeout=10) as client,
        ):
            await _answers(client)
            world = World(client, connection, TestClock(), await settle(connection))
            await world.call("dispatcher-a", "PUT", "/api/sites/st-a1/rules", json={"code_cost": 1024})
            await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order(pickup_date="2026-11-22")])
            await world.post("dispatcher-a", "/api/sites/st-a1/credentials", json={"key": "the-password-at-the-broker"})
            link = (await world.post("dispatcher-a", "/api/operators/op-a/orders/A-1001/link")).json()["token"]
            code = read_code((await world.post(None, f"/api/links/{link}/pickup", json={"tail": "5678"})).json()["code"])
            await ManifestMaker(PickupKeys(SecretStr(SECRET)), ResidentVault(SecretStr(SECRET))).make(connection, "st-a1", NOW)
            sha256: Any = await world.one("SELECT manifest_sha256 FROM desired WHERE site_id = 'st-a1'")
        settings = CloudSettings("st-a1", "the-password-at-the-broker", may_be_plain=True)
        body = await asyncio.to_thread(fetch, f"{url}/api/sites/st-a1/manifest/{sha256}", settings)
        assert body is not None
        assert hashlib.sha256(body).hexdigest() == sha256
        assert await asyncio.to_thread(fetch, f"{url}/api/sites/st-a1/manifest/{sha256}", settings, sha256) is None
        manifest = decode_manifest(body)
        assert code is not None
        key = secret_key(code, manifest.code_cost)
        assert [one.claim for one in manifest.codes if one.key == key] == [claim.claim for claim in manifest.claims]
        stranger = CloudSettings("st-a2", "the-password-at-the-broker", may_be_plain=True)
        with pytest.raises(CloudAwayError, match="answered 401"):
            await asyncio.to_thread(fetch, f"{url}/api/sites/st-a1/manifest/{sha256}", stranger)
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


async def _answers(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(15):
        while True:
            with suppress(httpx.TransportError):
                if (await client.get("/api/openapi.json")).is_success:
                    return
            await asyncio.sleep(0.05)
