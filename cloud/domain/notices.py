"""What is said of rooms that have moved: from whoever changed them to the live gateways (ARCHITECTURE, decision 6).

A notice is a hint: a lost one costs a poll's time. One that brings the new entries along saves the gateway from asking for them,
but only for sockets that stand where the room stood before: nobody can miss anything in between.
"""

from collections.abc import Iterable

import msgspec

MAX_BYTES = 1024 * 1024
# Entries above this are left for the gateway to read: a notice must not hold up the ones behind it.
_MAX_ENTRIES_BYTES = 32 * 1024


class RoomNotice(msgspec.Struct, frozen=True, array_like=True):
    """One room's newest version. ``entries``: keys and bodies (JSON; None: it left) that changed since ``previous``.

    ``previous`` None: they are not told. ``at``: when they changed, ISO 8601 UTC.
    """

    room: str
    version: int
    previous: int | None = None
    at: str = ""
    entries: tuple[tuple[str, bytes | None], ...] = ()


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[RoomNotice]).decode


def encode_notices(notices: Iterable[RoomNotice]) -> bytes:
    """The payload of one message. What would make it large is left out."""
    room_left = _MAX_ENTRIES_BYTES
    told: list[RoomNotice] = []
    for one in notices:
        size = sum(len(key) + len(body or b"") for key, body in one.entries)
        room_left -= size
        told.append(one if room_left >= 0 else RoomNotice(one.room, one.version))
    return _encode(told)


def read_notices(payload: bytes | bytearray) -> list[RoomNotice]:
    """The rooms of a message; [] for one that cannot be read: it was only a hint."""
    if len(payload) > MAX_BYTES:
        return []
    try:
        return _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
