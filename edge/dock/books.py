"""What was booked of loads, containers and parcels, read from the table ``booking`` in the transaction of the act.

A container goes round: what counts for a load is what was booked since a container was bound for it, for its day.
"""

from typing import NamedTuple

from edge.dock.known import ContainerNow, LoadNow, ParcelNow, Pieces
from edge.dock.plan import DockPlan
from edge.outbox.transaction import Execute
from edge.rules.custody import ContainerStanding, ContainerState, ParcelState, container_standing, parcel_standing
from edge.station.ledger import decode_fact, facts_of, facts_since
from edge.wire.manifest import PlannedLoad
from edge.wire.messages import ContainerBound, ContainerLost, ContainerTakenBack, GoodsPacked

_CLOSED = (ContainerState.SEALED, ContainerState.LOADED)
_MOST_BINDS = 8  # of one label: it is bound once a day, and again where somebody changed their mind


class _Bind(NamedTuple):
    row: int
    fact: ContainerBound

    @property
    def load(self) -> str:
        """The plan's container whose load it takes."""
        return self.fact.stands_for or self.fact.container


def load(execute: Execute, planned: PlannedLoad, *, with_parcels: bool = False) -> LoadNow:
    """A load as it stands. ``with_parcels``: what was packed, too."""
    label = planned.container
    bind = next(
        (one for one in _binds(execute, "thing = ? OR container = ?", (label, label)) if _is_for(one, planned)), None
    )  # fmt: skip
    if bind is None:
        own = container_standing(facts_of(execute, label))
        pieces = tuple(Pieces(sku, wanted) for sku, wanted in _wanted(planned).items()) if with_parcels else ()
        return LoadNow(planned, label, standing=own if own.state is ContainerState.LOST else ContainerStanding(), pieces=pieces)
    container = bind.fact.container
    facts = list(facts_since(execute, container, bind.row))
    found_as = container_standing(fact for fact in facts if not isinstance(fact, ContainerLost)).state
    now = LoadNow(planned, container, is_bound=True, standing=container_standing(facts), found_as=found_as)
    return _filled(execute, now, bind.row) if with_parcels else now


def first_lacking(execute: Execute, plan: DockPlan, sku: str) -> LoadNow | None:
    """The first load, in the order of the plan, that still waits for pieces of an article and whose container is open."""
    loads = (load(execute, planned, with_parcels=True) for planned in plan.of_sku.get(sku, ()))
    return next((now for now in loads if _waits(now) and (of := now.pieces_of(sku)) is not None and of.lacks), None)


def container(execute: Execute, plan: DockPlan, label: str) -> ContainerNow:
    """A container: what it carries, or is planned to carry."""
    facts = facts_of(execute, label)
    own = container_standing(facts)
    was_taken_back = bool(facts) and isinstance(facts[-1], ContainerTakenBack)
    last = next(iter(_binds(execute, "thing = ?", (label,))), None)
    planned = plan.loads.get(last.load) if last is not None else None
    if last is not None and planned is not None and _is_for(last, planned):
        carries = load(execute, planned, with_parcels=True)
        if carries.container == label:
            return ContainerNow(label, carries, own, was_taken_back, plan.is_known)
    planned = plan.loads.get(label)
    carries_none = None if planned is None else load(execute, planned, with_parcels=True)
    return ContainerNow(label, carries_none, own, was_taken_back, plan.is_known)


def parcel(execute: Execute, plan: DockPlan, label: str) -> ParcelNow:
    """A parcel with its load."""
    planned = plan.of_parcel.get(label)
    now = None if planned is None else load(execute, planned)
    return ParcelNow(label, parcel_standing(facts_of(execute, label)), now, plan.is_known)


def sorted_parcels(execute: Execute, planned: PlannedLoad) -> int:
    """How many of a load's parcels have been at the wall, those that were packed since included."""
    states = (parcel_standing(facts_of(execute, one)).state for one in planned.parcels)
    return sum(state in (ParcelState.SORTED, ParcelState.PACKED) for state in states)


def _waits(now: LoadNow) -> bool:
    return now.state not in _CLOSED and not now.is_lost


def _filled(execute: Execute, now: LoadNow, since_row: int) -> LoadNow:
    """The same with what lies in its container since it was bound."""
    packed = (parcel for parcel in now.load.parcels if _lies_in(execute, parcel, now.container))
    pieces = (Pieces(sku, wanted, _counted(execute, sku, now.container, since_row)) for sku, wanted in _wanted(now.load).items())
    return now._replace(packed=frozenset(packed), pieces=tuple(pieces))


def _wanted(planned: PlannedLoad) -> dict[str, int]:
    wanted: dict[str, int] = {}
    for line in planned.lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    return wanted


def _counted(execute: Execute, sku: str, container: str, since_row: int) -> int:
    rows = execute(
        "SELECT fact FROM booking WHERE thing = ? AND id > ? AND kind = 'goods_packed' AND NOT undone", (sku, since_row)
    ).fetchall()
    facts = (decode_fact(fact) for (fact,) in rows)
    return sum(fact.quantity for fact in facts if isinstance(fact, GoodsPacked) and fact.container == container)


def _lies_in(execute: Execute, label: str, container: str) -> bool:
    standing = parcel_standing(facts_of(execute, label))
    return standing.state is ParcelState.PACKED and standing.container == container


def _is_for(bind: _Bind, planned: PlannedLoad) -> bool:
    return bind.load == planned.container and bind.fact.day == planned.day


def _binds(execute: Execute, where: str, values: tuple[str, ...]) -> list[_Bind]:
    """The newest first. ``where``: a constant."""
    rows = execute(
        f"SELECT id, fact FROM booking WHERE ({where}) AND kind = 'container_bound' AND NOT undone ORDER BY id DESC LIMIT ?",  # noqa: S608
        (*values, _MOST_BINDS),
    ).fetchall()
    facts = ((row, decode_fact(fact)) for row, fact in rows)
    return [_Bind(row, fact) for row, fact in facts if isinstance(fact, ContainerBound)]
