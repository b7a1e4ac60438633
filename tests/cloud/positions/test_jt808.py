from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.positions import jt808
from cloud.positions.jt808 import MAX_PARTS, Parts, Registering, Registration, Result
from cloud.positions.jt808_frames import Frames, Packet, read_packet
from cloud.positions.report import Report, ReportError
from tests.cloud.positions.vectors import frames, of_family

PHONE = bytes.fromhex("013912345678")


def packets(name: str) -> list[Packet]:
    return [found for data in frames(name) for found in Frames().feed(data) if isinstance(found, Packet)]


def test_every_published_position_with_a_good_checksum_is_read() -> None:
    reports = [jt808.read_report(one.message_id, one.body) for one in packets("jt808_location.txt")]
    assert len(reports) == 47
    # Eight say of themselves that they have no position now; their coordinates are old ones, or none.
    assert len([report for report in reports if report.fixes]) == 39
    for report in reports:
        for fix in report.fixes:
            assert fix.at_ms is not None
            assert (
                datetime(2013, 1, 1, tzinfo=UTC) < datetime.fromtimestamp(fix.at_ms / 1000, UTC) < datetime(2027, 1, 1, tzinfo=UTC)
            )
            assert fix.lat or fix.lon == 0.0


def test_every_published_batch_is_read() -> None:
    reports = [jt808.read_report(one.message_id, one.body) for one in packets("jt808_location_batch.txt")]
    assert [len(report.fixes) for report in reports] == [1, 3, 1, 6, 1, 1]
    places = [(fix.lat, fix.lon) for fix in reports[1].fixes]
    assert places == [(33.576916, -7.535516), (33.576716, -7.53605), (33.57662, -7.536283)]
    assert reports[1].fixes[0].speed_m_s == pytest.approx(37.0 / 3.6)


def test_the_vendors_example_is_read() -> None:
    packet = read_packet(bytes.fromhex(of_family("jt808_0200"))[1:-1])
    (fix,) = jt808.read_report(packet.message_id, packet.body).fixes
    assert packet.name == "123456789012"
    assert (fix.lat, fix.lon, fix.heading_deg) == (12.222222, 132.444444, 0.0)
    assert fix.speed_m_s == pytest.approx(6.0 / 3.6)
    # 2018-10-15 10:10:10 in Beijing
    assert fix.at_ms == round(datetime(2018, 10, 15, 2, 10, 10, tzinfo=UTC).timestamp() * 1000)


def body(status: int, lat: int = 31_000_000, lon: int = 121_000_000, time: str = "261128120000", course: int = 90) -> bytes:
    numbers = bytes(4) + status.to_bytes(4) + lat.to_bytes(4) + lon.to_bytes(4) + bytes(2) + (360).to_bytes(2) + course.to_bytes(2)
    return numbers + bytes.fromhex(time)


@pytest.mark.parametrize(("status", "place"), [(2, (31, 121)), (6, (-31, 121)), (10, (31, -121)), (14, (-31, -121))])
def test_status_bits_name_the_hemispheres(status: int, place: tuple[float, float]) -> None:
    fix = jt808.read_position(body(status))
    assert fix is not None
    assert (fix.lat, fix.lon, fix.heading_deg) == (*place, 90.0)
    assert fix.speed_m_s == pytest.approx(10.0)


def test_a_terminal_without_a_position_says_so() -> None:
    assert jt808.read_report(0x0200, body(0)) == Report("", (), "the terminal has no position now")


def test_a_course_beyond_the_circle_is_none() -> None:
    fix = jt808.read_position(body(2, course=65535))
    assert fix is not None
    assert fix.heading_deg is None


@pytest.mark.parametrize("time", ["261328120000", "26112812a000", "000000000000", "261128250000"])
def test_an_impossible_time_is_refused(time: str) -> None:
    with pytest.raises(ReportError, match="time"):
        jt808.read_position(body(2, time=time))


def test_a_short_position_is_refused() -> None:
    with pytest.raises(ReportError, match="28 bytes"):
        jt808.read_position(bytes(27))


@pytest.mark.parametrize(
    "batch",
    [
        b"\0",
        (1).to_bytes(2) + b"\0",
        (1).to_bytes(2) + b"\0" + (28).to_bytes(2) + bytes(27),
        (1).to_bytes(2) + b"\0" + (3).to_bytes(2) + bytes(3),
        (0).to_bytes(2) + b"\0" + b"left",
        (5000).to_bytes(2) + b"\0",
    ],
)
def test_a_batch_that_contradicts_itself_is_refused(batch: bytes) -> None:
    with pytest.raises(ReportError):
        jt808.read_positions(batch)


@given(st.sampled_from([0x0200, 0x0704]), st.binary(max_size=200))
def test_any_body_is_a_report_or_refused(message: int, data: bytes) -> None:
    with suppress(ReportError):
        assert isinstance(jt808.read_report(message, data), Report)


@pytest.mark.parametrize(
    ("version", "maker", "model", "device"), [(None, 5, 20, 7), (None, 5, 8, 7), (1, 11, 30, 30)], ids=["2013", "2011", "2019"]
)
def test_a_registration_names_the_device_and_its_plate(version: int | None, maker: int, model: int, device: int) -> None:
    said = bytes(4) + b"ACME".ljust(maker, b"\0") + b"M1".ljust(model, b"\0") + b"D77".ljust(device, b"\0") + b"\x01"
    packet = Packet(0x0100, PHONE, 1, said + ("" if model == 8 else "沪A12345").encode("gb18030"), version)
    assert jt808.read_registration(packet) == Registering("ACME/D77", "" if model == 8 else "沪A12345")
    with pytest.raises(ReportError):
        jt808.read_registration(Packet(0x0100, PHONE, 1, bytes(10), version))


def test_a_log_in_has_its_code() -> None:
    assert jt808.read_log_in(Packet(0x0102, PHONE, 1, b"c0de")) == "c0de"
    assert jt808.read_log_in(Packet(0x0102, PHONE, 1, b"\x04c0de" + bytes(35), 1)) == "c0de"
    with pytest.raises(ReportError):
        jt808.read_log_in(Packet(0x0102, PHONE, 1, b"\x09c0de", 1))


def test_answers_name_what_they_answer() -> None:
    asked = Packet(0x0200, PHONE, 0x1234, b"")
    assert jt808.answer(asked, Result.FAILED, 5) == Packet(0x8001, PHONE, 5, bytes.fromhex("1234020001"))
    assert jt808.registration_answer(asked, Registration.DONE, 6, "c0de").body == bytes.fromhex("123400") + b"c0de"
    assert jt808.registration_answer(asked, Registration.NO_SUCH_TERMINAL, 6, "c0de").body == bytes.fromhex("123404")


def parted(count: int, first: int = 10) -> list[Packet]:
    return [Packet(0x0704, PHONE, (first + n) & 0xFFFF, bytes([n]) * 3, None, n + 1, count) for n in range(count)]


@given(st.permutations(range(5)), st.integers(0, 0xFFFF))
def test_parts_are_put_together_in_whatever_order_they_come(order: list[int], first: int) -> None:
    parts, sent = Parts(), parted(5, first)
    taken = [parts.take(sent[n]) for n in order]
    assert taken[:-1] == [None] * 4
    assert taken[-1] is not None
    assert taken[-1].body == b"".join(one.body for one in sent)
    assert taken[-1].serial == sent[order[-1]].serial


def test_a_message_that_was_begun_anew_forgets_the_old_parts() -> None:
    parts, old, new = Parts(), parted(3, 10), parted(2, 90)
    assert [parts.take(one) for one in (old[0], old[1], new[0])] == [None, None, None]
    assert parts.take(new[1]) is not None
    assert parts.take(old[2]) is None


def test_too_many_parts_are_refused() -> None:
    with pytest.raises(ReportError, match="parts"):
        Parts().take(Packet(0x0704, PHONE, 1, b"", None, 1, MAX_PARTS + 1))
