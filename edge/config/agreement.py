"""What no table can see by itself: two devices of one name, on one port or pin, or with one sensor id. Pure."""

from collections.abc import Iterator
from itertools import chain

from edge.config.lines import Place
from edge.config.settings import EdgeConfig, SiteKind
from edge.devices.ports import ScanPlace, SignalKind
from edge.devices.sensor import door_of, temperature_of

MAX_NAME = 64  # of a device, as edge.wire carries it

Use = tuple[str, Place]  # what is used, and where that is written


def disagreements(config: EdgeConfig) -> Iterator[tuple[Place, str]]:
    """Place and fault, of the second one of each pair."""
    for name, place in _names(config):
        if not name or len(name) > MAX_NAME:
            yield place, f"want 1 to {MAX_NAME} characters for a device, got {name!r}"
    yield from _twice(_names(config), "{} is given to two devices")
    yield from _twice(_ports(config), "two devices on one port, {}")
    yield from _twice(_pins(config), "two devices on one pin, {}")
    yield from _twice(_sensor_ids(config), "two sensors would report as {}; rename one of them")
    yield from _twice(((box.name, ("cold", n, "name")) for n, box in enumerate(config.cold)), "{} is given to two boxes")
    held = ((place, ("cold", n, "holds")) for n, box in enumerate(config.cold) for place in box.holds)
    yield from _twice(held, "{} is said to lie in two boxes")
    yield from _boxes_without_devices(config)
    yield from _cabinet_without_lockers(config)
    for n, receiver in enumerate(config.gnss):
        if receiver.personal and config.site.kind is not SiteKind.VAN:
            yield ("gnss", n, "personal"), 'want it only with kind = "van" under [site]: nothing else has runs'


def _twice(uses: Iterator[Use], words: str) -> Iterator[tuple[Place, str]]:
    seen: set[str] = set()
    for used, place in uses:
        if used in seen:
            yield place, words.format(repr(used))
        seen.add(used)


def _boxes_without_devices(config: EdgeConfig) -> Iterator[tuple[Place, str]]:
    sensors = {sensor for sensor, _ in _sensor_ids(config)}
    for n, box in enumerate(config.cold):
        if temperature_of(box.name) not in sensors:
            yield ("cold", n, "name"), f"want the name of a thermometer's [[….device]], got {box.name!r}"
        if box.door and door_of(box.door) not in sensors:
            yield ("cold", n, "door"), f"want the name of a [[door]], got {box.door!r}"


def _cabinet_without_lockers(config: EdgeConfig) -> Iterator[tuple[Place, str]]:
    """What only a station with lockers can have."""
    if config.site.kind is SiteKind.STATION and config.locker:
        return
    if config.site.kind is not SiteKind.STATION:
        remedy = 'want it only with kind = "station" under [site], where residents come'
    else:
        remedy = "want a [[locker]] too, whose cells it opens; take this away, or add the locker's line"
    for table in ("scanner", "hid", "camera"):
        for n, source in enumerate(getattr(config, table)):
            if source.place is ScanPlace.CABINET:
                yield (table, n, "place"), remedy
    if config.http.cabinet_kiosk:
        yield ("http", "cabinet_kiosk"), remedy


def _names(config: EdgeConfig) -> Iterator[Use]:
    for table, devices in config.devices().items():
        for n, device in enumerate(devices):
            yield device.name, (table, "name") if table == "signal" else (table, n, "name")
    for n, bus in enumerate(config.locker):
        for m, board in enumerate(bus.board):
            yield board.name, ("locker", n, "board", m, "name")


def _ports(config: EdgeConfig) -> Iterator[Use]:
    for table in ("scanner", "hid", "locker", "modbus", "gnss"):
        for n, device in enumerate(getattr(config, table)):
            yield device.port, (table, n, "port")
    for n, camera in enumerate(config.camera):
        yield camera.source, ("camera", n, "source")
    for n, receiver in enumerate(config.bthome):
        yield receiver.source, ("bthome", n, "source")  # the one Bluetooth of the machine too
    if config.signal is not None and config.signal.port:
        yield config.signal.port, ("signal", "port")


def _pins(config: EdgeConfig) -> Iterator[Use]:
    for n, door in enumerate(config.door):
        if door.pin is not None:
            yield f"GPIO{door.pin}", ("door", n, "pin")
        if door.file is not None:
            yield str(door.file), ("door", n, "file")
    if config.signal is not None and config.signal.kind is SignalKind.GPIO:
        for key in ("buzzer", "green", "red"):
            if (pin := getattr(config.signal, key)) is not None:
                yield f"GPIO{pin}", ("signal", key)


def _sensor_ids(config: EdgeConfig) -> Iterator[Use]:
    for table in ("modbus", "w1", "bthome"):
        for n, line in enumerate(getattr(config, table)):
            for m, device in enumerate(line.device):
                yield temperature_of(device.name), (table, n, "device", m, "name")
    bluetooth_doors = (
        (door_of(device.name), ("bthome", n, "device", m, "name"))
        for n, receiver in enumerate(config.bthome)
        for m, device in enumerate(receiver.device)
        if device.door
    )
    yield from chain(((door_of(door.name), ("door", n, "name")) for n, door in enumerate(config.door)), bluetooth_doors)
