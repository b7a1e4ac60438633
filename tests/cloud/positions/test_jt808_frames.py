import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.positions.jt808_frames import MAX_FRAME_BYTES, BadFrame, FrameError, Frames, Packet, read_packet, write_packet
from tests.cloud.positions.vectors import frames

PHONE = bytes.fromhex("013912345678")
HEARTBEAT = Packet(0x0002, PHONE, 7, b"")
VERSIONS = st.sampled_from([None, 1])
PACKETS = st.builds(
    lambda message, version, terminal, serial, body, part: Packet(
        message, terminal[: 6 if version is None else 10], serial, body, version, *part
    ),
    st.integers(0, 0xFFFF), VERSIONS, st.binary(min_size=10, max_size=10), st.integers(0, 0xFFFF), st.binary(max_size=1023),
    st.sampled_from([(1, 1), (1, 2), (3, 7)]),
)  # fmt: skip


def test_all_but_one_of_the_published_frames_have_a_good_checksum() -> None:
    told = frames("jt808_location.txt")
    assert len(told) == 48
    read = [found for data in told for found in Frames().feed(data)]
    assert len([one for one in read if isinstance(one, Packet)]) == 47
    (bad,) = [one for one in read if isinstance(one, BadFrame)]
    assert bad.why == "bad checksum: ef, want 2d"


def test_all_published_frames_of_batches_are_good() -> None:
    read = [found for data in frames("jt808_location_batch.txt") for found in Frames().feed(data)]
    assert [one.message_id for one in read if isinstance(one, Packet)] == [0x0704] * 6
    assert [one.version for one in read if isinstance(one, Packet)] == [None] * 5 + [1]


def test_good_frames_are_written_as_they_were_read() -> None:
    told = [*frames("jt808_location.txt"), *frames("jt808_location_batch.txt")]
    again = [write_packet(found) for data in told for found in Frames().feed(data) if isinstance(found, Packet)]
    # Four terminals do not escape as the standard says.
    assert len([data for data in told if data in again]) == 49


def test_a_terminals_name_is_the_same_in_both_versions() -> None:
    assert HEARTBEAT.name == Packet(0x0002, bytes(4) + PHONE, 7, b"", 1).name == "13912345678"


def test_flags_inside_are_escaped() -> None:
    packet = Packet(0x0200, b"\x7e\x7d\x7e\x7d\x01\x02", 0x7E7D, b"\x7d\x02\x7e\x7d\x01")
    written = write_packet(packet)
    assert written.count(b"\x7e") == 2
    assert Frames().feed(written) == [packet]


@given(PACKETS)
def test_what_is_written_is_read_again(packet: Packet) -> None:
    assert Frames().feed(write_packet(packet)) == [packet]


@given(
    st.lists(PACKETS, max_size=4),
    st.lists(st.integers(0, 4000), max_size=6),
    st.binary(max_size=20).filter(lambda noise: b"~" not in noise),
)
def test_the_same_bytes_are_the_same_packets_however_they_are_cut(packets: list[Packet], cuts: list[int], noise: bytes) -> None:
    data = noise + b"".join(map(write_packet, packets))
    at = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    reader = Frames()
    found = [one for begin, end in itertools.pairwise(at) for one in reader.feed(data[begin:end])]
    assert found == packets
    assert reader.skipped == (len(noise) if packets or not noise else len(data))


def test_two_frames_may_share_a_flag() -> None:
    data = write_packet(HEARTBEAT)
    assert Frames().feed(data + data[1:]) == [HEARTBEAT, HEARTBEAT]


def test_a_terminal_that_does_not_escape_is_read_by_length_and_checksum() -> None:
    packet = Packet(0x0200, PHONE, 3, b"\x01\x7e\x02\x7d\x02\x03")
    raw = write_packet(packet)[1:-1].replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
    assert Frames().feed(b"\x7e" + raw + b"\x7e" + write_packet(HEARTBEAT)) == [packet, HEARTBEAT]


def test_what_was_cut_off_is_kept_once_the_next_frame_shows_it() -> None:
    whole = write_packet(Packet(0x0200, PHONE, 3, bytes(28)))
    bad, good = Frames().feed(whole[:25] + b"\x7e" + write_packet(HEARTBEAT))
    assert isinstance(bad, BadFrame)
    assert "28 bytes of body" in bad.why
    assert good == HEARTBEAT


@given(st.lists(st.binary(max_size=400), max_size=8))
def test_garbage_raises_nothing_and_is_not_hoarded(pieces: list[bytes]) -> None:
    reader = Frames()
    for piece in pieces:
        for found in reader.feed(piece):
            assert isinstance(found, Packet | BadFrame)
        assert len(reader._pending) <= MAX_FRAME_BYTES


@given(PACKETS, st.integers(0, 10_000), st.integers(1, 255))
def test_one_wrong_byte_is_no_packet(packet: Packet, place: int, change: int) -> None:
    data = bytearray(write_packet(packet))
    at = 1 + place % (len(data) - 2)
    data[at] ^= change
    # A byte that becomes a flag or an escape, or was one, changes the length; else the checksum tells.
    assert not [one for one in Frames().feed(bytes(data)) if isinstance(one, Packet) and one.body == packet.body]


def test_a_frame_that_does_not_end_is_dropped_and_the_next_one_read() -> None:
    reader = Frames()
    (bad,) = reader.feed(b"\x7e" + b"\x01" * (MAX_FRAME_BYTES + 1))
    assert isinstance(bad, BadFrame)
    assert reader.feed(b"\x01" * 5000) == []
    assert reader.feed(write_packet(HEARTBEAT)) == [HEARTBEAT]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda raw: raw[:5], "shorter"),
        (lambda raw: raw[:2] + b"\x04\x00" + raw[4:], "encrypted"),
        (lambda raw: raw[:2] + b"\x00\x09" + raw[4:], "9 bytes of body"),
        (lambda raw: raw[:2] + b"\x20\x00" + raw[4:] + b"\0\2\0\3", "part 3 of 2"),
        (lambda raw: raw + b"x", "1 are there"),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(change: Callable[[bytes], bytes], says: str) -> None:
    raw = change(write_packet(HEARTBEAT)[1:-2])
    checksum = 0
    for byte in raw:
        checksum ^= byte
    with pytest.raises(FrameError, match=says):
        read_packet(raw + bytes([checksum]))


def test_a_body_that_is_too_long_is_not_written() -> None:
    with pytest.raises(ValueError, match="body"):
        write_packet(Packet(0x8001, PHONE, 1, bytes(1024)))
