"""Frames of every release, byte for byte: what an edge of that release sends must always be read, and read the same.

A file that fails here is never regenerated: the code is wrong. New fields get frames of their own under the next release.
"""

from pathlib import Path
from typing import Any

import pytest

from edge.wire import messages as m
from edge.wire.codec import (
    JSON,
    MSGPACK,
    decode_command,
    decode_desired,
    decode_downlink,
    decode_events,
    decode_reported,
    decode_response,
    decode_status,
    decode_telemetry,
    encode,
)
from tests.edge.wire.frames_0_2 import FACTS

GOLDEN = Path(__file__).parent / "golden"
EPOCH = "0b5fdfd5-6c3c-4f3e-8d5a-0f1e2d3c4b5a"


def event(fact: m.AnyFact, n: int = 7) -> m.EventBatch:
    return m.EventBatch(
        events=[
            m.Event(
                n=n,
                hlc=116_000_000_000_000_000 + n,
                boot=3,
                measured_at_ms=1_767_225_600_123,
                clock=m.ClockQuality.SYNCED,
                fact=fact,
                device="scanner-1",
                actor="staff-9",
            )
        ]
    )


RELEASE_0_1: dict[str, tuple[Any, m.Message]] = {
    "event_parcel_received": (decode_events, event(m.ParcelReceived(parcel="TTP000000001J"))),
    "event_parcel_shelved": (decode_events, event(m.ParcelShelved(parcel="TTP000000001J", slot="A12"))),
    "event_parcel_released": (decode_events, event(m.ParcelReleased(parcel="TTP000000001J"))),
    "event_undone": (decode_events, event(m.EventUndone(target=f"st-001/{EPOCH}/7", reason="拿错了"), 8)),
    "event_label_unknown": (
        decode_events,
        event(m.LabelUnknown(text="HELLO", symbology="C0", reason="not a parcel, container or product label")),
    ),
    "event_clock_corrected": (decode_events, event(m.ClockCorrected(boot=2, offset_ms=-86_400_000))),
    "event_device_changed": (decode_events, event(m.DeviceChanged(device="scanner-1", state="lost", detail="unplugged"))),
    "event_command_finished": (decode_events, event(m.CommandFinished(command="c-1", outcome="unknown", detail="restarted"))),
    "event_bare": (
        decode_events,
        m.EventBatch(
            events=[
                m.Event(n=1, hlc=1, boot=1, measured_at_ms=0, clock=m.ClockQuality.UNSYNCED, fact=m.ParcelReceived(parcel="P")),
                m.Event(n=2, hlc=2, boot=1, measured_at_ms=0, clock=m.ClockQuality.CLOUD, fact=m.ParcelReleased(parcel="P")),
            ]
        ),
    ),
    "telemetry_series": (
        decode_telemetry,
        m.TelemetryBatch(
            boot=3,
            clock=m.ClockQuality.SYNCED,
            series=[
                m.Series(
                    sensor="fridge-1.temperature_c", t0=1_767_225_600_000, dt=[0, 60_000, -5], v=[3.5, None, -40.0], q=[0, 2, 1]
                ),
                m.Series(sensor="fridge-1.door", t0=1_767_225_600_000, dt=[0], v=[1.0]),
            ],
        ),
    ),
    "telemetry_track": (
        decode_telemetry,
        m.TelemetryBatch(
            boot=3,
            clock=m.ClockQuality.CLOUD,
            tracks=[
                m.Track(
                    t0=1_767_225_600_000,
                    dt=[0, 10_000],
                    lat=[31.2304, 31.2305],
                    lon=[121.4737, -0.5],
                    speed_m_s=[None, 8.25],
                    heading_deg=[None, 359.5],
                )
            ],
        ),
    ),
    "ack": (
        decode_downlink,
        m.Ack(
            epoch=EPOCH, lane="event", seqs=[7, 9], marks=[1, 2**48 - 1], credit=8, cloud_time_ms=1_767_225_600_500, hlc=2**56 + 1
        ),
    ),
    "nack_conflict": (
        decode_downlink,
        m.Nack(epoch=EPOCH, lane="event", seq=7, mark=99, reason="conflict", cloud_time_ms=1_767_225_600_500),
    ),
    "resend": (
        decode_downlink,
        m.Resend(epoch=EPOCH, lane="backfill", from_seq=3, to_seq=40, cloud_time_ms=1_767_225_600_500),
    ),
    "birth": (
        decode_status,
        m.Birth(
            version="0.1.0",
            boot=3,
            connect=12,
            nonce="n0nce",
            epoch=EPOCH,
            at_ms=1_767_225_600_000,
            clock=m.ClockQuality.SYNCED,
            devices={"scanner-1": "ok", "fridge-1": "lost"},
            queue={"event": m.LaneQueue(unsent=4, oldest_ms=1_767_225_000_000), "live": m.LaneQueue(unsent=0)},
            manifest="sha",
        ),
    ),
    "will": (decode_status, m.Will(boot=3, connect=12)),
    "stopped": (decode_status, m.Will(boot=3, connect=12, stopped=True)),
    "command": (decode_command, m.Command(id="c-1", nonce="n0nce", ttl_s=2.5, action="identify")),
    "response": (decode_response, m.CommandResponse(id="c-1", outcome="refused", detail="too late")),
    "desired": (
        decode_desired,
        m.Desired(version=4, hlc=2**56, mode="release", manifest_url="https://cloud.example/m", manifest_sha256="00ff"),
    ),
    "reported": (decode_reported, m.Reported(version=4, boot=3, connect=12, mode="count", manifest_sha256="00ff")),
}

RELEASE_0_2: dict[str, tuple[Any, m.Message]] = {
    f"event_{fact.__struct_config__.tag}": (decode_events, event(fact)) for fact in FACTS
} | {
    "event_container_stands_in": (
        decode_events,
        event(
            m.ContainerBound(container="TTC000000001K", station="st-001", run="run-7", day="2026-11-23", stands_for="TTC0000000017")
        ),
    ),
    "reported_of_a_dock": (decode_reported, m.Reported(version=4, boot=3, connect=12, mode="load")),
    "command_open_cell": (decode_command, m.Command(id="c-2", nonce="n0nce", ttl_s=5.0, action="open_cell", cell="B-07")),
    "event_alarm_explained": (
        decode_events,
        event(
            m.AlarmRaised(
                alarm="fridge-1_c/silent/1767225600000",
                subject="fridge-1_c",
                rule="silent",
                severity="warning",
                since_ms=1_767_225_600_000,
                explained="door",
                detail="85 °C: power-on value",
            )
        ),
    ),
    "command_acknowledge_alarm": (
        decode_command,
        m.Command(
            id="c-3",
            nonce="n0nce",
            ttl_s=60.0,
            action="acknowledge_alarm",
            alarm="fridge-1_c/high/1767225600000",
            severity="critical",
            note="已让店长关门",
        ),
    ),
    "birth_boxes": (
        decode_status,
        m.Birth(
            version="0.2.0",
            boot=3,
            connect=12,
            nonce="n0nce",
            epoch=EPOCH,
            at_ms=1_767_225_600_000,
            clock=m.ClockQuality.SYNCED,
            boxes=[
                m.ColdBox(name="fridge-1", goods="chilled", sensor="fridge-1_c", every_s=30.0, door="fridge-1_open", holds=["C"]),
                m.ColdBox(name="freezer-1", goods="frozen", sensor="freezer-1_c", defrost=["02:00-03:15"]),
            ],
        ),
    ),
    "birth_closed": (
        decode_status,
        m.Birth(
            version="0.2.0",
            boot=3,
            connect=12,
            nonce="n0nce",
            epoch=EPOCH,
            at_ms=1_767_225_600_000,
            clock=m.ClockQuality.SYNCED,
            settled=[m.SettledLane(epoch=EPOCH, lane="event", floor=97, kept=12)],
        ),
    ),
    "desired_limits": (
        decode_desired,
        m.Desired(
            version=5,
            hlc=2**56,
            limits={
                "chilled": m.GoodsLimits(low_c=0.0, high_c=8.0),
                "frozen": m.GoodsLimits(
                    high_c=-18.0, rebound_c=-12.0, at_once_c=5.0, warn_s=300, alarm_s=900, clear_c=1.5, clear_s=60
                ),
            },
        ),
    ),
    "desired_coming": (
        decode_desired,
        m.Desired(
            version=6,
            hlc=2**56,
            mode="release",
            coming=(
                m.ComingVan(
                    run="A1",
                    state="departed",
                    planned_ms=1_767_225_600_000,
                    early_ms=1_767_225_660_000,
                    late_ms=1_767_227_460_000,
                    stops_before=3,
                    as_of_ms=1_767_225_500_000,
                    is_estimate=True,
                    containers={"ambient": 4, "frozen": 1},
                ),
                m.ComingVan(run="A2", state="assigned"),
            ),
            coming_at_ms=1_767_225_600_000,
        ),
    ),
}

RELEASES = {"0.1": RELEASE_0_1, "0.2": RELEASE_0_2}
ALL = [(release, name) for release, frames in RELEASES.items() for name in frames]


def test_every_message_of_the_contract_has_a_golden_frame() -> None:
    def leaves(kind: type[m.Message]) -> set[type]:
        return {leaf for sub in kind.__subclasses__() for leaf in leaves(sub)} or {kind}

    messages = [message for frames in RELEASES.values() for _, message in frames.values()]
    shown = {type(message) for message in messages} | {
        m.Event,
        m.Series,
        m.Track,
        m.LaneQueue,
        m.GoodsLimits,
        m.ComingVan,
        m.ColdBox,
        m.SettledLane,
    }
    shown |= {type(e.fact) for batch in messages if isinstance(batch, m.EventBatch) for e in batch.events}
    assert leaves(m.Message) == shown


@pytest.mark.parametrize(("release", "name"), ALL)
def test_a_frame_of_a_release_is_read_as_it_was_meant(release: str, name: str) -> None:
    decode, message = RELEASES[release][name]
    frame = bytes.fromhex((GOLDEN / release / f"{name}.hex").read_text())
    assert decode(frame) == message
    assert decode(frame, MSGPACK) == message
    assert decode(frame, "") == message


@pytest.mark.parametrize(("release", "name"), ALL)
def test_the_json_of_a_release_is_read_into_the_same_message(release: str, name: str) -> None:
    decode, message = RELEASES[release][name]
    assert decode((GOLDEN / release / f"{name}.json").read_bytes().strip(), JSON) == message


@pytest.mark.parametrize(("release", "name"), ALL)
def test_this_release_still_writes_the_same_bytes(release: str, name: str) -> None:
    _, message = RELEASES[release][name]
    assert encode(message).hex() == (GOLDEN / release / f"{name}.hex").read_text().strip()
    assert encode(message, JSON) == (GOLDEN / release / f"{name}.json").read_bytes().strip()
