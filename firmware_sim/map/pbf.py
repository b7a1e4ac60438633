"""The town's map as an .osm.pbf file: the same bytes for the same seed, by the same osmium."""

from pathlib import Path

from firmware_sim.map.elements import TownMap, town_map

VERSION = 1  # of what the generator draws: a map of another one is drawn again
ATTRIBUTION = "团途示范地图 · Tuantu demo town (generated)"


class WriterMissingError(RuntimeError):
    """osmium, which writes the file, is not here; the text has the remedy."""


def write_map(seed: int, file: Path) -> TownMap:
    """Whole or not at all. WriterMissingError; OSError where the folder can't be written."""
    try:
        import osmium
        from osmium.osm import Box, Location
        from osmium.osm.mutable import Node, Way
    except ImportError as error:
        raise WriterMissingError(f"no osmium here ({error}): pip install osmium, or a Python with a wheel for it") from None
    drawn = town_map(seed)
    south, west, north, east = drawn.bounds
    header = osmium.io.Header()
    header.set("generator", f"tuantu-town/{VERSION} seed {seed}")
    header.add_box(Box(Location(west, south), Location(east, north)))
    unfinished = file.with_name(f"{file.stem}.part.osm.pbf")
    unfinished.unlink(missing_ok=True)
    writer = osmium.SimpleWriter(str(unfinished), 4 * 1024 * 1024, header)
    try:
        for node in drawn.nodes:
            writer.add_node(Node(id=node.id, version=1, location=(node.lon, node.lat), tags=dict(node.tags)))
        for way in drawn.ways:
            writer.add_way(Way(id=way.id, version=1, nodes=way.nodes, tags=dict(way.tags)))
    finally:
        writer.close()
    unfinished.replace(file)
    return drawn
