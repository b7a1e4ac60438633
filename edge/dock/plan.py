"""A dock's plan, indexed for the scan: which load a parcel belongs to, what a run carries. Made once a manifest; never changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edge.wire.manifest import Manifest, PlannedLoad


def run_key(load: PlannedLoad) -> str:
    """Names a run among all days and operators; "" where the load is on none."""
    return f"{load.operator}/{load.day}/{load.run}" if load.run else ""


@dataclass(frozen=True, slots=True)
class DockPlan:
    """``is_known`` False: none ever came. ``of_sku``: the loads an article goes into. ``runs``: loads in the order of loading, by
    the run's key.
    """

    is_known: bool = False
    loads: Mapping[str, PlannedLoad] = field(default_factory=dict)
    of_parcel: Mapping[str, PlannedLoad] = field(default_factory=dict)
    of_sku: Mapping[str, Sequence[PlannedLoad]] = field(default_factory=dict)
    runs: Mapping[str, Sequence[PlannedLoad]] = field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Manifest | None) -> "DockPlan":
        if manifest is None:
            return cls()
        runs: dict[str, list[PlannedLoad]] = {}
        of_sku: dict[str, list[PlannedLoad]] = {}
        for load in manifest.loads:
            for sku in dict.fromkeys(line.sku for line in load.lines):
                of_sku.setdefault(sku, []).append(load)
            if load.run:
                runs.setdefault(run_key(load), []).append(load)
        return cls(
            True,
            {load.container: load for load in manifest.loads},
            {parcel: load for load in manifest.loads for parcel in load.parcels},
            of_sku,
            runs,
        )


NO_PLAN = DockPlan()
