"""What was booked of containers in this van, read from the table ``booking`` in the transaction of the act.

A container goes round: what counts for a run are the facts that name it, and for one that no run names the last of all.
"""

from collections.abc import Iterable
from typing import NamedTuple

from edge.outbox.transaction import Execute
from edge.rules.custody import ContainerStanding, ContainerState, container_standing
from edge.station.ledger import decode_fact
from edge.van.carrying import Aboard
from edge.van.plan import VanPlan
from edge.wire.manifest import PlannedLoad
from edge.wire.messages import AnyFact

_ABOARD = (ContainerState.LOADED, ContainerState.DELIVERED, ContainerState.RETURNED_EMPTY)
_MOST_FACTS = 40  # of one label: some three a day, of the last weeks


class _Booked(NamedTuple):
    at_ms: int
    fact: AnyFact


def container(execute: Execute, plan: VanPlan, label: str) -> Aboard:
    """A container that was scanned."""
    load = plan.loads.get(label)
    booked = _booked(execute, label)
    if load is None:
        standing = container_standing(one.fact for one in booked)
        return Aboard(label, standing=standing, since_ms=_since_ms(booked), has_plan=plan.is_known)
    of_it = [one for one in booked if _run_of(one.fact) == load.run]
    of_run = plan.of_run.get(load.run, ())
    states = {one.container: standing_of(execute, one).state for one in of_run}
    of_stop = [one for one in of_run if one.station == load.station]
    return Aboard(
        label, load, plan.run(load), container_standing(one.fact for one in of_it), _since_ms(of_it),
        loaded=sum(state in _ABOARD for state in states.values()), loads=len(of_run),
        left=sum(states[one.container] in _ABOARD[1:] for one in of_stop), lefts=len(of_stop), has_plan=True,
    )  # fmt: skip


def standing_of(execute: Execute, load: PlannedLoad) -> ContainerStanding:
    """Of a planned container, by what was scanned for its run."""
    return container_standing(one.fact for one in _booked(execute, load.container) if _run_of(one.fact) == load.run)


def _booked(execute: Execute, label: str) -> list[_Booked]:
    rows = execute(
        "SELECT at_ms, fact FROM booking WHERE thing = ? AND NOT undone ORDER BY id DESC LIMIT ?", (label, _MOST_FACTS)
    ).fetchall()
    return [_Booked(at_ms, decode_fact(text)) for at_ms, text in reversed(rows)]


def _since_ms(booked: Iterable[_Booked]) -> int:
    return max((one.at_ms for one in booked), default=0)


def _run_of(fact: AnyFact) -> str:
    return str(getattr(fact, "run", ""))
