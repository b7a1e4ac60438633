import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from cloud.mqtt.publish import MalformedError, Publish, decode_publish

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200)


def packet(topic: bytes, properties: Properties, payload: bytes, qos: int, mid: int) -> bytes:
    packed: bytes = properties.pack()  # type: ignore[no-untyped-call]
    return len(topic).to_bytes(2, "big") + topic + (mid.to_bytes(2, "big") if qos else b"") + packed + payload


@given(
    topic=TEXT,
    user=st.lists(st.tuples(TEXT, TEXT), max_size=10),
    content_type=TEXT,
    payload=st.binary(max_size=300),
    qos=st.sampled_from([0, 1]),
    mid=st.integers(1, 65535),
    others=st.booleans(),
)
def test_what_paho_packs_is_read_back(
    topic: str, user: list[tuple[str, str]], content_type: str, payload: bytes, qos: int, mid: int, others: bool
) -> None:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if content_type:
        properties.ContentType = content_type
    if user:
        properties.UserProperty = user
    if others:
        properties.PayloadFormatIndicator = 1
        properties.MessageExpiryInterval = 70_000
        properties.ResponseTopic = "x/y"
        properties.CorrelationData = b"\x00\x26"
        properties.TopicAlias = 5
        properties.SubscriptionIdentifier = 300
    read = decode_publish(0x30 | qos << 1, packet(topic.encode(), properties, payload, qos, mid))
    assert read == Publish(topic, mid if qos else 0, qos, payload, tuple(user), content_type)


@given(st.integers(0x30, 0x3F), st.binary(max_size=60))
def test_any_bytes_are_a_packet_or_malformed(header: int, data: bytes) -> None:
    try:
        read = decode_publish(header, data)
    except MalformedError:
        return
    assert data.endswith(read.payload)


def test_what_is_not_utf_8_reaches_the_checks() -> None:
    properties = b"\x26\x00\x03seq\x00\x01\xff"
    read = decode_publish(0x30, b"\x00\x01\xfe" + bytes([len(properties)]) + properties + b"x")
    assert (read.topic, read.user_properties) == (None, (("seq", "�"),))


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x00\x05abc", b"\x00\x01a\xff\xff\xff\xff\x7f", b"\x00\x01a\x02\x7f\x00", b"\x00\x01a\x01\x26"]
)
def test_a_packet_that_is_none_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_publish(0x30, data)
