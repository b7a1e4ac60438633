"""GET /health for people, Compose and balancers; GET /metrics for Prometheus."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from cloud.api.clock import clock_out
from cloud.api.context import ServicesDep
from cloud.api.health_check import Health

router = APIRouter(tags=["health"])


@router.get("/health")
async def health(response: Response, services: ServicesDep) -> Health:
    """How things stand: 200 while the api can serve, 503 without a database."""
    found = await services.health.look(clock_out(services.clock))
    response.headers["Cache-Control"] = "no-store"
    if found.status == "down":
        response.status_code = 503
    return found


@router.get("/metrics", response_class=Response)
async def metrics(services: ServicesDep) -> Response:
    """Prometheus' text form."""
    return Response(generate_latest(services.meters.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
