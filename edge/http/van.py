"""The van's local API: its runs with their stops, what is aboard, and where it believes it is. Thin: all of it is the van's."""

from fastapi import FastAPI

from edge.http.acts import Operations, add_people
from edge.http.forms import Form
from edge.outbox.transaction import Execute
from edge.van import books
from edge.van.plan import VanPlan
from edge.van.van import Van
from edge.wire.clock import Clock
from edge.wire.manifest import VanRun
from edge.wire.presence import RunAhead


class AboardView(Form):
    """A planned container. ``state``: by what this van has scanned for the run."""

    container: str
    station: str
    station_name: str
    zone: str
    state: str


class VanStopView(Form):
    """``here``: the van is at it."""

    stop: int
    station: str
    name: str
    here: bool


class VanRunView(Form):
    name: str
    day: str
    operator: str
    state: RunAhead
    stops: list[VanStopView]
    containers: list[AboardView]


class FixView(Form):
    at_ms: int
    lat: float
    lon: float
    speed_m_s: float | None
    heading_deg: float | None


class VanView(Form):
    """``fix`` null: no receiver has said a place since the start."""

    version: int
    fix: FixView | None
    runs: list[VanRunView]


def add_van(app: FastAPI, van: Van, ops: Operations, clock: Clock) -> None:
    """All of it."""
    add_people(app, ops)

    @app.get("/api/van")
    async def look() -> VanView:
        plan, here = van.plan, van.here(clock.now_ms())
        states = await ops.outbox.run(lambda store: _states(store.execute, plan))
        fix, manifest = van.fix, van.day.manifest
        return VanView(
            version=manifest.version if manifest else 0,
            fix=None
            if fix is None
            else FixView(at_ms=fix.measured_at_ms, lat=fix.lat, lon=fix.lon, speed_m_s=fix.speed_m_s, heading_deg=fix.heading_deg),
            runs=[_run_view(run, plan, states, {one.station for one in here.near}) for run in plan.runs],
        )


def _states(execute: Execute, plan: VanPlan) -> dict[str, str]:
    return {label: books.standing_of(execute, load).state.value for label, load in plan.loads.items()}


def _run_view(run: VanRun, plan: VanPlan, states: dict[str, str], near: set[str]) -> VanRunView:
    return VanRunView(
        name=run.run, day=run.day, operator=run.operator, state=run.state,
        stops=[
            VanStopView(stop=one.stop, station=one.station, name=one.name, here=one.station in near) for one in run.stops
        ],
        containers=[
            AboardView(
                container=one.container, station=one.station, station_name=one.station_name, zone=one.zone.value,
                state=states[one.container],
            )
            for one in plan.of_run.get(run.run, ()) if (one.operator, one.day) == (run.operator, run.day)
        ],
    )  # fmt: skip
