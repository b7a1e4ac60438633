"""What the alarm rules remember, as bytes: kept over restarts, and read by the releases after."""

import msgspec

from edge.rules.alarms import Watched

_decoder = msgspec.json.Decoder(Watched)


def dump(watched: Watched) -> bytes:
    """JSON; fields are only ever added, with defaults."""
    return msgspec.json.encode(watched)


def load(data: bytes) -> Watched:
    """ValueError where it is none."""
    return _decoder.decode(data)
