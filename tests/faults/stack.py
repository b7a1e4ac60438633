"""A cloud for the schedules: PostgreSQL, broker, ingest, and the proxy the sites go through. All of it can be killed."""

import asyncio
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from cloud.onebox import broker as onebox_broker
from cloud.onebox import postgres as onebox_postgres
from cloud.onebox.broker import Broker
from cloud.onebox.postgres import DATABASE, Server
from cloud.onebox.unprivileged import server_user
from cloud.store.migrate import migrate
from tests.cloud.ingest.sites import relate
from tests.conftest import find_free_port
from tests.faults.processes import FAULT_STEP, Child, eventually
from tests.faults.proxy import Proxy

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
_SNAPSHOT = "before"
_OTHER_BACKENDS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


@dataclass
class Stack:
    """Made by ``running_stack``."""

    folder: Path
    server: Server
    broker_settings: Broker
    database: Child
    broker: Child
    ingest: Child
    proxy: Proxy

    @property
    def database_url(self) -> str:
        return self.server.url()

    def start_database(self) -> None:
        onebox_postgres.wait_for_predecessor(self.server.data)
        self.database.start()

    async def start_database_and_wait(self) -> None:
        """PostgreSQL refuses to start while a killed one's memory is still attached: then again."""
        for _ in range(20):
            await asyncio.to_thread(self.start_database)
            await eventually(lambda: not self.database.is_running or onebox_postgres.answers(self.server.url("postgres")), START_S)
            if self.database.is_running:
                return
            await asyncio.sleep(0.2)
        raise RuntimeError(f"the database does not start: {self.database.log.read_text(errors='replace')[-1000:]}")

    async def start_broker_and_wait(self) -> None:
        self.broker.start()
        if not await eventually(lambda: onebox_broker.answers(self.broker_settings), START_S):
            raise RuntimeError(f"the broker does not start: {self.broker.log.read_text(errors='replace')[-1000:]}")

    def start_ingest(self, dies_at: str = "") -> None:
        self.ingest.start(**({FAULT_STEP: dies_at} if dies_at else {}))

    def administer(self, *statements: str) -> None:
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def copy_database(self, source: str, target: str) -> None:
        """A backup, or its restoration: ``target`` is replaced. Whoever is connected to either is thrown out."""
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)'.encode())
            connection.execute(f'ALTER DATABASE "{source}" WITH ALLOW_CONNECTIONS false'.encode())
            try:
                connection.execute(_OTHER_BACKENDS, (source,))
                connection.execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}"'.encode())
            finally:
                connection.execute(f'ALTER DATABASE "{source}" WITH ALLOW_CONNECTIONS true'.encode())

    def back_up(self) -> None:
        self.copy_database(DATABASE, _SNAPSHOT)

    def restore(self) -> None:
        self.copy_database(_SNAPSHOT, DATABASE)


def cloud_environment(url: str, broker_url: str) -> dict[str, str]:
    """What a cloud process is told."""
    return {
        **os.environ,
        "TUANTU_DATABASE_URL": url,
        "TUANTU_BROKER_URL": broker_url,
        "TUANTU_SECRET": secrets.token_hex(32),
    }


@asynccontextmanager
async def running_stack(
    sites: Sequence[str], switches: Mapping[str, str], operator: str = "op-faults", *, is_warm: bool = False
) -> AsyncIterator[Stack]:
    """``sites`` are the broker's users, and registered as the operator's; ``switches`` go to ingest's environment.

    ``is_warm``: ingest's, as `Child` has it.
    """
    folder = Path(tempfile.mkdtemp(prefix="tuantu-faults-"))
    if server_user() is not None:
        folder.chmod(0o711)
    logins = {"cloud": secrets.token_hex(8), **{site: secrets.token_hex(8) for site in sites}}
    server = await asyncio.to_thread(onebox_postgres.prepare, folder / "postgres", secrets.token_hex(8), find_free_port())
    broker_settings = onebox_broker.prepare(
        onebox_broker.choose(os.environ.get("BROKER") or None), folder / "broker", find_free_port(), logins,
        operators=dict.fromkeys(sites, operator),
    )  # fmt: skip
    environment = {**cloud_environment(server.url(), broker_settings.url("cloud")), **switches}
    stack = Stack(
        folder=folder,
        server=server,
        broker_settings=broker_settings,
        database=Child(
            "database",
            server.argv,
            folder / "postgres.log",
            run_as=server.run_as,
            cwd=Path("/"),
        ),
        broker=Child(
            "broker",
            broker_settings.argv,
            folder / "broker.log",
            run_as=broker_settings.run_as,
        ),
        ingest=Child(
            "ingest", [sys.executable, "-m", "cloud", "ingest"], folder / "ingest.log", environment, cwd=ROOT, is_warm=is_warm
        ),
        proxy=Proxy(broker_settings.port),
    )
    try:
        async with stack.proxy:
            await stack.start_database_and_wait()
            await asyncio.to_thread(onebox_postgres.create_database, server)
            await asyncio.to_thread(migrate, server.url())
            await asyncio.to_thread(relate, server.url(), operator, *sites)
            await stack.start_broker_and_wait()
            stack.start_ingest()
            yield stack
    finally:
        for child in (stack.ingest, stack.broker, stack.database):
            child.kill()
        shutil.rmtree(folder, ignore_errors=True)
        if server.data.parent != folder:
            shutil.rmtree(server.data, ignore_errors=True)
