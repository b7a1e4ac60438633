"""Distances between near places on the earth. Pure: the agent, the cloud and the simulator measure alike."""

import math

EARTH_M = 6_371_000.0


def metres(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Between two places, WGS-84 degrees; exact enough below some tens of kilometres, and across the 180th meridian."""
    return math.hypot(*offsets_m(lat, lon, other_lat, other_lon))


def offsets_m(lat: float, lon: float, other_lat: float, other_lon: float) -> tuple[float, float]:
    """How far east and how far north the other place is, in metres, on a plane that touches the earth between them."""
    turned = (other_lon - lon + 540.0) % 360.0 - 180.0
    east = math.radians(turned) * math.cos(math.radians((lat + other_lat) / 2))
    return EARTH_M * east, EARTH_M * math.radians(other_lat - lat)


def metres_from_line(east: float, north: float, to_east: float, to_north: float) -> tuple[float, float]:
    """From the origin to the segment between two places given in metres from it: the distance, and how far along it (0 to 1)."""
    along_east, along_north = to_east - east, to_north - north
    length = along_east**2 + along_north**2
    share = 0.0 if length == 0.0 else min(1.0, max(0.0, -(east * along_east + north * along_north) / length))
    return math.hypot(east + share * along_east, north + share * along_north), share
