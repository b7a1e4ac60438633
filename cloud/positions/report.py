"""What a tracker says, whatever its protocol: positions in its own words, not yet judged, and what is wrong with a message.

Leaves whether a position can be true to `cloud.domain.whereabouts`.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

KNOT_M_S = 1852 / 3600
KM_H_M_S = 1 / 3.6


class ReportError(ValueError):
    """A message that cannot be read. ``field`` is the protocol's own name; the text says what is wanted."""

    def __init__(self, field: str, wanted: str) -> None:
        super().__init__(f"{field}: {wanted}")
        self.field = field
        self.wanted = wanted


@dataclass(frozen=True, slots=True)
class TrackerFix:
    """One position as the device believes it. WGS-84 degrees; ``at_ms`` None: it did not say when. ``battery`` 0 to 1."""

    lat: float
    lon: float
    at_ms: int | None
    speed_m_s: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    battery: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One message that was read. ``device``: what it calls itself, "" where the protocol says it elsewhere.

    Without fixes it is a sign of life; ``note`` says why there is none.
    """

    device: str
    fixes: tuple[TrackerFix, ...]
    note: str = ""


def speed(value: float | None, unit_m_s: float) -> float | None:
    """In m/s; None for what stands for "unknown": nothing, a negative number, none at all."""
    return None if value is None or not 0.0 <= value < math.inf else value * unit_m_s


def heading(value: float | None) -> float | None:
    """Degrees from north, clockwise, below 360; None for what stands for "unknown"."""
    return None if value is None or not 0.0 <= value <= 360.0 else value % 360.0


def positive(value: float | None) -> float | None:
    """A length or a share; None for what stands for "unknown"."""
    return None if value is None or not 0.0 <= value < math.inf else value


def milliseconds(text: str, field: str) -> int:
    """Since 1970, from seconds, milliseconds, or ISO 8601; a time without an offset is UTC. ReportError."""
    try:
        number = float(text)
    except ValueError:
        return _calendar(text, field)
    if not -1e15 < number < 1e15:
        raise ReportError(field, "want seconds or milliseconds since 1970, or ISO 8601")
    # Beyond 2^31 seconds lies the year 2038 in seconds, and 25 January 1970 in milliseconds.
    return round(number * 1000) if number < 2**31 else round(number)


def _calendar(text: str, field: str) -> int:
    try:
        said = datetime.fromisoformat(text.strip())
        at = said.replace(tzinfo=UTC) if said.tzinfo is None else said
        return round(at.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise ReportError(field, "want seconds or milliseconds since 1970, or ISO 8601") from None
