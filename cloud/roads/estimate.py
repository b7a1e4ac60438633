"""Where nobody knows the roads: straight line x factor. Everything made with it says "estimate"."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cloud.roads.ways import DETOUR, EARTH_M, ESTIMATED_M_S, Maneuver, Metres, Point, Route, Seconds

_START, _END = 1, 4


@dataclass(frozen=True, slots=True)
class Estimate:
    """A RoadSource without roads. Nothing is off road, for it does not know."""

    graph: str = "estimate"
    is_estimate: bool = True
    lanes: int = 1

    def off_road(self, points: Sequence[Point]) -> list[bool]:
        return [False] * len(points)

    def block(self, sources: Sequence[Point], targets: Sequence[Point]) -> tuple[Seconds, Metres]:
        metres = straight_m(sources, targets) * DETOUR
        return metres / ESTIMATED_M_S, metres

    def route(self, points: Sequence[Point]) -> Route:
        if len(points) < 2:
            raise ValueError(f"points: want two or more, got {len(points)}")
        metres = sum(one.straight_m(next_) * DETOUR for one, next_ in pairwise(points))
        seconds = metres / ESTIMATED_M_S
        return Route(
            line=tuple(points), speeds_m_s=(ESTIMATED_M_S / DETOUR,) * (len(points) - 1), edges=(0,) * (len(points) - 1),
            stops=tuple(range(len(points))), lights=(),
            maneuvers=(Maneuver(_START, "", metres, seconds, 0), Maneuver(_END, "", 0.0, 0.0, len(points) - 1)),
            seconds=seconds, metres=metres, is_estimate=True,
        )  # fmt: skip


def straight_m(sources: Sequence[Point], targets: Sequence[Point]) -> Metres:
    """Great circles, (sources, targets)."""
    from_lat, from_lon = _radians(sources)
    to_lat, to_lon = _radians(targets)
    up = (to_lat[None, :] - from_lat[:, None]) / 2
    east = (to_lon[None, :] - from_lon[:, None]) / 2
    half = np.sin(up) ** 2 + np.cos(from_lat)[:, None] * np.cos(to_lat)[None, :] * np.sin(east) ** 2
    metres: Metres = 2 * EARTH_M * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return metres


def _radians(points: Sequence[Point]) -> tuple[Metres, Metres]:
    return (
        np.array([math.radians(point.lat) for point in points], dtype=np.float64),
        np.array([math.radians(point.lon) for point in points], dtype=np.float64),
    )
