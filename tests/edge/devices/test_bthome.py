import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.bthome import BthomeReceiver
from edge.devices.bthome_frames import RESTARTED_AFTER_S, Frame, FrameError, Newness, Quantity, Value, decode, objects, readings
from edge.devices.bthome_sources import Advertisement, BridgeLines, Radio
from edge.devices.ports import DeviceError, DeviceState
from edge.devices.sensor import Reading
from edge.devices.sensor_settings import BthomeDevice, BthomeSettings
from firmware_sim.bthome import SimulatedBridge, body, encrypted, line, plain
from firmware_sim.faults import LineFaults
from tests.edge.devices.sensors import START_MS, RatedClock, eventually, golden, take, take_until

ADDRESS, OTHER = "54:48:E6:8F:80:A5", "A4:C1:38:00:00:09"
KEY_TEXT = "231d39c1d7cc1ab1aee224cd096db932"
KEY = bytes.fromhex(KEY_TEXT)
MAC = bytes.fromhex(ADDRESS.replace(":", ""))
# The example of bthome.io, "Encryption": 25.06 °C and 50.55 %.
ENCRYPTED = bytes.fromhex("41a47266c95f730011223378237214")


def receiver(path: Path, *devices: BthomeDevice, rate: float = 1.0) -> BthomeReceiver:
    listed = devices or (BthomeDevice("fridge-1", ADDRESS),)
    return BthomeReceiver(BthomeSettings("ble", listed, source=str(path)), RatedClock(rate))


def test_the_captured_frame_is_read_and_written() -> None:
    captured = golden("bthome_v2_fcd2")
    data, said = bytes.fromhex(captured["hex"]), captured["decoded"]
    frame = decode(data, MAC)
    assert frame.packet_id == said["packet_id"]
    assert readings("fridge-1", frame, 5) == [
        Reading("fridge-1.battery_pct", float(said["battery"]), 5),
        Reading("fridge-1_c", said["temperature"], 5),
        Reading("fridge-1.humidity_pct", said["humidity"], 5),
        Reading("fridge-1_open", 1.0 if said["opening"] else 0.0, 5),
    ]
    written = body(
        packet_id=said["packet_id"],
        battery_pct=said["battery"],
        temperature_c=said["temperature"],
        humidity_pct=said["humidity"],
        is_open=said["opening"],
    )
    assert plain(written) == data


def test_the_formats_own_encrypted_example_is_read_and_written() -> None:
    frame = decode(ENCRYPTED, MAC, KEY)
    assert frame == Frame((Value(Quantity.TEMPERATURE, 25.06), Value(Quantity.HUMIDITY, 50.55)), counter=0x33221100)
    assert encrypted(body(temperature_c=25.06, humidity_pct=50.55), ADDRESS, KEY, 0x33221100) == ENCRYPTED


@pytest.mark.parametrize(
    ("data", "key", "reason"),
    [
        (b"", b"", "no BTHome frame"),
        (bytes([0x20, 0x01, 0x60]), b"", "version 1"),
        (bytes.fromhex("4002c4"), b"", "cut off"),
        (bytes.fromhex("4053"), b"", "cut off"),
        (bytes.fromhex("4053ff41"), b"", "cut off"),
        (ENCRYPTED, b"", "set key"),
        (plain(body(temperature_c=3.0)), KEY, "not encrypted"),
        (ENCRYPTED[:8], KEY, "cut off"),
        (ENCRYPTED[:-1] + b"\0", KEY, "cannot be decrypted"),
        (ENCRYPTED, bytes(16), "cannot be decrypted"),
    ],
)
def test_a_frame_that_is_wrong_is_refused_with_the_reason(data: bytes, key: bytes, reason: str) -> None:
    with pytest.raises(FrameError, match=reason):
        decode(data, MAC, key)


def test_a_frame_of_another_address_cannot_be_decrypted() -> None:
    with pytest.raises(FrameError, match="cannot be decrypted"):
        decode(ENCRYPTED, bytes(6), KEY)


def test_a_frame_that_carries_its_address_uses_that() -> None:
    with_address = bytes([0x42]) + MAC[::-1] + body(temperature_c=3.0)
    assert decode(with_address, bytes(6)).values == (Value(Quantity.TEMPERATURE, 3.0),)


@given(st.binary(max_size=60))
def test_no_bytes_whatever_raise_anything_but_a_frame_error(data: bytes) -> None:
    for key in (b"", KEY):
        try:
            frame = decode(data, MAC, key)
        except FrameError:
            continue
        for reading in readings("a", frame, 1):
            assert (reading.value is None) is bool(reading.fault)


@given(st.integers(0, 14), st.integers(1, 255))
def test_an_encrypted_frame_with_one_byte_changed_is_never_taken(at: int, flipped: int) -> None:
    data = bytearray(ENCRYPTED)
    data[at] ^= flipped
    with pytest.raises(FrameError):
        decode(bytes(data), MAC, KEY)


@given(st.floats(-60, 125), st.floats(0, 100), st.integers(0, 100), st.booleans())
def test_what_a_sensor_says_is_what_is_read(temperature_c: float, humidity_pct: float, battery: int, is_open: bool) -> None:
    said = body(packet_id=1, battery_pct=battery, temperature_c=temperature_c, humidity_pct=humidity_pct, is_open=is_open)
    found = {one.sensor: one.value for one in readings("a", decode(plain(said), MAC), 1)}
    assert found["a_c"] == pytest.approx(temperature_c, abs=0.00501)
    assert found["a.humidity_pct"] == pytest.approx(humidity_pct, abs=0.00501)
    assert (found["a.battery_pct"], found["a_open"]) == (battery, float(is_open))


def test_other_quantities_are_passed_over_and_ids_of_the_future_end_the_reading() -> None:
    said = bytes.fromhex("04138a01") + body(temperature_c=3.0)  # pressure first
    assert objects(said) == (Value(Quantity.TEMPERATURE, 3.0),)
    assert objects(body(temperature_c=3.0) + bytes.fromhex("f0ffff")) == (Value(Quantity.TEMPERATURE, 3.0),)
    assert objects(bytes.fromhex("5303414243") + bytes.fromhex("5705")) == (Value(Quantity.TEMPERATURE, 5.0),)


def test_a_second_probe_gets_a_name_of_its_own() -> None:
    frame = decode(plain(body(temperature_c=3.0) + body(temperature_c=-20.0)), MAC)
    assert [one.sensor for one in readings("box", frame, 1)] == ["box_c", "box-2_c"]
    many = decode(plain(body(temperature_c=3.0) * 50), MAC)
    assert [one.sensor for one in readings("box", many, 1)] == ["box_c", "box-2_c", "box-3_c", "box-4_c"]


def test_a_value_that_no_sensor_measures_is_a_fault() -> None:
    (reading,) = readings("a", decode(plain(bytes.fromhex("02ff7f")), MAC), 1)
    assert reading.value is None
    assert "327.67" in reading.fault


def test_a_frame_heard_again_is_no_news_and_an_older_one_is_a_replay() -> None:
    newness = Newness()
    assert newness.is_new(Frame((), 10), 0.0)
    assert not newness.is_new(Frame((), 10), 1.0)
    assert newness.is_new(Frame((), 11), 2.0)
    with pytest.raises(FrameError, match="sent again"):
        newness.is_new(Frame((), 10), 3.0)


def test_a_sensor_that_counts_from_nought_after_a_new_battery_is_believed_when_nothing_newer_was_heard_for_long() -> None:
    newness = Newness()
    assert newness.is_new(Frame((), 500), 0.0)
    with pytest.raises(FrameError):
        newness.is_new(Frame((), 1), RESTARTED_AFTER_S - 1)
    assert newness.is_new(Frame((), 2), RESTARTED_AFTER_S)
    assert newness.is_new(Frame((), 3), RESTARTED_AFTER_S + 1)


def test_one_recorded_frame_sent_for_hours_is_never_news() -> None:
    newness = Newness()
    assert newness.is_new(Frame((), 500), 0.0)
    assert not any(newness.is_new(Frame((), 500), hours * 3600.0) for hours in range(1, 10))


def test_a_plain_frame_with_the_same_packet_id_is_the_same() -> None:
    newness = Newness()
    frame, other = decode(plain(body(packet_id=1, temperature_c=3.0)), MAC), decode(plain(body(packet_id=2)), MAC)
    assert [newness.is_new(one, 0.0) for one in (frame, frame, other, frame)] == [True, False, True, True]


@given(st.lists(st.binary(max_size=40) | st.just(line(ADDRESS, ENCRYPTED)), max_size=6), st.data())
def test_a_bridges_lines_are_the_same_however_they_are_cut(parts: list[bytes], draw: st.DataObject) -> None:
    stream = b"".join(parts)
    whole = BridgeLines().feed(stream)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    lines = BridgeLines()
    cut = [one for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True) for one in lines.feed(stream[start:end])]
    assert cut == whole


def test_a_bridges_line_that_is_none_is_counted_and_the_next_is_read() -> None:
    lines = BridgeLines()
    assert lines.feed(b"x" * 5000 + b"\n\nhello\r\n" + line(ADDRESS, b"\x40\x01\x60")) == [Advertisement(ADDRESS, b"\x40\x01\x60")]
    assert lines.rejected == 2


async def test_frames_of_a_bridge_become_readings_however_often_each_is_sent(tmp_path: Path) -> None:
    with SimulatedBridge(tmp_path / "bridge", Random(1), LineFaults(split=0.5, noise=0.3), repeats=3) as bridge:
        async with receiver(bridge.path) as sensor:
            await eventually(lambda: sensor.health().state is DeviceState.OK)
            bridge.advertise(OTHER, [plain(body(packet_id=1, temperature_c=9.0))])
            bridge.advertise(ADDRESS, [plain(body(packet_id=n, temperature_c=3.0 + n)) for n in range(3)])
            assert await take(sensor, 3) == [Reading("fridge-1_c", 3.0 + n, START_MS) for n in range(3)]


async def test_with_a_key_only_fresh_encrypted_frames_are_readings(tmp_path: Path) -> None:
    def said(counter: int, temperature_c: float) -> bytes:
        return encrypted(body(temperature_c=temperature_c), ADDRESS, KEY, counter)

    with SimulatedBridge(tmp_path / "bridge", Random(1)) as bridge:
        async with receiver(bridge.path, BthomeDevice("fridge-1", ADDRESS, KEY_TEXT)) as sensor:
            await eventually(lambda: sensor.health().state is DeviceState.OK)
            forged = encrypted(body(temperature_c=99.0), ADDRESS, bytes(16), 9)
            bridge.advertise(ADDRESS, [said(5, 3.0), plain(body(temperature_c=50.0)), said(4, 60.0), forged, said(6, 3.5)])
            assert await take(sensor, 2) == [Reading("fridge-1_c", 3.0, START_MS), Reading("fridge-1_c", 3.5, START_MS)]


async def test_a_sensor_out_of_reach_and_one_with_a_wrong_key_are_named(tmp_path: Path) -> None:
    listed = (BthomeDevice("far", OTHER), BthomeDevice("locked", ADDRESS, "0" * 32))
    with SimulatedBridge(tmp_path / "bridge", Random(1)) as bridge:
        async with receiver(bridge.path, *listed, rate=300.0) as sensor:
            for counter in range(200):
                bridge.advertise(ADDRESS, [encrypted(body(temperature_c=3.0), ADDRESS, KEY, counter)])
                if "check key" in sensor.health().detail:
                    break
                await eventually(lambda: sensor.health().detail != "not opened yet")
            await eventually(lambda: "far: not heard" in sensor.health().detail)
            assert sensor.health().state is DeviceState.LOST


async def test_a_bridge_that_is_pulled_is_lost_and_comes_back(tmp_path: Path) -> None:
    with SimulatedBridge(tmp_path / "bridge", Random(1)) as bridge:
        async with receiver(bridge.path) as sensor:
            await eventually(lambda: sensor.health().state is DeviceState.OK)
            bridge.terminal.unplug()
            await eventually(lambda: sensor.health().state is DeviceState.LOST)
            bridge.terminal.plug()
            await eventually(lambda: sensor.health().state is DeviceState.OK)
            bridge.advertise(ADDRESS, [plain(body(temperature_c=4.0))])
            assert (await take_until(sensor, lambda one: not one.fault)).value == 4.0


async def test_without_bluetooth_the_health_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    settings = BthomeSettings("ble", (BthomeDevice("fridge-1", ADDRESS),))
    async with BthomeReceiver(settings, RatedClock()) as sensor:
        await eventually(lambda: sensor.health().state is DeviceState.FAILED)
        assert "bluetooth" in sensor.health().detail.lower()
        assert "apt-get install bluez" in sensor.health().detail


async def test_without_bleak_the_health_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bleak", None)
    settings = BthomeSettings("ble", (BthomeDevice("fridge-1", ADDRESS),))
    async with BthomeReceiver(settings, RatedClock()) as sensor:
        await eventually(lambda: "install the agent's packages" in sensor.health().detail)


async def test_a_radio_that_hears_nobody_at_all_is_lost_so_that_it_is_opened_anew() -> None:
    now_s = 100.0
    radio = Radio(lambda: now_s)
    radio.HEAR_S = 0.001
    radio._take("54:48:e6:8f:80:a5", {})
    assert await radio.hear() == []
    now_s += radio.DEAF_S + 1
    with pytest.raises(DeviceError, match="adapter"):
        await radio.hear()


async def test_the_radio_hears_what_is_bthome_and_nothing_else() -> None:
    radio = Radio()
    radio._take("54:48:e6:8f:80:a5", {"0000180f-0000-1000-8000-00805f9b34fb": b"\x01"})
    radio._take("54:48:e6:8f:80:a5", {"0000fcd2-0000-1000-8000-00805f9b34fb": b"\x40\x01\x60"})
    assert await radio.hear() == [Advertisement(ADDRESS, b"\x40\x01\x60")]
    await radio.close()
