import pytest

from cloud.ingest.batch import Arrival, Rejected, Sealed
from cloud.ingest.checks import check
from edge.wire.codec import JSON, MSGPACK
from edge.wire.envelope import digest
from edge.wire.ids import Lane
from edge.wire.messages import MAX_PAYLOAD_BYTES, EventBatch, ParcelReceived
from tests.cloud.ingest.sites import Batch, TestSite

SITE = TestSite("s1")
GOOD = SITE.scans(ParcelReceived(parcel="TTP1"))


def arrival_of(batch: Batch, **properties: str | None) -> Arrival:
    """The batch with some of its properties replaced, or taken away where None."""
    values: dict[str, str | None] = {**dict(batch.envelope.properties()), **properties}
    named = tuple((name, value) for name, value in values.items() if value is not None)
    return Arrival(batch.topic, batch.payload, named, batch.content_type, 0)


def rejected(arrival: Arrival) -> Rejected:
    found = check(arrival)
    assert isinstance(found, Rejected)
    return found


def test_a_good_batch_is_read_from_msgpack_and_from_json() -> None:
    for content_type in (MSGPACK, JSON):
        batch = SITE.seal(Lane.EVENT, EventBatch(events=[SITE.event(ParcelReceived(parcel="P"))]), content_type=content_type)
        found = check(batch.arrival())
        assert isinstance(found, Sealed)
        assert found.key == ("s1", SITE.epoch, 1, batch.envelope.seq)


@pytest.mark.parametrize("name", ["epoch", "lane", "seq", "sha256", "floor", "kept", "schema", "sent_at"])
@pytest.mark.parametrize("value", [None, "", "x", "-1", "١"])
def test_a_batch_with_a_property_missing_or_broken_is_not_acknowledged_and_the_reason_names_it(
    name: str, value: str | None
) -> None:
    found = rejected(arrival_of(GOOD, **{name: value}))
    assert found.reason == "properties"
    assert name in found.detail
    assert found.key is None


def test_a_property_given_twice_is_broken() -> None:
    twice = Arrival(GOOD.topic, GOOD.payload, (*GOOD.envelope.properties(), ("seq", "2")), GOOD.content_type, 0)
    assert "seq: given twice" in rejected(twice).detail


def test_a_lane_other_than_the_topics_is_broken() -> None:
    assert "the topic says event" in rejected(arrival_of(GOOD, lane="live")).detail


def test_bytes_that_are_not_the_sealed_ones_are_not_acknowledged() -> None:
    found = rejected(arrival_of(GOOD, sha256="00" * 32))
    assert (found.reason, found.key) == ("hash", None)


@pytest.mark.parametrize("schema", ["2", "99"])
def test_a_batch_of_a_newer_version_is_kept_for_after_the_upgrade_and_acknowledged(schema: str) -> None:
    found = rejected(arrival_of(GOOD, schema=schema))
    assert found.reason == "schema"
    assert found.key is not None


@pytest.mark.parametrize(
    "topic",
    ["tt/v1/green/s1/up/evil", "tt/v2/green/s1/up/event", "tt/v1/GREEN/s1/up/event", "tt/v1/green/s1/status", "", "x" * 300],
)
def test_a_wrong_topic_is_not_acknowledged(topic: str) -> None:
    found = rejected(Arrival(topic, GOOD.payload, tuple(GOOD.envelope.properties()), GOOD.content_type, 0))
    assert (found.reason, found.key) == ("topic", None)


def payload_of(payload: bytes, content_type: str = "application/msgpack", lane: Lane = Lane.EVENT) -> Rejected:
    batch = SITE.seal(lane, payload)
    return rejected(Arrival(batch.topic, payload, tuple(batch.envelope.properties()), content_type, 0))


@pytest.mark.parametrize(
    ("payload", "content_type"),
    [
        (b"", "application/msgpack"),
        (b"\xc1", "application/msgpack"),
        (b"\x80", "application/msgpack"),
        (b"[" * 100_000, "application/json"),
        (b'{"events":[]}', "application/json"),
        (b'{"events":[{"n":1}]}', "application/json"),
        (b"\xff\xfe", "application/json"),
        (GOOD.payload, "text/plain"),
    ],
)
def test_a_payload_that_cannot_be_read_is_kept_and_acknowledged(payload: bytes, content_type: str) -> None:
    found = payload_of(payload, content_type)
    assert found.reason == "payload"
    assert found.key is not None


def event_json(**changes: str) -> bytes:
    fields = {
        "n": "1",
        "hlc": "1",
        "boot": "1",
        "measured_at_ms": "1",
        "clock": '"synced"',
        "fact": '{"kind":"parcel_received","parcel":"P"}',
        **changes,
    }
    return ('{"events":[{' + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}]}").encode()


@pytest.mark.parametrize(
    "payload",
    [
        event_json(n="0"),
        event_json(n="-5"),
        event_json(hlc="9223372036854775808"),
        event_json(measured_at_ms="999999999999999999"),
        event_json(device='"a\\u0000b"'),
        event_json(fact='{"kind":"parcel_received","parcel":"a\\u0000"}'),
        event_json(fact='{"kind":"parcel_received","parcel":"' + "x" * 600 + '"}'),
        event_json(fact='{"kind":"event_undone","target":"nonsense"}'),
        event_json(actor='"\\ud800"'),
    ],
)
def test_an_event_the_database_could_not_hold_is_stopped_before_it(payload: bytes) -> None:
    found = payload_of(payload, "application/json")
    assert found.reason == "payload"
    assert found.key is not None


@pytest.mark.parametrize("payload", [event_json(fact='{"kind":"rocket_launched"}'), event_json(clock='"atomic"')])
def test_a_word_only_a_newer_release_knows_is_kept_for_after_the_upgrade_and_acknowledged(payload: bytes) -> None:
    found = payload_of(payload, "application/json")
    assert found.reason == "schema"
    assert "unknown to this release" in found.detail
    assert found.key is not None


def series_json(**changes: str) -> bytes:
    fields = {"sensor": '"t_c"', "t0": "1", "dt": "[0]", "v": "[1.5]", "q": "0", **changes}
    return (
        '{"boot":1,"clock":"synced","series":[{' + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}]}"
    ).encode()


@pytest.mark.parametrize(
    "payload",
    [
        series_json(v="[NaN]"),
        series_json(v="[1e999]"),
        series_json(v="[1, 2]"),
        series_json(q="3"),
        series_json(q="[0, 1]"),
        series_json(dt="[]", v="[]"),
        series_json(dt="[-100]"),
        series_json(sensor='"../x"'),
        series_json(t0="253402300800000"),
    ],
)
def test_readings_the_database_could_not_hold_are_stopped_before_it(payload: bytes) -> None:
    assert payload_of(payload, "application/json", Lane.LIVE).reason == "payload"


def test_nan_in_msgpack_is_stopped() -> None:
    payload = (
        b"\x83\xa4boot\x01\xa5clock\xa6synced\xa6series\x91\x84\xa6sensor\xa3t_c\xa2t0\x01\xa2dt\x91\x00\xa1v\x91"
        b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"
    )
    assert payload_of(payload, lane=Lane.LIVE).reason == "payload"


def test_a_payload_too_large_for_a_batch_is_acknowledged_only_where_it_is_kept_whole() -> None:
    large = payload_of(b"x" * (MAX_PAYLOAD_BYTES + 1))
    assert large.reason == "size"
    assert large.key is not None
    huge = payload_of(b"x" * 10_000_000)
    assert (huge.reason, huge.key) == ("size", None)


def test_the_hash_is_looked_at_before_the_size() -> None:
    batch = SITE.seal(Lane.EVENT, b"x")
    found = rejected(Arrival(batch.topic, b"y" * 2_000_000, tuple(batch.envelope.properties()), "", 0))
    assert found.reason == "hash"
    assert digest(b"x") == batch.envelope.sha256
