"""A morning of a town with vans on its real parts: planned by the cloud, driven, left by scan at each stop, signed for by staff."""

import asyncio

import pytest
from structlog.testing import capture_logs

from edge.wire.clock import to_ms
from firmware_sim.town.trips import Phase
from tests.conftest import reachable_folder
from tests.firmware_sim.town.real_town import RealTown, running_town
from tests.firmware_sim.town.van_morning import CHANCES, DAY, SEED, STATIONS, VANS, are_back, hurry_vans, moment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry_vans(monkeypatch)


def stops(real: RealTown) -> list[tuple[str, str, bool, bool]]:
    return real.rows(
        "SELECT t.site_id, t.state, t.arrived_at IS NOT NULL, t.departed_at IS NOT NULL "
        "FROM run_stop t JOIN run r ON r.id = t.run_id WHERE r.service_date = %s ORDER BY 1",
        DAY,
    )


def is_driving(real: RealTown) -> bool:
    return any(trip is not None and trip.phase is Phase.DRIVING for trip in (one.driver.trip for one in real.town.trucks))


def are_settled(real: RealTown) -> bool:
    """What scans and what fixes say of a stop is looked at by turns."""
    return all(state == "signed" and has_arrived for _, state, has_arrived, _ in stops(real))


async def stand_and_go_on(real: RealTown) -> None:
    """Dispatch stops one of them on its way: it stands where it is, and goes on when it may."""
    assert real.town.fleet is not None
    truck = next(one for one in real.town.trucks if one.driver.trip is not None and one.driver.trip.phase is Phase.DRIVING)
    assert truck.driver.trip is not None
    run = truck.driver.trip.run
    real.set_time(real.clock.now_ms(), 0.0)
    await real.town.fleet.dispatching.step(run, "paused")
    async with asyncio.timeout(30):
        while truck.driver.trip.phase is not Phase.PAUSED:
            await asyncio.sleep(0.05)
    here = truck.driver.place(real.clock.now_ms())
    assert truck.driver.place(real.clock.now_ms() + 600_000) == here
    await real.town.fleet.dispatching.step(run, "departed")


async def test_what_the_cloud_plans_is_driven_and_every_stop_is_signed_for(database_url: str) -> None:
    with reachable_folder() as folder, capture_logs() as logs:
        async with running_town(folder, database_url, STATIONS, moment(6, 30), SEED, CHANCES, VANS) as real:
            await real.live_until(lambda: is_driving(real), to_ms(moment(15)), 100)
            await stand_and_go_on(real)
            await real.live_until(lambda: are_back(real), to_ms(moment(15)), 100)
            await real.live_until(lambda: are_settled(real), to_ms(moment(20)), 60)
            real.set_time(real.clock.now_ms(), 1.0)
            check(real)
    surprises = [one for one in logs if one["event"] in ("not_as_planned", "given_up")]
    assert not surprises, surprises


def check(real: RealTown) -> None:
    # Arrived by geofence at each of the stations, once; the last departure of a run may come after its end, at this speed.
    assert [stop[:3] for stop in stops(real)] == [(station, "signed", True) for station in STATIONS]
    assert sum(departed for *_, departed in stops(real)) >= len(STATIONS) - len(VANS)
    states = real.rows("SELECT state FROM run WHERE service_date = %s AND state <> 'aborted'", DAY)
    assert {state for (state,) in states} == {"completed"}
    # Each container that the plan has was loaded, left by the van's own scan where it was planned to go, and signed for there.
    planned = real.rows("SELECT container_id, site_id FROM planned_container WHERE pickup_date = %s ORDER BY 1", DAY)
    left = real.rows(
        "SELECT fact->>'container', fact->>'station' FROM event "
        "WHERE kind = 'container_dropped' AND site_id LIKE 'van-%%' ORDER BY 1"
    )
    signed = real.rows("SELECT fact->>'container', site_id FROM event WHERE kind = 'container_signed' ORDER BY 1")
    assert left == planned == signed
    assert real.rows("SELECT site_id, state, reason FROM quarantine") == []
    # The way in the van is part of each cold parcel's account, by what its own compartments measured.
    assert real.rows("SELECT count(*) > 0 FROM reading r JOIN sensor s ON s.id = r.sensor_id WHERE s.name = 'chilled-1_c'") == [
        (True,)
    ]
    assert real.rows("SELECT count(*) > 20 FROM position") == [(True,)]
