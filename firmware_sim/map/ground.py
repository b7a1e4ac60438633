"""The town's square kilometres: metres east and north of its middle, and where that is on the globe."""

import math
from dataclasses import dataclass

HALF_M = 4000.0  # the town is 8 x 8 km
MIDDLE_LAT, MIDDLE_LON = 30.58, 114.29
_M_A_DEGREE = 111_195.0


@dataclass(frozen=True, slots=True)
class Spot:
    """Metres east (x) and north (y) of the town's middle."""

    x_m: float
    y_m: float

    def to(self, other: "Spot", share: float) -> "Spot":
        """On the way to ``other``."""
        return Spot(self.x_m + (other.x_m - self.x_m) * share, self.y_m + (other.y_m - self.y_m) * share)

    def distance_m(self, other: "Spot") -> float:
        return math.hypot(self.x_m - other.x_m, self.y_m - other.y_m)

    def degrees(self) -> tuple[float, float]:
        """(lat, lon), WGS-84, to the 7 digits that OpenStreetMap keeps."""
        lat = MIDDLE_LAT + self.y_m / _M_A_DEGREE
        lon = MIDDLE_LON + self.x_m / (_M_A_DEGREE * math.cos(math.radians(MIDDLE_LAT)))
        return round(lat, 7), round(lon, 7)


@dataclass(frozen=True, slots=True)
class Quad:
    """A block's four corners, counter-clockwise from the south-west."""

    corners: tuple[Spot, Spot, Spot, Spot]

    def at(self, east: float, north: float) -> Spot:
        """Bilinear: (0, 0) is the south-west corner, (1, 1) the north-east one."""
        south_west, south_east, north_east, north_west = self.corners
        return south_west.to(south_east, east).to(north_west.to(north_east, east), north)

    def rectangle(self, west: float, south: float, east: float, north: float) -> tuple[Spot, ...]:
        """A closed ring in it."""
        ring = (self.at(west, south), self.at(east, south), self.at(east, north), self.at(west, north))
        return (*ring, ring[0])
