"""Distances and driving times between places, whoever measured them. Places are numbered by their row.

Leaves roads to their own source; without any, a straight line times a factor says plainly that it is an estimate.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from cloud.roads.estimate import straight_m
from cloud.roads.ways import ESTIMATED_M_S, Point

Table = npt.NDArray[np.int64]

# What cannot be reached, in both tables.
UNREACHABLE = -1
# Measured on a real city: the road is 1.48 times the straight line in the median.
ROAD_FACTOR = 1.48


@dataclass(frozen=True, slots=True)
class Coordinates:
    """WGS-84."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """``distance_m`` and ``duration_s``: (places, places) int64, from the row to the column; UNREACHABLE where there is no way.

    ``is_estimate``: nobody looked at roads. ``source`` names where it came from. ValueError where
    shapes differ.
    """

    distance_m: Table
    duration_s: Table
    is_estimate: bool
    source: str

    def __post_init__(self) -> None:
        places = len(self.distance_m)
        if self.distance_m.shape != (places, places) or self.duration_s.shape != (places, places):
            raise ValueError(f"matrix: {self.distance_m.shape} and {self.duration_s.shape} are not two squares of one size")
        if min(self.distance_m.min(initial=0), self.duration_s.min(initial=0)) < UNREACHABLE:
            raise ValueError(f"matrix: an entry is below {UNREACHABLE}")

    @property
    def places(self) -> int:
        return len(self.distance_m)

    def holes(self) -> npt.NDArray[np.bool_]:
        """(places, places): where one of the tables has no entry."""
        holes: npt.NDArray[np.bool_] = (self.distance_m == UNREACHABLE) | (self.duration_s == UNREACHABLE)
        return holes


class MatrixSource(Protocol):
    """Where matrices come from: roads, or a straight line."""

    async def matrix(self, places: Sequence[Coordinates]) -> Matrix:
        """Between all places, in their order. What a source cannot reach it leaves UNREACHABLE."""
        ...


@dataclass(frozen=True, slots=True)
class StraightLine:
    """A MatrixSource that knows no roads."""

    road_factor: float = ROAD_FACTOR
    speed_m_s: float = ESTIMATED_M_S

    async def matrix(self, places: Sequence[Coordinates]) -> Matrix:
        """Great circles times the factor."""
        return self.between(places)

    def between(self, places: Sequence[Coordinates]) -> Matrix:
        """The same, without waiting."""
        points = [Point(place.lat, place.lon) for place in places]
        distance_m = np.rint(straight_m(points, points) * self.road_factor).astype(np.int64)
        duration_s = np.ceil(distance_m / self.speed_m_s).astype(np.int64)
        return Matrix(distance_m, duration_s, is_estimate=True, source=f"straight line × {self.road_factor:g}")


def is_on_earth(place: Coordinates) -> bool:
    """False for what no map has, and for the null island that a broken receiver reports."""
    if not (math.isfinite(place.lat) and math.isfinite(place.lon)):
        return False
    return -90 <= place.lat <= 90 and -180 <= place.lon <= 180 and (place.lat, place.lon) != (0.0, 0.0)
