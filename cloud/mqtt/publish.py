"""Reads an MQTT 5 PUBLISH packet: bytes in, what the cloud needs out. Pure.

    topic length 2 | topic | packet id 2, where QoS > 0 | length of properties 1-4 | properties | payload

(OASIS MQTT 5.0, 3.3.) paho's own reader takes 216 µs for the eight properties of a batch, a third of what ingest does.
"""

from typing import NamedTuple


class MalformedError(ValueError):
    """The bytes are no PUBLISH packet; a broker that sends them cannot be understood any further."""


class Publish(NamedTuple):
    """A message as it came. ``topic`` None: not UTF-8."""

    topic: str | None
    mid: int
    qos: int
    payload: bytes
    user_properties: tuple[tuple[str, str], ...]
    content_type: str


_CONTENT_TYPE = 0x03
_RESPONSE_TOPIC = 0x08
_CORRELATION_DATA = 0x09
_SUBSCRIPTION_ID = 0x0B
_USER_PROPERTY = 0x26
# Payload format, message expiry, topic alias: how many bytes follow (2.2.2.2).
_FIXED = {0x01: 1, 0x02: 4, 0x23: 2}


def decode_publish(header: int, packet: bytes) -> Publish:
    """``header`` is the packet's first byte, ``packet`` what follows its remaining length. MalformedError."""
    try:
        qos = (header & 0x06) >> 1
        topic_end = 2 + (packet[0] << 8 | packet[1])
        position = topic_end + (2 if qos else 0)
        mid = packet[topic_end] << 8 | packet[topic_end + 1] if qos else 0
        length, position = _variable(packet, position)
        end = position + length
        if end > len(packet):
            raise MalformedError("properties: longer than the packet")
        user_properties, content_type = _properties(packet, position, end)
    except IndexError:
        raise MalformedError("packet: too short") from None
    return Publish(_topic(packet[2:topic_end]), mid, qos, packet[end:], user_properties, content_type)


def _topic(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _variable(packet: bytes, position: int) -> tuple[int, int]:
    """A variable byte integer (1.5.5) and where it ends."""
    value = 0
    for shift in (0, 7, 14, 21):
        byte = packet[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise MalformedError("variable byte integer: longer than four bytes")


def _properties(packet: bytes, position: int, end: int) -> tuple[tuple[tuple[str, str], ...], str]:
    pairs: list[tuple[str, str]] = []
    content_type = ""
    while position < end:
        identifier = packet[position]
        position += 1
        if identifier == _USER_PROPERTY:
            name, position = _text(packet, position)
            value, position = _text(packet, position)
            pairs.append((name, value))
        elif identifier == _CONTENT_TYPE:
            content_type, position = _text(packet, position)
        elif identifier in _FIXED:
            position += _FIXED[identifier]
        elif identifier in (_RESPONSE_TOPIC, _CORRELATION_DATA):
            position += 2 + (packet[position] << 8 | packet[position + 1])
        elif identifier == _SUBSCRIPTION_ID:
            _, position = _variable(packet, position)
        else:
            raise MalformedError(f"property {identifier:#x}: not one of PUBLISH")
    if position != end:
        raise MalformedError("properties: the last is longer than all")
    return tuple(pairs), content_type


def _text(packet: bytes, position: int) -> tuple[str, int]:
    begin = position + 2
    end = begin + (packet[position] << 8 | packet[position + 1])
    # Not UTF-8: the envelope's check names the property that is broken.
    return packet[begin:end].decode(errors="replace"), end
