"""Which stations a dock sorts for (网格仓), where an operator has several. Reaches the dock with its next manifest."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.context import Planner, ServicesDep, Transaction
from cloud.api.errors import ApiError
from cloud.api.stations import own_site
from cloud.api.text import SiteIdText
from cloud.auth.audit import write_audit
from cloud.store.manifest_facts import changed
from cloud.store.pool import Connection

router = APIRouter(prefix="/api/sites/{site_id}/stations", tags=["stations"])


class DockStations(BaseModel):
    """None named: all stations of the operators that the dock serves. A station may be several docks'."""

    model_config = ConfigDict(extra="forbid")
    stations: list[SiteIdText] = Field(max_length=5000)


@router.get("")
async def look_at_dock_stations(site_id: str, account: Planner, connection: Transaction) -> DockStations:
    """What counts now."""
    await own_site(connection, account, site_id, ("dock",))
    return await _stations(connection, site_id)


@router.put("")
async def set_dock_stations(
    site_id: str, wanted: DockStations, account: Planner, services: ServicesDep, connection: Transaction
) -> DockStations:
    """Say all of it anew."""
    await own_site(connection, account, site_id, ("dock",))
    before, operators, stations = await _stations(connection, site_id), set(), set()
    cursor = await connection.execute(
        """
        WITH served AS (
            SELECT r.site_id, r.operator_id FROM site_operator r JOIN operator o ON o.id = r.operator_id
            WHERE r.valid && daterange((%s AT TIME ZONE o.time_zone)::date, NULL)
        )
        SELECT d.operator_id, s.id FROM served d
        LEFT JOIN served r ON r.operator_id = d.operator_id LEFT JOIN site s ON s.id = r.site_id AND s.kind = 'station'
        WHERE d.site_id = %s
        """,
        [services.now(), site_id],
    )
    for operator, station in await cursor.fetchall():
        operators.add(operator)
        stations.add(station)
    # One that has left since it was named holds up nothing: no plan names it any more.
    if strangers := sorted(set(wanted.stations) - stations - set(before.stations)):
        raise ApiError(422, "no_station", "stations", site=strangers[0], operator=", ".join(sorted(operators)))
    await connection.execute("DELETE FROM dock_station WHERE dock_id = %s", [site_id])
    await connection.execute(
        "INSERT INTO dock_station (dock_id, station_id) SELECT DISTINCT %s, station FROM unnest(%s::text[]) AS station",
        [site_id, wanted.stations],
    )
    await changed(connection, site_id)
    detail = {"before": before.stations, "after": wanted.stations}
    await write_audit(connection, services.now(), account.id, "dock.stations", site_id, detail)
    return await _stations(connection, site_id)


async def _stations(connection: Connection, site_id: str) -> DockStations:
    cursor = await connection.execute("SELECT station_id FROM dock_station WHERE dock_id = %s ORDER BY 1", [site_id])
    return DockStations(stations=[row[0] for row in await cursor.fetchall()])
