"""Prometheus' page of a process, on a port of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import REGISTRY, CollectorRegistry, start_http_server

from cloud.config import CloudConfig
from cloud.trouble import Trouble


@asynccontextmanager
async def metrics_served(config: CloudConfig, registry: CollectorRegistry = REGISTRY) -> AsyncIterator[None]:
    """While the block lasts, where a port is set. Trouble where it can't be listened on."""
    if not config.metrics_port:
        yield
        return
    try:
        server, thread = start_http_server(config.metrics_port, config.http_host, registry)
    except OSError as error:
        raise Trouble(
            f"can't listen on {config.http_host}:{config.metrics_port}: {error.strerror}", "set TUANTU_METRICS_PORT"
        ) from None
    try:
        yield
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        await asyncio.to_thread(thread.join)
