"""Extracts to import: the town's own, and bad ones."""

from collections.abc import Iterable
from pathlib import Path

import osmium
from osmium.osm.mutable import Node, Way

from firmware_sim.map.pbf import write_map

SEED = 1
PORTO_ALEGRE = Path(__file__).resolve().parents[4] / "shared" / "data" / "osm" / "porto_alegre.osm.pbf"


def town_extract(folder: Path) -> Path:
    file = folder / "town.osm.pbf"
    write_map(SEED, file)
    return file


def small_extract(file: Path, ways: Iterable[dict[str, str]], nodes: int = 4) -> Path:
    """Each way runs east over nodes of its own, 200 m apart; 500 m north of the one before, which a street leads to."""
    writer = osmium.SimpleWriter(str(file))
    tagged = list(ways)
    for n in range(len(tagged) * nodes):
        writer.add_node(Node(id=n + 1, version=1, location=(114.29 + n % nodes * 0.002, 30.58 + n // nodes * 0.005)))
    for n, tags in enumerate(tagged):
        writer.add_way(Way(id=n + 1, version=1, nodes=list(range(n * nodes + 1, (n + 1) * nodes + 1)), tags=tags))
    across = [n * nodes + 1 for n in range(len(tagged))]
    if len(across) > 1:
        writer.add_way(Way(id=len(tagged) + 1, version=1, nodes=across, tags=tagged[0]))
    writer.close()
    return file
