"""Bytes to structs and back, and the checks that types cannot make: text, numbers and times in range.

A payload that fails here is quarantined by its receiver with the reason; it never reaches a database.
"""

import math
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import msgspec

from edge.wire.ids import EventId, sensor_id
from edge.wire.messages import (
    MAX_BATCH_READINGS,
    MAX_PAYLOAD_BYTES,
    MAX_TEXT,
    AnyDownlink,
    AnyStatus,
    Command,
    CommandResponse,
    Desired,
    Event,
    EventBatch,
    EventUndone,
    Message,
    Reported,
    Series,
    TelemetryBatch,
    Track,
)

ContentType = Literal["application/msgpack", "application/json"]
MSGPACK: ContentType = "application/msgpack"
JSON: ContentType = "application/json"

# 1970-01-01 .. 9999-12-31 in ms: what a timestamptz and a datetime both hold. Whether a time is *believable* is the store's matter.
_MAX_MS = 253_402_300_799_000
_MAX_HLC = 2**63 - 1
_MAX_EVENTS = 500

T = TypeVar("T")


class PayloadError(ValueError):
    """The payload cannot be applied; the text names the field and what is wanted."""


_msgpack_encoder = msgspec.msgpack.Encoder()
_json_encoder = msgspec.json.Encoder()


def encode(message: Message, content_type: ContentType = MSGPACK) -> bytes:
    """A message's bytes."""
    return _msgpack_encoder.encode(message) if content_type == MSGPACK else _json_encoder.encode(message)


@dataclass(frozen=True, slots=True)
class _Decoder(Generic[T]):
    """One type out of either encoding. Raises PayloadError naming the field."""

    from_msgpack: msgspec.msgpack.Decoder[T]
    from_json: msgspec.json.Decoder[T]

    def __call__(self, payload: bytes, content_type: str = MSGPACK) -> T:
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise PayloadError(f"payload: want at most {MAX_PAYLOAD_BYTES} bytes, got {len(payload)}")
        try:
            match content_type or MSGPACK:
                case "application/msgpack":
                    return self.from_msgpack.decode(payload)
                case "application/json":
                    return self.from_json.decode(payload)
                case other:
                    raise PayloadError(f"content-type: want {MSGPACK} or {JSON}, got {other[:60]!r}")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as error:
            raise PayloadError(f"payload: {error}") from None


def _decoder(kind: type[T]) -> _Decoder[T]:
    return _Decoder(msgspec.msgpack.Decoder(kind), msgspec.json.Decoder(kind))


_decode_event_batch = _decoder(EventBatch)
_decode_telemetry_batch = _decoder(TelemetryBatch)
decode_status: _Decoder[AnyStatus] = _Decoder(msgspec.msgpack.Decoder(AnyStatus), msgspec.json.Decoder(AnyStatus))
decode_downlink: _Decoder[AnyDownlink] = _Decoder(msgspec.msgpack.Decoder(AnyDownlink), msgspec.json.Decoder(AnyDownlink))
decode_command = _decoder(Command)
decode_response = _decoder(CommandResponse)
decode_desired = _decoder(Desired)
decode_reported = _decoder(Reported)


def decode_events(payload: bytes, content_type: str = MSGPACK) -> EventBatch:
    """An ``up/event`` payload, every field checked. PayloadError otherwise."""
    batch = _decode_event_batch(payload, content_type)
    if not 1 <= len(batch.events) <= _MAX_EVENTS:
        raise PayloadError(f"events: want 1 to {_MAX_EVENTS}, got {len(batch.events)}")
    for index, event in enumerate(batch.events):
        try:
            _check_event(event)
        except ValueError as error:
            raise PayloadError(f"events[{index}].{error}") from None
    return batch


def decode_telemetry(payload: bytes, content_type: str = MSGPACK) -> TelemetryBatch:
    """An ``up/live`` or ``up/backfill`` payload, every field checked. PayloadError otherwise."""
    batch = _decode_telemetry_batch(payload, content_type)
    _check_int("boot", batch.boot, 2**31 - 1)
    count = sum(len(s.dt) for s in batch.series) + sum(len(t.dt) for t in batch.tracks)
    if count > MAX_BATCH_READINGS:
        raise PayloadError(f"series: want at most {MAX_BATCH_READINGS} readings, got {count}")
    for index, series in enumerate(batch.series):
        try:
            _check_series(series)
        except ValueError as error:
            raise PayloadError(f"series[{index}].{error}") from None
    for index, track in enumerate(batch.tracks):
        try:
            _check_track(track)
        except ValueError as error:
            raise PayloadError(f"tracks[{index}].{error}") from None
    return batch


def _check_event(event: Event) -> None:
    _check_int("n", event.n, _MAX_HLC, low=1)
    _check_int("hlc", event.hlc, _MAX_HLC)
    _check_int("boot", event.boot, 2**31 - 1)
    _check_int("measured_at_ms", event.measured_at_ms, _MAX_MS)
    check_text("device", event.device)
    check_text("actor", event.actor)
    for field in event.fact.__struct_fields__:
        value = getattr(event.fact, field)
        if isinstance(value, str):
            check_text(f"fact.{field}", value)
        elif isinstance(value, int):
            _check_int(f"fact.{field}", value, _MAX_MS, low=-_MAX_MS)
    match event.fact:
        case EventUndone(target=target):
            EventId.parse(target)


def check_text(field: str, text: str) -> None:
    """ValueError where a text is longer than 512 characters or holds what PostgreSQL or a page cannot (NUL, lone surrogates)."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"{field}: want at most {MAX_TEXT} characters, got {len(text)}")
    if "\0" in text:
        raise ValueError(f"{field}: holds a NUL character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"{field}: holds half a surrogate pair")


def _check_series(series: Series) -> None:
    sensor_id(series.sensor)
    _check_times(series.t0, series.dt)
    _check_length("v", series.v, series.dt)
    if isinstance(series.q, list):
        _check_length("q", series.q, series.dt)
        qualities = series.q
    else:
        qualities = [series.q]
    if qualities and not (min(qualities) >= 0 and max(qualities) <= 2):
        raise ValueError("q: want 0, 1 or 2")
    if not math.isfinite(sum(value for value in series.v if value is not None)):
        raise ValueError("v: holds NaN or an infinity")


def _check_track(track: Track) -> None:
    _check_times(track.t0, track.dt)
    _check_length("lat", track.lat, track.dt)
    _check_length("lon", track.lon, track.dt)
    _check_length("speed_m_s", track.speed_m_s, track.dt)
    _check_length("heading_deg", track.heading_deg, track.dt)
    if not all(-90.0 <= lat <= 90.0 for lat in track.lat):
        raise ValueError("lat: want -90 to 90")
    if not all(-180.0 <= lon <= 180.0 for lon in track.lon):
        raise ValueError("lon: want -180 to 180")
    if not all(speed is None or 0.0 <= speed <= 100.0 for speed in track.speed_m_s):
        raise ValueError("speed_m_s: want 0 to 100")
    if not all(heading is None or 0.0 <= heading < 360.0 for heading in track.heading_deg):
        raise ValueError("heading_deg: want 0 to 360")


def _check_times(t0: int, dt: list[int]) -> None:
    if not dt:
        raise ValueError("dt: want at least one reading")
    _check_int("t0", t0, _MAX_MS)
    if not (t0 + min(dt) >= 0 and t0 + max(dt) <= _MAX_MS):
        raise ValueError("dt: a time before 1970 or after 9999")


def _check_length(field: str, values: list[T], dt: list[int]) -> None:
    if len(values) != len(dt):
        raise ValueError(f"{field}: want as many as dt ({len(dt)}), got {len(values)}")


def _check_int(field: str, value: int, high: int, *, low: int = 0) -> None:
    if not low <= value <= high:
        raise ValueError(f"{field}: want {low} to {high}, got {value}")
