"""The map's file, written and read by osmium itself."""

from pathlib import Path

import osmium
import pytest

from firmware_sim.map.elements import town_map
from firmware_sim.map.pbf import write_map

pytestmark = pytest.mark.slow


def test_a_file_has_the_same_bytes_for_the_same_seed(tmp_path: Path) -> None:
    write_map(5, tmp_path / "one.osm.pbf")
    write_map(5, tmp_path / "two.osm.pbf")
    write_map(6, tmp_path / "other.osm.pbf")
    assert (tmp_path / "one.osm.pbf").read_bytes() == (tmp_path / "two.osm.pbf").read_bytes()
    assert (tmp_path / "one.osm.pbf").read_bytes() != (tmp_path / "other.osm.pbf").read_bytes()


def test_what_was_drawn_is_in_the_file(tmp_path: Path) -> None:
    drawn = town_map(5)
    write_map(5, tmp_path / "town.osm.pbf")
    nodes = {thing.id: thing for thing in drawn.nodes}
    ways = {thing.id: thing for thing in drawn.ways}
    for thing in osmium.FileProcessor(str(tmp_path / "town.osm.pbf")):
        if isinstance(thing, osmium.osm.Node):
            node = nodes.pop(thing.id)
            assert (thing.location.lat, thing.location.lon, dict(thing.tags)) == (node.lat, node.lon, dict(node.tags))
        elif isinstance(thing, osmium.osm.Way):
            way = ways.pop(thing.id)
            assert (tuple(one.ref for one in thing.nodes), dict(thing.tags)) == (way.nodes, dict(way.tags))
    assert not nodes
    assert not ways
