import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices import nmea
from edge.devices.nmea import GnssReceiver
from edge.devices.nmea_sentences import MAX_SENTENCE, Receiver, SentenceError, Sentences
from edge.devices.ports import DeviceState
from edge.devices.sensor import Fix
from edge.devices.sensor_settings import GnssSettings
from firmware_sim.faults import LineFaults
from firmware_sim.gnss import Place, SimulatedGnss, gga, rmc, sentence
from tests.edge.devices.sensors import START_MS, RatedClock, eventually, take, take_fix

# Examples of the standard's descriptions, with their published checksums.
RMC = "$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A"
GGA = "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47"
PUDONG = Place(31.2304, 121.4737, speed_m_s=6.5, heading_deg=84.4)


def text(said: bytes) -> str:
    return said.decode("ascii").strip()


def test_the_published_sentences_are_a_position() -> None:
    receiver = Receiver("gnss")
    assert receiver.take(GGA, 5, 0.0) is None
    fix = receiver.take(RMC, 6, 0.1)
    assert fix is not None
    assert [fix.lat, fix.lon] == pytest.approx([48.1173, 11.5166667])
    assert fix.speed_m_s == pytest.approx(22.4 * 1852 / 3600)
    assert (fix.heading_deg, fix.quality, fix.satellites, fix.hdop) == (84.4, 1, 8, 0.9)


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(0, 60), st.floats(0, 359.9))
def test_where_the_simulator_is_is_where_it_is_read(lat: float, lon: float, speed_m_s: float, heading_deg: float) -> None:
    place = Place(lat, lon, speed_m_s, heading_deg)
    receiver = Receiver("gnss")
    receiver.take(text(gga(place, START_MS)), START_MS, 0.0)
    fix = receiver.take(text(rmc(place, START_MS)), START_MS, 0.0)
    assert fix is not None
    assert [fix.lat, fix.lon] == pytest.approx([lat, lon], abs=2e-6)
    assert fix.speed_m_s == pytest.approx(speed_m_s, abs=0.01)
    assert fix.heading_deg is None or 0.0 <= fix.heading_deg < 360.0


def test_once_rmc_speaks_gga_adds_only_its_quality_and_takes_over_when_rmc_is_gone() -> None:
    receiver = Receiver("gnss")
    assert receiver.take(text(rmc(PUDONG, 1)), 1, 0.0) is not None
    assert receiver.take(text(gga(PUDONG, 1)), 1, 0.2) is None
    alone = receiver.take(text(gga(PUDONG, 2)), 2, 30.0)
    assert Receiver("gnss").take(text(gga(PUDONG, 1)), 1, 0.0) is None
    assert alone is not None
    assert (alone.speed_m_s, alone.quality) == (None, 1)


def test_a_quality_of_long_ago_is_not_said_of_now() -> None:
    receiver = Receiver("gnss")
    receiver.take(text(gga(PUDONG, 1)), 1, 0.0)
    fix = receiver.take(text(rmc(PUDONG, 2)), 2, 60.0)
    assert fix is not None
    assert fix.quality is None


def test_without_a_fix_there_is_no_position_and_that_is_known() -> None:
    receiver = Receiver("gnss")
    hall = Place(0.0, 0.0, has_fix=False)
    assert receiver.take(text(gga(hall, 1)), 1, 0.0) is None
    assert receiver.take(text(rmc(hall, 1)), 1, 0.0) is None
    assert receiver.has_fix is False


def test_a_course_of_a_van_that_stands_is_noise() -> None:
    fix = Receiver("gnss").take(text(rmc(Place(31.0, 121.0, 0.1, 200.0), 1)), 1, 0.0)
    assert fix is not None
    assert fix.heading_deg is None


def test_other_sentences_say_nothing() -> None:
    receiver = Receiver("gnss")
    for body in ("GPGSV,1,1,00", "GNZDA,070512.00,22,11,2026,00,00", "PUBX,00,1", "GPXYZ,1,2", "PMTK010,001"):
        assert receiver.take(text(sentence(body)), 1, 0.0) is None


@pytest.mark.parametrize(
    "said",
    [
        RMC[:-1] + "B",
        RMC[:-3],
        RMC.replace("4807.038", "4807.039"),
        "$",
        "$GPRMC",
        text(sentence("GPRMC,123519,A,,N,01131.000,E,0,0,230394,,")),
        text(sentence("GPRMC,123519,A,4807.038,,01131.000,E,0,0,230394,,")),
        text(sentence("GPRMC,123519,A,4867.038,N,01131.000,E,0,0,230394,,")),
        text(sentence("GPRMC,123519,A,9907.038,N,01131.000,E,0,0,230394,,")),
        text(sentence("GPRMC,123519,A,4807.038,N,19131.000,E,0,0,230394,,")),
        text(sentence("GPRMC,123519,A,nan,N,inf,E,0,0,230394,,")),
    ],
)
def test_a_sentence_that_cannot_be_true_is_refused(said: str) -> None:
    with pytest.raises(SentenceError):
        Receiver("gnss").take(said, 1, 0.0)


@pytest.mark.parametrize("speed", ["", "-1", "nan", "1e9", "fast"])
def test_a_speed_that_no_van_drives_is_none(speed: str) -> None:
    fix = Receiver("gnss").take(text(sentence(f"GPRMC,123519,A,4807.038,N,01131.000,E,{speed},084.4,230394,,")), 1, 0.0)
    assert fix is not None
    assert (fix.speed_m_s, fix.heading_deg) == (None, None)


@given(st.binary(max_size=200) | st.text(max_size=120).map(str.encode))
def test_no_bytes_whatever_raise_anything_but_a_sentence_error(data: bytes) -> None:
    receiver = Receiver("gnss")
    for said in Sentences().feed(b"$" + data + b"\r\n"):
        try:
            receiver.take(said, 1, 0.0)
        except SentenceError:
            continue


@given(st.lists(st.integers(0, 5)), st.data())
def test_sentences_are_the_same_however_the_bytes_are_cut(kinds: list[int], draw: st.DataObject) -> None:
    parts = [RMC.encode() + b"\r\n", GGA.encode() + b"\n", b"\xff\x00noise", b"$GPRMC,12", b"$" + b"x" * 200, b"\r\n"]
    stream = b"".join(parts[kind] for kind in kinds)
    whole = Sentences()
    found = whole.feed(stream)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    cut = Sentences()
    assert [
        one for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True) for one in cut.feed(stream[start:end])
    ] == found
    assert cut.rejected == whole.rejected
    assert len(cut._pending) <= MAX_SENTENCE


def test_a_sentence_cut_by_the_next_is_dropped_and_the_next_is_read() -> None:
    sentences = Sentences()
    assert sentences.feed(RMC[:30].encode() + GGA.encode() + b"\r\n") == [GGA]
    assert sentences.rejected == 1
    assert sentences.feed("$GPÄ\r\n".encode()) == []
    assert sentences.rejected == 2


def settings(path: Path, silent_s: float = 10.0) -> GnssSettings:
    return GnssSettings("van", str(path), silent_s=silent_s)


@asynccontextmanager
async def telling(device: SimulatedGnss, place: Place) -> AsyncIterator[None]:
    """The receiver says where it is, again and again, whoever listens."""

    async def tell() -> None:
        while True:
            device.tell(place, START_MS)
            await asyncio.sleep(0.01)

    task = asyncio.create_task(tell())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_receiver_on_a_line_gives_positions_through_splits_noise_and_bad_checksums(tmp_path: Path) -> None:
    faults = LineFaults(split=0.6, noise=0.2)
    with SimulatedGnss(tmp_path / "gnss", Random(3), faults, bad_checksum=0.2) as device:
        async with GnssReceiver(settings(device.path), RatedClock(1.0)) as sensor, telling(device, PUDONG):
            fixes = [one for one in await take(sensor, 20) if isinstance(one, Fix)]
            await eventually(lambda: "unreadable" in sensor.health().detail)
            assert sensor.health().state is DeviceState.OK
    assert {(round(fix.lat, 4), round(fix.lon, 4)) for fix in fixes} == {(31.2304, 121.4737)}


async def test_a_van_in_a_hall_is_well_and_has_no_position(tmp_path: Path) -> None:
    with SimulatedGnss(tmp_path / "gnss", Random(3)) as device:
        async with GnssReceiver(settings(device.path), RatedClock(1.0)) as sensor:
            async with telling(device, Place(0.0, 0.0, has_fix=False)):
                await eventually(lambda: "no fix" in sensor.health().detail)
            assert sensor.health().state is DeviceState.OK
            async with telling(device, PUDONG):
                assert (await take_fix(sensor)).device == "van"
                await eventually(lambda: sensor.health().detail == "")


async def test_a_receiver_that_is_pulled_is_lost_and_comes_back(tmp_path: Path) -> None:
    with SimulatedGnss(tmp_path / "gnss", Random(3)) as device:
        async with GnssReceiver(settings(device.path), RatedClock(1.0)) as sensor:
            async with telling(device, PUDONG):
                await take_fix(sensor)
            device.terminal.unplug()
            await eventually(lambda: sensor.health().state is DeviceState.LOST)
            device.terminal.plug()
            async with telling(device, PUDONG):
                await eventually(lambda: sensor.health().state is DeviceState.OK)
                assert (await take_fix(sensor)).lat == pytest.approx(31.2304)


async def test_a_line_without_sentences_is_lost_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nmea, "time", SimpleNamespace(monotonic=lambda: time.monotonic() * 20.0))  # a second is soon over
    with SimulatedGnss(tmp_path / "gnss", Random(3)) as device:
        async with GnssReceiver(settings(device.path, silent_s=1.0), RatedClock(1.0)) as sensor:
            device.terminal.write(b"\xfe\x81" * 40)
            await eventually(lambda: "check its power and baud" in sensor.health().detail)
            assert sensor.health().state is DeviceState.LOST
