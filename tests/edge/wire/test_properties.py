from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.wire.envelope import Envelope, digest
from edge.wire.ids import Epoch, Lane, Seq
from edge.wire.messages import SCHEMA
from edge.wire.properties import pack

# What MQTT allows in a text (1.5.4), as far as paho takes it too.
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=60)


def read(packed: bytes) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    _, length = properties.unpack(packed)  # type: ignore[no-untyped-call]
    assert length == len(packed)
    return properties


@given(st.text("abc/", max_size=20), st.lists(st.tuples(TEXTS, TEXTS), max_size=8), st.binary(max_size=200))
def test_paho_reads_what_was_packed(content_type: str, pairs: list[tuple[str, str]], correlation: bytes) -> None:
    properties = read(pack(content_type, pairs, correlation))
    assert getattr(properties, "ContentType", "") == content_type
    assert list(getattr(properties, "UserProperty", [])) == pairs
    assert getattr(properties, "CorrelationData", b"") == correlation


def test_an_envelope_is_packed_as_paho_packs_it() -> None:
    envelope = Envelope(Epoch(uuid4()), Lane.EVENT, Seq(7), digest(b"x"), Seq(5), Seq(2), SCHEMA, 1_790_000_000_000)
    theirs = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    theirs.ContentType = "application/msgpack"
    theirs.UserProperty = list(envelope.properties())
    assert pack("application/msgpack", envelope.properties()) == theirs.pack()  # type: ignore[no-untyped-call]


def test_nothing_is_packed_into_its_length() -> None:
    assert pack("") == b"\x00"


@pytest.mark.parametrize("too_long", [("x" * 65_536, [], b""), ("", [("a", "x" * 65_536)], b""), ("", [], b"x" * 65_536)])
def test_what_mqtt_cannot_carry_is_refused(too_long: tuple[str, list[tuple[str, str]], bytes]) -> None:
    with pytest.raises(ValueError, match="want at most 65535 bytes, got 65536"):
        pack(*too_long)
