"""A plan: what each van does, one step after the other, and which stops nobody comes to, with the reason.

A tour is what engines decide, an order of calls; its times are `timetable`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cloud.routing.faults import Param


class CallKind(StrEnum):
    """What a van comes somewhere for."""

    STOP = "stop"
    COLLECT = "collect"  # fetch the goods of a stop where they lie
    RELOAD = "reload"


@dataclass(frozen=True, slots=True)
class Call:
    """``id``: a stop's, or the depot's of a reload."""

    kind: CallKind
    id: str


@dataclass(frozen=True, slots=True)
class Tour:
    """One van's calls, in order."""

    van_id: str
    calls: tuple[Call, ...]

    @property
    def stops(self) -> tuple[str, ...]:
        return tuple(call.id for call in self.calls if call.kind is CallKind.STOP)


class StepKind(StrEnum):
    """LOAD and DEPART begin a route, RETURN and END end it: at a depot, or wherever the van is."""

    LOAD = "load"
    DEPART = "depart"
    STOP = "stop"
    COLLECT = "collect"
    RELOAD = "reload"
    BREAK = "break"
    RETURN = "return"
    END = "end"


@dataclass(frozen=True, slots=True)
class Step:
    """``id``: a stop's or a depot's; "" where there is none. A break has no place: it is on the road, or before what follows."""

    kind: StepKind
    id: str
    place: int | None
    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True)
class Route:
    """One van's day. A van without a route stays where it is."""

    van_id: str
    steps: tuple[Step, ...]

    @property
    def stops(self) -> tuple[str, ...]:
        return tuple(step.id for step in self.steps if step.kind is StepKind.STOP)

    @property
    def tour(self) -> Tour:
        kinds = {StepKind.STOP: CallKind.STOP, StepKind.COLLECT: CallKind.COLLECT, StepKind.RELOAD: CallKind.RELOAD}
        return Tour(self.van_id, tuple(Call(kinds[step.kind], step.id) for step in self.steps if step.kind in kinds))

    @property
    def start_s(self) -> int:
        return self.steps[0].start_s

    @property
    def end_s(self) -> int:
        return self.steps[-1].end_s


@dataclass(frozen=True, slots=True)
class Reason:
    """Why nobody comes, by a code of `wording`."""

    code: str
    params: Mapping[str, Param] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unassigned:
    """A stop without a van."""

    stop_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Plan:
    """``is_estimate``: made without roads, and to be shown as such. ``engine`` and ``seed`` say how it came about."""

    routes: tuple[Route, ...]
    unassigned: tuple[Unassigned, ...]
    is_estimate: bool
    engine: str = ""
    seed: int = 0

    @property
    def tours(self) -> tuple[Tour, ...]:
        return tuple(route.tour for route in self.routes)

    @property
    def van_of(self) -> dict[str, str]:
        """Who serves what."""
        return {stop_id: route.van_id for route in self.routes for stop_id in route.stops}
