"""A station's lockers: one CU48 board on a line, 24 doors, hands that shut them, and a scanner. Leaves the boards' bytes to locker.

What lies in which cell is the agent's to know.
"""

from pathlib import Path
from random import Random

from firmware_sim.locker import SimulatedLockers
from firmware_sim.locker_boards import SimulatedBoard
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.toml_text import quoted

SCANNER = "cabinet-scanner"
_LOCKS = 24
_ADDRESS = 0
_OPENS_AFTER_S = 0.05  # a spring
_PREFIX = "L"
# 18 ambient, 6 chilled; every fourth is large.
CELLS = tuple(
    (f"{_PREFIX}{lock}", "chilled" if lock > 18 else "ambient", "L" if lock % 4 == 0 else "M") for lock in range(1, _LOCKS + 1)
)


class Cabinet:
    """Its two lines are plugged in by whoever owns it; within a running loop. ``scanner``: residents hold their QR before it."""

    def __init__(self, path: Path, random: Random) -> None:
        self.scanner = SimulatedScanner(path.with_name(f"{path.name}-scanner"), random, suffix=b"\r\n", aim="]Q1")
        self.lockers = SimulatedLockers(path, "cu48", (SimulatedBoard(_ADDRESS, _LOCKS, opens_after_s=_OPENS_AFTER_S),), random)

    def shut(self, cell: str) -> None:
        """Somebody has put in or taken out what they wanted, and shuts the door. KeyError: there is no such cell."""
        self.lockers.shut(_ADDRESS, int(cell.removeprefix(_PREFIX)))

    @property
    def open_cells(self) -> list[str]:
        """Doors that stand open."""
        return [f"{_PREFIX}{lock}" for lock, door in self.lockers.board(_ADDRESS).doors.items() if door.is_open]

    def toml(self) -> str:
        """The tables of the site's TOML that lead to it."""
        return f"""\
[[locker]]
name = "cabinet"
port = {quoted(self.lockers.path)}
family = "cu48"
echo = "no"
[[locker.board]]
name = "cabinet-1"
address = {_ADDRESS}
locks = {_LOCKS}
prefix = "{_PREFIX}"

[[scanner]]
name = "{SCANNER}"
port = {quoted(self.scanner.path)}
place = "cabinet"

"""
