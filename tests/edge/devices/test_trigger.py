"""What starts a scanner, and that nothing it answers is ever taken for a label."""

import itertools
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.scanner_frames import Frame, LabelFrame, RejectedFrame, ScannerFrames
from edge.devices.trigger import MAX_REPLY_BYTES, TRIGGERS, ReplyFrame, TriggerCommands, TriggerKind, ssi_packet, take_reply
from edge.wire.labels import parcel_label

SHARED = Path(os.environ.get("TUANTU_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
PARCEL = parcel_label(4711)
ACCEPTED = {
    "gm65": bytes.fromhex("02000001003331"),
    "ssi": bytes.fromhex("04d00000ff2c"),
    "newland": b"\x02\x010000#SCNTRG1\x06;\x03",
}
REFUSED = {
    "gm65 checksum": bytes.fromhex("02000101000401"),
    "gm65 command": bytes.fromhex("02000301006a61"),
    "ssi denied": bytes.fromhex("05d1000006ff24"),
    "newland nak": b"\x02\x010000#SCNTRG1\x15;\x03",
    "newland unknown": b"\x02\x010000#XYZABC1\x05;\x03",
}


def read(*chunks: bytes) -> list[Frame]:
    frames = ScannerFrames()
    return [frame for chunk in chunks for frame in frames.feed(chunk, 0.0)]


@pytest.fixture(scope="module")
def golden() -> dict[str, bytes]:
    path = SHARED / "devices" / "serial_frames.json"
    if not path.is_file():
        pytest.skip("the captured serial frames are not on this machine (TUANTU_SHARED_DATA)")
    return {name: bytes.fromhex(text) for name, text in json.loads(path.read_text())["scanner"].items()}


def test_commands_are_the_captured_bytes(golden: dict[str, bytes]) -> None:
    assert TRIGGERS[TriggerKind.HONEYWELL].on == golden["honeywell_trigger"]
    assert TRIGGERS[TriggerKind.HONEYWELL].off == golden["honeywell_stop"]
    assert TRIGGERS[TriggerKind.ZEBRA_SSI].on == golden["ssi_start"]
    assert TRIGGERS[TriggerKind.ZEBRA_SSI].off == golden["ssi_stop"]
    assert ssi_packet(0xE9) == golden["ssi_enable"]
    assert ssi_packet(0xEA) == golden["ssi_disable"]
    assert ssi_packet(0xD0) == golden["ssi_ack_from_host"]
    assert TRIGGERS[TriggerKind.NEWLAND].on == golden["newland_trigger"]
    assert TRIGGERS[TriggerKind.GM65].on == golden["gm65_trigger"]


def test_captured_answers_are_understood(golden: dict[str, bytes]) -> None:
    for name in ("gm65_ack", "ssi_ack_from_decoder"):
        assert take_reply(golden[name]) == (ReplyFrame(is_accepted=True), len(golden[name]))


def test_who_answers_is_waited_for_and_each_command_stops_as_well_as_it_starts() -> None:
    assert {kind for kind, commands in TRIGGERS.items() if not commands.is_answered} == {TriggerKind.HONEYWELL}
    assert set(TRIGGERS) == set(TriggerKind)
    assert all(commands.on != commands.off for commands in TRIGGERS.values())


@pytest.mark.parametrize("reply", [*ACCEPTED.values(), *REFUSED.values()], ids=[*ACCEPTED, *REFUSED])
def test_an_answer_before_a_label_however_it_is_cut_is_an_answer_and_the_label_is_whole(reply: bytes) -> None:
    stream = reply + PARCEL.encode() + b"\r"
    expected = [ReplyFrame(is_accepted=reply in ACCEPTED.values()), LabelFrame(PARCEL)]
    assert read(stream) == expected
    for cut in range(1, len(stream)):
        assert read(stream[:cut], stream[cut:]) == expected
    assert read(*(stream[n : n + 1] for n in range(len(stream)))) == expected


@pytest.mark.parametrize("reply", [*ACCEPTED.values(), *REFUSED.values()], ids=[*ACCEPTED, *REFUSED])
def test_an_answer_alone_is_told_at_once_and_leaves_nothing_pending(reply: bytes) -> None:
    frames = ScannerFrames()
    assert frames.feed(reply, 0.0) == [ReplyFrame(is_accepted=reply in ACCEPTED.values())]
    assert not frames.has_pending


@pytest.mark.parametrize("reply", ACCEPTED.values(), ids=ACCEPTED)
def test_an_answer_with_a_flipped_bit_is_no_label(reply: bytes) -> None:
    for bit in range(8 * len(reply)):
        spoilt = bytearray(reply)
        spoilt[bit // 8] ^= 1 << bit % 8
        assert not any(isinstance(frame, LabelFrame) for frame in read(bytes(spoilt) + b"\r")), spoilt.hex()


@pytest.mark.parametrize("commands", TRIGGERS.values(), ids=list(TRIGGERS))
def test_an_adapter_that_sends_our_commands_back_spoils_neither_answer_nor_label(commands: TriggerCommands) -> None:
    answer = ACCEPTED["gm65"] if commands.is_answered else b""
    expected = [ReplyFrame(is_accepted=True)] * bool(answer) + [LabelFrame(PARCEL)]
    for command in (commands.on, commands.off):
        assert read(command + answer + PARCEL.encode() + b"\r") == expected
        assert read(*(bytes((one,)) for one in command + answer + PARCEL.encode() + b"\r")) == expected
        assert read(command + b"\r") == []


def test_a_label_as_an_ssi_packet_is_refused_with_the_setting_to_change() -> None:
    body = bytes((5 + len(PARCEL), 0xF3, 0x00, 0x00, 0x03)) + PARCEL.encode()
    (frame,) = read(body + (-sum(body) & 0xFFFF).to_bytes(2, "big") + b"\r")
    assert isinstance(frame, RejectedFrame)
    assert "raw decode data" in frame.reason


@given(st.binary(max_size=40))
def test_no_bytes_raise_and_a_reply_is_never_longer_than_its_bound(data: bytes) -> None:
    taken = take_reply(data)
    assert taken is None or 0 < taken[1] <= min(len(data), MAX_REPLY_BYTES)


ANY_REPLY = st.sampled_from([*ACCEPTED.values(), *REFUSED.values()])


@given(st.lists(st.one_of(ANY_REPLY, st.just(PARCEL.encode() + b"\r"), st.binary(max_size=20)), max_size=10), st.data())
def test_answers_labels_and_noise_give_the_same_frames_however_they_are_cut(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    edges = [0, *cuts, len(stream)]
    pieces = [stream[start:end] for start, end in itertools.pairwise(edges)]
    frames = ScannerFrames(max_length=8)
    cut = [frame for piece in pieces for frame in frames.feed(piece, 0.0)]
    assert cut == ScannerFrames(max_length=8).feed(stream, 0.0)
