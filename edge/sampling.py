"""All sensors' readings on their way: to whoever watches them (alarms, the page) at once, and to the live lane at their pace.

Leaves which readings travel to edge.devices.sensor_pace, and batches to live_lane.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from edge.devices.ports import DeviceState
from edge.devices.sensor import Fix, Measured, Reading, Sensor
from edge.devices.sensor_pace import Pace
from edge.devices.sensor_rhythm import Rhythm
from edge.live_lane import LiveLane
from edge.outbox import Position, Sample
from edge.outbox import Reading as Sampled
from edge.site_clock import SiteClock
from edge.wire.clock import Clock

LOOK_S = 15.0  # domain seconds between two looks for who is silent: a quarter of a sample's interval
BAD = 2  # the wire's quality of "asked, no answer"

Listener = Callable[[Measured], None]


class Sampling:
    """``run`` until cancelled. The sensors are entered by whoever made them."""

    def __init__(
        self,
        sensors: Sequence[Sensor],
        clock: Clock,
        site_clock: SiteClock,
        live: LiveLane,
        is_withheld: Callable[[Fix], bool] = lambda _fix: False,
    ) -> None:
        """``clock`` is the domain clock that the sensors stamp with. A fix that ``is_withheld`` is not kept, nor sent later."""
        self._sensors = sensors
        self._clock = clock
        self._site_clock = site_clock
        self._live = live
        self._is_withheld = is_withheld
        self._pace = Pace()
        self._owners = {sensor_id: sensor for sensor in sensors for sensor_id in sensor.sensors}
        self._listeners: list[Listener] = []
        self._latest: dict[str, Reading] = {}

    def on_measured(self, listener: Listener) -> None:
        """Tell every reading and position as it comes, and a silent sensor's fault once an interval. It must not block or raise."""
        self._listeners.append(listener)

    @property
    def latest(self) -> Mapping[str, Reading]:
        """The newest reading of each sensor, faults too."""
        return self._latest

    async def run(self) -> None:
        """Take what every sensor measures."""
        now_ms = self._clock.now_ms()
        self._pace.expect({sensor_id: sensor.every_s for sensor_id, sensor in self._owners.items()}, now_ms)
        async with asyncio.TaskGroup() as tasks:
            for sensor in self._sensors:
                tasks.create_task(self._take_from(sensor), name=f"readings {sensor.name}")
            tasks.create_task(self._look_for_silence(), name="silence")

    async def _take_from(self, sensor: Sensor) -> None:
        async for measured in sensor.readings():
            if isinstance(measured, Reading):
                self._latest[measured.sensor] = measured
                travels = self._pace.travels(measured, sensor.every_s)
            else:
                travels = not self._is_withheld(measured) and self._pace.fix_travels(measured)
            if travels:
                self._live.take(self._sample(measured))
            self._tell(measured)

    async def _look_for_silence(self) -> None:
        rhythm = Rhythm(self._clock, LOOK_S)
        while True:
            await rhythm.wait()
            now_ms = self._clock.now_ms()
            for sensor_id in self._pace.silent(now_ms):
                reading = Reading(sensor_id, None, now_ms, self._why_silent(sensor_id))
                self._latest[sensor_id] = reading
                self._live.take(self._sample(reading))
                self._tell(reading)

    def _why_silent(self, sensor_id: str) -> str:
        health = self._owners[sensor_id].health()
        return "silent" if health.state is DeviceState.OK else f"silent: {health.detail}"

    def _sample(self, measured: Measured) -> Sample:
        at_ms = self._site_clock.stamp(measured.measured_at_ms).measured_at_ms
        match measured:
            case Reading(sensor=sensor, value=value):
                return Sampled(sensor, at_ms, value, BAD if value is None else 0)
            case Fix():
                return Position(at_ms, measured.lat, measured.lon, measured.speed_m_s, measured.heading_deg)

    def _tell(self, measured: Measured) -> None:
        for listener in self._listeners:
            listener(measured)
