"""Two plans as a list of moves, each with why: which stop another van comes to, nobody any more, or at another turn. Pure.

Words stand here too, English and Chinese: "station 7 goes to van 2: van 1's cold box is full".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cloud.routing.insertion import Obstacle, insertion_into
from cloud.routing.plan import Plan, Reason, Tour
from cloud.routing.problem import Problem
from cloud.routing.reasons import binding
from cloud.routing.repair import turned
from cloud.routing.wording import MEASURES, Said, said


class MoveKind(StrEnum):
    """What changes for a stop."""

    VAN = "van"
    TAKEN_ON = "taken_on"  # nobody came before
    LEFT_OUT = "left_out"
    TURN = "turn"  # the same van, earlier or later in its order


@dataclass(frozen=True, slots=True)
class Move:
    """``before``, ``after``: the van; "" where none comes."""

    stop_id: str
    kind: MoveKind
    before: str
    after: str
    reason: Reason


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
            if not was:
                found.append(Move(stop_id, MoveKind.TAKEN_ON, "", tour.van_id, Reason("new_stop")))
            elif was != tour.van_id:
                found.append(Move(stop_id, MoveKind.VAN, was, tour.van_id, _why(problem, tours, was, stop_id)))
            elif stop_id in swapped:
                found.append(Move(stop_id, MoveKind.TURN, was, was, Reason("other_turn")))
    left = (one for one in after.unassigned if one.stop_id in old)
    return (*found, *(Move(one.stop_id, MoveKind.LEFT_OUT, old[one.stop_id], "", one.reason) for one in left))


def _why(problem: Problem, tours: Mapping[str, Tour], van_id: str, stop_id: str) -> Reason:
    """Why the van it came with before comes no more: what keeps it, in the plan as it is now, or that another does it for less."""
    if van_id not in problem.van:
        return Reason("van_out", {"van": van_id})
    obstacle = insertion_into(problem, tours.get(van_id, Tour(van_id, ())), problem.stop[stop_id])
    if not isinstance(obstacle, Obstacle):
        return Reason("costs_less", {"van": van_id})
    reason = binding([obstacle])
    return Reason(f"{reason.code}_one", {**reason.params, "van": van_id})


WHY: Mapping[str, Said] = {
    "new_stop": Said("it is new", "新增站点"),
    "other_turn": Said("this way the rest is in time", "以便其余站点准时"),
    "van_out": Said("van {van} drives no more today", "车辆 {van} 今日停驶"),
    "costs_less": Said("this way it costs less", "这样成本更低"),
    "vans_full_one": Said("van {van}'s {measure} is full", "车辆 {van} 的{measure}已满"),
    "too_late_one": Said("van {van} would come too late", "车辆 {van} 会迟到"),
    "shift_over_one": Said("van {van} would not be back before its shift ends", "车辆 {van} 无法在班次结束前返回"),
    "duty_over_one": Said("van {van}'s driver would work longer than he may", "车辆 {van} 的司机会超过工作时长"),
    "no_break_one": Said("van {van}'s driver would miss his break", "车辆 {van} 的司机会错过休息"),
    "depot_closed_one": Said("van {van} would load after the depot has closed", "车辆 {van} 装货时仓库已关闭"),
    "too_many_stops_one": Said("van {van} makes as many stops as it may", "车辆 {van} 已达到站点上限"),
    "unreachable_one": Said("van {van} has no road there", "车辆 {van} 没有道路可达"),
    "no_van_may_one": Said("van {van} may not serve it", "车辆 {van} 不允许服务它"),
}  # fmt: skip

SENTENCES: Mapping[MoveKind, Said] = {
    MoveKind.VAN: Said("{name} goes to van {after}: {why}", "{name}改由车辆 {after} 配送：{why}"),
    MoveKind.TAKEN_ON: Said("van {after} comes to {name} too: {why}", "车辆 {after} 加送{name}：{why}"),
    MoveKind.LEFT_OUT: Said("nobody comes to {name} any more: {why}", "{name}不再配送：{why}"),
    MoveKind.TURN: Said("van {after} comes to {name} at another turn: {why}", "车辆 {after} 调整{name}的顺序：{why}"),
}  # fmt: skip


def move_said(move: Move, name: str) -> Said:
    """``name``: the station's."""
    why = _why_said(move.reason)
    words = SENTENCES[move.kind]
    return Said(words.en.format(name=name, after=move.after, why=why.en), words.zh.format(name=name, after=move.after, why=why.zh))


def _why_said(reason: Reason) -> Said:
    if reason.code not in WHY:
        return said(reason)
    measure = MEASURES.get(str(reason.params.get("measure", "")), Said("", ""))
    words = WHY[reason.code]
    params = dict(reason.params)
    return Said(words.en.format(**{**params, "measure": measure.en}), words.zh.format(**{**params, "measure": measure.zh}))
