"""What is refused, and that the refusal names the field."""

import math
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from edge.wire import messages as m
from edge.wire.codec import (
    JSON,
    MSGPACK,
    PayloadError,
    UnknownWordError,
    check_text,
    decode_command,
    decode_downlink,
    decode_events,
    decode_status,
    decode_telemetry,
)
from edge.wire.envelope import Envelope, EnvelopeError, digest, mark
from edge.wire.ids import EventId, operator_id, parse_epoch, sensor_id, site_id
from edge.wire.topics import Leaf, Topic, every_site_filter, shared_uplink_filter, uplink

EPOCH = "0b5fdfd5-6c3c-4f3e-8d5a-0f1e2d3c4b5a"
Map = dict[str, Any]


def pack(message: object) -> bytes:
    return msgspec.msgpack.encode(message)


def event(**changes: object) -> Map:
    plain = {
        "n": 1,
        "hlc": 1,
        "boot": 1,
        "measured_at_ms": 1,
        "clock": "synced",
        "fact": {"kind": "parcel_received", "parcel": "P"},
    }
    return plain | changes


def fact(kind: str, **fields: object) -> Map:
    return event(fact={"kind": kind, **fields})


REFUSED_EVENTS: list[tuple[Map, str]] = [
    (event(n=0), "events[0].n"),
    (event(n=2**63), "events[0].n"),
    (event(n=1.5), "events[0].n"),
    (event(n=True), "events[0].n"),
    (event(hlc=-1), "events[0].hlc"),
    (event(hlc=m.MAX_HLC + 1), "events[0].hlc"),
    (event(boot=2**31), "events[0].boot"),
    (event(measured_at_ms=m.MAX_MS + 1), "events[0].measured_at_ms"),
    (event(measured_at_ms=-1), "events[0].measured_at_ms"),
    (event(measured_at_ms=None), "events[0].measured_at_ms"),
    (event(clock=7), "events[0].clock"),
    (event(device="a\0b"), "events[0].device"),
    (event(actor="x" * 513), "events[0].actor"),
    (event(fact=None), "events[0].fact"),
    (event(fact={}), "events[0].fact"),
    (event(fact={"kind": 3}), "events[0].fact.kind"),
    (fact("parcel_received"), "events[0].fact"),
    (fact("parcel_received", parcel=""), "events[0].fact.parcel"),
    (fact("parcel_received", parcel="\0"), "events[0].fact.parcel"),
    (fact("parcel_received", parcel="x\0\n"), "events[0].fact.parcel"),
    (fact("parcel_received", parcel="x" * 513), "events[0].fact.parcel"),
    (fact("parcel_shelved", parcel="P", slot=""), "events[0].fact.slot"),
    (fact("event_undone", target="st-1/nonsense/1"), "events[0].fact.target"),
    (fact("event_undone", target=f"st-1/{EPOCH}/0"), "events[0].fact.target"),
    (fact("event_undone", target=f"st-1/{EPOCH}/01"), "events[0].fact.target"),
    (fact("event_undone", target=f"ST 1/{EPOCH}/1"), "events[0].fact.target"),
    (fact("clock_corrected", boot=2**31, offset_ms=0), "events[0].fact.boot"),
    (fact("clock_corrected", boot=1, offset_ms=m.MAX_CORRECTION_MS + 1), "events[0].fact.offset_ms"),
    (fact("variance_found", problem="short"), "events[0].fact.parcel"),
    (fact("variance_found", problem="short", parcel="P", quantity=0), "events[0].fact.quantity"),
    (fact("variance_found", problem="short", parcel="P", photo="ab"), "events[0].fact.photo"),
    (fact("variance_found", problem="short", parcel="P", weight_g=-1), "events[0].fact.weight_g"),
    (fact("variance_found", problem="haunted", parcel="P"), "events[0].fact.problem"),
    (fact("goods_distributed", sku="G1", parcel="P", quantity=10**7), "events[0].fact.quantity"),
    (fact("parcel_released", parcel="P", how="kindness"), "events[0].fact.how"),
    (fact("parcel_released", parcel="P", took_s=-1), "events[0].fact.took_s"),
    (fact("count_finished", container="C", expected=-1, received=0), "events[0].fact.expected"),
    (fact("staff_logged_in", staff="Wang Wei", how="pin"), "events[0].fact.staff"),
    (fact("cell_opened", cell="1", purpose="curiosity", outcome="opened"), "events[0].fact.purpose"),
    (fact("alarm_raised", alarm="a", subject="s", rule="high", severity="info", value=1e13), "events[0].fact.value"),
]


@pytest.mark.parametrize(("bad", "field"), REFUSED_EVENTS)
@pytest.mark.parametrize(("content_type", "encode"), [(MSGPACK, msgspec.msgpack.encode), (JSON, msgspec.json.encode)])
def test_a_bad_event_is_refused_by_the_name_of_its_field(
    bad: Map, field: str, content_type: str, encode: Callable[[object], bytes]
) -> None:
    with pytest.raises(PayloadError) as refusal:
        decode_events(encode({"events": [bad]}), content_type)
    assert field in str(refusal.value)
    assert len(str(refusal.value)) < 400


@pytest.mark.parametrize("count", [0, m.MAX_BATCH_EVENTS + 1])
def test_a_batch_of_no_events_or_too_many_is_refused(count: int) -> None:
    with pytest.raises(PayloadError, match="events"):
        decode_events(pack({"events": [event()] * count}))


def series(**changes: object) -> Map:
    return {"boot": 1, "clock": "synced", "series": [{"sensor": "t_c", "t0": 10, "dt": [0, 1], "v": [1.0, 2.0]} | changes]}


def track(**changes: object) -> Map:
    plain: Map = {"t0": 10, "dt": [0], "lat": [1.0], "lon": [1.0], "speed_m_s": [None], "heading_deg": [None]}
    return {"boot": 1, "clock": "synced", "tracks": [plain | changes]}


REFUSED_TELEMETRY: list[tuple[Map, str]] = [
    (series(v=[math.nan, 1.0]), "series[0].v[0]"),
    (series(v=[1.0, math.inf]), "series[0].v[1]"),
    (series(v=[1.0, -math.inf]), "series[0].v[1]"),
    (series(v=[1.0, 1e300]), "series[0].v[1]"),
    (series(v=[1.0, 2**63]), "series[0].v[1]"),
    (series(v=[1.0, "2"]), "series[0].v[1]"),
    (series(v=[1.0]), "series[0].v"),
    (series(q=3), "series[0].q"),
    (series(q=-1), "series[0].q"),
    (series(q=[0, 3]), "series[0].q[1]"),
    (series(q=[0]), "series[0].q"),
    (series(q=None), "series[0].q"),
    (series(dt=[], v=[]), "series[0].dt"),
    (series(dt=[0, 2**62]), "series[0].dt[1]"),
    (series(dt=[0, m.MAX_MS]), "series[0].dt"),
    (series(dt=[0, -11]), "series[0].dt"),
    (series(t0=-1), "series[0].t0"),
    (series(t0=2**60), "series[0].t0"),
    (series(sensor="T C"), "series[0].sensor"),
    (series(sensor="t_c\n"), "series[0].sensor"),
    (series(sensor=""), "series[0].sensor"),
    (track(lat=[90.1]), "tracks[0].lat[0]"),
    (track(lat=[math.nan]), "tracks[0].lat[0]"),
    (track(lon=[-180.1]), "tracks[0].lon[0]"),
    (track(lon=[]), "tracks[0].lon"),
    (track(lat=[1.0, 2.0]), "tracks[0].lat"),
    (track(speed_m_s=[-1.0]), "tracks[0].speed_m_s[0]"),
    (track(speed_m_s=[]), "tracks[0].speed_m_s"),
    (track(heading_deg=[360.0]), "tracks[0].heading_deg[0]"),
    (track(heading_deg=[1.0, 2.0]), "tracks[0].heading_deg"),
    (track(t0=5, dt=[-6]), "tracks[0].dt"),
    ({"boot": -1, "clock": "synced"}, "boot"),
    ({"boot": 1, "clock": "synced"}, "series"),
    (series(dt=[0] * 501, v=[1.0] * 501), "series[0].dt"),
]


@pytest.mark.parametrize(("bad", "field"), REFUSED_TELEMETRY)
def test_bad_telemetry_is_refused_by_the_name_of_its_field(bad: Map, field: str) -> None:
    with pytest.raises(PayloadError) as refusal:
        decode_telemetry(pack(bad))
    assert field in str(refusal.value)


def test_too_many_readings_over_several_series_are_refused() -> None:
    one = {"sensor": "t_c", "t0": 10, "dt": [0] * 300, "v": [1.0] * 300}
    with pytest.raises(PayloadError, match="500 readings"):
        decode_telemetry(pack({"boot": 1, "clock": "synced", "series": [one, one]}))


def test_huge_but_finite_readings_are_refused_for_their_size_not_for_being_infinite() -> None:
    with pytest.raises(PayloadError, match="1000000000000"):
        decode_telemetry(pack(series(v=[1e308, 1e308])))
    assert decode_telemetry(pack(series(v=[1e12, 1e12]))).series[0].v == [1e12, 1e12]


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (fact("parcel_teleported", parcel="P"), "events[1].fact.kind"),
        (event(clock="quantum"), "events[1].clock"),
        (fact("device_changed", device="d", state="asleep"), "events[1].fact.state"),
    ],
)
def test_a_word_this_release_does_not_know_refuses_the_whole_batch_for_after_the_upgrade(bad: Map, field: str) -> None:
    with pytest.raises(UnknownWordError, match="unknown to this release") as refusal:
        decode_events(pack({"events": [event(), bad]}))
    assert str(refusal.value).startswith(field)


def test_a_very_long_unknown_word_is_cut_in_the_refusal() -> None:
    with pytest.raises(UnknownWordError) as refusal:
        decode_events(pack({"events": [fact("k" * 100_000)]}))
    assert len(str(refusal.value)) < 300


def test_fields_of_a_newer_release_are_passed_over() -> None:
    newer = event(weather="rain", fact={"kind": "parcel_received", "parcel": "P", "weight_g": [1, {"a": None}]})
    batch = decode_events(pack({"events": [newer], "signature": b"xyz"}))
    assert batch.events[0].fact == m.ParcelReceived(parcel="P")


@pytest.mark.parametrize(
    ("payload", "content_type"),
    [
        (b"", MSGPACK),
        (b"", JSON),
        (b"\xc1", MSGPACK),
        (b"NaN", JSON),
        (b'{"events":[NaN]}', JSON),
        (b'{"events":[{"n":' + b"9" * 5000 + b"}]}", JSON),
        (b'{"events":[{"device":"\\ud800"}]}', JSON),
        (b'{"events":[{"device":"\xed\xa0\x80"}]}', JSON),
        (b"\xef\xbb\xbf{}", JSON),
        (b"\x81\xa6events\xdd\xff\xff\xff\xff", MSGPACK),
        (b"\x81\xa1x\xdb\xff\xff\xff\xff", MSGPACK),
        (b"\x81\xa1x" + b"\x91" * 100_000 + b"\x01", MSGPACK),
        (b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", JSON),
        (pack({"events": [event()]}) + b"\x00", MSGPACK),
        (pack({"events": [event()]}), JSON),
        (pack({"events": [event()]}), "text/plain"),
        (pack({"events": [event()]}), "x" * 60_000),
        (b"\x00" * (m.MAX_PAYLOAD_BYTES + 1), MSGPACK),
        (b"\x81\xa6events\x91\x81\xa6device\xa3\xed\xa0\x80", MSGPACK),
    ],
)
def test_undecodable_payloads_are_refused_shortly(payload: bytes, content_type: str) -> None:
    with pytest.raises(PayloadError) as refusal:
        decode_events(payload, content_type)
    assert str(refusal.value).startswith(("payload: ", "content-type: "))
    assert len(str(refusal.value)) < 300


def ack(**changes: object) -> Map:
    plain = {"kind": "ack", "epoch": EPOCH, "lane": "event", "seqs": [1], "marks": [1], "credit": 1, "cloud_time_ms": 1, "hlc": 1}
    return plain | changes


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (ack(epoch="x"), "epoch"),
        (ack(lane="events"), "lane"),
        (ack(seqs=[0]), "seqs[0]"),
        (ack(seqs=[1, 2]), "marks"),
        (ack(marks=[2**48]), "marks[0]"),
        (ack(hlc=2**63 - 1), "hlc"),
        (ack(cloud_time_ms=2**60), "cloud_time_ms"),
        (ack(credit=-1), "credit"),
        (ack(kind="wave"), "kind"),
    ],
)
def test_a_bad_ack_is_refused_by_the_name_of_its_field(bad: Map, field: str) -> None:
    with pytest.raises(PayloadError, match=field.replace("[", r"\[")):
        decode_downlink(pack(bad))


def test_a_status_no_database_could_hold_is_refused() -> None:
    birth = {"kind": "birth", "version": "1", "boot": 1, "connect": 1, "nonce": "n", "epoch": EPOCH, "at_ms": 1, "clock": "synced"}
    decode_status(pack(birth))
    for change, field in (
        ({"version": "\0"}, "version"),
        ({"boot": 2**31}, "boot"),
        ({"devices": {"a": "\0"}}, "devices"),
        ({"devices": {"\0": "ok"}}, "devices"),
        ({"queue": {"event": {"unsent": -1}}}, "unsent"),
        ({"closed": [{"epoch": "today", "lane": "event", "floor": 2, "kept": 1}]}, "closed[0].epoch"),
        ({"closed": [{"epoch": EPOCH, "lane": "event", "floor": 2, "kept": 3}]}, "closed[0].kept"),
        ({"closed": [{"epoch": EPOCH, "lane": "cat", "floor": 2, "kept": 1}]}, "lane"),
        ({"closed": [{"epoch": EPOCH, "lane": "event", "floor": 2, "kept": 1}] * (m.MAX_SETTLED_LANES + 1)}, "closed"),
    ):
        with pytest.raises(PayloadError, match=re.escape(field)):
            decode_status(pack(birth | change))


@pytest.mark.parametrize("ttl_s", [math.nan, math.inf, 0.0, -1.0, 3601.0])
def test_a_command_that_would_never_or_has_already_run_out_is_refused(ttl_s: float) -> None:
    with pytest.raises(PayloadError, match="ttl_s"):
        decode_command(pack({"id": "c", "nonce": "n", "ttl_s": ttl_s, "action": "identify"}))


def properties(**changes: str) -> list[tuple[str, str]]:
    plain = {
        "epoch": EPOCH,
        "lane": "event",
        "seq": "7",
        "sha256": "ab" * 32,
        "floor": "5",
        "kept": "2",
        "schema": "1",
        "sent_at": "1767225600000",
    }
    return list((plain | changes).items())


@pytest.mark.parametrize("missing", [name for name, _ in properties()])
def test_a_missing_property_is_named(missing: str) -> None:
    with pytest.raises(EnvelopeError, match=rf"^{missing}: missing"):
        Envelope.parse([pair for pair in properties() if pair[0] != missing])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epoch", "not-a-uuid"),
        ("epoch", EPOCH.upper()),
        ("epoch", EPOCH.replace("-", "")),
        ("lane", "epoch"),
        ("lane", ""),
        ("lane", "x" * 60_000),
        ("seq", "-1"),
        ("seq", "1.0"),
        ("seq", ""),
        ("seq", "٧"),
        ("seq", str(2**62)),
        ("seq", "9" * 5000),
        ("floor", "x"),
        ("schema", "0"),
        ("schema", str(2**31)),
        ("sent_at", str(m.MAX_MS + 1)),
        ("sha256", "AB" * 32),
        ("sha256", "ab" * 31),
        ("sha256", "ab" * 31 + "  "),  # bytes.fromhex would take it for 31 bytes
        ("sha256", "zz" * 32),
        ("sha256", "ab" * 32 + "\n"),
    ],
)
def test_a_broken_property_is_named(name: str, value: str) -> None:
    with pytest.raises(EnvelopeError) as refusal:
        Envelope.parse(properties(**{name: value}))
    assert str(refusal.value).startswith(f"{name}: ")
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize("changes", [{"kept": "0"}, {"kept": "6"}, {"floor": "8"}])
def test_numbers_that_contradict_each_other_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(EnvelopeError, match="kept <= floor <= seq"):
        Envelope.parse(properties(**changes))


def test_a_property_given_twice_is_refused_and_a_foreign_one_is_not() -> None:
    with pytest.raises(EnvelopeError, match="seq: given twice"):
        Envelope.parse([*properties(), ("seq", "7")])
    assert Envelope.parse([*properties(), ("trace", "a"), ("trace", "b")]).seq == 7


def test_the_mark_is_the_first_48_bits() -> None:
    assert mark(digest(b"")) == 0xE3B0C44298FC


def test_text_that_no_page_or_database_can_hold_is_refused() -> None:
    check_text("label", "x" * 512)
    check_text("label", "团途 😀")
    for text in ("x" * 513, "a\0", "é\ud800"):
        with pytest.raises(ValueError, match=r"^label: "):
            check_text("label", text)


@pytest.mark.parametrize("text", ["", "A", "-a", "a b", "a/b", "a+", "#", "a\n", "ä", "a" * 41])
def test_ids_that_would_break_a_topic_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^operator: "):
        operator_id(text)
    with pytest.raises(ValueError, match=r"^site: "):
        site_id(text)


def test_ids_of_the_allowed_form_are_taken() -> None:
    assert operator_id("9-lives") == "9-lives"
    assert site_id("a" * 40) == "a" * 40
    assert sensor_id("fridge-1.temperature_c") == "fridge-1.temperature_c"
    assert str(parse_epoch(EPOCH)) == EPOCH


@pytest.mark.parametrize(
    "text", ["", "a/b", f"a/{EPOCH}/1/2", f"a/{EPOCH}/-1", f"a/{EPOCH}/{10**18}", f"a/{EPOCH}/1\n", f"a/{{{EPOCH}}}/1"]
)
def test_broken_event_ids_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"event id|epoch"):
        EventId.parse(text)


@pytest.mark.parametrize("leaf", Leaf)
def test_a_topic_is_read_back(leaf: Leaf) -> None:
    topic = Topic.parse(f"tt/v1/op-1/st-1/{leaf}")
    assert (topic.operator, topic.site, topic.leaf) == ("op-1", "st-1", leaf)
    assert str(topic) == f"tt/v1/op-1/st-1/{leaf}"
    assert (topic.lane is None) == (not leaf.startswith("up/"))
    if topic.lane is not None:
        assert uplink(topic.operator, topic.site, topic.lane) == str(topic)
        assert shared_uplink_filter("ingest", topic.lane) == f"$share/ingest/tt/v1/+/+/{leaf}"
    assert every_site_filter(leaf) == f"tt/v1/+/+/{leaf}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tt/v1",
        "tt/v2/a/b/ack",
        "x/v1/a/b/ack",
        "tt/v1/a/b",
        "tt/v1/a/b/acks",
        "tt/v1/a/b/up/event/x",
        "tt/v1//b/ack",
        "tt/v1/a/B/ack",
    ],
)
def test_a_wrong_topic_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(topic|operator|site): "):
        Topic.parse(text)
