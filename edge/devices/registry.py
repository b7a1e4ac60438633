"""From a site's device tables to their drivers: the one place that knows which class serves which table.

A family's libraries are imported only where a site has such a device. Leaves entering the drivers, and listening to them, to
the app.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self, assert_never

from edge.devices.locker import LockerBusSettings
from edge.devices.ports import CameraSettings, DeviceHealth, HidSettings, ScannerSettings, SignalSettings
from edge.devices.sensor import SupervisedSensor
from edge.devices.sensor_settings import BthomeSettings, DoorSettings, GnssSettings, ModbusSettings, W1Settings
from edge.devices.supervised import SupervisedScanner
from edge.wire.clock import Clock

if TYPE_CHECKING:
    from edge.devices.locker_board import SerialLockerBoard
    from edge.devices.signal import Signal

# Their names in a site's TOML.
DeviceTable = Literal["scanner", "hid", "camera", "locker", "modbus", "w1", "bthome", "door", "gnss", "signal"]

DeviceSettings = (
    ScannerSettings
    | HidSettings
    | CameraSettings
    | LockerBusSettings
    | ModbusSettings
    | W1Settings
    | BthomeSettings
    | DoorSettings
    | GnssSettings
    | SignalSettings
)


class Driver(Protocol):
    """What all drivers have in common. ``tried`` is its health once it has answered, or once it is known why not."""

    @property
    def name(self) -> str: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def health(self) -> DeviceHealth: ...

    async def tried(self) -> DeviceHealth: ...


@dataclass(frozen=True, slots=True)
class Drivers:
    """All of a site's, made and not yet entered; iterated in the order of their tables."""

    scanners: tuple[SupervisedScanner, ...] = ()
    boards: tuple["SerialLockerBoard", ...] = ()
    sensors: tuple[SupervisedSensor, ...] = ()
    signals: tuple["Signal", ...] = ()

    def __iter__(self) -> Iterator[Driver]:
        yield from self.scanners
        yield from self.boards
        yield from self.sensors
        yield from self.signals

    def healths(self) -> list[DeviceHealth]:
        """How each is."""
        return [driver.health() for driver in self]


def drivers_of(devices: Iterable[DeviceSettings], clock: Clock) -> Drivers:
    """Make them; no I/O. ``clock`` is the domain clock they stamp with."""
    scanners: list[SupervisedScanner] = []
    boards: list[SerialLockerBoard] = []
    sensors: list[SupervisedSensor] = []
    signals: list[Signal] = []
    for settings in devices:
        match settings:
            case ScannerSettings() | HidSettings() | CameraSettings():
                scanners.append(scanner_of(settings, clock))
            case LockerBusSettings():
                boards += _boards_of(settings, clock)
            case SignalSettings():
                signals.append(_signal_of(settings, clock))
            case _:
                sensors.append(sensor_of(settings, clock))
    return Drivers(tuple(scanners), tuple(boards), tuple(sensors), tuple(signals))


def scanner_of(settings: ScannerSettings | HidSettings | CameraSettings, clock: Clock) -> SupervisedScanner:
    """The driver of one source of scans."""
    match settings:
        case ScannerSettings():
            from edge.devices.serial_scanner import SerialScanner

            return SerialScanner(settings, clock)
        case HidSettings():
            from edge.devices.hid_scanner import HidScanner

            return HidScanner(settings, clock)
        case CameraSettings():
            from edge.devices.camera import Camera

            return Camera(settings, clock)
        case _:
            assert_never(settings)


def sensor_of(
    settings: ModbusSettings | W1Settings | BthomeSettings | DoorSettings | GnssSettings, clock: Clock
) -> SupervisedSensor:
    """The driver of one source of readings."""
    match settings:
        case ModbusSettings():
            from edge.devices.modbus import ModbusLine

            return ModbusLine(settings, clock)
        case W1Settings():
            from edge.devices.w1 import W1Bus

            return W1Bus(settings, clock)
        case BthomeSettings():
            from edge.devices.bthome import BthomeReceiver

            return BthomeReceiver(settings, clock)
        case DoorSettings():
            from edge.devices.door import DoorContact

            return DoorContact(settings, clock)
        case GnssSettings():
            from edge.devices.nmea import GnssReceiver

            return GnssReceiver(settings, clock)
        case _:
            assert_never(settings)


def _boards_of(settings: LockerBusSettings, clock: Clock) -> "tuple[SerialLockerBoard, ...]":
    from edge.devices.locker_board import boards_of

    return boards_of(settings, clock)


def _signal_of(settings: SignalSettings, clock: Clock) -> "Signal":
    from edge.devices.signal import Signal

    return Signal(settings, clock)
