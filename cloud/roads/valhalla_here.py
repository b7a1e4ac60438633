"""Valhalla in this process, from its wheel, on the graph of one imported version.

An actor does one thing at a time: who asks borrows one. Valhalla lets go of the interpreter while it computes.
"""

import json
import os
import queue
import tempfile
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cloud.roads import valhalla_words
from cloud.roads.ways import Metres, OffRoadError, Point, RoadsError, Route, Seconds

TILES = "tiles"
_MATRIX_PAIRS = 250_000  # its own limits are for strangers on the network
_LOCATIONS = 2000
_configuring = threading.Lock()  # its get_config changes a module's dictionary
_CACHE_BYTES = 200_000_000  # of tiles, for each thread: its own billion is a city's server


def is_here() -> bool:
    """Whether this Python has a wheel: pyvalhalla-weekly for 3.11 on x86-64, pyvalhalla from 3.12 on."""
    return find_spec("valhalla") is not None


def configuration(graph: Path) -> dict[str, Any]:
    """Valhalla's, for the tiles of ``graph``, which is made where it is missing."""
    from valhalla import get_config

    tiles = graph / TILES
    tiles.mkdir(parents=True, exist_ok=True)
    with _configuring:
        made: dict[str, Any] = json.loads(json.dumps(get_config(tile_extract="", tile_dir=tiles, verbose=False)))
    # Databases it would look for at the paths of its container.
    for name in ("admin", "landmarks", "timezone", "traffic_extract", "transit_dir", "transit_feeds_dir"):
        made["mjolnir"].pop(name, None)
    made["mjolnir"]["max_cache_size"] = _CACHE_BYTES
    made["service_limits"]["auto"] |= {"max_matrix_location_pairs": _MATRIX_PAIRS, "max_locations": _LOCATIONS}
    return made


class ValhallaHere:
    """A RoadSource. ``graph``: the name of the version."""

    is_estimate = False

    def __init__(self, folder: Path, graph: str) -> None:
        self._folder = folder
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()  # the one used last has the tiles in its cache
        self.graph = graph
        self.lanes = os.cpu_count() or 1
        for _ in range(self.lanes):
            self._idle.put(None)  # made when first needed

    def off_road(self, points: Sequence[Point]) -> list[bool]:
        return valhalla_words.off_road(self._ask, points)

    def block(self, sources: Sequence[Point], targets: Sequence[Point]) -> tuple[Seconds, Metres]:
        return valhalla_words.block(self._ask, sources, targets)

    def route(self, points: Sequence[Point]) -> Route:
        for point, is_off in zip(points, self.off_road(points), strict=True):
            if is_off:
                raise OffRoadError(point)
        return valhalla_words.route(self._ask, points)

    def _ask(self, action: str, request: dict[str, Any]) -> Any:
        actor = self._idle.get()
        try:
            actor = actor or self._actor()
            call = {"sources_to_targets": "matrix"}.get(action, action)
            return json.loads(getattr(actor, call)(json.dumps(request)))
        except RuntimeError as error:  # all it ever raises
            raise RoadsError(f"Valhalla: {error}") from None
        finally:
            self._idle.put(actor)

    def _actor(self) -> Any:
        from valhalla import Actor

        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:  # read while the actor is made, and not again
            json.dump(configuration(self._folder), file)
            file.flush()
            try:
                return Actor(file.name)
            except RuntimeError as error:
                raise RoadsError(f"Valhalla can't read the graph {self.graph}: {error}; import the extract again") from None
