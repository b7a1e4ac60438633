"""Bytes to structs and back, and the checks that the messages' types cannot make: what must fit together.

A payload that fails here is quarantined by its receiver with the reason; it never reaches a database.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import msgspec

from edge.wire.ids import EventId, Lane, parse_epoch, sensor_id
from edge.wire.messages import (
    MAX_BATCH_READINGS,
    MAX_MS,
    MAX_PAYLOAD_BYTES,
    MAX_TEXT,
    Ack,
    AnyDownlink,
    AnyStatus,
    Birth,
    Command,
    CommandResponse,
    Desired,
    EventBatch,
    EventUndone,
    Message,
    Reported,
    Series,
    TelemetryBatch,
    Track,
    VarianceFound,
)

ContentType = Literal["application/msgpack", "application/json"]
MSGPACK: ContentType = "application/msgpack"
JSON: ContentType = "application/json"

# What msgspec says of a tag or an enumeration's word that is not among those it knows.
_UNKNOWN_WORD = re.compile(r"Invalid (?:enum )?value (?P<word>.*) - at `\$\.?(?P<field>.*)`\Z", re.DOTALL)

T = TypeVar("T")


class PayloadError(ValueError):
    """The payload cannot be applied; the text names the field and what is wanted."""


class UnknownWordError(PayloadError):
    """A kind or a state that this release does not know, as a rule a newer sender's: kept whole, replayed after the upgrade."""


_msgpack_encoder = msgspec.msgpack.Encoder()
_json_encoder = msgspec.json.Encoder()


def encode(message: Message, content_type: ContentType = MSGPACK) -> bytes:
    """A message's bytes."""
    return _msgpack_encoder.encode(message) if content_type == MSGPACK else _json_encoder.encode(message)


@dataclass(frozen=True, slots=True)
class Decoder(Generic[T]):
    """One kind of message out of either encoding. Raises PayloadError naming the field."""

    from_msgpack: msgspec.msgpack.Decoder[T]
    from_json: msgspec.json.Decoder[T]
    check: Callable[[T], None] | None = None

    def __call__(self, payload: bytes, content_type: str = MSGPACK) -> T:
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise PayloadError(f"payload: want at most {MAX_PAYLOAD_BYTES} bytes, got {len(payload)}")
        try:
            match content_type or MSGPACK:
                case "application/msgpack":
                    message = self.from_msgpack.decode(payload)
                case "application/json":
                    message = self.from_json.decode(payload)
                case other:
                    raise PayloadError(f"content-type: want {MSGPACK} or {JSON}, got {other[:60]!r}")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _refusal(str(error)) from None
        if self.check is not None:
            try:
                self.check(message)
            except ValueError as error:
                raise PayloadError(str(error)) from None
        return message


def check_text(field: str, text: str) -> None:
    """ValueError where a text is longer than 512 characters or holds what PostgreSQL or a page cannot (NUL, lone surrogates)."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"{field}: want at most {MAX_TEXT} characters, got {len(text)}")
    if "\0" in text:
        raise ValueError(f"{field}: holds a NUL character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"{field}: holds half a surrogate pair")


def _refusal(text: str) -> PayloadError:
    """Our words for msgspec's: at most 200 characters of what was sent."""
    match = _UNKNOWN_WORD.match(text)
    if match:
        return UnknownWordError(
            f"{match['field'][:80]}: {match['word'][:80]} is unknown to this release; kept for after the upgrade"
        )
    return PayloadError(f"payload: {text[:200]}")


def _check_events(batch: EventBatch) -> None:
    for index, event in enumerate(batch.events):
        match event.fact:
            case EventUndone(target=target):
                try:
                    EventId.parse(target)
                except ValueError as error:
                    raise ValueError(f"events[{index}].fact.target: {error}") from None
            case VarianceFound(parcel="", container=""):
                raise ValueError(f"events[{index}].fact.parcel: want a parcel, a container or both, got neither")
            case _:
                pass


def _check_telemetry(batch: TelemetryBatch) -> None:
    count = sum(len(s.dt) for s in batch.series) + sum(len(t.dt) for t in batch.tracks)
    if not 1 <= count <= MAX_BATCH_READINGS:
        raise ValueError(f"series: want 1 to {MAX_BATCH_READINGS} readings and positions in all, got {count}")
    for index, series in enumerate(batch.series):
        try:
            _check_series(series)
        except ValueError as error:
            raise ValueError(f"series[{index}].{error}") from None
    for index, track in enumerate(batch.tracks):
        try:
            _check_track(track)
        except ValueError as error:
            raise ValueError(f"tracks[{index}].{error}") from None


def _check_series(series: Series) -> None:
    sensor_id(series.sensor)
    _check_times(series.t0, series.dt)
    _check_length("v", len(series.v), series.dt)
    if isinstance(series.q, list):
        _check_length("q", len(series.q), series.dt)


def _check_track(track: Track) -> None:
    _check_times(track.t0, track.dt)
    for field, length in (
        ("lat", len(track.lat)),
        ("lon", len(track.lon)),
        ("speed_m_s", len(track.speed_m_s)),
        ("heading_deg", len(track.heading_deg)),
    ):
        _check_length(field, length, track.dt)


def _check_times(t0: int, dt: list[int]) -> None:
    if not (t0 + min(dt) >= 0 and t0 + max(dt) <= MAX_MS):
        raise ValueError("dt: a time before 1970 or after 9999")


def _check_length(field: str, length: int, dt: list[int]) -> None:
    if length != len(dt):
        raise ValueError(f"{field}: want as many as dt ({len(dt)}), got {length}")


def _check_downlink(message: AnyDownlink) -> None:
    parse_epoch(message.epoch)
    if message.lane not in Lane.__members__.values():
        raise ValueError(f"lane: want event, live or backfill, got {message.lane[:40]!r}")
    if isinstance(message, Ack) and len(message.marks) != len(message.seqs):
        raise ValueError(f"marks: want as many as seqs ({len(message.seqs)}), got {len(message.marks)}")


def _check_status(status: AnyStatus) -> None:
    for index, one in enumerate(status.settled if isinstance(status, Birth) else ()):
        try:
            parse_epoch(one.epoch)
        except ValueError as error:
            raise ValueError(f"closed[{index}].{error}") from None
        if not 1 <= one.kept <= one.floor:
            raise ValueError(f"closed[{index}].kept: want 1 <= kept <= floor, got {one.kept} and {one.floor}")


def _check_command(command: Command) -> None:
    if (command.action == "open_cell") != bool(command.cell):
        raise ValueError(f"cell: want one with open_cell and with nothing else, got {command.action} and {command.cell[:40]!r}")
    if (command.action == "acknowledge_alarm") != bool(command.alarm):
        raise ValueError(f"alarm: want one with acknowledge_alarm only, got {command.action} and {command.alarm[:40]!r}")
    if (command.action == "undo") != bool(command.event):
        raise ValueError(f"event: want one with undo only, got {command.action} and {command.event[:80]!r}")
    if command.event:
        EventId.parse(command.event)


def _decoder(kind: type[T], check: Callable[[T], None] | None = None) -> Decoder[T]:
    return Decoder(msgspec.msgpack.Decoder(kind), msgspec.json.Decoder(kind), check)


decode_events = _decoder(EventBatch, _check_events)
decode_telemetry = _decoder(TelemetryBatch, _check_telemetry)
decode_status: Decoder[AnyStatus] = Decoder(msgspec.msgpack.Decoder(AnyStatus), msgspec.json.Decoder(AnyStatus), _check_status)
decode_downlink: Decoder[AnyDownlink] = Decoder(
    msgspec.msgpack.Decoder(AnyDownlink), msgspec.json.Decoder(AnyDownlink), _check_downlink
)
decode_command = _decoder(Command, _check_command)
decode_response = _decoder(CommandResponse)
decode_desired = _decoder(Desired)
decode_reported = _decoder(Reported)
