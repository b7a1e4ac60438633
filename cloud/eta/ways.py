"""The driving between the places of one run: asked of the roads once and kept; straight lines where roads do not answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import structlog

from cloud.roads.estimate import Estimate
from cloud.roads.ways import Matrix, Point, RoadsError

log = structlog.get_logger("eta")


class Ways(Protocol):
    """Who knows the roads. An engine may block: asked once a run."""

    async def matrix(self, points: Sequence[Point]) -> Matrix:
        """From each to each, the pace of the day applied. RoadsError."""
        ...


class StraightWays:
    """Where no roads were imported: straight line x detour, which says that it is an estimate."""

    async def matrix(self, points: Sequence[Point]) -> Matrix:
        seconds, metres = Estimate().block(points, points)
        np.fill_diagonal(seconds, 0.0)
        np.fill_diagonal(metres, 0.0)
        return Matrix(seconds, metres, (), is_estimate=True, graph="estimate")


@dataclass(frozen=True, slots=True)
class KeptLegs:
    """Legs of one run. ``place``: of each stop that has coordinates, where it stands in ``rows``; 0 is the start."""

    place: dict[int, int]
    rows: tuple[tuple[float, ...], ...]
    is_estimate: bool

    def seconds(self, from_stop: int, to_stop: int) -> float:
        return self.rows[self.place[from_stop]][self.place[to_stop]]


async def legs_of(ways: Ways, stops: Sequence[int], points: Sequence[Point]) -> KeptLegs:
    """``points``: of each of ``stops``, the start first. What no road leads to is estimated, and all of it then says so."""
    try:
        matrix = await ways.matrix(points)
    except RoadsError as error:
        log.warning("arrivals are estimated by straight lines", why=str(error))
        matrix = await StraightWays().matrix(points)
    seconds, is_estimate = matrix.seconds, matrix.is_estimate
    if not np.isfinite(seconds).all():
        straight = (await StraightWays().matrix(points)).seconds
        seconds, is_estimate = np.where(np.isfinite(seconds), seconds, straight), True
    rows = tuple(tuple(round(float(one), 1) for one in row) for row in seconds)
    return KeptLegs({stop: n for n, stop in enumerate(stops)}, rows, is_estimate)
