"""The api as an app and as a process: routers, services, start and stop.

One app a process; replicas share nothing but the database.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from cloud.api import (
    alarms,
    articles,
    batches,
    books,
    cancellations,
    case_undo,
    cases,
    cold_chain,
    commands,
    containers,
    departures,
    docks,
    driver,
    driver_contact,
    errors,
    etas,
    health,
    labels,
    leader,
    leader_station,
    leaders,
    link_station,
    links,
    losses,
    manifests,
    maps,
    order_columns,
    orders,
    pack_modes,
    pages,
    parcels,
    photos,
    pickup,
    privacy,
    quarantine,
    readings,
    replans,
    resident_cases,
    road_ways,
    route_plan_moves,
    route_plans,
    runs,
    sessions,
    site_places,
    sites,
    stations,
    town,
    trackers,
    tracks,
)  # fmt: skip
from cloud.api.context import Services
from cloud.api.gate import Gate
from cloud.api.health_check import HealthCheck
from cloud.api.meters import Meters
from cloud.api.town_guard import has_town
from cloud.auth.attempts import AttemptCounter
from cloud.auth.links import LinkSigner
from cloud.auth.passwords import PasswordVerifier
from cloud.auth.residents import ResidentVault
from cloud.auth.secrets import SecretMissingError
from cloud.config import CloudConfig
from cloud.roads.matrix import MatrixService
from cloud.roads.sources import Roads
from cloud.store.pool import open_pool
from cloud.trouble import Trouble
from edge.wire.clock import Clock

ROUTERS = (
    sessions.router, sites.router, site_places.router, orders.router, cancellations.router, order_columns.router, batches.router,
    books.router, links.router, link_station.router, parcels.router, quarantine.router,
    readings.router, losses.router, containers.router, stations.router, manifests.router, pickup.router, commands.router,
    labels.router, photos.router,
    alarms.router, cold_chain.router,
    cases.router, case_undo.router, resident_cases.router, pack_modes.router, docks.router, articles.router, privacy.router,
    trackers.router, runs.router, tracks.router, etas.router, maps.router, road_ways.router,
    route_plans.router, route_plan_moves.router, replans.router, departures.router, driver.router, driver_contact.router,
    leaders.router, leader.router, leader_station.router,
    health.router,
)  # fmt: skip
# What FastAPI works out for a route on its first request belongs to the router it was included by: in one that all apps of a
# process share, a test's app does not work out 150 routes anew. An app's `dependency_overrides` do not reach these routes.
API = APIRouter(responses={"4XX": {"model": errors.ErrorBody}, "5XX": {"model": errors.ErrorBody}})
for _router in ROUTERS:
    API.include_router(_router)
# Longer than the slowest import; then whoever is still connected is cut off.
_STOP_S = 10
# Connections that count attempts: each for two statements by key, so that a few serve all requests of the other pool.
_COUNTING = 2


def create_app(config: CloudConfig, clock: Clock) -> FastAPI:
    """The app; nothing is connected before its lifespan begins. Trouble where the secret is missing."""
    meters = Meters()
    try:
        signer, vault, attempts = LinkSigner(config.secret, clock), ResidentVault(config.secret), AttemptCounter(config.secret)
    except SecretMissingError as error:
        raise Trouble(str(error), "every process of one installation needs the same") from None
    roads = Roads(config)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        url = config.database_url.get_secret_value()
        async with open_pool(url, "api", max_size=10) as pool, open_pool(url, "api-attempts", max_size=_COUNTING) as counting:
            app.state.services = Services(
                config=config, clock=clock, pool=pool, counting=counting, signer=signer, vault=vault, attempts=attempts,
                verifier=PasswordVerifier(), meters=meters, health=HealthCheck(config, pool),
                roads=roads, matrix=MatrixService(roads.source, pool, clock),
            )  # fmt: skip
            yield

    app = FastAPI(
        title="Tuantu", version="0.1.0", lifespan=lifespan, openapi_url="/api/openapi.json", docs_url=None, redoc_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    app.state.meters = meters
    errors.install(app)
    # In order: the pages' catch-all comes last.
    app.router.routes.extend(API.routes)
    for router in (*([town.router] if has_town(config, clock) else []), pages.router):
        app.include_router(router)
    return app


def gated(app: FastAPI, config: CloudConfig) -> ASGIApp:
    """The app behind its gate: what the server runs."""
    return Gate(app, config, app.state.meters)


async def run(config: CloudConfig, clock: Clock) -> None:
    """Serve until the task is cancelled or the process is told to stop; requests under way are finished."""
    app = create_app(config, clock)
    # uvicorn by itself believes whoever comes from loopback: its programs then chose their addresses for the limit of log-ins.
    proxies = [one.strip() for one in config.trusted_proxies.split(",") if one.strip()]
    server = uvicorn.Server(
        uvicorn.Config(
            gated(app, config), host=config.http_host, port=config.http_port, log_config=None, access_log=False,
            server_header=False, proxy_headers=bool(proxies), forwarded_allow_ips=proxies,
            timeout_graceful_shutdown=_STOP_S, ws="none", timeout_keep_alive=30,
        )
    )  # fmt: skip
    serving = asyncio.create_task(server.serve())
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
