"""What goes wrong on a line, seeded: where bytes are split, what noise stands between them, how long they take.

Pure. A simulator asks for a plan and writes its pieces; other device families add their faults here.
"""

from dataclasses import dataclass
from random import Random

# Bytes that an electrically bad line or a wrong baud rate produces: never a suffix, so that a frame stays one frame.
_NOISE = bytes(byte for byte in range(256) if byte not in (0x0A, 0x0D))


@dataclass(frozen=True, slots=True)
class LineFaults:
    """How bad a line is. The default is a perfect one."""

    split: float = 0.0  # probability that a frame is cut into several writes
    noise: float = 0.0  # probability that a frame of noise comes before it
    pause_s: float = 0.0  # between two pieces; keep it below the reader's idle time-out for a frame to survive

    def __post_init__(self) -> None:
        for name in ("split", "noise"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name}: want 0 to 1, got {getattr(self, name)}")
        if self.pause_s < 0.0:
            raise ValueError(f"pause_s: want 0 or more, got {self.pause_s}")


PERFECT = LineFaults()


@dataclass(frozen=True, slots=True)
class Piece:
    """One write to the line, and the silence after it."""

    data: bytes
    pause_s: float = 0.0


def pieces(frame: bytes, faults: LineFaults, random: Random, suffix: bytes = b"\r") -> list[Piece]:
    """The writes that put ``frame`` (its suffix included) on a line with ``faults``."""
    plan: list[Piece] = []
    if random.random() < faults.noise:
        plan.append(Piece(bytes(random.choices(_NOISE, k=random.randint(1, 24))) + (suffix or b"\r"), faults.pause_s))
    if random.random() < faults.split and len(frame) > 1:
        cuts = sorted(random.sample(range(1, len(frame)), k=min(len(frame) - 1, random.randint(1, 4))))
        plan += [
            Piece(frame[start:end], faults.pause_s if end < len(frame) else 0.0)
            for start, end in zip([0, *cuts], [*cuts, len(frame)], strict=True)
        ]
    else:
        plan.append(Piece(frame))
    return plan
