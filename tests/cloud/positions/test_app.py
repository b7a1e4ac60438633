"""The process as it is run: all its doors, and that it ends as it is told to."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import psycopg
import pytest

from cloud.store.heartbeat import heartbeats
from cloud.store.pool import Connection
from cloud.store.trackers import TrackerProtocol
from tests.cloud.positions.world import rows, tracker
from tests.conftest import TestBroker, find_free_port
from tests.faults.processes import Child

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.slow


def environment(url: str, **more: str) -> dict[str, str]:
    return {**os.environ, "TUANTU_DATABASE_URL": url, "TUANTU_SECRET": "x" * 32, **more}


async def test_it_serves_its_doors_and_ends_when_it_is_told(
    database_url: str, connection: Connection, broker: TestBroker, tmp_path: Path
) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    http, jt808 = find_free_port(), find_free_port()
    settings = environment(
        database_url, TUANTU_BROKER_URL=broker.url, TUANTU_POSITIONS_PORT=str(http), TUANTU_JT808_PORT=str(jt808)
    )
    child = Child("positions", [sys.executable, "-m", "cloud", "positions"], tmp_path / "log", settings, cwd=ROOT, is_warm=True)
    child.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{http}") as client:
            for _ in range(300):
                try:
                    if (await client.get("/health")).status_code == 200:
                        break
                except httpx.TransportError:
                    assert child.is_running, (tmp_path / "log").read_text()
                await asyncio.sleep(0.1)
            assert (await client.get("/?id=token-1&lat=31.2&lon=121.5")).status_code == 200
        _, writer = await asyncio.open_connection("127.0.0.1", jt808)
        writer.close()
        assert await rows(connection, "SELECT count(*) FROM position") == [(1,)]

        async def beats() -> list[str]:
            return [beat.process for beat in await heartbeats(connection)]

        for _ in range(100):
            if await beats():
                break
            await asyncio.sleep(0.1)
        assert await beats() == ["positions"]
        await child.stop(signal.SIGTERM)
        assert child.exit_code == 0
        assert "Traceback" not in (tmp_path / "log").read_text()
        assert await beats() == []
    finally:
        child.kill()


def test_a_port_that_is_taken_is_said_so(database_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for name in ("TUANTU_POSITIONS_PORT", "TUANTU_JT808_PORT"):
            ports = {"TUANTU_POSITIONS_PORT": str(find_free_port()), "TUANTU_JT808_PORT": str(find_free_port()), name: port}
            said = subprocess.run(
                [sys.executable, "-m", "cloud", "positions"], env=environment(database_url, **ports), cwd=ROOT,
                capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            assert said.returncode == 2, said.stderr
            assert name in said.stderr
            assert "Traceback" not in said.stderr


def test_the_phones_of_a_mosquitto_of_ones_own_are_printed(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO operator (id, name) VALUES ('o', 'O')")
        connection.execute("INSERT INTO site (id, kind, name, created_at) VALUES ('v', 'van', 'V', now())")
        for revoked in ("NULL", "now()"):
            connection.execute(
                f"""
                INSERT INTO tracker
                    (operator_id, site_id, protocol, name, is_personal, token_sha256, broker_hash, created_at, revoked_at)
                VALUES ('o', 'v', 'owntracks', 'n', false, '{revoked}', '$7$101$salt$key', now(), {revoked})
                """.encode()
            )
    said = subprocess.run(
        [sys.executable, "-m", "cloud", "phones"], env=environment(database_url), cwd=ROOT, capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    assert said.stdout == "tracker-1:$7$101$salt$key\n"
