"""Goods that change vans by a plan of the rest of a day (交接清单): which containers, where and when the vans meet, what is done.

Read by the dispatcher's page and by the pages of both drivers. A container has changed vans once it was scanned onto, or confirmed
aboard of, the van that takes it over.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from cloud.api.day_standing import run_names
from cloud.api.replan_forms import TransferContainer, TransferOut, TransferUnlabelled
from cloud.api.route_plan_showing import result_of, zones_out
from cloud.routing.answer import MeetSaid
from cloud.routing.day import Day, StationDue, due_at
from cloud.store.pool import Connection
from cloud.store.route_plans import PlanStanding
from cloud.store.runs_underway import PlannedNow, containers_for, taken_unlabelled


async def crate_list(connection: Connection, plan: PlanStanding) -> list[TransferOut]:
    """By the van that takes over, in the order in which it does; empty for a plan of a whole day."""
    day, said = msgspec.json.decode(plan.day, type=Day), result_of(plan)
    if said is None or day.situation is None:
        return []
    runs = run_names(plan, day, said) if plan.runs else {van.id: van.run for van in day.situation.vans}
    sites = [site for route in said.routes for meet in route.meets for site in meet.sites]
    goods = _Goods(
        await containers_for(connection, plan.operator_id, plan.service_date, sites), due_at(day.stations),
        await taken_unlabelled(connection, plan.operator_id, plan.service_date),
    )  # fmt: skip
    meets = [(route.van, meet) for route in said.routes for meet in route.meets]
    near = await _near(connection, plan.operator_id, day, [meet for _, meet in meets])
    return [
        _transfer(meet, name, runs.get(meet.van, ""), van, runs.get(van, ""), goods)
        for (van, meet), name in zip(meets, near, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Goods:
    """Of a day. ``taken``: (station, run) of those without labels."""

    containers: Sequence[PlannedNow]
    due: Mapping[str, StationDue]
    taken: Collection[tuple[str, str]]

    def unlabelled(self, sites: Sequence[str], run: str) -> list[TransferUnlabelled]:
        labelled = {one.site for one in self.containers}
        return [
            TransferUnlabelled(site=site, load=zones_out(self.due[site].load), is_done=(site, run) in self.taken)
            for site in sites
            if site not in labelled and site in self.due
        ]


def _transfer(meet: MeetSaid, near: str, from_run: str, van: str, run: str, goods: _Goods) -> TransferOut:
    return TransferOut(
        from_van=meet.van, from_run=from_run, to_van=van, to_run=run, lat=meet.lat, lon=meet.lon, near=near,
        at_s=meet.arrival_s, until_s=meet.departure_s,
        containers=[
            TransferContainer(container=one.container, site=one.site, zone=one.zone, is_done=run != "" and one.aboard_of == run)
            for one in goods.containers
            if one.site in meet.sites
        ],
        unlabelled=goods.unlabelled(meet.sites, run),
    )  # fmt: skip


async def _near(connection: Connection, operator_id: str, day: Day, meets: Sequence[MeetSaid]) -> list[str]:
    """What lies nearest to where vans meet, by its name, of each of ``meets``. At the depot: that."""
    cursor = await connection.execute(
        """
        SELECT coalesce(near.name, '') FROM unnest(%(lats)s::float8[], %(lons)s::float8[]) WITH ORDINALITY AS meet (lat, lon, n)
        LEFT JOIN LATERAL (
            SELECT s.name FROM site_operator r JOIN site s ON s.id = r.site_id
            WHERE r.operator_id = %(operator)s AND s.kind <> 'van' AND s.lat IS NOT NULL
            ORDER BY (s.lat - meet.lat) ^ 2 + ((s.lon - meet.lon) * cos(radians(meet.lat))) ^ 2, s.id LIMIT 1
        ) AS near ON true
        ORDER BY meet.n
        """,
        {"operator": operator_id, "lats": [meet.lat for meet in meets], "lons": [meet.lon for meet in meets]},
    )
    names = [str(row[0]) for row in await cursor.fetchall()]
    return [day.depot.name if meet.van == "" else name for meet, name in zip(meets, names, strict=True)]
