"""A whole day of a small town on its real parts, with everything that goes wrong: the books balance, nothing is lost or doubled."""

import asyncio
import time
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import httpx
import pytest
from structlog.testing import capture_logs

from cloud.domain.events import RecordedEvent
from cloud.domain.parcel import fold_parcel
from edge.wire.clock import to_ms
from edge.wire.messages import VarianceFound
from firmware_sim.town.arrivals import steps
from firmware_sim.town.chances import AS_USUAL
from firmware_sim.town.plan import LOCAL
from firmware_sim.town.settings import OPERATOR
from firmware_sim.town.steps import StepKind
from tests.conftest import reachable_folder
from tests.firmware_sim.town.days import PlannedDay, booked
from tests.firmware_sim.town.real_town import DOCK, PASSWORD, RealTown, hurry, running_town
from tests.firmware_sim.town.test_books_of_a_day import events_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

DAY = date(2026, 11, 24)
STATIONS = ("st-0001", "st-0002")
# With these everything there is happens on one day of two stations.
SEED = 15041
CHANCES = replace(
    AS_USUAL.worse(5), mistake=0.12, declined=0.12, wrong_code=0.25, proxy=0.12, partial=0.2, no_show=0.15, missing=0.08,
    door_left_open=0.3, failing_box=0.2, dropout=0.25, scanner_unplugged=0.5, outage=0.5, skewed_clock=0.3, closed=0.2,
)  # fmt: skip
SEEN = {
    "container_signed", "container_opened", "count_finished", "container_emptied", "container_returned", "parcel_received",
    "parcel_shelved", "parcel_placed", "parcel_removed", "parcel_released", "parcel_overdue", "parcel_disposed",
    "parcel_returned", "variance_found", "release_refused", "event_undone", "cell_opened", "cell_changed", "staff_logged_in",
    "device_changed",
"parcel_sorted", "parcel_packed", "container_bound", "container_sealed", "container_loaded",
}  # fmt: skip

_HISTORY = """
SELECT kind, to_char(measured_at, 'HH24:MI:SS'), fact::text FROM event
WHERE (site_id, epoch, n) IN (SELECT site_id, epoch, n FROM event_subject WHERE entity = 'parcel' AND entity_id = %s) ORDER BY hlc
"""


def moment(hour: int, minute: int = 0, days: int = 0) -> datetime:
    return datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=LOCAL) + timedelta(days=days)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch, lists_every_s=1.0, looks_every_s=0.5)


def plan_of(real: RealTown, station: str) -> PlannedDay:
    """The day as the station's staff planned it from the list that reached them."""
    house = real.town.houses[station]
    assert real.town.office is not None
    bags = house.staff._memory.bags(station, DAY)
    assert bags
    day = real.town.office.day(house.station, DAY)
    return PlannedDay(day, bags, steps(SEED, day, house.staff.stop(DAY), bags, CHANCES))


def all_done(real: RealTown, day: date, *kinds: StepKind) -> bool:
    """Whether every station has planned that day and done its steps (of these kinds)."""
    if len(real.town.houses) < len(STATIONS):
        return False  # they are being opened
    for station, house in real.town.houses.items():
        plan = house.staff._plans.get(day)
        wanted = [step for step in plan or () if not kinds or step.kind in kinds]
        if plan is None or not all(house.staff._memory.is_done(day, station, step) for step in wanted):
            return False
    return True


def is_sent(real: RealTown) -> bool:
    """Whether the cloud has all that the stations numbered."""
    held = dict(real.rows("SELECT site_id, count(*) FROM event GROUP BY 1"))
    return all(held.get(site, 0) >= real.told(site) for site in (*STATIONS, DOCK))


async def live_the_day(real: RealTown) -> None:
    """From the morning to the next one, when the van has taken along what nobody fetched."""
    evening, night, morning = to_ms(moment(22)), to_ms(moment(5, 30, 1)), to_ms(moment(16, 0, 1))
    await real.live_until(lambda: all_done(real, DAY), evening, 150)
    left = "SELECT count(*) FROM event WHERE kind = 'parcel_overdue'"
    await real.live_until(lambda: real.clock.now_ms() >= evening and real.rows(left)[0][0] > 0, evening, 60)
    await real.live_until(lambda: real.clock.now_ms() >= night, night, 60)
    leftovers = (StepKind.CLEAR, StepKind.GIVE_BACK, StepKind.SEND_BACK)
    await real.live_until(lambda: all_done(real, DAY + timedelta(days=1), *leftovers), morning, 60)
    real.set_time(real.clock.now_ms(), 1.0)
    until_s = time.monotonic() + 60
    while not is_sent(real):
        assert time.monotonic() < until_s, "what the stations booked has not all come"
        await asyncio.sleep(0.1)


def check_events(real: RealTown) -> None:
    """Each event that a station numbered is there once, and no parcel left twice."""
    for station in (*STATIONS, DOCK):
        ((count, first, last),) = real.rows("SELECT count(*), min(n), max(n) FROM event WHERE site_id = %s", station)
        assert (count, first, last) == (real.told(station), 1, real.told(station))
    kinds = {row[0] for row in real.rows("SELECT DISTINCT kind FROM event")}
    assert kinds >= SEEN, SEEN - kinds
    assert real.rows("SELECT id, dispute FROM parcel WHERE dispute <> '{}'") == []
    assert real.rows("SELECT site_id, state, reason FROM quarantine") == []


def check_parcels(real: RealTown) -> None:
    """Each parcel stands where the plan says that it ended, and of it was reported what the plan says was wrong."""
    states = dict(real.rows("SELECT id, state FROM parcel WHERE order_id LIKE %s", f"%{DAY:%Y%m%d}%"))
    reports = real.rows(
        "SELECT fact->>'parcel', fact->>'problem', fact->>'sku' FROM event "
        "WHERE kind = 'variance_found' AND fact->>'parcel' = ANY(%s) AND site_id <> %s",
        list(states),
        DOCK,
    )
    expected: dict[str, str] = {}
    problems: Counter[tuple[str, str, str]] = Counter()
    for station in STATIONS:
        planned = plan_of(real, station)
        for label, facts in booked(SEED, planned, CHANCES).items():
            events: list[RecordedEvent] = events_of(facts)
            expected[label] = fold_parcel(events).state
            problems.update((label, fact.problem, fact.sku) for fact in facts if isinstance(fact, VarianceFound))
    wrong = {label: (states[label], state) for label, state in expected.items() if states[label] != state}
    assert not wrong, (wrong, [real.rows(_HISTORY, label) for label in wrong])
    assert Counter((parcel, problem, sku or "") for parcel, problem, sku in reports) == problems


async def check_books(real: RealTown) -> None:
    """By REST, as an operator would look."""
    async with httpx.AsyncClient(base_url=real.settings.api, timeout=30) as client:
        token = (await client.post("/api/login", json={"login": "admin", "password": PASSWORD})).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        books = (await client.get(f"/api/operators/{OPERATOR}/books?date={DAY}", headers=headers)).json()
        tomorrow = (await client.get(f"/api/operators/{OPERATOR}/batches/{DAY + timedelta(days=1)}", headers=headers)).json()
    assert books["unresolved"] == []
    total = books["total"]
    assert total["balanced"]
    assert all(total[side] > 0 for side in ("sent", "released", "returned", "disposed", "in_cases"))
    ((ordered, short),) = real.rows(
        "SELECT sum(l.quantity), sum(l.short) FROM order_line l JOIN customer_order o ON o.id = l.order_id "
        "WHERE o.pickup_date = %s",
        DAY,
    )
    besides = real.rows(
        "SELECT coalesce(sum((fact->>'quantity')::int), 0) FROM event WHERE kind = 'variance_found' "
        "AND fact->>'problem' IN ('surplus', 'wrong_item') AND fact->>'parcel' IN "
        "(SELECT p.id FROM parcel p JOIN customer_order o ON o.id = p.order_id WHERE o.pickup_date = %s)",
        DAY,
    )[0][0]
    assert short > 0
    assert total["sent"] == ordered - short + besides
    assert None not in (tomorrow["frozen_at"], tomorrow["allocated_at"], tomorrow["planned_at"]), "the next day was closed too"


async def test_a_whole_day_with_all_that_goes_wrong_ends_with_books_that_balance(database_url: str) -> None:
    with reachable_folder() as folder, capture_logs() as logs:
        async with running_town(folder, database_url, STATIONS, moment(6, 30), SEED, CHANCES) as real:
            await live_the_day(real)
            check_events(real)
            check_parcels(real)
            await check_books(real)
    surprises = [one for one in logs if one["event"] in ("not_as_planned", "given_up")]
    assert not surprises, surprises
    incidents = {one["what"] for one in logs if one["event"] == "incident"}
    assert incidents == {"door_open", "failing", "dropout", "unplugged", "outage"}
