"""BTHome v2 service data (UUID FCD2) as readings, plain or encrypted with a bind key; without input or output.

::

    plain       INFO  object object …                  INFO: bits 7-5 version (2), bit 1 address follows, bit 0 encrypted
    encrypted   INFO  ciphertext  counter(4)  mic(4)   AES-128-CCM; nonce: address(6) D2 FC INFO counter(4)
    object      ID  value, little-endian, as long as its ID says; in the order of their IDs

Source: bthome.io, "Format" and "Encryption". Leaves receiving, and which sensor is whose, to bthome.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from edge.devices.sensor import BATTERY, HUMIDITY, Reading, Span, battery_of, door_of, humidity_of, temperature_of

UUID = "0000fcd2-0000-1000-8000-00805f9b34fb"
MAX_BYTES = 255  # of one advertisement's data
MAX_PROBES = 4  # of one kind; a frame could hold eighty, and each would be a sensor for ever

# A frame that is not newer than the last is a repeat or a replay; a sensor whose battery was changed counts from 0 again. It is
# believed when nothing newer was heard for this long: while the true sensor is heard, nobody else can pass for it.
RESTARTED_AFTER_S = 600.0

_VERSION = 2
_ENCRYPTED, _WITH_ADDRESS = 0x01, 0x02
_ADDRESS, _COUNTER, _MIC = 6, 4, 4
_UUID_BYTES = bytes.fromhex("d2fc")


class Quantity(StrEnum):
    """What of a frame is of use here."""

    PACKET_ID = "packet_id"
    BATTERY = "battery_pct"
    TEMPERATURE = "temperature_c"
    HUMIDITY = "humidity_pct"
    OPENING = "opening"


@dataclass(frozen=True, slots=True)
class Value:
    """One object of a frame."""

    quantity: Quantity
    number: float


@dataclass(frozen=True, slots=True)
class _Kind:
    quantity: Quantity
    length: int
    factor: float = 1.0
    is_signed: bool = False


_KINDS = {
    0x00: _Kind(Quantity.PACKET_ID, 1),
    0x01: _Kind(Quantity.BATTERY, 1),
    0x02: _Kind(Quantity.TEMPERATURE, 2, 0.01, is_signed=True),
    0x03: _Kind(Quantity.HUMIDITY, 2, 0.01),
    0x11: _Kind(Quantity.OPENING, 1),
    0x1A: _Kind(Quantity.OPENING, 1),  # door
    0x2D: _Kind(Quantity.OPENING, 1),  # window
    0x2E: _Kind(Quantity.HUMIDITY, 1),
    0x45: _Kind(Quantity.TEMPERATURE, 2, 0.1, is_signed=True),
    0x57: _Kind(Quantity.TEMPERATURE, 1, 1.0, is_signed=True),
    0x58: _Kind(Quantity.TEMPERATURE, 1, 0.35, is_signed=True),
}
# Lengths of what is passed over to reach what lies behind it.
_LENGTHS = {
    **dict.fromkeys([0x09, 0x0F, 0x10, *range(0x15, 0x2E), 0x2F, 0x3A, 0x46, 0x59, 0x60, 0x64], 1),
    **dict.fromkeys(
        [0x06, 0x07, 0x08, 0x0C, 0x0D, 0x0E, 0x12, 0x13, 0x14, 0x3C, 0x3D, 0x3F, 0x40, 0x41, 0x43, 0x44, 0x47, 0x48, 0x49, 0x4A,
         0x51, 0x52, 0x56, 0x5A, 0x5D, 0x5E, 0x5F, 0x61],
        2,
    ),
    **dict.fromkeys([0x04, 0x05, 0x0A, 0x0B, 0x42, 0x4B], 3),
    **dict.fromkeys([0x3E, 0x4C, 0x4D, 0x4E, 0x4F, 0x50, 0x55, 0x5B, 0x5C, 0x62, 0x63], 4),
}  # fmt: skip
_OF_LENGTH = (0x53, 0x54)  # text and raw: their first byte says how long

TEMPERATURE = Span(-60.0, 125.0, "°C")  # the widest of the sensors in the field


class FrameError(ValueError):
    """No frame, or none to be believed; the text says why."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame's objects, in order. ``counter`` is None where it is not encrypted."""

    values: tuple[Value, ...]
    counter: int | None = None

    @property
    def packet_id(self) -> int | None:
        """What a sensor repeats while it says the same thing again; None where it gives none."""
        return next((int(value.number) for value in self.values if value.quantity is Quantity.PACKET_ID), None)


def decode(data: bytes, address: bytes, key: bytes = b"") -> Frame:
    """Service data as it was received from ``address`` (6 bytes, as printed). FrameError for anything that is wrong with it.

    With a ``key`` only encrypted frames are taken: a plain one could be anybody's.
    """
    if not data or len(data) > MAX_BYTES:
        raise FrameError(f"{len(data)} bytes: no BTHome frame")
    info = data[0]
    if info >> 5 != _VERSION:
        raise FrameError(f"BTHome version {info >> 5}: want 2")
    body = data[1:]
    if info & _WITH_ADDRESS:
        address, body = body[:_ADDRESS][::-1], body[_ADDRESS:]
    if not info & _ENCRYPTED:
        if key:
            raise FrameError("not encrypted, though a key is set: not the sensor's own frame, or its key was removed")
        return Frame(objects(body))
    if not key:
        raise FrameError("encrypted: set key to the sensor's bind key")
    if len(body) < _COUNTER + _MIC or len(address) != _ADDRESS:
        raise FrameError("cut off")
    ciphertext, counter, mic = body[: -_COUNTER - _MIC], body[-_COUNTER - _MIC : -_MIC], body[-_MIC:]
    try:
        plain = AESCCM(key, tag_length=_MIC).decrypt(address + _UUID_BYTES + data[:1] + counter, ciphertext + mic, None)
    except InvalidTag:
        raise FrameError("cannot be decrypted: check key and address") from None
    return Frame(objects(plain), int.from_bytes(counter, "little"))


def objects(body: bytes) -> tuple[Value, ...]:
    """The objects of use in a frame's plain body; FrameError where one is cut off. What follows an unknown ID is left out."""
    values: list[Value] = []
    at = 0
    while at < len(body):
        kind, start = _KINDS.get(body[at]), at + 1
        if kind is not None:
            length = kind.length
        elif body[at] in _OF_LENGTH:
            length = 1 + (body[start] if start < len(body) else 0)
        elif (known := _LENGTHS.get(body[at])) is not None:
            length = known
        else:
            break  # of a later version of the format: IDs rise, so that what we know came before it
        at = start + length
        if at > len(body):
            raise FrameError("cut off")
        if kind is not None:
            number = int.from_bytes(body[start:at], "little", signed=kind.is_signed) * kind.factor
            values.append(Value(kind.quantity, round(number, 2)))
    return tuple(values)


@dataclass(slots=True)
class Newness:
    """Which frames of one sensor are new. Times are seconds of one monotonic clock."""

    _counter: int | None = None
    _packet_id: int | None = None
    _at_s: float = field(default=0.0)

    def is_new(self, frame: Frame, at_s: float) -> bool:
        """False for a frame that was heard before (sensors send each several times). FrameError for a replay of an older one."""
        if frame.counter is None:
            packet_id = frame.packet_id
            is_new = packet_id is None or packet_id != self._packet_id
            self._packet_id = packet_id
            return is_new
        if self._counter is not None and at_s - self._at_s < RESTARTED_AFTER_S:
            if frame.counter == self._counter:
                return False
            if frame.counter < self._counter:
                raise FrameError(f"counter {frame.counter} after {self._counter}: an old frame sent again")
        elif frame.counter == self._counter:
            return False  # however late: one frame recorded and sent again for hours is a value that stands still
        self._counter, self._at_s = frame.counter, at_s
        return True


def readings(name: str, frame: Frame, at_ms: int) -> list[Reading]:
    """A frame's values under a device's name; a second value of a kind (two probes) gets ``-2`` after it, up to MAX_PROBES."""
    found: list[Reading] = []
    seen: dict[Quantity, int] = {}
    for value in frame.values:
        seen[value.quantity] = nth = seen.get(value.quantity, 0) + 1
        if nth <= MAX_PROBES:
            found += _reading(name if nth == 1 else f"{name}-{nth}", value, at_ms)
    return found


def _reading(name: str, value: Value, at_ms: int) -> list[Reading]:
    match value.quantity:
        case Quantity.TEMPERATURE:
            return [TEMPERATURE.reading(temperature_of(name), value.number, at_ms)]
        case Quantity.HUMIDITY:
            return [HUMIDITY.reading(humidity_of(name), value.number, at_ms)]
        case Quantity.BATTERY:
            return [BATTERY.reading(battery_of(name), value.number, at_ms)]
        case Quantity.OPENING:
            return [Reading(door_of(name), 1.0 if value.number else 0.0, at_ms)]
        case Quantity.PACKET_ID:
            return []
