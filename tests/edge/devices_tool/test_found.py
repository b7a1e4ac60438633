import os
from dataclasses import dataclass
from pathlib import Path

from edge.devices_tool.found import Finding, Found, Machine


@dataclass
class Port:
    """As pyserial describes one."""

    device: str
    manufacturer: str | None = None
    product: str | None = None
    description: str = "n/a"
    vid: int | None = None
    pid: int | None = None


def put(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def link(path: Path, target: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(os.path.relpath(target, path.parent))
    return str(path)


def of(findings: list[Finding], kind: str) -> list[Found]:
    (finding,) = [one for one in findings if one.kind == kind]
    return finding.found


def test_an_empty_machine_says_of_each_kind_what_would_bring_one_about(tmp_path: Path) -> None:
    findings = Machine(tmp_path / "dev", tmp_path / "sys", list).look()
    assert not any(finding.found for finding in findings)
    assert {finding.kind: finding.remedy for finding in findings} == {
        "serial port": "plug one in; a USB device shows up in `dmesg` at once",
        "scanner that types": "plug one in; in serial mode it is a serial port instead",
        "camera": "plug one in; CSI: rpicam-hello --list-cameras",
        "1-Wire probe": "add dtoverlay=w1-gpio to /boot/firmware/config.txt and restart",
        "Bluetooth": "bluetoothctl power on; rfkill list",
        "GPIO": "only a Raspberry Pi or the like has pins",
    }


def test_a_raspberry_pi_with_everything_plugged_in(tmp_path: Path) -> None:
    dev, sys = tmp_path / "dev", tmp_path / "sys"
    usb, uart = put(dev / "ttyACM0"), put(dev / "ttyAMA0")
    scanner = link(dev / "serial" / "by-id" / "usb-Newland_FM430-if00", usb)
    gun = link(dev / "input" / "by-id" / "usb-NT_1228-event-kbd", put(dev / "input" / "event3"))
    link(dev / "input" / "by-id" / "usb-Mouse-event-mouse", put(dev / "input" / "event4"))
    put(sys / "class" / "input" / "event3" / "device" / "name", "NT USB Keyboard\n")
    for n, index in ((0, 0), (1, 1), (10, 0)):
        put(dev / f"video{n}")
        put(sys / "class" / "video4linux" / f"video{n}" / "name", f"cam {n}\n")
        put(sys / "class" / "video4linux" / f"video{n}" / "index", f"{index}\n")
    for probe in ("28-0316a2794bff", "00-400000000000", "w1_bus_master1"):
        (sys / "bus" / "w1" / "devices" / probe).mkdir(parents=True)
    (sys / "class" / "bluetooth" / "hci0").mkdir(parents=True)
    (sys / "class" / "bluetooth" / "hci0:11").mkdir()
    put(dev / "gpiochip0")
    put(sys / "bus" / "gpio" / "devices" / "gpiochip0" / "label", "pinctrl-bcm2711\n")
    ports = [Port(str(usb), "Newland", "FM430", vid=0x1EAB, pid=0x1D06), Port(str(uart), description="ttyAMA0")]

    findings = Machine(dev, sys, lambda: ports).look()

    assert of(findings, "serial port") == [
        Found(path=scanner, what="Newland FM430 (1eab:1d06)", leads_to=str(usb)),
        Found(path=str(uart), what="ttyAMA0"),
    ]
    assert of(findings, "scanner that types") == [Found(path=gun, what="NT USB Keyboard", leads_to=str(dev / "input" / "event3"))]
    assert [(one.path, one.what) for one in of(findings, "camera")] == [
        (str(dev / "video0"), "cam 0"), (str(dev / "video10"), "cam 10"),
    ]  # fmt: skip
    assert of(findings, "1-Wire probe") == [Found(path="28-0316a2794bff", what="DS18B20")]
    assert of(findings, "Bluetooth") == [Found(path="hci0")]
    assert of(findings, "GPIO") == [Found(path=str(dev / "gpiochip0"), what="pinctrl-bcm2711")]
    assert not any(finding.remedy for finding in findings)


def test_this_machine_can_be_looked_at() -> None:
    assert next(finding.kind for finding in Machine().look()) == "serial port"
