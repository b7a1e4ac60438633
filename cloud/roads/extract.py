"""An OpenStreetMap extract, looked at before anything is made of it: whether it is one, whole, and has roads.

Also chooses the places by which the finished graph is checked.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from cloud.roads.ways import Point
from cloud.trouble import Trouble

if TYPE_CHECKING:  # nothing but an import needs osmium
    from osmium.osm import Way

# On which vans drive.
DRIVABLE = frozenset(
    f"{kind}{link}"
    for kind in ("motorway", "trunk", "primary", "secondary", "tertiary")
    for link in ("", "_link")
) | {"unclassified", "residential", "living_street", "service", "road"}  # fmt: skip
# Where a station may be: no motorway, nobody's yard.
_LIVED_AT = frozenset({"secondary", "tertiary", "unclassified", "residential"})
_PROBES = 40
_HEADER = b"OSMHeader"
_GET_ONE = "get an extract again, such as NAME.osm.pbf of Geofabrik or a cut of `osmium extract`"


@dataclass(frozen=True, slots=True)
class Extract:
    """``probes``: places on roads, for the check of the graph. ``roads``: ways that a van may drive on."""

    file: Path
    sha256: str
    size_bytes: int
    roads: int
    probes: tuple[Point, ...]


def look_at(file: Path) -> Extract:
    """Read it from end to end. Trouble names what is wrong and what to do."""
    _check_head(file)
    import osmium

    roads = 0
    probes: list[Point] = []
    random = Random(1)  # noqa: S311  # which roads are looked at is no secret
    drivable = 0
    try:
        ways = osmium.FileProcessor(str(file)).with_locations().with_filter(osmium.filter.KeyFilter("highway"))
        for way in ways:
            if not isinstance(way, osmium.osm.Way) or way.tags.get("highway") not in DRIVABLE:
                continue
            roads += 1
            if way.tags.get("highway") in _LIVED_AT:
                drivable += 1
                _sample(probes, random, drivable, way)
    except RuntimeError as error:  # all that osmium raises of a file
        raise _broken(file, str(error)) from None
    if not roads:
        raise Trouble(
            f"{file.name}: there are no roads in it", "import an extract of the streets, not one of boundaries or houses alone"
        )
    with file.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    return Extract(file, sha256, file.stat().st_size, roads, tuple(probes))


def _sample(probes: list[Point], random: Random, seen: int, way: "Way") -> None:
    """Each road is as likely as any other (reservoir)."""
    place = len(probes) if len(probes) < _PROBES else random.randrange(seen)
    if place >= _PROBES:
        return
    nodes = list(way.nodes)
    middle = nodes[len(nodes) // 2].location
    if not middle.valid():  # the way was cut off at the extract's edge
        return
    probes[place : place + 1] = [Point(middle.lat, middle.lon)]


def _check_head(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            head = opened.read(64)
    except FileNotFoundError:
        raise Trouble(f"{file}: there is no such file", "name the extract: python -m cloud roads import FILE.osm.pbf") from None
    except IsADirectoryError:
        raise Trouble(f"{file} is a folder", "name the file in it") from None
    except PermissionError:
        raise Trouble(f"{file} may not be read", "let this user read it (chmod)") from None
    if not head:
        raise Trouble(f"{file.name} is empty", _GET_ONE)
    if _HEADER in head[:32] and int.from_bytes(head[:4], "big") < 64 * 1024:
        return
    if head.lstrip()[:1] == b"<":
        what = "OpenStreetMap's XML" if b"<osm" in head or b"<?xml" in head else "a web page: the download went wrong"
        raise Trouble(f"{file.name} is {what}, not an .osm.pbf", f"convert it (osmium cat IN -o OUT.osm.pbf), or {_GET_ONE}")
    raise Trouble(f"{file.name} is no .osm.pbf: it does not begin with {_HEADER.decode()}", _GET_ONE)


def _broken(file: Path, said: str) -> Trouble:
    if "truncated" in said or "EOF" in said.upper() or "unexpected end" in said.lower():
        return Trouble(
            f"{file.name} is cut off after {file.stat().st_size:,} bytes ({said})", f"the download broke off: {_GET_ONE}"
        )
    return Trouble(f"{file.name} can't be read: {said}", _GET_ONE)
