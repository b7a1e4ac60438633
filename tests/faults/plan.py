"""Which faults strike a schedule, and after how many scans: seeded.

Three of a schedule's five are aimed at the windows between commit and acknowledgement. Of the rest every other schedule has one at
a lock's pulse; the others strike wherever they happen to.
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


# From the commit at the edge to the edge's note that the cloud has it.
EDGE_WINDOW = ("committed", "sending", "published", "puback", "ack_received", "acked")
# Between the arrival at the cloud and the acknowledgement on its way.
INGEST_WINDOW = ("received", "before_commit", "after_commit", "after_ack")
AT_WINDOWS = (Fault.EDGE_STEP, Fault.INGEST_STEP, Fault.EDGE_STEP_POWER)
AT_RANDOM = tuple(fault for fault in Fault if fault not in (*AT_WINDOWS, Fault.CELL_PULSE))
OTHERS = 2  # of a schedule; every other seed has the pulse for one of them
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

    @property
    def is_at_window(self) -> bool:
        """Between a commit and its acknowledgement."""
        return self.step in (*EDGE_WINDOW, *INGEST_WINDOW)


def plan(seed: int) -> list[Strike]:
    """Five faults: each of the three that are aimed at windows, and two others in turn: some seeds have had every kind."""
    random = Random(f"plan {seed}")
    has_pulse = seed % 2 == 0
    first = (seed // 2) * (2 * OTHERS - 1) + (0 if has_pulse else OTHERS - 1)
    others = [AT_RANDOM[(first + index) % len(AT_RANDOM)] for index in range(OTHERS - has_pulse)]
    faults = [*AT_WINDOWS, *others, *([Fault.CELL_PULSE] if has_pulse else [])]
    places = sorted(random.sample(range(5, PARCELS - 45), len(faults)))
    random.shuffle(faults)
    return [Strike(after, fault) for after, fault in zip(places, faults, strict=True)]
