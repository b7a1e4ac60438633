"""The MQTT user properties that say what a batch is, even where its payload is broken.

epoch   UUID of the edge's database          lane    event | live | backfill (must be the topic's)
seq     number of the batch in its lane      floor   the lane's lowest unacknowledged seq
schema  form of the payload                  kept    the lane's lowest seq that could still be sent again
sha256  of the payload, 64 hex digits        sent_at ms since 1970, this sending's
"""

import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple

from edge.wire.fields import MAX_MS
from edge.wire.ids import Epoch, Lane, Seq, parse_epoch

_MAX_SEQ = 2**62
_MAX_SCHEMA = 2**31 - 1
_NUMBERS = ("seq", "floor", "kept", "schema", "sent_at")
_NAMES = ("epoch", "lane", "sha256", *_NUMBERS)
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


class EnvelopeError(ValueError):
    """Properties missing or broken: the batch cannot be acknowledged, for nobody knows which it is."""


class Envelope(NamedTuple):
    """A batch's identity and its lane's state at sending."""

    epoch: Epoch
    lane: Lane
    seq: Seq
    sha256: bytes
    floor: Seq
    kept: Seq
    schema: int
    sent_at_ms: int

    def properties(self) -> list[tuple[str, str]]:
        """As MQTT 5 user properties."""
        return [
            ("epoch", str(self.epoch)),
            ("lane", self.lane.value),
            ("seq", str(self.seq)),
            ("sha256", self.sha256.hex()),
            ("floor", str(self.floor)),
            ("kept", str(self.kept)),
            ("schema", str(self.schema)),
            ("sent_at", str(self.sent_at_ms)),
        ]

    @classmethod
    def parse(cls, properties: Iterable[tuple[str, str]]) -> "Envelope":
        """Read user properties. EnvelopeError names the property that is missing, repeated or out of range."""
        values: dict[str, str] = {}
        for name, value in properties:
            if name in values and name in _NAMES:
                raise EnvelopeError(f"{name}: given twice")
            values[name] = value
        for name in _NAMES:
            if name not in values:
                raise EnvelopeError(f"{name}: missing")
        numbers = {name: _number(name, values[name]) for name in _NUMBERS}
        try:
            epoch = parse_epoch(values["epoch"])
        except ValueError as error:
            raise EnvelopeError(str(error)) from None
        try:
            lane = Lane(values["lane"])
        except ValueError:
            raise EnvelopeError(f"lane: want event, live or backfill, got {values['lane'][:40]!r}") from None
        if not 1 <= numbers["kept"] <= numbers["floor"] <= numbers["seq"]:
            raise EnvelopeError(f"seq: want 1 <= kept <= floor <= seq, got {numbers['kept']}, {numbers['floor']}, {numbers['seq']}")
        if not 1 <= numbers["schema"] <= _MAX_SCHEMA:
            raise EnvelopeError(f"schema: want 1 to {_MAX_SCHEMA}, got {numbers['schema']}")
        if numbers["sent_at"] > MAX_MS:
            raise EnvelopeError(f"sent_at: want 0 to {MAX_MS}, got {numbers['sent_at']}")
        return cls(
            epoch=epoch,
            lane=lane,
            seq=Seq(numbers["seq"]),
            sha256=_digest(values["sha256"]),
            floor=Seq(numbers["floor"]),
            kept=Seq(numbers["kept"]),
            schema=numbers["schema"],
            sent_at_ms=numbers["sent_at"],
        )


def digest(payload: bytes) -> bytes:
    """SHA-256 of a payload, 32 bytes."""
    return hashlib.sha256(payload).digest()


def mark(sha256: bytes) -> int:
    """The first 48 bits of a digest: enough to tell two contents of one key apart, and exact in JSON."""
    return int.from_bytes(sha256[:6], "big")


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) < _MAX_SEQ):
        raise EnvelopeError(f"{name}: want a whole number, got {text[:40]!r}")
    return int(text)


def _digest(text: str) -> bytes:
    if not _SHA256.match(text):
        raise EnvelopeError(f"sha256: want 64 hex digits in lower case, got {text[:80]!r}")
    return bytes.fromhex(text)
