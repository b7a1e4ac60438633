"""A barcode scanner as its bytes, on a serial line. Leaves what is scanned, and when, to its caller."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from firmware_sim.faults import PERFECT, LineFaults, pieces
from firmware_sim.terminal import Terminal


@dataclass(slots=True)
class SimulatedScanner(Terminal):
    """Plugged and unplugged as its line is. The reader holds back (bounded queue), and a scanner waits for a second."""

    random: Random
    suffix: bytes = b"\r"
    aim: str = ""  # such as "]C0", in front of every label
    faults: LineFaults = PERFECT

    def scan_all(self, labels: Iterable[str]) -> None:
        """Scan one after another, as fast as the reader takes them."""
        for label in labels:
            self.scan(label)

    def scan(self, label: str, *, aim: str | None = None) -> bytes:
        """Write one label's bytes as this scanner sends them, and return them.

        UnpluggedError; TimeoutError if nobody takes them for a second.
        """
        prefix = self.aim if aim is None else aim
        frame = (prefix + label).encode() + self.suffix
        plan = pieces(frame, self.faults, self.random, self.suffix)
        for piece in plan:
            self.write(piece.data)
            if piece.pause_s:
                self.sleep(piece.pause_s)
        return b"".join(piece.data for piece in plan)
