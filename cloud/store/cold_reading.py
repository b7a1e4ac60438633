"""A parcel's cold-chain account as it was last computed, with the readings of its time for a chart.

Leaves who may see it to the api.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from cloud.domain.boxes import Basis, is_placed
from cloud.store.cold_accounts import ExcursionRow
from cloud.store.kept import READINGS_KEPT
from cloud.store.pool import Connection
from cloud.store.telemetry import readings
from edge.wire.messages import GoodsLimits

# A telephone is 360 points wide; nobody sees more.
MOST_POINTS = 400
PAUSE = timedelta(minutes=5)  # a sensor that speaks every minute is called silent after four and a half
_STEPS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=3))


@dataclass(frozen=True, slots=True)
class ColdStay:
    """Where it was for a time, and what measured there. ``site`` "" and ``box`` "" where nobody knows."""

    start: datetime
    end: datetime
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


@dataclass(frozen=True, slots=True)
class ColdRecord:
    """The account with its stays, as of ``computed_at``."""

    parcel: str
    goods: str
    limits: GoodsLimits
    computed_at: datetime
    is_settled: bool
    verdict: str
    basis: str
    observed_min: float
    expected_min: float
    above_min: float
    below_min: float
    above_c_min: float
    below_c_min: float
    mean_kinetic_c: float | None
    coldest_c: float | None
    warmest_c: float | None
    excursions: tuple[ExcursionRow, ...]
    stays: tuple[ColdStay, ...]

    @property
    def placed_min(self) -> float:
        """How much of what was observed is known to be of the place in which it lay."""
        placed = (stay for stay in self.stays if is_placed(Basis(stay.basis), stay.place, is_aboard=stay.is_aboard))
        return sum(stay.observed_min for stay in placed)


@dataclass(frozen=True, slots=True)
class ColdPoint:
    """A step of the chart; None where nothing was measured: a gap, to be drawn as one."""

    at: datetime
    low: float | None
    mean: float | None
    high: float | None


async def cold_records(connection: Connection, parcel_ids: Sequence[str]) -> dict[str, ColdRecord]:
    """Of those that have an account."""
    cursor = await connection.execute(
        """
        SELECT t.parcel_id, t.from_at, t.to_at, t.is_over, t.site_id, coalesce(s.name, t.site_id), t.place, t.container_id,
               t.is_aboard, t.basis, t.box, t.sensor, t.observed_min, t.out_min
        FROM cold_stay t LEFT JOIN site s ON s.id = t.site_id WHERE t.parcel_id = ANY(%s) ORDER BY t.parcel_id, t.n
        """,
        [list(parcel_ids)],
    )
    stays: dict[str, list[ColdStay]] = {}
    for parcel_id, *row in await cursor.fetchall():
        stays.setdefault(parcel_id, []).append(ColdStay(*row))
    cursor = await connection.execute(
        """
        SELECT parcel_id, goods, limits::text, computed_at, is_settled, verdict, basis, observed_min, expected_min, above_min,
               below_min, above_c_min, below_c_min, mean_kinetic_c, coldest_c, warmest_c, excursions::text
        FROM cold_account WHERE parcel_id = ANY(%s)
        """,
        [list(parcel_ids)],
    )
    return {row[0]: _record(row, tuple(stays.get(row[0], ()))) for row in await cursor.fetchall()}


def _record(row: tuple[Any, ...], stays: tuple[ColdStay, ...]) -> ColdRecord:
    limits = msgspec.json.decode(row[2], type=GoodsLimits)
    excursions = msgspec.json.decode(row[16], type=tuple[ExcursionRow, ...])
    return ColdRecord(
        parcel=row[0], goods=row[1], limits=limits, computed_at=row[3], is_settled=row[4], verdict=row[5], basis=row[6],
        observed_min=row[7], expected_min=row[8], above_min=row[9], below_min=row[10], above_c_min=row[11],
        below_c_min=row[12], mean_kinetic_c=row[13], coldest_c=row[14], warmest_c=row[15], excursions=excursions, stays=stays,
    )  # fmt: skip


async def cold_series(connection: Connection, record: ColdRecord, now: datetime) -> tuple[timedelta, list[ColdPoint]]:
    """The step, and the points of all stays in order of time; each stay that nothing measured is one gap."""
    if not record.stays:
        return _STEPS[0], []
    passed = record.stays[-1].end - record.stays[0].start
    is_raw = record.stays[0].start > now - READINGS_KEPT
    step = next((one for one in _STEPS if passed / one <= MOST_POINTS and (is_raw or one >= timedelta(minutes=15))), _STEPS[-1])
    numbers = await _sensors(connection, record.stays)
    points: list[ColdPoint] = []
    for stay in record.stays:
        number = numbers.get((stay.site, stay.sensor))
        if number is None or stay.end <= stay.start:
            points.append(ColdPoint(stay.start, None, None, None))
            continue
        buckets = await readings(connection, number, stay.start, stay.end, step)
        points += without_pauses([ColdPoint(max(one.at, stay.start), one.low, one.mean, one.high) for one in buckets], step)
    return step, points


def without_pauses(points: Sequence[ColdPoint], step: timedelta) -> list[ColdPoint]:
    """Without steps between two readings that follow each other closely enough; what is left of a longer silence is one gap."""
    kept: list[ColdPoint] = []
    silence: ColdPoint | None = None
    heard: datetime | None = None
    for point in points:
        if point.mean is None:
            silence = silence or point
            continue
        if silence is not None and (heard is None or point.at - heard > PAUSE + step):
            kept.append(silence)
        silence, heard = None, point.at
        kept.append(point)
    if silence is not None and (heard is None or points[-1].at - heard > PAUSE):
        kept.append(silence)
    return kept


async def _sensors(connection: Connection, stays: Sequence[ColdStay]) -> dict[tuple[str, str], int]:
    cursor = await connection.execute(
        """
        SELECT site_id, name, id FROM sensor WHERE (site_id, name) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
        """,
        [[stay.site for stay in stays], [stay.sensor for stay in stays]],
    )
    return {(site, name): number for site, name, number in await cursor.fetchall()}
