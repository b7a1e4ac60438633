"""NMEA 0183: a GNSS receiver's bytes, however split or merged, as positions; without input or output.

::

    $GNRMC,070512.00,A,3113.8240,N,12128.4160,E,12.4,084.4,221126,,,A*6C CR LF     position, knots, course
    $GNGGA,070512.00,3113.8240,N,12128.4160,E,1,09,0.9,4.2,M,,M,,*5C CR LF         quality, satellites, HDOP

Sentences are pynmea2's to read. Leaves the port to nmea, and jumps that no van can make to others.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import pynmea2

from edge.devices.sensor import Fix

KNOT_M_S = 1852 / 3600
MAX_SENTENCE = 128  # characters; the standard says 82, and receivers say more
MAX_SPEED_M_S = 100.0  # what the wire takes; a van that says so has a broken receiver
STANDING_M_S = 0.3  # below it a course is noise
RMC_GONE_S = 5.0  # after so long without RMC, GGA gives the position

_PRINTABLE = re.compile(rb"[\x20-\x7e]*\Z")
_ANGLE = re.compile(r"(?P<degrees>\d{1,3})(?P<minutes>[0-5]\d(?:\.\d+)?)\Z")


class SentenceError(ValueError):
    """A sentence that is none, or that cannot be true; the text says why."""


@dataclass(slots=True)
class Sentences:
    """Bytes to sentences that look like one. At most ``MAX_SENTENCE`` bytes are held, nothing raises, and the same bytes give the
    same sentences however they are cut.
    """

    rejected: int = 0
    _pending: bytearray = field(default_factory=bytearray, repr=False)
    _inside: bool = False

    def feed(self, data: bytes) -> list[str]:
        """From ``$`` to before the line's end, in order. What is cut off, too long or not ASCII is counted."""
        found: list[str] = []
        for byte in data:
            if byte == 0x24:  # $: whatever was there before will not be completed
                self.rejected += self._inside
                self._pending[:] = b"$"
                self._inside = True
            elif not self._inside:
                continue
            elif byte in (0x0A, 0x0D):
                self._end(found)
            elif len(self._pending) < MAX_SENTENCE:
                self._pending.append(byte)
            else:
                self.lost()
        return found

    def lost(self) -> None:
        """The line went away, or will not end: what had begun is dropped."""
        self.rejected += self._inside
        self._pending.clear()
        self._inside = False

    def _end(self, found: list[str]) -> None:
        if _PRINTABLE.match(self._pending):
            found.append(self._pending.decode("ascii"))
        else:
            self.rejected += 1
        self._pending.clear()
        self._inside = False


@dataclass(frozen=True, slots=True)
class _Quality:
    quality: int | None = None
    satellites: int | None = None
    hdop: float | None = None


_UNSAID = _Quality()


@dataclass(slots=True)
class Receiver:
    """What a receiver has said lately. Times are seconds of one monotonic clock; ``has_fix`` is None until it says."""

    name: str
    has_fix: bool | None = None
    _quality: _Quality = _UNSAID
    _quality_s: float = 0.0
    _rmc_s: float | None = None

    def take(self, sentence: str, at_ms: int, at_s: float) -> Fix | None:
        """The position that this sentence completes. SentenceError for a bad checksum, or for a place that is none."""
        try:
            parsed: Any = pynmea2.parse(sentence, check=True)
        except pynmea2.SentenceTypeError:
            return None
        except (pynmea2.ParseError, ValueError) as error:
            raise SentenceError("bad checksum, or cut off: noise on the line, or a wrong baud rate") from error
        match getattr(parsed, "sentence_type", ""):
            case "RMC":
                return self._take_rmc(parsed, at_ms, at_s)
            case "GGA":
                return self._take_gga(parsed, at_ms, at_s)
        return None

    def _take_rmc(self, parsed: Any, at_ms: int, at_s: float) -> Fix | None:
        self.has_fix = parsed.status == "A" and parsed.mode_indicator != "N"
        self._rmc_s = at_s
        if not self.has_fix:
            return None
        lat, lon = _place(parsed)
        speed_m_s = _number(parsed.spd_over_grnd, 0.0, MAX_SPEED_M_S / KNOT_M_S)
        speed_m_s = None if speed_m_s is None else speed_m_s * KNOT_M_S
        heading = _number(parsed.true_course, 0.0, 360.0)
        heading_deg = None if heading is None or (speed_m_s or 0.0) < STANDING_M_S else heading % 360.0
        said = self._quality if at_s - self._quality_s < RMC_GONE_S else _UNSAID
        return Fix(
            self.name, lat, lon, at_ms, speed_m_s, heading_deg,
            quality=said.quality, satellites=said.satellites, hdop=said.hdop,
        )  # fmt: skip

    def _take_gga(self, parsed: Any, at_ms: int, at_s: float) -> Fix | None:
        quality = int(_number(parsed.gps_qual, 0, 9) or 0)
        satellites, hdop = _number(parsed.num_sats, 0, 99), _number(parsed.horizontal_dil, 0.0, 100.0)
        self._quality = _Quality(quality, None if satellites is None else int(satellites), hdop)
        self._quality_s = at_s
        if self._rmc_s is None:
            self._rmc_s = at_s  # it may only come second
        if at_s - self._rmc_s < RMC_GONE_S:
            return None  # RMC says the same with the speed
        self.has_fix = quality > 0
        if not self.has_fix:
            return None
        lat, lon = _place(parsed)
        return Fix(self.name, lat, lon, at_ms, quality=quality, satellites=self._quality.satellites, hdop=hdop)


def _place(parsed: Any) -> tuple[float, float]:
    """Degrees; pynmea2 itself takes a missing number for 0° and 75 minutes for a number."""
    return _degrees(parsed.lat, parsed.lat_dir, "NS", 90.0), _degrees(parsed.lon, parsed.lon_dir, "EW", 180.0)


def _degrees(text: str, side: str, sides: str, most: float) -> float:
    angle = _ANGLE.match(text)
    if angle is None or len(side) != 1 or side not in sides:
        raise SentenceError(f"no position: {text[:16]!r} {side[:4]!r}")
    degrees = int(angle["degrees"]) + float(angle["minutes"]) / 60
    if degrees > most:
        raise SentenceError(f"no position: {degrees:g}° {side}")
    return degrees if side == sides[0] else -degrees


def _number(value: object, least: float, most: float) -> float | None:
    """None where nothing, no number, or one out of range was said."""
    try:
        number = float(value)  # type: ignore[arg-type]  # None and text that is none raise
    except (TypeError, ValueError):
        return None
    return number if least <= number <= most else None
