"""A van's runs, indexed for the scan: which run a container goes with, what is near. Made once a manifest; never changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edge.rules.places import metres
from edge.wire.manifest import Manifest, PlannedLoad, RunStop, VanRun

NEAR_M = 150.0  # of a stop: its kerb, the lane beside it, and five σ of a receiver; stops are further apart
OPEN = ("loading", "departed", "paused")
UNDERWAY = ("departed", "paused")


@dataclass(frozen=True, slots=True)
class VanPlan:
    """``is_known`` False: none ever came. ``loads``: by container; ``of_run``: by run, in the order of loading."""

    is_known: bool = False
    runs: tuple[VanRun, ...] = ()
    loads: Mapping[str, PlannedLoad] = field(default_factory=dict)
    of_run: Mapping[str, Sequence[PlannedLoad]] = field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Manifest | None) -> "VanPlan":
        if manifest is None:
            return cls()
        of_run: dict[str, list[PlannedLoad]] = {}
        for load in manifest.loads:
            of_run.setdefault(load.run, []).append(load)
        return cls(True, manifest.runs, {load.container: load for load in manifest.loads}, of_run)

    def run(self, load: PlannedLoad) -> VanRun | None:
        """The run that a load goes with."""
        key = (load.operator, load.day, load.run)
        return next((one for one in self.runs if (one.operator, one.day, one.run) == key), None)

    def underway(self, now_ms: int) -> VanRun | None:
        """The run that has left and is not over."""
        return next((one for one in self.runs if one.state in UNDERWAY and now_ms < one.ends_ms), None)

    def is_open(self, now_ms: int) -> bool:
        """Whether the van is on a run: from loading on, until it ends. A plan that nobody renews ends by itself."""
        return any(one.state in OPEN and now_ms < one.ends_ms for one in self.runs)

    def near(self, lat: float, lon: float) -> tuple[RunStop, ...]:
        """Stops of all its runs that a van at this place is at, the nearest first; each station once."""
        found: dict[str, tuple[float, RunStop]] = {}
        for stop in (stop for run in self.runs for stop in run.stops):
            if stop.lat is None or stop.lon is None:
                continue
            away_m = metres(lat, lon, stop.lat, stop.lon)
            if away_m <= NEAR_M:
                found.setdefault(stop.station, (away_m, stop))
        return tuple(stop for _, stop in sorted(found.values(), key=lambda one: one[0]))


NO_PLAN = VanPlan()
