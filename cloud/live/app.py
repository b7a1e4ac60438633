"""The live process: gateway, hints, sign of life, metrics; started together, stopped together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from cloud.auth.links import LinkSigner
from cloud.auth.secrets import SecretMissingError
from cloud.config import CloudConfig
from cloud.live import notices
from cloud.live.gateway import Gateway
from cloud.live.meters import LiveMeters
from cloud.live.reading import Reading
from cloud.metrics_port import metrics_served
from cloud.store.heartbeat import PERIOD_S, new_instance
from cloud.store.pool import is_unavailable, open_pool
from cloud.trouble import Trouble
from edge.wire.clock import Clock

log = structlog.get_logger("live")


async def run(config: CloudConfig, clock: Clock) -> None:
    """Serve until the task is cancelled."""
    try:
        signer = LinkSigner(config.secret, clock)
    except SecretMissingError as error:
        raise Trouble(str(error), "every process of one installation needs the same") from None
    meters = LiveMeters()
    instance = new_instance()
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(config.database_url.get_secret_value(), "live", max_size=4))
        reading = Reading(pool, signer, clock)
        gateway = Gateway(reading, clock, meters, public_url=config.public_url)
        if config.broker_url.get_secret_value():
            await stack.enter_async_context(notices.listening(config.broker_url.get_secret_value(), gateway.hint))
        await stack.enter_async_context(metrics_served(config, meters.registry))
        await stack.enter_async_context(_listening(gateway, config))
        log.info("live starts", host=config.live_host, port=config.live_port, instance=instance)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(gateway.run())
                group.create_task(_beat(reading, instance))
        finally:
            await _retire(reading, instance)


@asynccontextmanager
async def _listening(gateway: Gateway, config: CloudConfig) -> AsyncIterator[None]:
    origins = tuple(origin.strip() for origin in config.live_origins.split(",") if origin.strip())
    try:
        async with gateway.listening(config.live_host, config.live_port, origins):
            yield
    except OSError as error:
        raise Trouble(f"can't listen on {config.live_host}:{config.live_port}: {error.strerror}", "set TUANTU_LIVE_PORT") from None


async def _beat(reading: Reading, instance: str) -> None:
    while True:
        try:
            await reading.beat(instance)
        except Exception as error:
            if not is_unavailable(error):
                raise
        await asyncio.sleep(PERIOD_S)


async def _retire(reading: Reading, instance: str) -> None:
    try:
        await reading.retire(instance)
    except Exception as error:
        if not is_unavailable(error):
            raise
