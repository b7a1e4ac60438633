"""What goes over a live socket: JSON text frames, read strictly and written once.

client  hello {token}  subscribe {rooms: [{room, cursor}]}  unsubscribe {rooms}  ping
server  welcome {clock}  entries {room, cursor, snapshot, entries}  error {field, message, remedy}  pong {clock}
        stale {since}: nothing new has been readable since then  fresh: it is again
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from edge.wire.clock import Clock

MAX_FRAME_BYTES = 16 * 1024  # a hundred rooms with their cursors fit
MAX_ROOMS = 100

RoomText = Annotated[str, Meta(pattern="^[!-~]{1,160}$")]
Cursor = Annotated[int, Meta(ge=0, lt=2**62)]


class ClientFrame(msgspec.Struct, frozen=True, tag_field="type"):
    """What a client says."""


class Hello(ClientFrame, frozen=True, tag="hello"):
    """Who it is: a link's or a session's token; empty where the handshake brought the session's cookie."""

    token: Annotated[str, Meta(max_length=1000)] = ""


class Wanted(msgspec.Struct, frozen=True):
    """A room, and up to which version it is known; 0: not at all."""

    room: RoomText
    cursor: Cursor = 0


class Subscribe(ClientFrame, frozen=True, tag="subscribe"):
    rooms: Annotated[list[Wanted], Meta(min_length=1, max_length=MAX_ROOMS)]


class Unsubscribe(ClientFrame, frozen=True, tag="unsubscribe"):
    rooms: Annotated[list[RoomText], Meta(min_length=1, max_length=MAX_ROOMS)]


class Ping(ClientFrame, frozen=True, tag="ping"):
    """Asks for the clock; shows the page that the way to the server is open."""


AnyClientFrame = Hello | Subscribe | Unsubscribe | Ping


class FrameError(ValueError):
    """A frame that cannot be taken; the socket stays."""

    def __init__(self, field: str, message: str, remedy: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
        self.remedy = remedy


_decoder: msgspec.json.Decoder[AnyClientFrame] = msgspec.json.Decoder(AnyClientFrame)
_PLACE = re.compile(r" - at `\$\.?(.*)`\Z")


def read_frame(data: str | bytes) -> AnyClientFrame:
    """One client frame; FrameError names the field."""
    if isinstance(data, bytes):
        raise FrameError("frame", "is binary", "send text frames with JSON")
    try:
        return _decoder.decode(data)
    except msgspec.ValidationError as error:
        text = str(error)
        place = _PLACE.search(text)
        field = place[1] if place else _missing(text)
        raise FrameError(field, _PLACE.sub("", text), "correct this field") from None
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise FrameError("frame", "is no JSON", "send one JSON object a frame") from None


def _missing(text: str) -> str:
    found = re.search(r"required field `(\w+)`", text)
    return found[1] if found else "type" if "tag" in text or "type" in text else "frame"


# --- from the server ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing's newest state. ``body`` is JSON, None: it left the room. ``at`` is ISO 8601 UTC."""

    key: str
    version: int
    at: str
    body: str | None


class ClockNow(msgspec.Struct, frozen=True):
    now_ms: int
    rate: float
    simulated: bool


class _Welcome(msgspec.Struct, frozen=True, tag_field="type", tag="welcome"):
    clock: ClockNow


class _Pong(msgspec.Struct, frozen=True, tag_field="type", tag="pong"):
    clock: ClockNow


class _Entry(msgspec.Struct, frozen=True):
    key: str
    at: str
    body: msgspec.Raw


class _Entries(msgspec.Struct, frozen=True, tag_field="type", tag="entries"):
    room: str
    cursor: int
    snapshot: bool
    entries: list[_Entry]


class _Error(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    field: str
    message: str
    remedy: str


class _Stale(msgspec.Struct, frozen=True, tag_field="type", tag="stale"):
    since: str


class _Fresh(msgspec.Struct, frozen=True, tag_field="type", tag="fresh"):
    pass


_encode = msgspec.json.Encoder().encode
_NULL = msgspec.Raw(b"null")


def _now(clock: Clock) -> ClockNow:
    return ClockNow(clock.now_ms(), clock.rate, clock.is_simulated)


def welcome(clock: Clock) -> bytes:
    """The answer to a good hello."""
    return _encode(_Welcome(_now(clock)))


def pong(clock: Clock) -> bytes:
    """The answer to a ping."""
    return _encode(_Pong(_now(clock)))


def error(field: str, message: str, remedy: str) -> bytes:
    """What is wrong with a frame, or with one room of it."""
    return _encode(_Error(field, message, remedy))


def stale(since: str) -> bytes:
    """The database has been out of reach since then (ISO 8601 UTC, domain time): what is shown may be old."""
    return _encode(_Stale(since))


def fresh() -> bytes:
    """What was missed is coming, or nothing was."""
    return _encode(_Fresh())


def entries(room: str, cursor: int, news: Sequence[Entry], *, snapshot: bool) -> bytes:
    """``snapshot``: these replace all the client has of the room; else they replace the keys they name."""
    rows = [_Entry(one.key, one.at, _NULL if one.body is None else msgspec.Raw(one.body.encode())) for one in news]
    return _encode(_Entries(room, cursor, snapshot, rows))
