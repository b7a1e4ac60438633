"""Which OpenStreetMap tags become what on the map: layers and kinds of the Protomaps schema, version 4. Pure.

As far as our pages draw them: land, water, land use, houses, roads, railways, names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# Keys of which one must be there for an object to be drawn at all.
AREA_KEYS = ("building", "natural", "water", "landuse", "leisure", "amenity")
LINE_KEYS = ("highway", "railway", "waterway")
POINT_KEYS = ("place", "amenity", "shop", "office", "railway")
_NAMES = ("name", "name:zh", "name:en", "name:zh-Hans")

_ROADS: Mapping[str, tuple[str, int]] = {
    "motorway": ("highway", 6), "motorway_link": ("highway", 10), "trunk": ("major_road", 7), "trunk_link": ("major_road", 10),
    "primary": ("major_road", 8), "primary_link": ("major_road", 11), "secondary": ("major_road", 9),
    "secondary_link": ("major_road", 12), "tertiary": ("major_road", 11), "tertiary_link": ("major_road", 12),
    "unclassified": ("minor_road", 12), "residential": ("minor_road", 12), "living_street": ("minor_road", 12),
    "road": ("minor_road", 12), "service": ("minor_road", 13), "pedestrian": ("path", 13), "footway": ("path", 14),
    "cycleway": ("path", 14), "path": ("path", 14), "steps": ("path", 14), "track": ("path", 13),
}  # fmt: skip
_LANDUSE: Mapping[tuple[str, str], tuple[str, int]] = {
    ("landuse", "residential"): ("residential", 10), ("landuse", "commercial"): ("commercial", 11),
    ("landuse", "retail"): ("commercial", 11), ("landuse", "industrial"): ("industrial", 10), ("landuse", "forest"): ("forest", 8),
    ("landuse", "grass"): ("grassland", 12), ("landuse", "cemetery"): ("cemetery", 11), ("landuse", "farmland"): ("farmland", 8),
    ("natural", "wood"): ("wood", 8), ("natural", "scrub"): ("scrub", 11), ("natural", "beach"): ("beach", 11),
    ("leisure", "park"): ("park", 9), ("leisure", "pitch"): ("pitch", 13), ("leisure", "garden"): ("park", 13),
    ("amenity", "school"): ("school", 11), ("amenity", "university"): ("university", 10),
    ("amenity", "college"): ("college", 11), ("amenity", "hospital"): ("hospital", 11),
}  # fmt: skip
_PLACES: Mapping[str, tuple[str, int, int]] = {  # kind, first zoom, rank
    "city": ("locality", 4, 12), "town": ("locality", 7, 9), "village": ("locality", 10, 5), "suburb": ("neighbourhood", 10, 4),
    "quarter": ("neighbourhood", 11, 3), "neighbourhood": ("neighbourhood", 12, 2), "hamlet": ("locality", 12, 2),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawn:
    """``first_zoom``: from where it is on the map."""

    layer: str
    first_zoom: int
    properties: dict[str, str | int | bool] = field(default_factory=dict)


def line_of(tags: Mapping[str, str]) -> Drawn | None:
    """A way that is no area."""
    highway = _ROADS.get(tags.get("highway", ""))
    if highway is not None:
        kind, zoom = highway
        flags = {
            name: True for name, key in (("is_bridge", "bridge"), ("is_tunnel", "tunnel")) if tags.get(key, "no") not in ("no", "")
        }
        link = {"is_link": True} if tags["highway"].endswith("_link") else {}
        one_way = {"oneway": "yes"} if tags.get("oneway") in ("yes", "1", "true") else {}
        return Drawn("roads", zoom, {"kind": kind, "kind_detail": tags["highway"], **_named(tags), **flags, **link, **one_way})
    if tags.get("railway") in ("rail", "subway", "light_rail", "tram"):
        return Drawn("roads", 10, {"kind": "rail", "kind_detail": tags["railway"]})
    if tags.get("waterway") in ("river", "canal", "stream"):
        return Drawn("water", 9 if tags["waterway"] == "river" else 12, {"kind": tags["waterway"], **_named(tags)})
    return None


def area_of(tags: Mapping[str, str]) -> Drawn | None:
    """A closed way or a multipolygon."""
    if tags.get("building", "no") != "no":
        return Drawn("buildings", 14, {"kind": "building", **_number(tags)})
    if tags.get("natural") == "water" or "water" in tags:
        return Drawn("water", 7, {"kind": "water", "kind_detail": tags.get("water", "water"), **_named(tags)})
    for key in ("landuse", "natural", "leisure", "amenity"):
        found = _LANDUSE.get((key, tags.get(key, "")))
        if found is not None:
            return Drawn("landuse", found[1], {"kind": found[0], **_named(tags)})
    return None


def point_of(tags: Mapping[str, str]) -> Drawn | None:
    """Names of places, and what people find their way by."""
    if "name" not in tags:
        return None
    place = _PLACES.get(tags.get("place", ""))
    if place is not None:
        kind, zoom, rank = place
        return Drawn("places", zoom, {"kind": kind, "kind_detail": tags["place"], "population_rank": rank, **_named(tags)})
    for key in ("amenity", "shop", "office", "railway"):
        if key in tags:
            return Drawn("pois", 14, {"kind": tags[key], "min_zoom": 15, **_named(tags)})
    return None


def _named(tags: Mapping[str, str]) -> dict[str, str | int | bool]:
    return {name: tags[name] for name in _NAMES if name in tags}


def _number(tags: Mapping[str, str]) -> dict[str, str | int | bool]:
    return {"addr_housenumber": tags["addr:housenumber"]} if "addr:housenumber" in tags else {}
