"""What phones say by HTTP: OsmAnd's query and Traccar Client's JSON; without input or output.

::

    GET /?id=123456&lat=60.0&lon=30.0&timestamp=1377177267&speed=12.5&bearing=84&accuracy=5&batt=87
           |        |   or location=60.0,30.0    |                |         |          |          percent
           token    WGS-84 degrees               s, ms or ISO     knots     degrees    m

    POST {"device_id": "…", "location": {"timestamp": "2025-06-15T13:45:12.862Z",
          "coords": {"latitude": 37.4, "longitude": -122.1, "accuracy": 5, "speed": 18.67, "heading": 63},
          "battery": {"level": 0.79}}}               |  m              |  m/s; −1: unknown  |  degrees; −1
                      |  0 to 1                      (location may be a list of such)

Sources: https://www.traccar.org/osmand/, Traccar Client's sources. A query without ``lat`` and ``lon`` (cells and WLANs alone) is a
sign of life. Without a timestamp a position is as of now.
"""

import math
from urllib.parse import parse_qsl

import msgspec

from cloud.positions.report import KNOT_M_S, Report, ReportError, TrackerFix, heading, milliseconds, positive, speed

MAX_BYTES = 256 * 1024  # Traccar Client sends what an outage left in lists of at most some hundred
MAX_FIXES = 1_000
_MAX_PARAMETERS = 100


class _Coords(msgspec.Struct, frozen=True):
    latitude: float
    longitude: float
    accuracy: float | None = None
    speed: float | None = None
    heading: float | None = None


class _Battery(msgspec.Struct, frozen=True):
    level: float | None = None


class _Location(msgspec.Struct, frozen=True):
    coords: _Coords
    timestamp: str | float | None = None
    battery: _Battery | None = None


class _Message(msgspec.Struct, frozen=True):
    device_id: str | int
    location: _Location | list[_Location]


_MESSAGE = msgspec.json.Decoder(_Message)


def decode_query(query: str) -> Report:
    """The part of an address after ``?``, or a form's body. ReportError."""
    try:
        said = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS, errors="strict"))
    except ValueError:
        raise ReportError("query", f"want at most {_MAX_PARAMETERS} parameters in UTF-8") from None
    device = said.get("id") or said.get("deviceid") or ""
    if not device:
        raise ReportError("id", "want the device's token: the one of its configuration link")
    place = _place(said)
    if place is None:
        return Report(device, (), "no position is in it")
    if said.get("valid", "").lower() in ("false", "0"):
        return Report(device, (), "the device says that its position is not valid")
    at = said.get("timestamp", "")
    battery = positive(_number(said, "batt"))
    fix = TrackerFix(
        *place, milliseconds(at, "timestamp") if at else None, speed(_number(said, "speed"), KNOT_M_S),
        heading(_number(said, "bearing", "heading")), positive(_number(said, "accuracy", "hacc")),
        None if battery is None else min(1.0, battery / 100),
    )  # fmt: skip
    return Report(device, (fix,))


def decode_json(body: bytes) -> Report:
    """Traccar Client's. ReportError."""
    try:
        said = _MESSAGE.decode(body)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReportError("body", f"want Traccar Client's JSON: {error}") from None
    device = str(said.device_id)
    if not device:
        raise ReportError("device_id", "want the device's token: the one of its configuration link")
    locations = said.location if isinstance(said.location, list) else [said.location]
    if len(locations) > MAX_FIXES:
        raise ReportError("location", f"want at most {MAX_FIXES} at a time")
    return Report(device, tuple(map(_fix, locations)), "" if locations else "no position is in it")


def _fix(said: _Location) -> TrackerFix:
    coords = said.coords
    battery = None if said.battery is None else positive(said.battery.level)
    return TrackerFix(
        coords.latitude, coords.longitude,
        None if said.timestamp is None else milliseconds(str(said.timestamp), "timestamp"),
        speed(coords.speed, 1.0), heading(coords.heading), positive(coords.accuracy),
        None if battery is None else min(1.0, battery),
    )  # fmt: skip


def _place(said: dict[str, str]) -> tuple[float, float] | None:
    if "location" in said:
        lat, comma, lon = said["location"].partition(",")
        if not comma:
            raise ReportError("location", "want lat,lon in degrees")
        return _degrees(lat, "location"), _degrees(lon, "location")
    if "lat" not in said and "lon" not in said:
        return None
    for name in ("lat", "lon"):
        if name not in said:
            raise ReportError(name, "want degrees")
    return _degrees(said["lat"], "lat"), _degrees(said["lon"], "lon")


def _degrees(text: str, field: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ReportError(field, "want degrees")
    return value


def _number(said: dict[str, str], *names: str) -> float | None:
    """Of what is beside the point a bad value is no value: the position counts all the same."""
    for name in names:
        if name in said:
            try:
                return float(said[name])
            except ValueError:
                return None
    return None
