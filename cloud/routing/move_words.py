"""Why a stop comes with another van, with none, or at another turn: found by trying, and said in English and Chinese.

The only place for it: whole days are compared by `transfers`, what is left of a day by `moves`. Why nobody comes is `wording`'s.
"""

from collections.abc import Mapping
from enum import StrEnum

from cloud.routing.insertion import Obstacle, insertion_into, tour_cost_mfen, without
from cloud.routing.plan import Reason, Tour
from cloud.routing.problem import Problem
from cloud.routing.wording import Said, van_said

_MFEN_PER_YUAN = 100_000
_LEAST_MFEN = 1_000  # a fen


class MoveKind(StrEnum):
    """What changes for a stop."""

    VAN = "van"
    TAKEN_ON = "taken_on"  # nobody came before
    LEFT_OUT = "left_out"
    TURN = "turn"  # the same van, earlier or later in its order


def kind_of(before: str, after: str) -> MoveKind:
    """``before``, ``after``: two vans, of which "" is none."""
    if not after:
        return MoveKind.LEFT_OUT
    return MoveKind.VAN if before else MoveKind.TAKEN_ON


def why_moved(problem: Problem, tours: Mapping[str, Tour], stop_id: str, was: str, now: str, *, gone: str) -> Reason:
    """What keeps the van that came before from coming still: the stop is tried in the tour that it has now. ``tours`` by van.

    ``gone``: the reason where it does not drive at all.
    """
    if not was:
        return Reason("none_before")
    if was not in problem.van:
        return Reason(gone)
    stop, here = problem.stop[stop_id], tours[now]
    found = insertion_into(problem, tours.get(was, Tour(was, ())), stop)
    if isinstance(found, Obstacle):
        return Reason(f"overloaded.{found.id}" if found.code == "overloaded" else found.code)
    more_mfen = found.more_mfen - (tour_cost_mfen(problem, here) - tour_cost_mfen(problem, without(here, stop_id)))
    if abs(more_mfen) < _LEAST_MFEN:
        return Reason("same")
    return Reason("dearer" if more_mfen > 0 else "cheaper", {"yuan": f"{abs(more_mfen) / _MFEN_PER_YUAN:.2f}"})


# {van}: the one that came before.
WHY: Mapping[str, Said] = {
    "overloaded.ambient": Said("{van}'s crates are full", "{van}周转筐已满"),
    "overloaded.chilled": Said("{van}'s cold box is full", "{van}冷藏箱已满"),
    "overloaded.frozen": Said("{van}'s freezer box is full", "{van}冷冻箱已满"),
    "overloaded.weight": Said("{van} is at its weight limit", "{van}载重已满"),
    "too_late": Said("{van} would come too late", "{van}赶不上时间窗"),
    "shift_over": Said("{van} would be back after its shift", "{van}会超出班次"),
    "duty_over": Said("{van}'s driver would work too long", "{van}的司机会超过工作时长"),
    "no_break": Said("{van}'s driver would miss the break", "{van}的司机会错过休息"),
    "depot_closed": Said("{van} would load after the warehouse has closed", "{van}装货时网格仓已关闭"),
    "too_many_stops": Said("{van} makes as many stops as it may", "{van}已达站点上限"),
    "van_not_allowed": Said("{van} may not come to it", "{van}不可以送它"),
    "unreachable": Said("no road leads {van} to it", "{van}没有路可以到"),
    "no_way": Said("no road leads {van} to it", "{van}没有路可以到"),
    "not_first": Said("{van} has to begin with what is fixed", "{van}必须先送固定的站点"),
    "van_stays": Said("{van} does not drive", "{van}当天不出车"),
    "van_out": Said("{van} drives no more today", "{van}已停驶"),
    "dearer": Said("{van} would cost ¥{yuan} more", "由{van}送要多花 ¥{yuan}"),
    "cheaper": Said("{van} would cost ¥{yuan} less", "由{van}送可省 ¥{yuan}"),
    "same": Said("{van} would cost the same", "由{van}送费用相同"),
    "none_before": Said("no van came to it before", "原来没有安排车辆"),
    "other_turn": Said("this way the rest is in time", "以便其余站点准时"),
}
_OTHER = Said("{van} cannot take it as it drives now", "{van}按现在的路线带不上它")

_SENTENCES: Mapping[MoveKind, Said] = {
    MoveKind.VAN: Said("{name} goes to {after}: {why}", "{name}改由{after}：{why}"),
    MoveKind.TAKEN_ON: Said("{name} goes to {after}: {why}", "{name}由{after}送：{why}"),
    MoveKind.LEFT_OUT: Said("{name} is taken off {before}: {why}", "{name}不再由{before}送：{why}"),
    MoveKind.TURN: Said("{after} comes to {name} at another turn: {why}", "{after}调整{name}的顺序：{why}"),
}
_NOBODY_MORE = Said("nobody comes to {name} any more: {why}", "{name}不再配送：{why}")


def why_said(reason: Reason, was: str) -> Said:
    """A reason of `why_moved`; ``was``: the van that came before."""
    words, van = WHY.get(reason.code, _OTHER), van_said(was)
    return Said(words.en.format(**reason.params, van=van.en), words.zh.format(**reason.params, van=van.zh))


def move_said(kind: MoveKind, name: str, before: str, after: str, why: Said) -> Said:
    """``name``: the station's; ``before``, ``after``: its vans, "" for none."""
    words = _NOBODY_MORE if kind is MoveKind.LEFT_OUT and not before else _SENTENCES[kind]
    was, goes_to = van_said(before), van_said(after)
    return Said(
        words.en.format(name=name, before=was.en, after=goes_to.en, why=why.en),
        words.zh.format(name=name, before=was.zh, after=goes_to.zh, why=why.zh),
    )
