"""The cold chain on the staff page: alarms to acknowledge, each box as it is now, a sensor's last day. Thin: the rules decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import FastAPI, Query, Request
from pydantic import Field

from edge.cold_chain.chain import ColdChain
from edge.cold_chain.past import HOURS, Past, Point
from edge.cold_chain.records import AlarmStandsError, NoSuchAlarmError
from edge.devices.sensor import temperature_of
from edge.http.acts import Operations
from edge.http.alarm_views import AlarmView, alarm_view
from edge.http.forms import ACTOR, Form
from edge.http.refusals import Refusal
from edge.rules.alarm_limits import Limits
from edge.rules.alarms import Thermometer
from edge.station.station import Who

BREAK_INTERVALS = 2.5  # a longer pause between two readings is drawn as a gap; one that drops out now and then is not


@dataclass(frozen=True, slots=True)
class Cold:
    """What the page looks at."""

    chain: ColdChain
    past: Past


class AlarmForm(Form):
    """``actor``: a staff id, where the manifest names nobody; who is logged in otherwise."""

    actor: str = Field(default="", pattern=ACTOR)
    note: str = Field(default="", max_length=200)


class AlarmAnswer(Form):
    alarm: AlarmView


class AlarmList(Form):
    """The open ones (they stand, or nobody has seen them) first, newest first; then the newest others."""

    alarms: list[AlarmView]


class LimitsView(Form):
    """In °C; null: no such limit. ``at_once`` are where an alarm does not wait."""

    low: float | None
    high: float | None
    rebound: float | None
    at_once_low: float | None
    at_once_high: float | None


class BandView(Form):
    """A limit's band on a chart, and the door and defrosts that go with it."""

    name: str
    goods: Literal["chilled", "chilled_wide", "frozen"]
    door: str  # sensor id, "" where it has none
    limits: LimitsView
    defrost: list[str]


class SensorView(Form):
    """As it is now. ``at_ms`` null: it has not said a word yet. ``fault``: why ``value`` is null."""

    sensor: str
    every_s: float
    at_ms: int | None
    value: float | None
    fault: str
    box: BandView | None


class SensorList(Form):
    sensors: list[SensorView]


class ReadingsView(Form):
    """In columns, in order of time, as uPlot takes them. A null value is "asked, no answer", or a gap: nothing is filled in."""

    sensor: str
    from_ms: int
    to_ms: int
    every_s: float
    at_ms: list[int]
    value: list[float | None]


def add_cold(app: FastAPI, cold: Cold, ops: Operations) -> None:
    """All of it."""
    _add_alarms(app, cold.chain, ops)
    _add_readings(app, cold)


def _add_alarms(app: FastAPI, chain: ColdChain, ops: Operations) -> None:
    def who(request: Request, form: AlarmForm) -> Who:
        found = ops.who(request, form.actor)
        if not found.actor:
            raise Refusal(422, "actor", "an alarm is acknowledged with a name", "log in, or say who you are")
        return found

    @app.get("/api/alarms")
    async def alarms() -> AlarmList:
        return AlarmList(alarms=[alarm_view(one, ops.station.day) for one in await chain.recent()])

    @app.post("/api/alarms/{alarm:path}/acknowledge")
    async def acknowledge(alarm: str, form: AlarmForm, request: Request) -> AlarmAnswer:
        by = who(request, form)
        return AlarmAnswer(alarm=alarm_view(await chain.acknowledge(alarm, by.device, by.actor, form.note), ops.station.day))

    @app.post("/api/alarms/{alarm:path}/close")
    async def close(alarm: str, form: AlarmForm, request: Request) -> AlarmAnswer:
        by = who(request, form)
        return AlarmAnswer(alarm=alarm_view(await chain.close(alarm, by.device, by.actor, form.note), ops.station.day))

    @app.exception_handler(NoSuchAlarmError)
    async def no_alarm(_request: Request, error: NoSuchAlarmError) -> object:
        return Refusal(404, "alarm", str(error), "see GET /api/alarms for what there is").response()

    @app.exception_handler(AlarmStandsError)
    async def stands(_request: Request, error: AlarmStandsError) -> object:
        return Refusal(409, "alarm", str(error), "wait until it is cleared").response()


def _add_readings(app: FastAPI, cold: Cold) -> None:
    chain, past = cold.chain, cold.past

    @app.get("/api/sensors")
    async def sensors() -> SensorList:
        return SensorList(sensors=[_sensor_view(cold, sensor) for sensor in past.sensors])

    @app.get("/api/readings")
    async def readings(
        sensor: Annotated[str, Query(min_length=1, max_length=64)], hours: Annotated[float, Query(gt=0, le=HOURS)] = HOURS
    ) -> ReadingsView:
        if sensor not in past.sensors:
            raise Refusal(404, "sensor", f"{sensor}: no sensor of this site", "see GET /api/sensors for what there is")
        now_ms, every_s = chain.now_ms(), past.every_s(sensor)
        points = with_gaps(past.read(sensor, hours), every_s)
        return ReadingsView(
            sensor=sensor,
            from_ms=now_ms - int(hours * 3_600_000),
            to_ms=now_ms,
            every_s=every_s,
            at_ms=[point.at_ms for point in points],
            value=[point.value for point in points],
        )


def with_gaps(points: Sequence[Point], every_s: float) -> list[Point]:
    """A point without a value in each pause, so that a chart breaks its line there."""
    found: list[Point] = []
    for point in points:
        if found and point.at_ms - found[-1].at_ms > BREAK_INTERVALS * every_s * 1000:
            found.append(Point(found[-1].at_ms + int(every_s * 1000), None))
        found.append(point)
    return found


def _sensor_view(cold: Cold, sensor: str) -> SensorView:
    latest = cold.past.latest.get(sensor)
    return SensorView(
        sensor=sensor,
        every_s=cold.past.every_s(sensor),
        at_ms=None if latest is None else latest.at_ms,
        value=None if latest is None else latest.value,
        fault="" if latest is None else latest.fault,
        box=_band_view(cold.chain, sensor),
    )


def _band_view(chain: ColdChain, sensor: str) -> BandView | None:
    watch = chain.watches.get(sensor)
    box = next((box for box in chain.boxes if temperature_of(box.name) == sensor), None)
    if box is None or not isinstance(watch, Thermometer) or watch.limits is None:
        return None
    return BandView(
        name=box.name, goods=box.goods.value, door=watch.door, limits=_limits_view(watch.limits), defrost=list(box.defrost)
    )  # fmt: skip


def _limits_view(limits: Limits) -> LimitsView:
    low, high = limits.low_c, limits.high_c
    return LimitsView(
        low=low,
        high=high,
        rebound=limits.rebound_c,
        at_once_low=None if low is None else low - limits.at_once_c,
        at_once_high=None if high is None else high + limits.at_once_c,
    )
