import subprocess
import sys
from pathlib import Path

from edge.config import load
from edge.devices.registry import drivers_of
from edge.wire.clock import WallClock

CLOCK = WallClock(lambda: 1_700_000_000.0)
SITE = """
data_dir = "data"
[site]
operator = "op"
id = "st-1"
[broker]
url = "mqtt://localhost"

"""
TABLES = """
[[scanner]]
name = "desk"
port = "/dev/a"
[[hid]]
name = "gun"
port = "/dev/b"
[[camera]]
name = "eye"
source = "/dev/c"
[[locker]]
name = "cabinet"
port = "/dev/d"
family = "wkly"
[[locker.board]]
name = "left"
address = 0
locks = 12
[[locker.board]]
name = "right"
address = 1
locks = 12
first_cell = 13
[[modbus]]
name = "cold-line"
port = "/dev/e"
[[modbus.device]]
name = "fridge-1"
[[w1]]
name = "one-wire"
[[w1.device]]
name = "freezer-1"
id = "28-0316a2794bff"
[[bthome]]
name = "radio"
[[bthome.device]]
name = "box-1"
address = "A4:C1:38:00:00:01"
[[door]]
name = "fridge-door"
pin = 17
[[gnss]]
name = "gnss"
port = "/dev/f"
[signal]
kind = "bell"
port = "/dev/tty1"
"""


def test_every_table_has_its_driver_and_each_board_is_one(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(SITE + TABLES, encoding="utf-8")
    tables = load(path).devices()
    drivers = drivers_of([settings for several in tables.values() for settings in several], CLOCK)
    assert {type(driver).__name__ for driver in drivers} == {
        "SerialScanner", "HidScanner", "Camera", "SerialLockerBoard", "ModbusLine", "W1Bus", "BthomeReceiver", "DoorContact",
        "GnssReceiver", "Signal",
    }  # fmt: skip
    assert [driver.name for driver in drivers] == [
        "desk", "gun", "eye", "left", "right", "cold-line", "one-wire", "radio", "fridge-door", "gnss", "signal",
    ]  # fmt: skip
    assert [health.device for health in drivers.healths()] == [driver.name for driver in drivers]
    assert {health.state.value for health in drivers.healths()} == {"lost"}


def test_a_site_loads_no_library_of_devices_it_does_not_have() -> None:
    code = """
import sys
from edge.devices.ports import ScannerSettings
from edge.devices.registry import drivers_of
from edge.wire.clock import WallClock
drivers_of([ScannerSettings("desk", "/dev/a")], WallClock(lambda: 0.0))
print(*sorted({"cv2", "zxingcpp", "pymodbus", "bleak", "gpiozero", "pynmea2", "cryptography"} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == ""
