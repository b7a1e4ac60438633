from edge.devices import locker_cu16 as cu16
from edge.devices import locker_cu48 as cu48
from edge.devices import locker_wkly as wkly
from edge.devices import locker_xor8a as xor8a
from edge.devices.locker import Article, Door, DoorScan, LockerBoardSettings, StatusOrder
from edge.devices.locker_frames import Discarded, DoorReport, Frame, FrameDecoder, OtherFrame, PulseTime, UnlockReply
from tests.edge.devices.locker_goldens import golden


def hexed(text: str) -> bytes:
    return bytes.fromhex(text)


def read(decoder: FrameDecoder, *chunks: bytes) -> list[Frame]:
    return [frame for chunk in chunks for frame in decoder.feed(chunk)] + decoder.end()


def board(address: int = 0, locks: int = 16, **options: object) -> LockerBoardSettings:
    return LockerBoardSettings("A", address, locks, **options)  # type: ignore[arg-type]


def report(frames: list[Frame]) -> DoorReport:
    (frame,) = frames
    assert isinstance(frame, DoorReport)
    return frame


def open_locks(frame: DoorReport) -> set[int]:
    return {lock for lock, door in frame.doors.items() if door is Door.OPEN}


# KERONG CU16


def test_cu16_requests_are_the_captured_ones() -> None:
    codec = cu16.Cu16(board())
    assert codec.ask_doors() == (golden("kerong_cu16", "status_req"),)
    assert codec.ask_door(7) == golden("kerong_cu16", "status_req")
    assert codec.unlock(5) == golden("kerong_cu16", "unlock_5")


def test_cu16_captured_status_is_lock_5_on_a_board_that_sends_the_high_byte_first_and_13_on_the_others() -> None:
    raw = golden("kerong_cu16", "status_resp_lock5open_ir5")
    high = report(read(cu16.decoder([board(status_order=StatusOrder.HIGH_FIRST)]), raw))
    assert open_locks(high) == {5}
    assert {lock for lock, article in high.articles.items() if article is Article.PRESENT} == {5}
    low = report(read(cu16.decoder([board()]), raw))
    assert open_locks(low) == {13}
    assert len(low.doors) == len(low.articles) == 16


def test_cu16_frames_worked_by_hand() -> None:
    # Board 2, lock 16: address 2 << 4 | 15 = 2F; 02 + 2F + 31 + 03 = 65.
    assert cu16.Cu16(board(2)).unlock(16) == hexed("02 2f 31 03 65")
    # Lock numbers from 1 on the line: lock 1 is 01; 02 + 01 + 31 + 03 = 37.
    assert cu16.Cu16(board(locks=15, lock_base=1)).unlock(1) == hexed("02 01 31 03 37")
    # 500 ms = 50 steps = 00 32; 02 + 00 + 37 + 00 + 32 + 03 = 6E. Its answer: 38 instead of 37, 6F.
    assert cu16.request(cu16.PULSE_TIME, data=b"\x00\x32") == hexed("02 00 37 00 32 03 6e")
    assert read(cu16.decoder([board()]), hexed("02 00 38 00 32 03 6f")) == [PulseTime(hexed("02 00 38 00 32 03 6f"), 0, 500)]
    # Delayed unlock of lock 1 by 5 s: 02 + 00 + 39 + 05 + 03 = 43.
    assert cu16.request(cu16.DELAYED_UNLOCK, data=b"\x05") == hexed("02 00 39 05 03 43")
    # All boards' answer of board 1, lock 1 open and an article in lock 16: FE FF 00 80; 02+10+36+FE+FF+00+80+03 = 2C8.
    frame = report(read(cu16.decoder([board(1)]), hexed("02 10 36 fe ff 00 80 03 c8")))
    assert (frame.address, open_locks(frame)) == (1, {1})
    assert [lock for lock, article in frame.articles.items() if article is Article.PRESENT] == [16]


def test_cu16_polarity_and_the_article_sensors_can_be_the_other_way_round() -> None:
    settings = board(locks=8, one_is=Door.OPEN, article_one_is=Article.ABSENT)
    # 02 + 00 + 35 + 01 + 00 + FE + 00 + 03 = 139.
    frame = report(read(cu16.decoder([settings]), hexed("02 00 35 01 00 fe 00 03 39")))
    assert open_locks(frame) == {1}
    assert {lock for lock, article in frame.articles.items() if article is Article.PRESENT} == {1}
    assert len(frame.doors) == 8


def test_cu16_status_is_heard_as_an_answer_to_unlock_and_a_status_of_another_board_is_not() -> None:
    raw = hexed("02 10 35 fe ff 00 00 03 47")  # board 1: 02+10+35+FE+FF+03 = 247
    (frame,) = read(cu16.decoder([board(1)]), raw)
    assert not isinstance(frame, Discarded)
    assert cu16.Cu16(board(1)).answers_unlock(frame, 1)
    assert not cu16.Cu16(board(2)).answers_unlock(frame, 1)
    assert read(cu16.decoder([board(2)]), raw) == [OtherFrame(raw, 1)]


# KERONG CU48


def test_cu48_requests_are_the_captured_ones() -> None:
    codec = cu48.Cu48(board(locks=48))
    assert codec.ask_doors() == (golden("kerong_cu48", "status_req"),)
    assert codec.ask_door(9) == golden("kerong_cu48", "status_req")
    assert codec.unlock(1) == golden("kerong_cu48", "unlock_1")


def test_cu48_captured_status_has_all_doors_closed() -> None:
    frame = report(read(cu48.decoder([board(locks=48)]), golden("kerong_cu48", "status_resp_all_closed")))
    assert frame.doors == dict.fromkeys(range(1, 49), Door.CLOSED)
    assert frame.articles == {}


def test_cu48_frames_worked_by_hand() -> None:
    # Device 3, lock 48 = 2F: 02 + 03 + 2F + 61 + 03 = 98.
    assert cu48.Cu48(board(3, 48)).unlock(48) == hexed("02 03 2f 61 03 98")
    # Its status with locks 1 and 48 open: 02+03+75+06+FE+FF*4+7F = 5F9.
    status = hexed("02 03 00 75 06 fe ff ff ff ff 7f f9")
    frame = report(read(cu48.decoder([board(3, 48)]), status))
    assert open_locks(frame) == {1, 48}
    assert open_locks(report(read(cu48.decoder([board(3, 48, status_order=StatusOrder.HIGH_FIRST)]), status))) == {41, 8}
    assert open_locks(report(read(cu48.decoder([board(3, 40, one_is=Door.OPEN)]), status))) == set(range(2, 41))
    # Unlock heard: 02 + 03 + 2F + 75 + 00 = A9.
    (heard,) = read(cu48.decoder([board(3, 48)]), hexed("02 03 2f 75 00 a9"))
    assert heard == UnlockReply(hexed("02 03 2f 75 00 a9"), 3, 48, accepted=True)
    assert cu48.Cu48(board(3, 48)).answers_unlock(heard, 48)
    assert not cu48.Cu48(board(3, 48)).answers_unlock(heard, 47)


# "8A" boards


def test_xor8a_requests_are_the_captured_ones() -> None:
    codec = xor8a.Xor8a(board(1, 24))
    assert codec.unlock(1) == golden("xor8a", "unlock_1")
    assert codec.ask_door(1) == golden("xor8a", "query_1")
    assert len(codec.ask_doors()) == 24
    whole = xor8a.Xor8a(board(1, 24, scan=DoorScan.BOARD, bit_one_is=Door.CLOSED))
    assert whole.ask_doors() == (golden("xor8a", "query_all"),)
    assert xor8a.request(xor8a.UNLOCK, 1) == golden("xor8a", "unlock_all")


def test_xor8a_captured_answers_say_open_and_closed() -> None:
    def door(name: str, one_is: Door = Door.CLOSED) -> DoorReport:
        return report(read(xor8a.decoder([board(1, 24, one_is=one_is)]), golden("xor8a", name)))

    assert door("closed").doors == {1: Door.CLOSED}
    assert door("open").doors == {1: Door.OPEN}
    assert door("closed", Door.OPEN).doors == {1: Door.OPEN}
    assert door("push_closed").doors == {1: Door.CLOSED}
    assert door("push_closed").pushed
    assert not door("closed").pushed


def test_xor8a_a_failure_is_the_bytes_of_the_request_and_neither_reply_is_a_word_about_the_door() -> None:
    decoder = xor8a.decoder([board(1, 24)])
    failure, success = golden("xor8a", "unlock_fail_is_echo"), golden("xor8a", "unlock_ok")
    assert failure == xor8a.Xor8a(board(1, 24)).unlock(1)
    assert read(decoder, failure, success) == [
        UnlockReply(failure, 1, 1, accepted=True),
        UnlockReply(success, 1, 1, accepted=True),
    ]


def test_xor8a_captured_status_of_all_is_read_in_the_order_and_polarity_it_was_told() -> None:
    raw = golden("xor8a", "query_all_resp")
    for order, closed in ((StatusOrder.LOW_FIRST, {1, 9, 17}), (StatusOrder.HIGH_FIRST, {1, 9, 17})):
        settings = board(1, 24, scan=DoorScan.BOARD, bit_one_is=Door.CLOSED, status_order=order)
        frame = report(read(xor8a.decoder([settings]), raw))
        assert set(frame.doors) - open_locks(frame) == closed
    # Bytes 01 00 80: 80 ^ 01 ^ 01 ^ 00 ^ 80 ^ 33 = 33.
    uneven = hexed("80 01 01 00 80 33 33")
    low = board(1, 24, scan=DoorScan.BOARD, bit_one_is=Door.OPEN)
    assert open_locks(report(read(xor8a.decoder([low]), uneven))) == {1, 24}
    high = board(1, 24, scan=DoorScan.BOARD, bit_one_is=Door.OPEN, status_order=StatusOrder.HIGH_FIRST)
    assert open_locks(report(read(xor8a.decoder([high]), uneven))) == {17, 8}


def test_xor8a_a_status_of_all_that_begins_like_other_frames_is_read_whole() -> None:
    settings = board(1, 24, scan=DoorScan.BOARD, bit_one_is=Door.OPEN)
    # Its first five bytes are the answer "lock 1 open" (80 ^ 01 ^ 01 ^ 00 = 80), then those of the request (80 ^ 01 ^ 33 = B2).
    assert open_locks(report(read(xor8a.decoder([settings]), hexed("80 01 01 00 80"), hexed("33 33")))) == {1, 24}
    assert open_locks(report(read(xor8a.decoder([settings]), hexed("80 01 00 33 b2 33 33")))) == {9, 10, 13, 14, 18, 21, 22, 24}


def test_xor8a_a_lock_or_a_board_that_is_not_there_has_no_door() -> None:
    raw = hexed("80 01 19 00 98")  # lock 25: 80 ^ 01 ^ 19 = 98
    assert read(xor8a.decoder([board(1, 24)]), raw) == [OtherFrame(raw, 1)]
    assert read(xor8a.decoder([board(2, 24)]), golden("xor8a", "open")) == [OtherFrame(golden("xor8a", "open"), 1)]


# WKLY


def test_wkly_requests_are_the_captured_ones() -> None:
    codec = wkly.Wkly(board(0, 4))
    assert codec.unlock(1) == golden("wkly", "open_1")
    assert codec.ask_door(1) == golden("wkly", "query_1")
    assert codec.ask_doors() == (golden("wkly", "query_all"),)
    assert wkly.Wkly(board(0, 4, scan=DoorScan.EACH)).ask_doors()[0] == golden("wkly", "query_1")
    assert wkly.request(wkly.UNLOCK_ALL, 0) == golden("wkly", "open_all")
    assert wkly.request(wkly.UNLOCK_SEVERAL, 0, bytes((3, 1, 2, 3))) == golden("wkly", "open_123_together")
    assert wkly.request(wkly.UNLOCK_IN_TURN, 0, bytes((3, 1, 2, 3))) == golden("wkly", "open_123_in_turn")
    assert wkly.request(wkly.FLASH, 0, b"\x01") == golden("wkly", "flash_1")


def test_wkly_captured_answers() -> None:
    decoder = wkly.decoder([board(0, 4)])
    assert report(read(decoder, golden("wkly", "query_all_resp_4ch"))).doors == {
        1: Door.OPEN, 2: Door.CLOSED, 3: Door.CLOSED, 4: Door.OPEN,
    }  # fmt: skip
    pushed = report(read(decoder, golden("wkly", "push_ch1_closed")))
    assert (pushed.doors, pushed.pushed) == ({1: Door.CLOSED}, True)
    (reply,) = read(decoder, golden("wkly", "open_1_ok"))
    assert reply == UnlockReply(golden("wkly", "open_1_ok"), 0, 1, accepted=True)


def test_wkly_frames_worked_by_hand() -> None:
    # "WKLY" is 57 ^ 4B ^ 4C ^ 59 = 09; an answer for channel 2 of board 3: 09 ^ 0B ^ 03 ^ 83 ^ 00 ^ 02 ^ 01 = 81.
    answer = hexed("57 4b 4c 59 0b 03 83 00 02 01 81")
    assert report(read(wkly.decoder([board(3, 4)]), answer)).doors == {2: Door.CLOSED}
    assert report(read(wkly.decoder([board(3, 4, one_is=Door.OPEN)]), answer)).doors == {2: Door.OPEN}
    assert report(read(wkly.decoder([board(3, 4, lock_base=0)]), answer)).doors == {3: Door.CLOSED}
    assert wkly.Wkly(board(3, 4, lock_base=0)).ask_door(3) == hexed("57 4b 4c 59 09 03 83 02 82")  # 09 ^ 09 ^ 03 ^ 83 ^ 02 = 82
    # Refused, status FF: 09 ^ 0B ^ 00 ^ 82 ^ FF ^ 01 ^ 01 = 7F.
    (reply,) = read(wkly.decoder([board(0, 4)]), hexed("57 4b 4c 59 0b 00 82 ff 01 01 7f"))
    assert isinstance(reply, UnlockReply)
    assert (reply.lock, reply.accepted) == (1, False)


def test_wkly_a_value_that_is_neither_0_nor_1_says_nothing_of_its_door() -> None:
    # 09 ^ 0C ^ 00 ^ 84 ^ 00 ^ 02 ^ 07 ^ 01 = 85.
    frame = report(read(wkly.decoder([board(0, 4)]), hexed("57 4b 4c 59 0c 00 84 00 02 07 01 85")))
    assert frame.doors == {2: Door.CLOSED}


def test_wkly_an_answer_that_says_it_failed_or_counts_wrongly_is_no_word_about_doors() -> None:
    decoder = wkly.decoder([board(0, 4)])
    failed = wkly.request(wkly.STATUS, 0, hexed("ff 01 00"))
    miscounted = wkly.request(wkly.STATUS_ALL, 0, hexed("00 03 00 00"))
    assert read(decoder, failed, miscounted) == [OtherFrame(failed, 0), OtherFrame(miscounted, 0)]
