"""What the dock still has is at no station yet."""

from datetime import date, time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from edge.wire.clock import to_ms
from firmware_sim.town.dock_staff import DockStaff
from firmware_sim.town.memory import Memory
from firmware_sim.town.night import steps
from firmware_sim.town.office import Load
from firmware_sim.town.plan import at
from firmware_sim.town.steps import StepKind
from tests.firmware_sim.town.test_settings import town_of

DAY = date(2026, 11, 24)


def test_a_parcel_is_the_docks_until_it_is_packed_and_one_it_never_handles_is_not(tmp_path: Path) -> None:
    memory = Memory.recall(tmp_path / "memory.json", 1)
    clock: Any = SimpleNamespace(now_ms=lambda: to_ms(at(DAY, time(6, 30))))
    dock: Any = SimpleNamespace(id="dock-1", agent_url="http://127.0.0.1:9")
    staff = DockStaff(dock, cast(Any, None), cast(Any, None), memory, clock, town_of(tmp_path, 2, 0))
    assert staff.holds(DAY, "P1"), "nobody knows the night's plan yet"
    assert not staff.holds(date(2026, 11, 23), "P0"), "of a night that is over"

    load = Load("C1", "st-1", "ambient", 1, "A1", ("P1", "P2"))
    staff._plans[DAY] = plan = steps(1, DAY, [load], ("P2",))
    assert staff.holds(DAY, "P1")
    assert not staff.holds(DAY, "P2"), "it never came to the dock"
    for step in plan:
        if step.kind in (StepKind.SORT, StepKind.PACK):
            assert staff.holds(DAY, "P1")
            memory.done(DAY, "dock-1", step)
    assert not staff.holds(DAY, "P1")
