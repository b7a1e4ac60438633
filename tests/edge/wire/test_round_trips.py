"""Whatever the structs can hold comes back the same from both encodings."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.wire import messages as m
from edge.wire.codec import JSON, MSGPACK, Decoder, decode_downlink, decode_events, decode_status, decode_telemetry, encode
from edge.wire.envelope import Envelope, EnvelopeError, digest, mark
from edge.wire.ids import EventId, Lane, parse_epoch

texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)
names = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=40)
epochs = st.uuids()
milliseconds = st.integers(0, m.MAX_MS)
keys = st.integers(0, m.MAX_HLC)
numbers = st.integers(1, 2**62)
boots = st.integers(0, m.MAX_BOOT)
clocks = st.sampled_from(m.ClockQuality)
targets = st.builds(lambda e, n: f"st-1/{e}/{n}", epochs, st.integers(1, 10**18 - 1))

problems = st.sampled_from(m.Problem)
ways = st.sampled_from(m.How)
photos = st.just("") | st.binary(min_size=32, max_size=32).map(bytes.hex)
quantities = st.integers(1, 1_000_000)
grams = st.none() | st.integers(0, 10_000_000)
counts = st.integers(0, 2**53)
staff = st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)
facts: st.SearchStrategy[m.AnyFact] = st.one_of(
    st.builds(m.ParcelReceived, parcel=names, container=texts),
    st.builds(m.ParcelShelved, parcel=names, slot=names),
    st.builds(
        m.ParcelReleased,
        parcel=names,
        how=ways,
        claim=texts,
        token=texts,
        cell=texts,
        took_s=st.none() | st.integers(0, 366 * 86_400),
    ),
    st.builds(m.EventUndone, target=targets, reason=texts),
    st.builds(m.LabelUnknown, text=texts, symbology=texts, reason=texts),
    st.builds(m.ClockCorrected, boot=boots, offset_ms=st.integers(-m.MAX_CORRECTION_MS, m.MAX_CORRECTION_MS)),
    st.builds(m.DeviceChanged, device=names, state=st.sampled_from(("ok", "lost", "failed")), detail=texts),
    st.builds(m.CommandFinished, command=names, outcome=st.sampled_from(("done", "refused", "failed", "unknown")), detail=texts),
    st.builds(m.ContainerSigned, container=names, photo=photos, run=texts),
    st.builds(m.CountFinished, container=names, expected=counts, received=counts, missing=counts, surplus=counts),
    st.builds(
        m.VarianceFound,
        problem=problems,
        parcel=names,
        container=texts,
        sku=texts,
        quantity=quantities,
        photo=photos,
        weight_g=grams,
        expected_g=grams,
    ),
    st.builds(m.GoodsDistributed, sku=names, parcel=names, quantity=quantities, container=texts),
    st.builds(m.ReleaseRefused, reason=st.sampled_from(m.Refusal), how=ways, claim=texts, parcel=texts),
    st.builds(m.StaffLoggedIn, staff=staff, how=st.sampled_from(("pin", "badge"))),
    st.builds(
        m.AlarmRaised,
        alarm=names,
        subject=names,
        rule=names,
        severity=st.sampled_from(("info", "warning", "critical")),
        value=st.none() | st.floats(-m.MAX_READING, m.MAX_READING),
        limit=st.none() | st.floats(-m.MAX_READING, m.MAX_READING),
        since_ms=st.none() | milliseconds,
    ),
)
events = st.builds(
    m.Event, n=numbers, hlc=keys, boot=boots, measured_at_ms=milliseconds, clock=clocks, fact=facts, device=texts, actor=texts
)
event_batches = st.builds(m.EventBatch, events=st.lists(events, min_size=1, max_size=4))
readings = st.none() | st.floats(-m.MAX_READING, m.MAX_READING)


@st.composite
def series(draw: st.DrawFn) -> m.Series:
    count = draw(st.integers(1, 6))
    column: dict[str, Any] = {"min_size": count, "max_size": count}
    qualities = st.integers(0, 2)
    return m.Series(
        sensor=draw(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,63}", fullmatch=True)),
        t0=draw(st.integers(10**6, m.MAX_MS - 10**6)),
        dt=draw(st.lists(st.integers(-(10**6), 10**6), **column)),
        v=draw(st.lists(readings, **column)),
        q=draw(qualities | st.lists(qualities, **column)),
    )


@st.composite
def tracks(draw: st.DrawFn) -> m.Track:
    count = draw(st.integers(1, 6))
    column: dict[str, Any] = {"min_size": count, "max_size": count}
    return m.Track(
        t0=draw(st.integers(10**6, m.MAX_MS - 10**6)),
        dt=draw(st.lists(st.integers(-(10**6), 10**6), **column)),
        lat=draw(st.lists(st.floats(-90, 90), **column)),
        lon=draw(st.lists(st.floats(-180, 180), **column)),
        speed_m_s=draw(st.lists(st.none() | st.floats(0, 100), **column)),
        heading_deg=draw(st.lists(st.none() | st.floats(0, 360, exclude_max=True), **column)),
    )


telemetry = st.builds(
    m.TelemetryBatch,
    boot=boots,
    clock=clocks,
    series=st.lists(series(), min_size=1, max_size=3),
    tracks=st.lists(tracks(), max_size=2),
)


@st.composite
def acks(draw: st.DrawFn) -> m.Ack:
    seqs = draw(st.lists(numbers, max_size=5))
    return m.Ack(
        epoch=str(draw(epochs)),
        lane=draw(st.sampled_from(Lane)),
        seqs=seqs,
        marks=[mark(digest(str(seq).encode())) for seq in seqs],
        credit=draw(st.integers(0, 1000)),
        cloud_time_ms=draw(milliseconds),
        hlc=draw(keys),
    )


downlinks = st.one_of(
    acks(),
    st.builds(
        m.Nack,
        epoch=epochs.map(str),
        lane=st.sampled_from(Lane),
        seq=numbers,
        mark=st.integers(0, 2**48 - 1),
        reason=st.just("conflict"),
        cloud_time_ms=milliseconds,
    ),
    st.builds(
        m.Resend, epoch=epochs.map(str), lane=st.sampled_from(Lane), from_seq=numbers, to_seq=numbers, cloud_time_ms=milliseconds
    ),
)
queues = st.builds(m.LaneQueue, unsent=st.integers(0, 2**53), oldest_ms=st.none() | milliseconds)
settled_lanes = st.builds(
    lambda epoch, lane, kept, more: m.SettledLane(epoch=str(epoch), lane=lane, floor=kept + more, kept=kept),
    st.uuids(),
    st.sampled_from(["event", "live", "backfill"]),
    st.integers(1, 2**40),
    st.integers(0, 2**20),
)
boxes = st.builds(
    m.ColdBox,
    name=names,
    goods=names,
    sensor=names,
    every_s=st.floats(1, 86_400),
    door=texts,
    defrost=st.lists(names, max_size=2),
    holds=st.lists(names, max_size=3),
)
statuses = st.one_of(
    st.builds(m.Will, boot=boots, connect=boots, stopped=st.booleans()),
    st.builds(
        m.Birth,
        version=texts,
        boot=boots,
        connect=boots,
        nonce=names,
        epoch=texts,
        at_ms=milliseconds,
        clock=clocks,
        devices=st.dictionaries(names, texts, max_size=3),
        queue=st.dictionaries(names, queues, max_size=3),
        manifest=texts,
        boxes=st.lists(boxes, max_size=2),
        settled=st.lists(settled_lanes, max_size=2),
    ),
)


def comes_back(decode: Decoder[Any], message: m.Message) -> None:
    assert decode(encode(message)) == message
    assert decode(encode(message, MSGPACK), MSGPACK) == message
    assert decode(encode(message, JSON), JSON) == message
    assert encode(decode(encode(message))) == encode(message)  # a replayed batch is the same bytes


@given(event_batches)
def test_events_come_back_from_both_encodings(batch: m.EventBatch) -> None:
    comes_back(decode_events, batch)


@given(telemetry)
def test_telemetry_comes_back_from_both_encodings(batch: m.TelemetryBatch) -> None:
    comes_back(decode_telemetry, batch)


@given(downlinks)
def test_downlinks_come_back_from_both_encodings(message: m.AnyDownlink) -> None:
    comes_back(decode_downlink, message)


@given(statuses)
def test_statuses_come_back_from_both_encodings(message: m.AnyStatus) -> None:
    comes_back(decode_status, message)


@pytest.mark.parametrize("decode", [decode_events, decode_telemetry, decode_downlink, decode_status])
@given(payload=st.binary(max_size=200), content_type=st.sampled_from((MSGPACK, JSON)))
def test_noise_is_refused_and_never_breaks_the_reader(decode: Decoder[Any], payload: bytes, content_type: str) -> None:
    try:
        decode(payload, content_type)
    except ValueError as error:
        assert str(error)  # noqa: PT017  # any other exception fails the test


@given(event_batches, st.data())
def test_a_frame_with_a_flipped_byte_is_refused_or_read_within_range(batch: m.EventBatch, data: st.DataObject) -> None:
    frame = bytearray(encode(batch))
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        read = decode_events(bytes(frame))
    except ValueError:
        return
    for event in read.events:
        assert 0 <= event.hlc <= m.MAX_HLC
        assert "\0" not in event.device


@given(
    st.builds(
        lambda epoch, lane, kept, more, again, payload, schema, sent: Envelope(
            epoch, lane, kept + more + again, digest(payload), kept + more, kept, schema, sent
        ),
        epochs.map(lambda uuid: parse_epoch(str(uuid))),
        st.sampled_from(Lane),
        st.integers(1, 2**59),
        st.integers(0, 2**59),
        st.integers(0, 2**59),
        st.binary(max_size=20),
        st.integers(1, 9),
        milliseconds,
    )
)
def test_an_envelope_comes_back_from_its_properties(envelope: Envelope) -> None:
    assert Envelope.parse(envelope.properties()) == envelope
    assert Envelope.parse([("extra", "ignored"), *reversed(envelope.properties())]) == envelope


@given(st.lists(st.tuples(st.sampled_from(["epoch", "lane", "seq", "sha256", "x"]), st.text(max_size=40)), max_size=9))
def test_broken_properties_are_refused_by_name(properties: list[tuple[str, str]]) -> None:
    with pytest.raises(EnvelopeError, match=r"^(epoch|lane|seq|sha256|floor|kept|schema|sent_at): "):
        Envelope.parse(properties)


@given(epochs, st.integers(1, 10**18 - 1))
def test_an_event_id_comes_back_from_its_text(epoch: UUID, n: int) -> None:
    text = f"st-1/{epoch}/{n}"
    assert str(EventId.parse(text)) == text
