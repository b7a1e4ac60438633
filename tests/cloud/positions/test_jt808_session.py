from hypothesis import given
from hypothesis import strategies as st

from cloud.positions.jt808 import Registration, Result
from cloud.positions.jt808_frames import Frames, Packet, write_packet
from cloud.positions.jt808_session import MAX_FAULTS, Close, Heard, LogIn, Refused, Register, Send, Session

PHONE = bytes.fromhex("013912345678")
OTHER = bytes.fromhex("013900000000")
POSITION = (
    bytes(4) + (2).to_bytes(4) + (31_000_000).to_bytes(4) + (121_000_000).to_bytes(4) + bytes(6) + bytes.fromhex("261128120000")
)


def packet(message: int, body: bytes = b"", terminal: bytes = PHONE, serial: int = 9) -> Packet:
    return Packet(message, terminal, serial, body)


def logged_in() -> Session:
    session = Session()
    (asked,) = session.receive(write_packet(packet(0x0102, b"c0de")))
    assert isinstance(asked, LogIn)
    assert asked.code == "c0de"
    session.logged_in(asked.packet, is_right=True)
    return session


def read(data: bytes) -> Packet:
    (found,) = Frames().feed(data)
    assert isinstance(found, Packet)
    return found


def test_a_terminal_registers_logs_in_and_is_heard() -> None:
    session = Session()
    (asked,) = session.receive(write_packet(packet(0x0100, bytes(37))))
    assert isinstance(asked, Register)
    given_code = read(session.registered(asked.packet, Registration.DONE, "c0de"))
    assert (given_code.message_id, given_code.body) == (0x8100, b"\x00\x09\x00c0de")
    (asks,) = session.receive(write_packet(packet(0x0102, b"c0de")))
    assert isinstance(asks, LogIn)
    assert read(session.logged_in(asks.packet, is_right=True)).body == b"\x00\x09\x01\x02\x00"
    (heard,) = session.receive(write_packet(packet(0x0200, POSITION)))
    assert isinstance(heard, Heard)
    assert heard.report.fixes[0].lat == 31.0
    (beat,) = session.receive(write_packet(packet(0x0002)))
    assert isinstance(beat, Heard)
    assert beat.report.fixes == ()


def test_who_has_not_logged_in_is_not_heard() -> None:
    refused, answer = Session().receive(write_packet(packet(0x0200, POSITION)))
    assert isinstance(refused, Refused)
    assert "0x0102" in refused.why
    assert isinstance(answer, Send)
    assert read(answer.data).body[-1] == Result.FAILED


def test_a_wrong_code_is_not_heard_either() -> None:
    session = Session()
    (asked,) = session.receive(write_packet(packet(0x0102, b"guess")))
    assert isinstance(asked, LogIn)
    assert read(session.logged_in(asked.packet, is_right=False)).body[-1] == Result.FAILED
    assert isinstance(session.receive(write_packet(packet(0x0200, POSITION)))[0], Refused)


def test_a_connection_speaks_for_one_terminal() -> None:
    refused, _answer = logged_in().receive(write_packet(packet(0x0200, POSITION, OTHER)))
    assert isinstance(refused, Refused)
    assert refused.terminal == "13900000000"


def test_after_a_log_out_it_is_not_heard() -> None:
    session = logged_in()
    session.receive(write_packet(packet(0x0003)))
    assert isinstance(session.receive(write_packet(packet(0x0200, POSITION)))[0], Refused)


def test_a_bad_checksum_is_kept_and_the_next_frame_is_heard() -> None:
    good = write_packet(packet(0x0200, POSITION))
    bad = bytearray(good)
    bad[20] ^= 1
    refused, heard = logged_in().receive(bytes(bad) + good)
    assert isinstance(refused, Refused)
    assert "checksum" in refused.why
    assert refused.is_unreadable
    assert isinstance(heard, Heard)


def test_a_body_that_cannot_be_read_is_answered_as_bad() -> None:
    refused, answer = logged_in().receive(write_packet(packet(0x0200, b"short")))
    assert isinstance(refused, Refused)
    assert isinstance(answer, Send)
    assert read(answer.data).body[-1] == Result.BAD_MESSAGE


def test_what_is_not_understood_is_answered_so() -> None:
    (answer,) = logged_in().receive(write_packet(packet(0x0900, b"data")))
    assert isinstance(answer, Send)
    assert read(answer.data).body[-1] == Result.NOT_SUPPORTED


def test_a_parted_batch_is_heard_once_it_is_whole() -> None:
    item = len(POSITION).to_bytes(2) + POSITION
    whole = (2).to_bytes(2) + b"\x01" + item * 2
    parts = [Packet(0x0704, PHONE, 20 + n, data, None, n + 1, 2) for n, data in enumerate((whole[:30], whole[30:]))]
    session = logged_in()
    (first,) = session.receive(write_packet(parts[0]))
    assert isinstance(first, Send)
    (heard,) = session.receive(write_packet(parts[1]))
    assert isinstance(heard, Heard)
    assert len(heard.report.fixes) == 2


def test_what_is_no_terminal_is_hung_up_on() -> None:
    effects = Session().receive(b"\x7e" + (b"GET / HTTP/1.1\r\nHost: " + b"x" * 100 + b"\x7e") * 100)
    assert isinstance(effects[-1], Close)
    assert len([one for one in effects if isinstance(one, Refused)]) == MAX_FAULTS


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_garbage_is_refused_and_raises_nothing(pieces: list[bytes]) -> None:
    session = logged_in()
    for piece in pieces:
        session.receive(piece)
    assert session.terminal == "13912345678"
