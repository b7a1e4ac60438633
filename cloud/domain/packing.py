"""Which parcel goes into which container: one temperature zone and one station each, parcels never split (装筐).

First fit, largest first: at most 11/9 of the best possible (Johnson 1973), and a station's day is a handful of containers.
"""

from collections.abc import Iterable
from dataclasses import dataclass

# Items that fit: a 60 L crate, a 30 L cold box.
CAPACITY = {"ambient": 16, "chilled": 8, "frozen": 8}


@dataclass(frozen=True, slots=True)
class ToPack:
    """A parcel and how many items are in it."""

    parcel: str
    site: str
    zone: str
    items: int


@dataclass(frozen=True, slots=True)
class Load:
    """What one container is to carry. ``number`` counts from 1 within its station and zone."""

    site: str
    zone: str
    number: int
    parcels: tuple[str, ...]
    items: int


def pack(parcels: Iterable[ToPack]) -> list[Load]:
    """Loads by station, zone and number. A parcel larger than a container gets one of its own; it is somebody's to look at."""
    by_place: dict[tuple[str, str], list[ToPack]] = {}
    for one in parcels:
        by_place.setdefault((one.site, one.zone), []).append(one)
    return [load for place in sorted(by_place) for load in _pack(*place, by_place[place])]


def _pack(site: str, zone: str, parcels: list[ToPack]) -> list[Load]:
    room = CAPACITY[zone]
    bins: list[list[ToPack]] = []
    free: list[int] = []
    for one in sorted(parcels, key=lambda one: (-one.items, one.parcel)):
        index = next((index for index, left in enumerate(free) if left >= one.items), None)
        if index is None:
            bins.append([one])
            free.append(room - one.items)
        else:
            bins[index].append(one)
            free[index] -= one.items
    return [
        Load(site, zone, number, tuple(sorted(one.parcel for one in held)), sum(one.items for one in held))
        for number, held in enumerate(bins, start=1)
    ]
