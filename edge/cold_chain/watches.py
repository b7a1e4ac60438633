"""What the alarm rules watch at a site: its thermometers and doors, with what its file says stands in them. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from edge.config.settings import ColdSettings
from edge.devices.sensor import Sensor, door_of, is_door, temperature_of
from edge.rules.alarm_limits import Goods, Limits
from edge.rules.alarms import Door, Thermometer, Watch
from edge.wire.messages import ColdBox


def intervals_of(sensors: Iterable[Sensor]) -> dict[str, float]:
    """How often each sensor should speak, in domain seconds."""
    return {sensor_id: sensor.every_s for sensor in sensors for sensor_id in sensor.sensors}


def watches_of(
    boxes: Sequence[ColdSettings], every_s: Mapping[str, float], limits: Mapping[Goods, Limits]
) -> dict[str, Watch]:  # fmt: skip
    """Of a thermometer in no box, and of a door, only that it speaks, and that it does not stand open."""
    by_sensor = {temperature_of(box.name): box for box in boxes}
    watches: dict[str, Watch] = {}
    for sensor, interval_s in every_s.items():
        if is_door(sensor):
            watches[sensor] = Door(sensor, interval_s)
        elif (box := by_sensor.get(sensor)) is not None:
            door = door_of(box.door) if box.door else ""
            watches[sensor] = Thermometer(sensor, interval_s, limits[box.goods], door, box.windows)
        elif sensor.endswith("_c"):
            watches[sensor] = Thermometer(sensor, interval_s, stuck_s=None)
    return watches


def boxes_of(boxes: Sequence[ColdSettings], every_s: Mapping[str, float]) -> list[ColdBox]:
    """As the cloud is told of them, so that it knows what measures around a parcel."""
    return [
        ColdBox(
            name=box.name,
            goods=box.goods.value,
            sensor=temperature_of(box.name),
            every_s=every_s.get(temperature_of(box.name), 60.0),
            door=door_of(box.door) if box.door else "",
            defrost=list(box.defrost),
            holds=list(box.holds),
        )
        for box in boxes
    ]
