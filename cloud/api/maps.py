"""The map under everything that has a place: which it is, and its one file, read by pages in ranges. Nothing here is private."""

from typing import Literal

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel

from cloud.api.context import ServicesDep
from cloud.api.errors import not_found
from cloud.roads.versions import MAP

router = APIRouter(prefix="/api/map", tags=["map"])

# A version never changes; its address does.
_FOREVER = "public, max-age=31536000, immutable"


class MapOut(BaseModel):
    """``kind``: pmtiles (Protomaps schema 4), raster (``url`` has {z}, {x}, {y}) or none. ``bounds``: west, south, east, north.

    ``crs``: what the tiles are drawn in; what we say of places is WGS-84 always.
    """

    kind: Literal["pmtiles", "raster", "none"]
    url: str
    attribution: str
    crs: Literal["wgs84", "gcj02"]
    bounds: tuple[float, float, float, float] | None


@router.get("")
async def look_at_map(response: Response, services: ServicesDep) -> MapOut:
    """The map to show now."""
    response.headers["Cache-Control"] = "no-cache"
    config, about = services.config, services.roads.about()
    bounds = None if about is None else about.bounds
    if config.map_url:
        return MapOut(kind="raster", url=config.map_url, attribution=config.map_attribution, crs=config.map_crs, bounds=bounds)
    if about is None:
        return MapOut(kind="none", url="", attribution="", crs="wgs84", bounds=None)
    return MapOut(
        kind="pmtiles", url=f"/api/map/{about.version}.pmtiles", attribution=about.attribution, crs="wgs84", bounds=bounds
    )


@router.get("/{version}.pmtiles", response_class=FileResponse)
async def map_file(version: str, services: ServicesDep) -> FileResponse:
    """The whole map, or the bytes of a Range."""
    versions = services.roads.versions
    if versions is None or versions.about(version) is None:
        raise not_found("version", "map")
    # No compression on the way: tiles are packed already, and a range is of the file's own bytes.
    return FileResponse(versions.path(version, MAP), media_type="application/vnd.pmtiles", headers={"Cache-Control": _FOREVER})
