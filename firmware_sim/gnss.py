"""A GNSS receiver as its bytes: NMEA 0183 sentences on a line, once a second.

Leaves where it is to whoever drives.
"""

from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from edge.wire.clock import utc
from firmware_sim.faults import PERFECT, LineFaults, pieces
from firmware_sim.terminal import Terminal

_KNOTS = 3600 / 1852  # of 1 m/s


@dataclass(frozen=True, slots=True)
class Place:
    """Where a receiver is, and what it knows of it. WGS-84 degrees."""

    lat: float
    lon: float
    speed_m_s: float = 0.0
    heading_deg: float = 0.0
    has_fix: bool = True
    satellites: int = 9
    hdop: float = 0.9


def sentence(body: str) -> bytes:
    """``$body*checksum`` and the line's end."""
    checksum = 0
    for byte in body.encode("ascii"):
        checksum ^= byte
    return f"${body}*{checksum:02X}\r\n".encode("ascii")


def rmc(place: Place, at_ms: int) -> bytes:
    """Position, speed and course at a time."""
    at = utc(at_ms)
    where = f"{_angle(place.lat, 2, 'NS')},{_angle(place.lon, 3, 'EW')}" if place.has_fix else ",,,"
    moves = f"{place.speed_m_s * _KNOTS:.2f},{place.heading_deg:.1f}" if place.has_fix else ","
    state, mode = ("A", "A") if place.has_fix else ("V", "N")
    return sentence(f"GNRMC,{at:%H%M%S}.{at_ms % 1000 // 10:02d},{state},{where},{moves},{at:%d%m%y},,,{mode}")


def gga(place: Place, at_ms: int) -> bytes:
    """Position and its quality at a time."""
    at = utc(at_ms)
    where = f"{_angle(place.lat, 2, 'NS')},{_angle(place.lon, 3, 'EW')}" if place.has_fix else ",,,"
    quality = f"1,{place.satellites:02d},{place.hdop:.1f}" if place.has_fix else "0,00,99.9"
    return sentence(f"GNGGA,{at:%H%M%S}.{at_ms % 1000 // 10:02d},{where},{quality},4.2,M,,M,,")


def _angle(degrees: float, digits: int, sides: str) -> str:
    side = sides[degrees < 0.0]
    ten_thousandths = round(abs(degrees) * 60 * 10_000)  # of a minute, so that 59.99999 never becomes 60
    whole, rest = divmod(ten_thousandths, 600_000)
    return f"{whole:0{digits}d}{rest / 10_000:07.4f},{side}"


@dataclass(slots=True)
class SimulatedGnss:
    """A receiver on a line; ``with`` plugs it in."""

    path: Path
    random: Random
    faults: LineFaults = PERFECT
    bad_checksum: float = 0.0  # probability of a sentence
    drops: bool = False  # sentences that nobody reads are lost
    terminal: Terminal = field(init=False)

    def __post_init__(self) -> None:
        if not 0.0 <= self.bad_checksum <= 1.0:
            raise ValueError(f"bad_checksum: want 0 to 1, got {self.bad_checksum}")
        self.terminal = Terminal(self.path, drops=self.drops)

    def __enter__(self) -> Self:
        self.terminal.plug()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.terminal.unplug()

    def tell(self, place: Place, at_ms: int) -> None:
        """One second's sentences. UnpluggedError; TimeoutError if nobody reads."""
        for said in (gga(place, at_ms), rmc(place, at_ms)):
            frame = said
            if self.random.random() < self.bad_checksum:
                frame = frame.replace(b",", b";", 1)
            for piece in pieces(frame, self.faults, self.random, b"\r\n"):
                self.terminal.write(piece.data)
                self.terminal.sleep(piece.pause_s)
