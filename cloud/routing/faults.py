"""What is wrong with a problem, by a stable code: where, what, and what the reader can do, in English and Chinese.

``ProblemError`` is for what nobody can plan with; what is wrong with one stop only leaves that stop out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as member

Param = str | int

# code → (English: what, remedy), (Chinese: what, remedy)
WORDS: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "id_twice": (("{id} is given twice", "give each an id of its own"), ("{id} 重复", "请使用不同的编号")),
    "unknown_id": (("there is no {id}", "correct it, or leave it out"), ("没有 {id}", "请更正或删除")),
    "no_place": (
        ("place {place} is not in the matrix, which has {places}", "make the matrix of all depots, vans and stops"),
        ("位置 {place} 不在距离矩阵中（共 {places} 个）", "请用全部仓库、车辆和自提点重新计算矩阵"),
    ),
    "window_reversed": (
        ("ends ({to_s} s) before it begins ({from_s} s)", "exchange the two times"),
        ("结束时间（{to_s} 秒）早于开始时间（{from_s} 秒）", "请调换两个时间"),
    ),
    "no_window": (("has no window at all", "give at least one, such as the whole day"), ("没有时间窗", "请至少给出一个，例如全天")),
    "negative": (("{value} is below zero", "give zero or more"), ("{value} 小于零", "请填零或正数")),
    "no_vans": (("there is no van", "add at least one"), ("没有车辆", "请至少添加一辆车")),
    "break_outside": (
        ("the break can't begin within the shift", "move the break into the shift"),
        ("休息时间不在班次之内", "请把休息时间调整到班次内"),
    ),
    "twice_on_tours": (
        ("{id} is given twice", "keep it once, on one van"), ("{id} 出现了两次", "请只保留一次，排在一辆车上"),
    ),
    "twice_first": (
        ("{id} is fixed at the head of two vans", "fix it on one of them"), ("{id} 同时固定在两辆车的首站", "请只固定在一辆车上"),
    ),
    "first_not_allowed": (
        ("{id} is fixed at the head of a van that may not serve it", "allow the van, or fix it elsewhere"),
        ("{id} 固定在一辆不允许服务它的车上", "请允许该车，或改为固定在别的车上"),
    ),
    "no_coordinates": (
        ("has no coordinates", "set its place"),
        ("没有坐标", "请在地图上设置它的位置"),
    ),
    "off_the_map": (
        ("lies where no van can be ({lat}, {lon})", "correct its position on the map"),
        ("位置无效（{lat}, {lon}）", "请在地图上更正位置"),
    ),
    "unreachable": (
        ("no road leads to it from any van's start and back", "move it to the nearest road on the map"),
        ("没有道路可以到达或返回", "请在地图上把它移到最近的道路"),
    ),
    "part_unreachable": (
        ("the matrix has no way between it and {count} other stops", "compute the matrix again, or move it to a through road"),
        ("矩阵中它与另外 {count} 个站点之间没有通路", "请重新计算矩阵，或把它移到可通行的道路"),
    ),
    "larger_than_any_van": (
        ("wants {amount} {measure}, and the largest van that may come takes {room}", "split the delivery, or send a larger van"),
        ("需要 {amount} {measure}，而可用的最大车辆只能装 {room}", "请拆分配送，或派更大的车"),
    ),
    "windows_cannot_be_met": (
        ("its windows are over before any van can be there ({earliest_s} s)", "widen the window, or let a van start earlier"),
        ("最早可到达时间（{earliest_s} 秒）已超过其时间窗", "请放宽时间窗，或让车辆更早出发"),
    ),
    "shift_too_short": (
        ("no van is back before its shift ends once it has been there", "lengthen a shift, or serve it from a nearer depot"),
        ("任何车辆服务它之后都无法在班次结束前返回", "请延长班次，或改由更近的仓库配送"),
    ),
    "no_van_may": (("none of the vans may serve it", "allow another van"), ("没有车辆允许服务它", "请允许其他车辆")),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProblemFault:
    """``field``: what it is about, as ``stops[st-7].load``."""

    field: str
    code: str
    params: Mapping[str, Param] = member(default_factory=dict)

    @property
    def said(self) -> str:
        """In English."""
        return self._say(0)

    @property
    def said_zh(self) -> str:
        """In Chinese."""
        return self._say(1)

    @property
    def remedy(self) -> str:
        return WORDS[self.code][0][1].format(**self.params)

    @property
    def remedy_zh(self) -> str:
        return WORDS[self.code][1][1].format(**self.params)

    def _say(self, language: int) -> str:
        params = dict(self.params)
        if language and "measure" in params:
            params["measure"] = MEASURES_ZH[str(params["measure"])]
        return WORDS[self.code][language][0].format(**params)


MEASURES_ZH: Mapping[str, str] = {"ambient": "个常温周转筐", "chilled": "个冷藏箱", "frozen": "个冷冻箱", "weight": "克"}


class ProblemError(ValueError):
    """Nothing can be planned before this is put right."""

    def __init__(self, faults: Sequence[ProblemFault]) -> None:
        super().__init__("; ".join(f"{one.field}: {one.said}; {one.remedy}" for one in faults))
        self.faults = tuple(faults)
