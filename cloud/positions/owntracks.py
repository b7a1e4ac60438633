"""OwnTracks' JSON, as its app says it by MQTT and by HTTP; without input or output (https://owntracks.org/booklet/tech/json/).

::

    {"_type": "location", "tst": 1497349316, "lat": 48.85833, "lon": 2.29513, "vel": 61, "cog": 271, "acc": 5, "batt": 67}
              |           |  seconds since 1970 |            |                |  km/h     |  degrees |  m      |  percent
              location: a position; transition, waypoint, lwt, status, steps, …: a sign of life; encrypted: refused

Who says it is told beside it: by the broker's user, or by HTTP's. To HTTP the app wants ``[]`` for an answer.
"""

import msgspec

from cloud.positions.report import KM_H_M_S, Report, ReportError, TrackerFix, heading, positive, speed

ANSWER = b"[]"
MAX_BYTES = 16 * 1024  # a location is 300 bytes; a card with a picture is what is largest
TOPIC_ROOT = "owntracks"


class _Head(msgspec.Struct, frozen=True):
    type: str = msgspec.field(name="_type")


class _Location(msgspec.Struct, frozen=True):
    lat: float
    lon: float
    tst: int
    vel: float | None = None
    cog: float | None = None
    acc: float | None = None
    batt: float | None = None


_HEAD = msgspec.json.Decoder(_Head)
_LOCATION = msgspec.json.Decoder(_Location)


def decode(body: bytes) -> Report:
    """One message. ReportError for what is no OwnTracks message."""
    if len(body) > MAX_BYTES:
        raise ReportError("body", f"want at most {MAX_BYTES} bytes")
    if not body:  # the app says so that a friend is gone
        return Report("", (), "empty: no position is in it")
    try:
        kind = _HEAD.decode(body).type
        if kind == "encrypted":
            raise ReportError("_type", "take the encryption key out of the app's settings: the line to here is encrypted by TLS")
        if kind != "location":
            return Report("", (), f"{kind[:20]}: no position is in it")
        said = _LOCATION.decode(body)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReportError("body", f"want OwnTracks JSON: {error}") from None
    battery = positive(said.batt)
    fix = TrackerFix(
        said.lat, said.lon, said.tst * 1000, speed(said.vel, KM_H_M_S), heading(said.cog), positive(said.acc),
        None if battery is None else min(1.0, battery / 100),
    )  # fmt: skip
    return Report("", (fix,))


def user_of(topic: str) -> str | None:
    """The broker's user whose topic this is, ``owntracks/{user}/{device}``; None where it is none, or one of its other topics."""
    parts = topic.split("/")
    return parts[1] if len(parts) == 3 and parts[0] == TOPIC_ROOT and parts[1] and parts[2] else None
