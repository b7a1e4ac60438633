"""What is wrong with a tour, in words with a remedy, English and Chinese: who is late where, what does not go on. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from cloud.routing.checker import Violation
from cloud.routing.day import Day, due_at
from cloud.routing.faults import Param
from cloud.routing.problem import Problem
from cloud.routing.wording import Said, boxes_said, van_said

_EARLIER = Said("put it earlier, or on another van", "请排到前面，或改由别的车")
_FEWER = Said("take a station off this van", "请把一个站点移到别的车")

# code of the checker or the timetable → what is wrong, what to do
_WORDS: Mapping[str, tuple[Said, Said]] = {
    "outside_window": (
        Said("{van} comes to {name} at {at}; its window ends at {until}", "{van} {at} 才到{name}，它的时间窗到 {until} 为止"),
        _EARLIER,
    ),
    "outside_shift": (
        Said("{van} is back at {at}; its shift ends at {until}", "{van} {at} 才返回，班次到 {until} 结束"), _FEWER,
    ),
    "overloaded": (
        Said("{van} has no room for {by} {measure}", "{van}的{measure}超出 {by} 个"),
        Said("take a station with such goods off it, or let it load again", "请移走有这类货的站点，或安排返仓再装"),
    ),
    "too_many_stops": (Said("{van} would make {count} stops", "{van}要送 {count} 站，超过它的上限"), _FEWER),
    "too_many_reloads": (
        Said("{van} would load again {count} times, and may {most}", "{van}要返仓再装 {count} 次，最多 {most} 次"),
        Said("take a loading out, or allow one more", "请减少返仓，或放宽次数"),
    ),
    "reload_not_allowed": (
        Said("{van} does not load again", "{van}不返仓再装"), Said("take the loading out, or allow it", "请去掉返仓，或允许它返仓"),
    ),
    "depot_closed": (
        Said("{van} would load after the warehouse has closed", "{van}装货时网格仓已关闭"),
        Said("load earlier, or not again", "请提早装货，或去掉返仓"),
    ),
    "no_way": (
        Said("no road leads {van} to {name}", "{van}没有路可以到{name}"), Said("put it on another van", "请改由别的车"),
    ),
    "van_not_allowed": (
        Said("{van} may not come to {name}", "{van}不可以送{name}"), Said("put it on another van", "请改由别的车"),
    ),
    "duty_too_long": (Said("{van}'s driver would work too long", "{van}的司机会超过工作时长"), _FEWER),
    "no_break": (Said("{van}'s driver would miss the break", "{van}的司机会错过休息"), _FEWER),
    "not_first": (
        Said("{van} has to begin with what is fixed", "{van}必须先送固定的站点"),
        Said("keep the fixed stations at the head", "请把固定的站点排在最前"),
    ),
}  # fmt: skip
# About one station, not about the van as a whole.
_OF_A_SITE = ("outside_window", "no_way", "van_not_allowed")
# The timetable's names for what the checker has its own for.
_AS = {"unreachable": "no_way"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """``field``: ``tours[2]``. ``site``: "" where it is about the van as a whole."""

    field: str
    code: str
    van: str
    site: str
    said: Said
    remedy: Said


def refusal(day: Day, problem: Problem, violation: Violation) -> Refusal:
    """In words."""
    code = _AS.get(violation.code, violation.code)
    site = violation.id if code in _OF_A_SITE else ""
    what, remedy = _WORDS[code]
    filled = [_filled(day, problem, violation, language) for language in range(2)]
    return Refusal(
        f"tours[{violation.van_id}]", code, violation.van_id, site,
        Said(what.en.format(**filled[0]), what.zh.format(**filled[1])), remedy,
    )  # fmt: skip


def _filled(day: Day, problem: Problem, violation: Violation, language: int) -> dict[str, Param]:
    """``language``: 0 English, 1 Chinese."""
    van = problem.van[violation.van_id]
    due = due_at(day.stations).get(violation.id)
    place = day.depot if due is None else due.place
    filled: dict[str, Param] = {**violation.params, "van": van_said(van.id).in_language(language), "name": place.name}
    if violation.code == "outside_window":
        until_s = max(window.to_s for window in problem.stop[violation.id].windows)
        filled |= {"at": clock(int(violation.params["start_s"])), "until": clock(until_s)}
    if violation.code == "outside_shift":
        filled |= {"at": clock(int(violation.params["end_s"])), "until": clock(van.shift.to_s)}
    if violation.code == "overloaded":
        filled["measure"] = boxes_said(violation.id).in_language(language)
    return filled


def clock(at_s: int) -> str:
    """Of seconds since midnight; after 24:00 it goes on counting, as a timetable does."""
    minutes = -(-at_s // 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"
