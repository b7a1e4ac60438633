"""``python -m cloud positions``: hears couriers' phones and trackers by HTTP, MQTT and TCP, and follows runs.

A process of its own: its ports face devices of strangers, its connections stay open for days, and a flood of nonsense must not take
its turn from scans. Any number of replicas behind a balancer.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import structlog
import uvicorn
from starlette.applications import Starlette

from cloud.config import CloudConfig
from cloud.metrics_port import metrics_served
from cloud.positions.arriving import Arriving
from cloud.positions.following import Following
from cloud.positions.intake import Intake
from cloud.positions.line import BrokerLine
from cloud.positions.meters import PositionMeters
from cloud.positions.terminals import Terminals
from cloud.positions.web import TrackerAddress
from cloud.roads.matrix import MatrixService
from cloud.roads.sources import Roads
from cloud.store.heartbeat import new_instance
from cloud.store.pool import open_pool
from cloud.trouble import Trouble
from edge.wire.clock import Clock

_STOP_S = 5

log = structlog.get_logger("positions")


async def run(config: CloudConfig, clock: Clock) -> None:
    """Serve until the task is cancelled."""
    if not config.secret.get_secret_value():
        raise Trouble("TUANTU_SECRET is not set", "every process of one installation needs the same")
    url = config.database_url.get_secret_value()
    meters = PositionMeters()
    line = BrokerLine(config.broker_url.get_secret_value(), clock)
    intake = Intake(url, clock, meters, line.publish)
    instance = new_instance()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(metrics_served(config, meters.registry))
        pool = await stack.enter_async_context(open_pool(url, "positions-terminals", max_size=2))
        door = stack.enter_context(_door(config))
        roads_pool = await stack.enter_async_context(open_pool(url, "positions-roads", max_size=2))
        ways = MatrixService(Roads(config).source, roads_pool, clock)
        if config.jt808_port:
            terminals = Terminals(intake, pool, clock, meters, config.secret)
            await stack.enter_async_context(_listening(terminals, config))
        async with asyncio.TaskGroup() as group:
            parts = [
                intake.run(), Following(url, clock, line.publish, instance).run(), Arriving(url, clock, line.publish, ways).run(),
            ]  # fmt: skip
            if config.broker_url.get_secret_value():
                parts.append(line.run(intake))
            working = [group.create_task(part) for part in parts]
            log.info("positions start", http=config.positions_port, jt808=config.jt808_port, instance=instance)
            await _serve(TrackerAddress(intake, clock).app(), config, door)
            for task in working:
                task.cancel()


async def _serve(app: Starlette, config: CloudConfig, door: socket.socket) -> None:
    """Until the task is cancelled or the process is told to stop; requests under way are finished."""
    proxies = [one.strip() for one in config.trusted_proxies.split(",") if one.strip()]
    server = uvicorn.Server(
        uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False,
            proxy_headers=bool(proxies), forwarded_allow_ips=proxies, timeout_graceful_shutdown=_STOP_S, ws="none", lifespan="off",
            timeout_keep_alive=75,
        )
    )  # fmt: skip
    serving = asyncio.create_task(server.serve([door]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise


@contextmanager
def _door(config: CloudConfig) -> Iterator[socket.socket]:
    """Opened here and not by uvicorn, which would end the process without a word for people."""
    try:
        opened = socket.create_server((config.http_host, config.positions_port), backlog=1024)
    except OSError as error:
        raise Trouble(
            f"can't listen on {config.http_host}:{config.positions_port}: {error.strerror}", "set TUANTU_POSITIONS_PORT"
        ) from None
    with opened:
        yield opened


@asynccontextmanager
async def _listening(terminals: Terminals, config: CloudConfig) -> AsyncIterator[None]:
    try:
        async with terminals.listening(config.http_host, config.jt808_port):
            yield
    except OSError as error:
        raise Trouble(
            f"can't listen on {config.http_host}:{config.jt808_port}: {error.strerror}", "set TUANTU_JT808_PORT"
        ) from None
