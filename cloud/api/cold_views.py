"""How a parcel's cold-chain account leaves the api: for those who work with it, and, with less of it, for its resident."""

from datetime import datetime

from pydantic import BaseModel

from cloud.api.text import iso_of
from cloud.store.cold_reading import ColdPoint, ColdRecord, ColdStay, cold_series
from cloud.store.pool import Connection


class BandOut(BaseModel):
    """The limits of its class in °C; null: no such limit."""

    low_c: float | None
    high_c: float | None


class PointOut(BaseModel):
    """All null: nothing was measured, a gap."""

    at: str
    low: float | None
    mean: float | None
    high: float | None


class ExcursionOut(BaseModel):
    """``severity`` "": not for long enough to matter; critical: beyond limit and duration."""

    start: str
    end: str
    rule: str
    minutes: float
    peak_c: float
    severity: str


class ColdStayOut(BaseModel):
    """``basis``: place, container, zone (some box of its zone there), none. ``is_over`` false: it is there now."""

    start: str
    end: str
    is_over: bool
    site: str
    site_name: str
    place: str
    container: str
    is_aboard: bool
    basis: str
    box: str
    sensor: str
    observed_min: float
    out_min: float


class ColdSummary(BaseModel):
    """``verdict``: no_data, in_range, excursion, breach. ``coverage``: observed ÷ expected, null where nothing was expected.

    ``placed_min``: of the observed minutes those of a place that the parcel is known to have been in: only they vouch for it.
    """

    parcel: str
    goods: str
    limits: BandOut
    verdict: str
    basis: str
    as_of: str
    is_settled: bool
    coverage: float | None
    observed_min: float
    placed_min: float
    expected_min: float
    above_min: float
    below_min: float
    coldest_c: float | None
    warmest_c: float | None
    excursions: list[ExcursionOut]
    step_s: int
    series: list[PointOut]


class ColdChainOut(ColdSummary):
    """``above_c_min``, ``below_c_min``: °C times minutes out of range. ``mean_kinetic_c``: USP <1079>, of chilled goods."""

    above_c_min: float
    below_c_min: float
    mean_kinetic_c: float | None
    stays: list[ColdStayOut]


async def cold_summary(connection: Connection, record: ColdRecord, now: datetime) -> ColdSummary:
    """What its resident sees: neither sensors nor places."""
    step, points = await cold_series(connection, record, now)
    return ColdSummary(
        parcel=record.parcel, goods=record.goods, limits=BandOut(low_c=record.limits.low_c, high_c=record.limits.high_c),
        verdict=record.verdict, basis=record.basis, as_of=iso_of(record.computed_at), is_settled=record.is_settled,
        coverage=record.observed_min / record.expected_min if record.expected_min > 0.0 else None,
        observed_min=record.observed_min, placed_min=record.placed_min, expected_min=record.expected_min,
        above_min=record.above_min, below_min=record.below_min, coldest_c=record.coldest_c, warmest_c=record.warmest_c,
        excursions=[
            ExcursionOut(
                start=one.from_at, end=one.to_at, rule=one.rule, minutes=one.minutes, peak_c=one.peak_c, severity=one.severity
            )
            for one in record.excursions
        ],
        step_s=int(step.total_seconds()), series=[_point(one) for one in points],
    )  # fmt: skip


async def cold_chain_out(connection: Connection, record: ColdRecord, now: datetime) -> ColdChainOut:
    """All of it."""
    summary = await cold_summary(connection, record, now)
    return ColdChainOut(
        **summary.model_dump(), above_c_min=record.above_c_min, below_c_min=record.below_c_min,
        mean_kinetic_c=record.mean_kinetic_c, stays=[_stay(one) for one in record.stays],
    )  # fmt: skip


def _point(point: ColdPoint) -> PointOut:
    return PointOut(at=iso_of(point.at), low=point.low, mean=point.mean, high=point.high)


def _stay(stay: ColdStay) -> ColdStayOut:
    return ColdStayOut(
        start=iso_of(stay.start), end=iso_of(stay.end), is_over=stay.is_over, site=stay.site, site_name=stay.site_name,
        place=stay.place, container=stay.container, is_aboard=stay.is_aboard, basis=stay.basis, box=stay.box,
        sensor=stay.sensor, observed_min=stay.observed_min, out_min=stay.out_min,
    )  # fmt: skip
