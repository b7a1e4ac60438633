"""Two plans as a list of moves, each with why: which stop another van comes to, nobody any more, or at another turn. Pure.

For what is left of a day, which is to change as little as it can. The words are `move_words`'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloud.routing.move_words import MoveKind, move_said, why_moved, why_said
from cloud.routing.plan import Plan, Reason, Tour
from cloud.routing.problem import Problem
from cloud.routing.repair import turned
from cloud.routing.wording import Said, said


@dataclass(frozen=True, slots=True)
class Move:
    """``before``, ``after``: the van; "" where none comes."""

    stop_id: str
    kind: MoveKind
    before: str
    after: str
    reason: Reason

    def said(self, name: str) -> Said:
        """For people. ``name``: the station's."""
        why = said(self.reason) if self.kind is MoveKind.LEFT_OUT else why_said(self.reason, self.before)
        return move_said(self.kind, name, self.before, self.after, why)


def moves(problem: Problem, before: Sequence[Tour], after: Plan) -> tuple[Move, ...]:
    """In the order of the plan, what is left out last. ``before`` may name vans and stops that are gone."""
    old = {stop_id: tour.van_id for tour in before for stop_id in tour.stops}
    turns = {tour.van_id: tour.stops for tour in before}
    tours = {tour.van_id: tour for tour in after.tours}
    found: list[Move] = []
    for tour in after.tours:
        swapped = set(turned(turns.get(tour.van_id, ()), tour.stops))
        for stop_id in tour.stops:
            was = old.get(stop_id, "")
            if was != tour.van_id:
                found.append(_other_van(problem, tours, stop_id, was, tour.van_id))
            elif stop_id in swapped:
                found.append(Move(stop_id, MoveKind.TURN, was, was, Reason("other_turn")))
    left = (one for one in after.unassigned if one.stop_id in old)
    return (*found, *(Move(one.stop_id, MoveKind.LEFT_OUT, old[one.stop_id], "", one.reason) for one in left))


def _other_van(problem: Problem, tours: Mapping[str, Tour], stop_id: str, was: str, now: str) -> Move:
    kind = MoveKind.VAN if was else MoveKind.TAKEN_ON
    return Move(stop_id, kind, was, now, why_moved(problem, tours, stop_id, was, now, gone="van_out"))
