import itertools
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.scanner_frames import Frame, LabelFrame, RejectedFrame, ScannerFrames
from edge.devices.trigger import ReplyFrame
from edge.wire.labels import LabelKind, classify, container_label, parcel_label

PARCEL = parcel_label(4711)
SHARED = Path(os.environ.get("TUANTU_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
SOH, STX, GS = b"\x01", b"\x02", b"\x1d"


def read(*chunks: bytes, max_length: int = 512) -> list[Frame]:
    frames = ScannerFrames(max_length=max_length)
    return [frame for chunk in chunks for frame in frames.feed(chunk, 0.0)]


@pytest.mark.parametrize("suffix", [b"\r", b"\n", b"\r\n"])
def test_each_suffix_ends_a_label(suffix: bytes) -> None:
    assert read(PARCEL.encode() + suffix) == [LabelFrame(PARCEL)]


def test_suffixes_may_be_mixed_merged_and_split_between_reads() -> None:
    other = container_label(12)
    chunks = (PARCEL[:3].encode(), PARCEL[3:].encode() + b"\r", b"\n" + other.encode() + b"\n" + PARCEL.encode(), b"\r")
    assert read(*chunks) == [LabelFrame(PARCEL), LabelFrame(other), LabelFrame(PARCEL)]


def test_silence_ends_a_label_without_suffix_and_not_before_its_time() -> None:
    frames = ScannerFrames(idle_s=0.3)
    assert frames.feed(PARCEL.encode(), 10.0) == []
    assert frames.idle(10.29) == []
    assert frames.idle(10.3) == [LabelFrame(PARCEL)]
    assert frames.idle(99.0) == []


def test_silence_before_the_next_bytes_separates_two_labels() -> None:
    frames = ScannerFrames(idle_s=0.3)
    frames.feed(PARCEL.encode(), 10.0)
    assert frames.feed(PARCEL.encode() + b"\r", 11.0) == [LabelFrame(PARCEL), LabelFrame(PARCEL)]


def test_a_label_cut_off_by_an_unplug_is_rejected_and_the_next_one_is_whole() -> None:
    frames = ScannerFrames()
    frames.feed(b"69012345", 0.0)
    (cut,) = frames.lost()
    assert isinstance(cut, RejectedFrame)
    assert cut.shown == "69012345"
    assert "went away" in cut.reason
    assert frames.feed(PARCEL.encode() + b"\r", 0.1) == [LabelFrame(PARCEL)]


@pytest.mark.parametrize(
    ("raw", "symbology", "text"),
    [
        (b"]C0" + PARCEL.encode(), "C0", PARCEL),
        (b"]E06901234567892", "E0", "6901234567892"),
        (b"]E496385074", "E4", "96385074"),
        (b"]Q1https://example.org/t?a=]C1", "Q1", "https://example.org/t?a=]C1"),
        (b"]C100340123450000000017", "C1", "(00)340123450000000017"),
        (b"]C10109521234543213" + b"10ABC" + GS + b"2199", "C1", "(01)09521234543213(10)ABC(21)99"),
        (b"]Q3" + GS + b"0109521234543213", "Q3", "(01)09521234543213"),
        (b"]d210LOT" + GS + b"00340123450000000017", "d2", "(00)340123450000000017(10)LOT"),
        (GS + b"0109521234543213", "", "(01)09521234543213"),
        (b"00340123450000000017", "", "(00)340123450000000017"),
        (b"00340123450000000018", "", "00340123450000000018"),
        ("团长自提点".encode(), "", "团长自提点"),
        ("团长自提点".encode("gbk"), "", "团长自提点"),
    ],
)
def test_identifiers_and_element_strings_are_understood(raw: bytes, symbology: str, text: str) -> None:
    assert read(raw + b"\r") == [LabelFrame(text, symbology)]


@pytest.mark.parametrize(
    ("raw", "kind", "text"),
    [
        (b"]C100340123450000000017" + b"10ABC", LabelKind.CONTAINER, "(00)340123450000000017"),
        (b"]d20109521234543213", LabelKind.PRODUCT, "9521234543213"),
        (b"]d20119521234543210", LabelKind.PRODUCT, "19521234543210"),
        (b"]C100340123450000000018", LabelKind.UNKNOWN, "(00)340123450000000018"),
        (b"]C110ABC", LabelKind.UNKNOWN, "(10)ABC"),
    ],
)
def test_what_the_frame_reader_writes_is_what_classify_reads(raw: bytes, kind: LabelKind, text: str) -> None:
    (frame,) = read(raw + b"\r")
    assert isinstance(frame, LabelFrame)
    label = classify(frame.text, symbology=frame.symbology)
    assert (label.kind, label.text) == (kind, text)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xff\xfe\xff", "neither UTF-8 nor GBK"),
        (b"TTP\x00\x00", "control character 0x00"),
        (b"\x1b[A" + PARCEL.encode(), "control character 0x1b"),
        (b"]C19", "GS1 element strings"),
        (b"]C10109521234", "GS1 element strings"),
        (b"]Q3" + GS, "GS1 element strings: none"),
        (b"]C1", "an AIM identifier and no label"),
        (b"x" * 65, "longer than 64 characters"),
        ("团".encode() * 65, "longer than 64 characters"),
        (b"x" * 5000, "longer than 64 characters"),
    ],
)
def test_noise_is_rejected_with_its_reason_and_does_not_spoil_the_next_label(raw: bytes, reason: str) -> None:
    rejected, label = read(raw + b"\r\n" + PARCEL.encode() + b"\r\n", max_length=64)
    assert isinstance(rejected, RejectedFrame)
    assert reason in rejected.reason
    assert rejected.shown.isprintable()
    assert label == LabelFrame(PARCEL)


def test_an_endless_line_is_rejected_once_and_held_in_bounded_memory() -> None:
    frames = ScannerFrames(max_length=64)
    found = [frame for _ in range(1000) for frame in frames.feed(b"x" * 997, 0.0)]
    assert len(found) == 1
    assert len(frames._pending) == 0
    assert frames.feed(b"\r" + PARCEL.encode() + b"\r", 0.0) == [LabelFrame(PARCEL)]


@pytest.mark.parametrize(
    "reply",
    [bytes.fromhex("02 00 00 01 00 33 31"), bytes.fromhex("04 d0 00 00 ff 2c"), STX + SOH + b"0000#SCNTRG1\x06;\x03"],
)
def test_a_reply_to_a_command_right_before_the_label_is_taken_off(reply: bytes) -> None:
    assert read(reply + PARCEL.encode() + b"\r") == [ReplyFrame(is_accepted=True), LabelFrame(PARCEL)]
    assert read(reply + b"\r") == [ReplyFrame(is_accepted=True)]


def test_golden_replies_are_no_labels() -> None:
    path = SHARED / "devices" / "serial_frames.json"
    if not path.is_file():
        pytest.skip("the captured serial frames are not on this machine (TUANTU_SHARED_DATA)")
    golden = {name: bytes.fromhex(text) for name, text in json.loads(path.read_text())["scanner"].items()}
    for name in ("gm65_ack", "ssi_ack_from_decoder", "ssi_ack_from_host"):
        assert read(golden[name] + PARCEL.encode() + b"\r") == [ReplyFrame(is_accepted=True), LabelFrame(PARCEL)], name
    commands = {"ssi_start", "ssi_stop", "ssi_enable", "ssi_disable", "newland_trigger", "gm65_trigger", "honeywell_stop"}
    for name in commands:  # an echoing line: never a label
        assert not any(isinstance(frame, LabelFrame) for frame in read(golden[name] + b"\r")), name


NOISE = st.binary(max_size=60)
LIKELY = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b"]C1", b"]Q3", b"\x1d", b"00340123450000000017", b"]", PARCEL.encode(), b"\xe5\x9b"]
)
STREAM = st.lists(st.one_of(NOISE, LIKELY), max_size=20).map(b"".join)


@given(STREAM, st.lists(st.integers(0, 400), max_size=12))
def test_the_same_bytes_give_the_same_frames_however_they_are_cut(stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [stream[start:end] for start, end in itertools.pairwise(edges)]
    assert read(*chunks, max_length=20) == read(stream, max_length=20)


@given(st.lists(st.tuples(STREAM, st.floats(0, 1)), max_size=10))
def test_no_bytes_raise_and_memory_stays_bounded(steps: list[tuple[bytes, float]]) -> None:
    frames = ScannerFrames(max_length=16)
    now_s = 0.0
    for data, pause_s in steps:
        now_s += pause_s
        for frame in frames.feed(data, now_s):
            assert isinstance(frame, ReplyFrame) or (len(frame.text) if isinstance(frame, LabelFrame) else len(frame.shown)) <= 256
        assert len(frames._pending) <= 64
    frames.lost()
    assert not frames.has_pending
