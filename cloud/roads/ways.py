"""What is asked of roads and what they answer: points, matrices, routes; the Protocol of whoever knows the roads. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

EARTH_M = 6_371_008.8
# Of straight line: what roads take where nobody knows them (Porto Alegre's median is 1.48, the town's 1.40).
DETOUR = 1.35
ESTIMATED_M_S = 24 / 3.6  # a van in a town, its lights and corners counted in

Seconds = NDArray[np.float64]
Metres = NDArray[np.float64]


class RoadsError(Exception):
    """Whoever knows the roads can't answer; the text says who, why and what to do. Nothing was decided about the question."""


class OffRoadError(RoadsError):
    """A point of a route lies too far from any road."""

    def __init__(self, point: "Point") -> None:
        super().__init__(f"no road within {SNAP_M:.0f} m of {point.lat:.5f}, {point.lon:.5f}: correct the coordinates")
        self.point = point


SNAP_M = 500  # farther from any road a point is a mistake: a station in the sea


@dataclass(frozen=True, slots=True)
class Point:
    """WGS-84 degrees."""

    lat: float
    lon: float

    def __post_init__(self) -> None:
        if not (-90.0 <= self.lat <= 90.0 and -180.0 <= self.lon <= 180.0):
            raise ValueError(f"point: want lat -90 to 90 and lon -180 to 180, got {self.lat}, {self.lon}")

    def straight_m(self, other: "Point") -> float:
        """Great circle."""
        south, north = math.radians(self.lat), math.radians(other.lat)
        half = (
            math.sin((north - south) / 2) ** 2
            + math.cos(south) * math.cos(north) * math.sin(math.radians(other.lon - self.lon) / 2) ** 2
        )
        return 2 * EARTH_M * math.asin(math.sqrt(min(1.0, half)))


class WhyUnreachable(StrEnum):
    """``off_road``: no road within SNAP_M. ``cut_off``: on a road that does not lead to, or not from, most of the others."""

    OFF_ROAD = "off_road"
    CUT_OFF = "cut_off"


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A point no plan can serve; ``number`` is its place among the points asked for."""

    number: int
    why: WhyUnreachable


@dataclass(frozen=True, slots=True)
class Matrix:
    """From the row's point to the column's. ``inf`` where no way leads; the diagonal is 0.

    ``is_estimate``: straight lines, not roads: say so wherever it is used. ``seconds`` is a driven time, `Pace` applied.
    """

    seconds: Seconds  # (N, N)
    metres: Metres  # (N, N)
    unreachable: tuple[Unreachable, ...]
    is_estimate: bool
    graph: str  # which roads: another graph, another answer


@dataclass(frozen=True, slots=True)
class Maneuver:
    """``kind``: Valhalla's number, whoever answered. ``first_point``: where in the route's line it begins."""

    kind: int
    street: str
    metres: float
    seconds: float
    first_point: int
    exit_number: int = 0  # of a roundabout, the first being 1


@dataclass(frozen=True, slots=True)
class Route:
    """``line``: the way's points. ``speeds_m_s``: between them, so one less: what is driven there when nothing is in the way.

    ``edges``: which edge of the graph each of those pieces is on, 0 where unknown. ``stops``: where in the line the points
    asked for lie. ``lights``: where in the line there are traffic lights.
    """

    line: tuple[Point, ...]
    speeds_m_s: tuple[float, ...]
    edges: tuple[int, ...]
    stops: tuple[int, ...]
    lights: tuple[int, ...]
    maneuvers: tuple[Maneuver, ...]
    seconds: float
    metres: float
    is_estimate: bool


class RoadSource(Protocol):
    """Whoever knows roads. Implementations may block and are called from threads, ``lanes`` at a time at most."""

    @property
    def graph(self) -> str:
        """Names the roads as they are now; what was computed on others does not count."""
        ...

    @property
    def is_estimate(self) -> bool: ...

    @property
    def lanes(self) -> int:
        """How many threads may ask at once."""
        ...

    def off_road(self, points: Sequence[Point]) -> list[bool]:
        """Which of them are farther than SNAP_M from any road. RoadsError."""
        ...

    def block(self, sources: Sequence[Point], targets: Sequence[Point]) -> tuple[Seconds, Metres]:
        """(sources, targets) each, ``inf`` where no way leads; all points are on roads. RoadsError."""
        ...

    def route(self, points: Sequence[Point]) -> Route:
        """Through two or more points in this order. OffRoadError; RoadsError."""
        ...
