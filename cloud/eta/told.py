"""Writes what is shown of stops ahead, what was said of them, and what pages of the operator are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from cloud.domain.order import iso
from cloud.domain.rooms import vans_room
from cloud.eta.errors import Window
from cloud.eta.outcomes import Missed, Said
from cloud.eta.shown import Shown
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry, entry
from edge.wire.clock import to_ms, utc

_SAID = msgspec.json.Decoder(list[Said])


class StopEta(msgspec.Struct, frozen=True):
    """Of a stop ahead: in four of five cases between ``early`` and ``late``."""

    stop: int
    stops_before: int
    early: str
    expected: str
    late: str


class EtaEntry(msgspec.Struct, frozen=True):
    """Body of ``eta/{run}`` in the room of its operator's vans; null: the run is over. ``as_of``: of the newest fact.

    ``is_estimate``: by straight lines, not roads.
    """

    run: int
    as_of: str
    is_estimate: bool
    stops: list[StopEta]


def eta_entry(operator_id: str, run_id: int, shown: Mapping[int, Shown], as_of_ms: int, *, is_estimate: bool) -> RoomEntry:
    stops = [
        StopEta(
            one.window.stop, one.window.stops_before, iso(one.window.early_ms), iso(one.window.expected_ms), iso(one.window.late_ms)
        )
        for one in sorted(shown.values(), key=lambda one: one.window.stops_before)
    ]
    return entry(vans_room(operator_id), f"eta/{run_id}", EtaEntry(run_id, iso(as_of_ms), is_estimate, stops))


async def shown_of(connection: Connection, run_id: int) -> dict[int, Shown]:
    """As told last, of all its stops."""
    cursor = await connection.execute(
        "SELECT stop, stops_before, early, expected, late, as_of FROM eta_stop WHERE run_id = %s", [run_id]
    )
    return {
        stop: Shown(Window(stop, before, to_ms(early), to_ms(expected), to_ms(late)), to_ms(as_of))
        for stop, before, early, expected, late, as_of in await cursor.fetchall()
    }


async def write_shown(connection: Connection, run_id: int, shown: Mapping[int, Shown]) -> None:
    """Of a run whose plan changed meanwhile only the stops that it still has."""
    all_shown = [(one.window, one.as_of_ms) for one in shown.values()]
    await connection.execute(
        """
        INSERT INTO eta_stop (run_id, stop, stops_before, early, expected, late, as_of)
        SELECT t.run_id, n.stop, n.stops_before, n.early, n.expected, n.late, n.as_of
        FROM unnest(%s::int[], %s::int[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
            AS n (stop, stops_before, early, expected, late, as_of)
        JOIN run_stop t ON t.run_id = %s AND t.stop = n.stop
        ON CONFLICT (run_id, stop) DO UPDATE SET stops_before = excluded.stops_before, early = excluded.early,
            expected = excluded.expected, late = excluded.late, as_of = excluded.as_of
        """,
        [
            [one.stop for one, _ in all_shown], [one.stops_before for one, _ in all_shown],
            [utc(one.early_ms) for one, _ in all_shown], [utc(one.expected_ms) for one, _ in all_shown],
            [utc(one.late_ms) for one, _ in all_shown], [utc(as_of_ms) for _, as_of_ms in all_shown], run_id,
        ],
    )  # fmt: skip


async def note_said(connection: Connection, run_id: int, sayings: Sequence[Said], now: datetime) -> None:
    await connection.execute(
        "INSERT INTO eta_said (run_id, at, said) VALUES (%s, %s, %s::jsonb) ON CONFLICT DO NOTHING",
        [run_id, now, msgspec.json.encode(sayings).decode()],
    )
    await connection.execute("UPDATE eta_run SET said_at = %s WHERE run_id = %s", [now, run_id])


async def said_of(connection: Connection, run_id: int, arrived_ms: Mapping[int, int]) -> list[Said]:
    """Of each stop what was said before its van was there; of those ahead all. Oldest first."""
    cursor = await connection.execute("SELECT at, said::text FROM eta_said WHERE run_id = %s ORDER BY at", [run_id])
    return [
        one
        for at, text in await cursor.fetchall()
        for one in _SAID.decode(text)
        if one.stop not in arrived_ms or to_ms(at) < arrived_ms[one.stop]
    ]


async def write_missed(connection: Connection, run_id: int, came: Mapping[int, Missed]) -> None:
    await connection.execute(
        """
        UPDATE eta_stop e SET missed_early = n.early, missed_late = n.late
        FROM unnest(%s::int[], %s::real[], %s::real[]) AS n (stop, early, late) WHERE e.run_id = %s AND e.stop = n.stop
        """,
        [list(came), [one.early for one in came.values()], [one.late for one in came.values()], run_id],
    )


async def came_unnoted(connection: Connection, run_ids: Sequence[int]) -> list[int]:
    """Runs that have come to a stop of which something was said, and nobody has held the one against the other yet."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT e.run_id FROM eta_stop e JOIN run_stop t USING (run_id, stop)
        WHERE e.run_id = ANY(%s) AND t.arrived_at IS NOT NULL AND e.missed_early IS NULL
            AND EXISTS (SELECT FROM eta_said s WHERE s.run_id = e.run_id AND s.at < t.arrived_at)
        """,
        [list(run_ids)],
    )
    return [row[0] for row in await cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Over:
    """A run whose windows are to go from its operator's room."""

    run_id: int
    operator_id: str


async def take_back(connection: Connection) -> list[Over]:
    """Those that are over; each once."""
    cursor = await connection.execute(
        """
        UPDATE eta_run e SET is_told = false FROM run r
        WHERE r.id = e.run_id AND e.is_told AND r.state NOT IN ('departed', 'paused') RETURNING r.id, r.operator_id
        """
    )
    return [Over(*row) for row in await cursor.fetchall()]


async def missed_today(connection: Connection, run_ids: Sequence[int]) -> list[Missed]:
    """Of all arrivals of these runs that were held against what was said."""
    cursor = await connection.execute(
        "SELECT missed_early, missed_late FROM eta_stop WHERE run_id = ANY(%s) AND missed_early IS NOT NULL", [list(run_ids)]
    )
    return [Missed(*row) for row in await cursor.fetchall()]
