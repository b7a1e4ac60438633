"""Where a vehicle was: its track for a replay, with as few points as it takes, cut where nothing was heard."""

from datetime import UTC, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from cloud.api.context import Planner, ServicesDep, Transaction
from cloud.api.errors import ApiError, not_found
from cloud.api.text import iso_of
from cloud.domain.track import segments, simplified
from cloud.domain.whereabouts import Sighting, believed
from cloud.store.positions import track_of
from cloud.store.track_days import days_of
from edge.wire.clock import utc

router = APIRouter(prefix="/api", tags=["positions"])

_DAY = timedelta(days=1)
_LONGEST = timedelta(days=2)
_MOST_FIXES = 200_000  # two days at 1 Hz, and some


class PointOut(BaseModel):
    """``speed_m_s`` null: it did not say."""

    at: str
    lat: float
    lon: float
    speed_m_s: float | None


class TrackOut(BaseModel):
    """``pieces``: between two of them nothing was heard. ``is_simplified``: the raw fixes are gone."""

    vehicle: str
    tolerance_m: float
    fixes: int
    is_simplified: bool
    pieces: list[list[PointOut]]


@router.get("/sites/{site_id}/track")
async def track(
    site_id: str,
    account: Planner,
    services: ServicesDep,
    connection: Transaction,
    start: AwareDatetime | None = None,
    end: AwareDatetime | None = None,
    tolerance_m: Annotated[float, Query(ge=0, le=1000)] = 10.0,
) -> TrackOut:
    """The last 24 h up to now unless ``start`` and ``end`` say otherwise; two days at most. Jumps are left out, stands stand."""
    if not account.scope.may_see_site(site_id) or site_id in account.scope.shared_site_ids:
        raise not_found("site_id", "site")
    try:
        last = services.now() if end is None else end.astimezone(UTC)
        first = last - _DAY if start is None else start.astimezone(UTC)
    except OverflowError:
        raise ApiError(422, "no_calendar", "start") from None
    if first >= last:
        raise ApiError(422, "bad_range", "end", wanted="want a time after start")
    if last - first > _LONGEST:
        raise ApiError(422, "bad_range", "start", wanted="want at most two days")
    raw = await track_of(connection, site_id, first, last, _MOST_FIXES)
    if raw:
        pieces = [simplified(piece, tolerance_m) for piece in segments(believed(raw))]
        return TrackOut(
            vehicle=site_id,
            tolerance_m=tolerance_m,
            fixes=len(raw),
            is_simplified=False,
            pieces=[_points(piece) for piece in pieces],
        )
    kept = await days_of(connection, site_id, first, last)
    return TrackOut(
        vehicle=site_id, tolerance_m=tolerance_m, fixes=kept.fixes, is_simplified=bool(kept.pieces),
        pieces=[_points(simplified(piece, tolerance_m)) for piece in kept.pieces],
    )  # fmt: skip


def _points(piece: list[Sighting]) -> list[PointOut]:
    return [
        PointOut(at=iso_of(utc(fix.at_ms)), lat=round(fix.lat, 6), lon=round(fix.lon, 6), speed_m_s=fix.speed_m_s) for fix in piece
    ]
