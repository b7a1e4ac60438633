"""Which faults strike a schedule, and after how many scans: seeded.

Half of them are aimed at the windows between commit and acknowledgement, or between a lock's pulse and what its door says; the rest
strike wherever they happen to.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

PARCELS = 170
RELEASED = 50  # of them, in release mode, at the end


class Fault(StrEnum):
    """What strikes."""

    EDGE_STEP = "edge_step"
    EDGE_STEP_POWER = "edge_step_power"
    INGEST_STEP = "ingest_step"
    CELL_PULSE = "cell_pulse"
    EDGE_KILL = "edge_kill"
    POWER_CUT = "power_cut"
    BROKER_KILL = "broker_kill"
    INGEST_KILL = "ingest_kill"
    DATABASE_KILL = "database_kill"
    LINE_CUT = "line_cut"
    LINE_HELD = "line_held"
    LINE_HALF_OPEN = "line_half_open"
    LINE_SLOW = "line_slow"
    REPEATED_DELIVERY = "repeated_delivery"
    CLOCK_JUMP = "clock_jump"
    DISK_FULL = "disk_full"
    UNPLUG = "unplug"
    CLONED_CARD = "cloned_card"
    OLD_CARD = "old_card"
    RESTORED_CLOUD = "restored_cloud"


# Between the commit at the edge and the edge's note that the cloud has it.
EDGE_WINDOW = ("sealed", "committed", "sending", "published", "puback", "ack_received", "acked")
# Between the arrival at the cloud and the acknowledgement on its way.
INGEST_WINDOW = ("received", "before_commit", "after_commit", "after_ack")
AIMED = (Fault.EDGE_STEP, Fault.INGEST_STEP, Fault.EDGE_STEP_POWER, Fault.CELL_PULSE)
AT_RANDOM = tuple(fault for fault in Fault if fault not in AIMED)
CLOCK_JUMPS_S = (-86_400 * 365 * 56, -86_400, -600, -30, 30, 600, 86_400, 86_400 * 365 * 74)


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault and after how many booked scans it comes."""

    after: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class Aim:
    """A process that was to die at a step, and whether it did."""

    process: str
    step: str
    has_hit: bool


def plan(seed: int) -> list[Strike]:
    """Four or five faults: two or three aimed, the others in turn, so that a run of some seeds has had every kind."""
    random = Random(f"plan {seed}")
    aimed = [AIMED[(seed + index) % len(AIMED)] for index in range(random.choice((2, 3)))]
    others = [AT_RANDOM[(2 * seed + index) % len(AT_RANDOM)] for index in range(2)]
    places = sorted(random.sample(range(5, PARCELS - 45), len(aimed) + len(others)))
    faults = [*aimed, *others]
    random.shuffle(faults)
    return [Strike(after, fault) for after, fault in zip(places, faults, strict=True)]
