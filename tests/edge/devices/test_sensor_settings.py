from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from edge.devices.sensor_settings import (
    BthomeDevice,
    BthomeSettings,
    DoorSettings,
    GnssSettings,
    ModbusDevice,
    ModbusSettings,
    W1Device,
    W1Settings,
)

ADDRESS = "A4:C1:38:00:00:01"


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: ModbusDevice("fridge-1", 0), "address"),
        (lambda: ModbusDevice("fridge-1", 248), "address"),
        (lambda: ModbusDevice("Fridge"), "name"),
        (lambda: ModbusSettings("bus", "", (ModbusDevice("a"),)), "port"),
        (lambda: ModbusSettings("bus", "/dev/x", ()), "device"),
        (lambda: ModbusSettings("bus", "/dev/x", (ModbusDevice("a", 1), ModbusDevice("a", 2))), "twice"),
        (lambda: ModbusSettings("bus", "/dev/x", (ModbusDevice("a", 1), ModbusDevice("b", 1))), "twice"),
        (lambda: ModbusSettings("bus", "/dev/x", (ModbusDevice("a"),), every_s=0.5), "every_s"),
        (lambda: ModbusSettings("bus", "/dev/x", (ModbusDevice("a"),), timeout_s=0.0), "timeout_s"),
        (lambda: ModbusSettings("bus", "/dev/x", (ModbusDevice("a"),), tries=0), "tries"),
        (lambda: W1Device("a", "28-XYZ"), "id"),
        (lambda: W1Device("a", "../../etc/shadow"), "id"),
        (lambda: BthomeDevice("a", "a4:c1:38:00:00:01"), "address"),
        (lambda: BthomeDevice("a", ADDRESS, "1234"), "key"),
        (lambda: BthomeSettings("ble", (BthomeDevice("a", ADDRESS), BthomeDevice("b", ADDRESS))), "twice"),
        (lambda: BthomeSettings("ble", (BthomeDevice("a", ADDRESS),), source=""), "source"),
        (lambda: DoorSettings("a"), "pin"),
        (lambda: DoorSettings("a", pin=17, file=Path("x")), "pin"),
        (lambda: DoorSettings("a", pin=40), "pin"),
        (lambda: DoorSettings("a", pin=17, settle_s=9.0), "settle_s"),
        (lambda: GnssSettings("a", ""), "port"),
        (lambda: GnssSettings("a", "/dev/x", silent_s=0.0), "silent_s"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(make: Callable[[], object], field: str) -> None:
    with pytest.raises(ValueError, match=field):
        make()


def test_settings_come_out_of_a_tomls_tables() -> None:
    table = {
        "name": "rs485",
        "port": "/dev/ttyUSB0",
        "device": [{"name": "fridge-1", "address": 1}, {"name": "freezer-1", "address": 2}],
    }
    assert msgspec.convert(table, ModbusSettings) == ModbusSettings(
        "rs485", "/dev/ttyUSB0", (ModbusDevice("fridge-1", 1), ModbusDevice("freezer-1", 2))
    )
    bus = {"name": "w1", "device": [{"name": "fridge-1", "id": "28-0316a2794bff"}]}
    assert msgspec.convert(bus, W1Settings) == W1Settings("w1", (W1Device("fridge-1", "28-0316a2794bff"),))


def test_a_bind_key_is_not_shown() -> None:
    assert "231d39c1" not in repr(BthomeDevice("a", ADDRESS, "231d39c1d7cc1ab1aee224cd096db932"))
