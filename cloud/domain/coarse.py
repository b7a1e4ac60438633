"""A van as a resident may see it: about where it is, and only on its way to them (domain.md, privacy). Pure."""

import math
from dataclasses import dataclass

from edge.rules.places import metres

# 0.004 of a degree are 445 m from south to north, and in Wuhan 383 m from west to east: a few blocks.
CELL_DEG = 0.004


@dataclass(frozen=True, slots=True)
class Area:
    """A circle around the middle of a cell of a fixed grid, WGS-84; whatever is in the cell lies within ``radius_m`` of it.

    Of a fixed grid, not of the place itself with noise on it: noise is averaged away by who looks often enough.
    """

    lat: float
    lon: float
    radius_m: int


def area_of(lat: float, lon: float) -> Area:
    """The cell a place lies in. Latitude and longitude in degrees."""
    middle_lat, middle_lon = _middle(lat), _middle(lon)
    # The corner towards the equator is the farthest.
    corner_lat = middle_lat - math.copysign(CELL_DEG / 2, middle_lat)
    radius_m = metres(middle_lat, middle_lon, corner_lat, middle_lon + CELL_DEG / 2)
    return Area(middle_lat, middle_lon, math.ceil(radius_m / 50) * 50)


def _middle(degrees: float) -> float:
    return round((math.floor(degrees / CELL_DEG) + 0.5) * CELL_DEG, 6)
