"""The routing graph: Valhalla's own builder from its wheel, watched while it works; and the check of what it made."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cloud.roads import valhalla_here
from cloud.roads.estimate import straight_m
from cloud.roads.extract import Extract
from cloud.roads.ways import Point
from cloud.trouble import Trouble

_LEAST_STRAIGHT_M = 300.0  # nearer pairs say little: round the block is ten times the straight line
_MOST_UNREACHABLE = 0.3
_SANE_RATIO = (0.95, 4.0)
NO_WHEEL = (
    "Valhalla has no wheel for this Python and machine (pyvalhalla-weekly: 3.11 on x86-64; pyvalhalla: 3.12 and later); "
    "ways are estimated, or asked of TUANTU_ROADS_URL=valhalla+http://…"
)


@dataclass(frozen=True, slots=True)
class Found:
    """``ratio``: road over straight line in the median. ``unreachable_share``: of pairs of places on roads."""

    ratio: float
    ratio_p95: float
    unreachable_share: float


def build(extract: Extract, graph: Path, say: Callable[[str], None]) -> None:
    """Tiles in ``graph``. Trouble with what the builder said."""
    from valhalla._scripts import PYVALHALLA_BIN_DIR

    configuration = valhalla_here.configuration(graph)
    configuration["logging"] = configuration["mjolnir"]["logging"] = {"type": "std_out", "color": False}  # 3.9's place, and 3.5's
    file = graph / "build.json"
    file.write_text(json.dumps(configuration))
    said: list[str] = []
    with subprocess.Popen(
        [str(PYVALHALLA_BIN_DIR / "valhalla_build_tiles"), "-c", str(file), str(extract.file)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd=graph,
    ) as building:  # fmt: skip
        for line in building.stdout or ():
            said.append(line.strip())
            if "[INFO]" in line:
                say(line.partition("[INFO]")[2].strip()[:70])
    file.unlink()  # it names folders of this machine
    if building.returncode or not any((graph / valhalla_here.TILES).rglob("*.gph")):
        raise Trouble(
            f"the routing graph could not be built: {' '.join(said[-3:])[-300:]}", "free memory and disk, then import again"
        )


def check(extract: Extract, graph: Path) -> Found:
    """Ways between places on roads of the extract. Trouble where too few are connected or the ways make no sense."""
    source = valhalla_here.ValhallaHere(graph, "check")
    points = [point for point, is_off in zip(extract.probes, source.off_road(extract.probes), strict=True) if not is_off]
    _, metres = source.block(points, points)
    return judged(points, metres)


def judged(points: list[Point], metres: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Found:
    """Trouble where a graph with these ways is not to be used."""
    straight = straight_m(points, points)
    far = straight > _LEAST_STRAIGHT_M
    if not far.any():
        raise Trouble("the roads can't be checked: they all lie within 300 m of each other", "import an extract of a whole town")
    unreachable = float(np.isinf(metres[far]).mean())
    if unreachable > _MOST_UNREACHABLE:
        raise Trouble(
            f"{unreachable:.0%} of the ways between roads are missing: the extract is in pieces",
            "import a larger one, with whole ways (osmium extract --strategy=complete_ways)",
        )
    reached = far & ~np.isinf(metres)
    ratios = metres[reached] / straight[reached]
    found = Found(float(np.median(ratios)), float(np.percentile(ratios, 95)), unreachable)
    if not _SANE_RATIO[0] <= found.ratio <= _SANE_RATIO[1]:
        raise Trouble(f"roads are {found.ratio:.2f} times the straight line: that can't be", "import another extract")
    return found
