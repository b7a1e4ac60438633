"""What pages are told of a run that is underway, in the room of its operator's vans."""

from datetime import datetime

import msgspec

from cloud.domain.order import iso
from cloud.domain.rooms import vans_room
from cloud.domain.visits import Progress, silent_since_ms
from cloud.domain.whereabouts import Whereabouts
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry, entry
from edge.wire.clock import to_ms


class Followed(msgspec.Struct, frozen=True):
    """The fold over a run's fixes so far, as the run's row keeps it."""

    progress: Progress = Progress()
    whereabouts: Whereabouts | None = None


FOLLOWED = msgspec.json.Decoder(Followed)


class StopBody(msgspec.Struct, frozen=True):
    """A stop of a run, as a page shows it. ``state``: pending, at_stop, …"""

    stop: int
    site: str
    state: str
    planned_arrival: str | None
    arrived: str | None
    departed: str | None


class RunEntry(msgspec.Struct, frozen=True):
    """Body of ``run/{id}`` in the room of its operator's vans, while it is underway; null: it is over."""

    id: int
    name: str
    vehicle: str | None
    state: str
    off_route_m: float | None
    silent_since: str | None
    stops: list[StopBody]


async def run_entries(connection: Connection, run_id: int, now: datetime) -> list[RoomEntry]:
    """The run as pages show it now, for the room of its operator's vans; in the caller's transaction."""
    cursor = await connection.execute(
        """
        SELECT r.operator_id, r.name, r.vehicle_id, r.state, r.progress::text, c.at, coalesce(r.departed_at, r.state_at),
            (SELECT json_agg(json_build_array(t.stop, t.site_id, t.state, t.planned_arrival, t.arrived_at, t.departed_at)
                ORDER BY t.stop)::text FROM run_stop t WHERE t.run_id = r.id)
        FROM run r LEFT JOIN position_current c ON c.site_id = r.vehicle_id WHERE r.id = %s
        """,
        [run_id],
    )
    row = await cursor.fetchone()
    if row is None:
        return []
    operator, name, vehicle, state, progress, heard, left, stops = row
    room, key = vans_room(operator), f"run/{run_id}"
    if state in ("completed", "aborted"):
        return [entry(room, key, None)]
    told = Followed() if progress is None else FOLLOWED.decode(progress)
    heard_ms = None if heard is None else to_ms(heard)
    silent_ms = silent_since_ms(heard_ms, to_ms(left), to_ms(now)) if state == "departed" else None
    body = RunEntry(
        run_id, name, vehicle, state, round(told.progress.off_m) if told.progress.is_off_route() else None,
        None if silent_ms is None else iso(silent_ms),
        [
            StopBody(stop, site, its, _iso(planned), _iso(arrived), _iso(departed))
            for stop, site, its, planned, arrived, departed in ([] if stops is None else _STOP_ROWS.decode(stops))
        ],
    )  # fmt: skip
    return [entry(room, key, body)]


_STOP_ROWS = msgspec.json.Decoder(list[tuple[int, str, str, datetime | None, datetime | None, datetime | None]])


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else iso(to_ms(moment))
