"""From what a dispatcher asks to a day that can be planned: what is to be brought where, from which dock, by which vans."""

from collections import Counter, defaultdict
from datetime import datetime, time

from msgspec.structs import replace

from cloud.api.errors import ApiError
from cloud.api.route_plan_forms import DayIn, StationIn, VanIn
from cloud.api.sites import require_vehicle
from cloud.routing.day import ByZone, Day, Place, StationDue, VanAsked
from cloud.routing.faults import ProblemError
from cloud.store import plans
from cloud.store.pool import Connection


async def day_asked(connection: Connection, operator_id: str, wanted: DayIn, now: datetime) -> Day:
    """ApiError where no plan could do with it; what is wrong with one station only is left to the plan to say."""
    await _pack(connection, operator_id, wanted, now)
    loads = await _loads(connection, operator_id, wanted)
    if not loads:
        raise ApiError(409, "nothing_to_bring", "service_date")
    for one in wanted.stations:
        if one.site not in loads:
            raise ApiError(422, "not_due", "stations", site=one.site)
    for van in wanted.vans:
        if van.vehicle is not None:
            await require_vehicle(connection, operator_id, van.vehicle, now)
    named = {one.site: one for one in wanted.stations}
    places = await places_of(connection, list(loads))
    day = Day(
        depot=await _depot(connection, operator_id, wanted),
        vans=tuple(_van(van) for van in wanted.vans),
        stations=tuple(_due(wanted, places[site], load, named.get(site)) for site, load in sorted(loads.items())),
        loading_s=wanted.loading_s, service_s=wanted.service_s, container_s=wanted.container_s, seconds=float(wanted.seconds),
    )  # fmt: skip
    try:
        day.require_sound()
    except ProblemError as error:
        first = error.faults[0]
        raise ApiError(
            422,
            "plan_problem",
            first.field,
            detail=first.said,
            remedy=first.remedy,
            detail_zh=first.said_zh,
            remedy_zh=first.remedy_zh,
        ) from None
    return day


async def _pack(connection: Connection, operator_id: str, wanted: DayIn, now: datetime) -> None:
    """Loads are counted in containers, so there have to be some."""
    cursor = await connection.execute(
        "SELECT planned_at FROM pickup_batch WHERE operator_id = %s AND pickup_date = %s", [operator_id, wanted.service_date]
    )
    row = await cursor.fetchone()
    if row is None:
        raise ApiError(409, "batch_open", "service_date")
    if row[0] is None:
        await plans.set_plan(connection, operator_id, wanted.service_date, [], now)


async def _loads(connection: Connection, operator_id: str, wanted: DayIn) -> dict[str, ByZone]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in await plans.plan(connection, operator_id, wanted.service_date):
        counts[one.site][one.zone] += 1
    return {site: ByZone(zones["ambient"], zones["chilled"], zones["frozen"]) for site, zones in counts.items()}


async def places_of(connection: Connection, sites: list[str]) -> dict[str, Place]:
    """By id, of those there are."""
    cursor = await connection.execute("SELECT id, name, lat, lon FROM site WHERE id = ANY(%s)", [sites])
    return {row[0]: Place(*row) for row in await cursor.fetchall()}


async def _depot(connection: Connection, operator_id: str, wanted: DayIn) -> Place:
    """The dock that is named, or the only one."""
    cursor = await connection.execute(
        """
        SELECT s.id, s.name, s.lat, s.lon FROM site s JOIN site_operator r ON r.site_id = s.id
        WHERE r.operator_id = %(operator)s AND s.kind = 'dock' AND r.valid @> %(day)s::date
            AND (%(depot)s::text IS NULL OR s.id = %(depot)s) ORDER BY s.id
        """,
        {"operator": operator_id, "day": wanted.service_date, "depot": wanted.depot},
    )
    found = [Place(*row) for row in await cursor.fetchall()]
    if len(found) != 1:
        raise ApiError(422, "which_dock", "depot", count=len(found))
    if found[0].coordinates is None:
        raise ApiError(422, "no_place", "depot", site=found[0].site)
    return found[0]


def _van(van: VanIn) -> VanAsked:
    return VanAsked(
        van.id, van.vehicle or "", ByZone(van.ambient, van.chilled, van.frozen),
        seconds_of(van.shift_from), seconds_of(van.shift_to),
        van.max_stops, van.max_reloads, van.fixed_fen, van.per_km_fen, van.per_h_fen,
    )  # fmt: skip


def _due(wanted: DayIn, place: Place, load: ByZone, named: StationIn | None) -> StationDue:
    return named_due(StationDue(place, load, seconds_of(wanted.deliver_from), seconds_of(wanted.deliver_until)), named)


def named_due(due: StationDue, named: StationIn | None) -> StationDue:
    """With what was said of this station."""
    if named is None:
        return due
    begin = due.from_s if named.deliver_from is None else seconds_of(named.deliver_from)
    end = due.to_s if named.deliver_until is None else seconds_of(named.deliver_until)
    return replace(due, from_s=begin, to_s=end, priority=named.priority or due.priority)


def seconds_of(at: time) -> int:
    """Since midnight."""
    return at.hour * 3600 + at.minute * 60 + at.second
