"""What a site's sensors measured, for charts: buckets of a step, gaps shown as gaps."""

from datetime import UTC, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from cloud.api.context import CurrentAccount, ServicesDep, Transaction
from cloud.api.errors import ApiError, not_found
from cloud.api.text import iso_of
from cloud.store.telemetry import RangeError, readings, sensors_of

router = APIRouter(prefix="/api", tags=["readings"])

_DAY = timedelta(days=1)


class SensorList(BaseModel):
    """Names end with the unit: ``fridge.1.temperature_c``."""

    sensors: list[str]


class BucketOut(BaseModel):
    """``low``, ``mean``, ``high`` null: a gap. ``readings`` counts all, "no answer" included; ``good`` those of quality 0."""

    at: str
    readings: int
    good: int
    low: float | None
    mean: float | None
    high: float | None


class ReadingsOut(BaseModel):
    sensor: str
    step_s: int
    buckets: list[BucketOut]


@router.get("/sites/{site_id}/sensors")
async def list_sensors(site_id: str, account: CurrentAccount, connection: Transaction) -> SensorList:
    """Every sensor the site ever sent a reading of."""
    if not account.scope.may_see_site(site_id):
        raise not_found("site_id", "site")
    return SensorList(sensors=[sensor.name for sensor in await sensors_of(connection, site_id)])


@router.get("/sites/{site_id}/readings")
async def chart(
    site_id: str,
    account: CurrentAccount,
    services: ServicesDep,
    connection: Transaction,
    sensor: Annotated[str, Query(max_length=64)],
    start: AwareDatetime | None = None,
    end: AwareDatetime | None = None,
    step_s: Annotated[int, Query(ge=1, le=366 * 86_400)] = 900,
) -> ReadingsOut:
    """The last 24 h up to now unless ``start`` and ``end`` (ISO 8601 with an offset) say otherwise.

    Steps of a multiple of 900 s reach back two years, finer ones 120 days.
    """
    if not account.scope.may_see_site(site_id):
        raise not_found("site_id", "site")
    found = [one for one in await sensors_of(connection, site_id) if one.name == sensor]
    if not found:
        raise not_found("sensor", "sensor")
    try:
        end = services.now() if end is None else end.astimezone(UTC)
        start = end - _DAY if start is None else start.astimezone(UTC)
        buckets = await readings(connection, found[0].id, start, end, timedelta(seconds=step_s))
    except RangeError as error:
        raise ApiError(422, "bad_range", error.field, wanted=error.wanted) from None
    except OverflowError:
        raise ApiError(422, "no_calendar", "start") from None
    return ReadingsOut(
        sensor=sensor,
        step_s=step_s,
        buckets=[
            BucketOut(at=iso_of(one.at), readings=one.readings, good=one.good, low=one.low, mean=one.mean, high=one.high)
            for one in buckets
        ],
    )
