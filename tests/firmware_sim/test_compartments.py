"""A van's cargo door and what lies behind it."""

from pathlib import Path

from firmware_sim.compartments import CHILLED_1, Compartments
from tests.edge.station.counters import TestClock


def test_a_door_that_was_opened_for_a_while_falls_shut_however_long_the_driver_is_busy(tmp_path: Path) -> None:
    clock = TestClock()
    compartments = Compartments(tmp_path, clock, "van")
    with compartments.plugged():
        compartments.open_for(40.0)
        assert compartments.boxes[CHILLED_1].door_is_open
        clock.pass_s(39.0)
        compartments.tick()
        assert compartments.boxes[CHILLED_1].door_is_open
        clock.pass_s(2.0)
        compartments.tick()
        assert not compartments.boxes[CHILLED_1].door_is_open
        compartments.set_door(is_open=True)
        clock.pass_s(600.0)
        compartments.tick()
        assert compartments.boxes[CHILLED_1].door_is_open
