import itertools
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.devices import locker_cu16, locker_cu48, locker_wkly, locker_xor8a
from edge.devices.locker import Door, DoorScan, LockerBoardSettings
from edge.devices.locker_frames import (
    MAX_DISCARDED,
    Discarded,
    DoorReport,
    EchoFilter,
    Frame,
    FrameDecoder,
    Reply,
    sealed_by_sum,
    sealed_by_xor,
)

BOARDS = (LockerBoardSettings("A", 1, 16), LockerBoardSettings("B", 2, 16))
WHOLE = tuple(
    LockerBoardSettings(name, address, 16, scan=DoorScan.BOARD, bit_one_is=Door.CLOSED) for name, address in (("A", 1), ("B", 2))
)
DECODERS: dict[str, Callable[[], FrameDecoder]] = {
    "cu16": lambda: locker_cu16.decoder(BOARDS),
    "cu48": lambda: locker_cu48.decoder(BOARDS),
    "8a": lambda: locker_xor8a.decoder(BOARDS),
    "8a whole": lambda: locker_xor8a.decoder(WHOLE),
    "wkly": lambda: locker_wkly.decoder(BOARDS),
}


def cu16_status(address: int, bits: int) -> bytes:
    return sealed_by_sum(bytes((0x02, address << 4, 0x35)) + bits.to_bytes(2, "little") + bytes((0, 0, 0x03)))


def cu48_status(address: int, bits: int) -> bytes:
    return sealed_by_sum(bytes((0x02, address, 0, 0x75, 6)) + bits.to_bytes(2, "little") + bytes(4))


def xor8a_door(address: int, bits: int) -> bytes:
    lock = bits % 16 + 1
    return sealed_by_xor(bytes((0x80, address, lock, 0x11 if bits >> lock - 1 & 1 else 0)))


def xor8a_status(address: int, bits: int) -> bytes:
    return sealed_by_xor(bytes((0x80, address)) + bits.to_bytes(2, "little") + b"\x33")


def wkly_status(address: int, bits: int) -> bytes:
    return locker_wkly.request(0x84, address, bytes((0, 16, *(bits >> lock & 1 for lock in range(16)))))


STATUS: dict[str, Callable[[int, int], bytes]] = {
    "cu16": cu16_status,
    "cu48": cu48_status,
    "8a": xor8a_door,
    "8a whole": xor8a_status,
    "wkly": wkly_status,
}
# Bytes that begin frames, so that noise looks like the real thing as often as it can.
TRICKY = {"cu16": b"\x02\x02\x03\x30\x35", "cu48": b"\x02\x03\x75\x06\x00", "8a": b"\x80\x8a\x82\x01\x11", "wkly": b"WKLY\x0b\x84"}

families = pytest.mark.parametrize("family", DECODERS)
unhurried = settings(deadline=None)  # a busy machine is no fault of the codecs


def read(decoder: FrameDecoder, chunks: Sequence[bytes]) -> list[Frame]:
    return [frame for chunk in chunks for frame in decoder.feed(chunk)] + decoder.end()


def cut(data: bytes, at: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(edge % (len(data) + 1) for edge in at), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def frames_of(family: str) -> st.SearchStrategy[bytes]:
    return st.builds(STATUS[family], st.sampled_from((1, 2)), st.integers(0, 0xFFFF))


def noise_of(family: str) -> st.SearchStrategy[bytes]:
    tricky = TRICKY.get(family.split()[0], b"")
    return st.one_of(st.binary(max_size=24), st.lists(st.sampled_from(tricky), max_size=16).map(bytes))


def lines_of(family: str) -> st.SearchStrategy[bytes]:
    return st.lists(st.one_of(frames_of(family), noise_of(family)), max_size=8).map(b"".join)


cuts = st.lists(st.integers(0, 400), max_size=8)


@families
@unhurried
@given(data=st.data())
def test_however_bytes_are_cut_the_frames_are_the_same_and_none_is_lost_or_invented(family: str, data: st.DataObject) -> None:
    line = data.draw(lines_of(family))
    frames = read(DECODERS[family](), cut(line, data.draw(cuts)))
    assert frames == read(DECODERS[family](), [line])
    assert b"".join(frame.raw for frame in frames) == line


@families
@unhurried
@given(data=st.data())
def test_good_frames_are_all_found_when_nothing_stands_between_them(family: str, data: st.DataObject) -> None:
    sent = data.draw(st.lists(frames_of(family), max_size=6))
    frames = read(DECODERS[family](), cut(b"".join(sent), data.draw(cuts)))
    assert [frame.raw for frame in frames if isinstance(frame, DoorReport)] == sent


@families
@unhurried
@given(data=st.data())
def test_a_good_frame_is_found_behind_noise_that_no_frame_begins_in(family: str, data: st.DataObject) -> None:
    dull = st.binary(max_size=80).map(lambda noise: bytes(byte for byte in noise if byte not in (0x02, 0x57, 0x80, 0x82, 0x8A)))
    good = data.draw(frames_of(family))
    noise = data.draw(dull)
    frames = read(DECODERS[family](), cut(noise + good, data.draw(cuts)))
    assert frames[-1].raw == good
    assert b"".join(frame.raw for frame in frames[:-1]) == noise
    assert all(isinstance(frame, Discarded) for frame in frames[:-1])


@families
@unhurried
@given(data=st.data())
def test_a_false_beginning_hides_no_frame_once_the_line_is_silent(family: str, data: st.DataObject) -> None:
    good = data.draw(frames_of(family))
    beginning = good[: data.draw(st.integers(1, len(good) - 1))]
    frames = read(DECODERS[family](), [beginning + good])
    assert any(isinstance(frame, DoorReport) for frame in frames)


@families
@unhurried
@given(data=st.data())
def test_one_wrong_byte_never_opens_a_door(family: str, data: st.DataObject) -> None:
    good = data.draw(frames_of(family))
    at = data.draw(st.integers(0, len(good) - 1))
    wrong = good[:at] + bytes((good[at] ^ data.draw(st.integers(1, 255)),)) + good[at + 1 :]
    assert not [frame for frame in read(DECODERS[family](), [wrong]) if isinstance(frame, DoorReport)]


def _judge_sum(raw: bytes) -> bool:
    return raw[0] == 0x02 and sum(raw[:-1]) & 0xFF == raw[-1]


def _judge_xor(raw: bytes) -> bool:
    seal = 0
    for byte in raw:
        seal ^= byte
    return seal == 0


@families
@unhurried
@given(data=st.data())
def test_garbage_says_nothing_of_doors_but_where_a_whole_frame_with_a_good_checksum_is_in_it(
    family: str, data: st.DataObject
) -> None:
    garbage = data.draw(st.binary(max_size=300))
    judge = _judge_sum if family.startswith("cu") else _judge_xor
    for frame in read(DECODERS[family](), cut(garbage, data.draw(cuts))):
        if isinstance(frame, DoorReport):
            assert judge(frame.raw)
            assert frame.address in (1, 2)
            assert frame.raw in garbage


@families
@unhurried
@given(data=st.data())
def test_endless_noise_is_thrown_away_in_pieces_and_never_kept(family: str, data: st.DataObject) -> None:
    decoder = DECODERS[family]()
    for chunk in data.draw(st.lists(st.binary(max_size=200), max_size=10)):
        for frame in decoder.feed(chunk):
            assert len(frame.raw) <= max(MAX_DISCARDED, decoder.max_frame)
        assert decoder.held < MAX_DISCARDED + decoder.max_frame
    decoder.end()
    assert decoder.held == 0


def test_what_was_thrown_away_is_told_by_its_beginning() -> None:
    (frame,) = read(locker_cu16.decoder(BOARDS), [bytes(range(0x10, 0x40))])
    assert isinstance(frame, Discarded)
    assert frame.reason == "48 bytes are no frame: 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f …"


REQUEST = bytes.fromhex("8a 01 01 11 9b")
ANSWER = bytes.fromhex("8a 01 01 00 8a")


def hear(echoes: EchoFilter, *chunks: bytes) -> bytes:
    echoes.sent(REQUEST)
    return b"".join(echoes.feed(chunk) for chunk in chunks) + echoes.end()


quiet = st.binary(max_size=MAX_DISCARDED).filter(lambda noise: REQUEST not in noise + REQUEST[:-1])


@unhurried
@given(at=cuts, noise=quiet)
def test_on_a_line_that_echoes_the_first_copy_of_a_request_is_ours_and_the_second_the_boards_failure(
    at: list[int], noise: bytes
) -> None:
    assert hear(EchoFilter(True), *cut(noise + REQUEST + REQUEST, at)) == noise + REQUEST


@unhurried
@given(at=cuts)
def test_on_a_line_without_echo_the_same_bytes_are_the_boards_failure(at: list[int]) -> None:
    assert hear(EchoFilter(False), *cut(REQUEST, at)) == REQUEST


@unhurried
@given(at=cuts, noise=quiet)
def test_an_echo_that_does_not_come_hides_no_answer(at: list[int], noise: bytes) -> None:
    assert hear(EchoFilter(True), *cut(noise + ANSWER, at)) == noise + ANSWER


@unhurried
@given(at=cuts, noise=quiet, does_echo=st.booleans())
def test_the_first_answer_teaches_whether_the_line_echoes(at: list[int], noise: bytes, does_echo: bool) -> None:
    echoes = EchoFilter(None)
    heard = noise + (REQUEST if does_echo else b"") + ANSWER
    echoes.sent(REQUEST)
    assert b"".join(echoes.feed(chunk) for chunk in cut(heard, at)) == heard
    echoes.answered()
    assert echoes.echoes is does_echo
    assert echoes.end() == b""


def test_silence_teaches_nothing() -> None:
    echoes = EchoFilter(None)
    assert hear(echoes) == b""
    assert echoes.echoes is None
    echoes.answered()  # by something that was not asked for
    assert echoes.echoes is None


def test_once_the_line_is_known_not_to_echo_nothing_is_held_back() -> None:
    echoes = EchoFilter(False)
    echoes.sent(REQUEST)
    assert echoes.feed(ANSWER[:3]) == ANSWER[:3]


def test_a_push_long_after_the_request_is_not_held_back() -> None:
    echoes = EchoFilter(True)
    assert hear(echoes, REQUEST, ANSWER) == ANSWER
    assert echoes.feed(REQUEST) == REQUEST


def test_the_seals_are_those_of_the_sheets() -> None:
    assert sealed_by_sum(bytes.fromhex("02 04 31 03")) == bytes.fromhex("02 04 31 03 3a")
    assert sealed_by_xor(REQUEST[:-1]) == REQUEST


def test_replies_know_their_address() -> None:
    replies: list[Reply] = [
        frame for frame in read(locker_cu16.decoder(BOARDS), [cu16_status(2, 0)]) if not isinstance(frame, Discarded)
    ]
    assert [reply.address for reply in replies] == [2]
