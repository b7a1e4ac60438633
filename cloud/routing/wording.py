"""Plans in plain words, English and Chinese: why nobody comes to a stop, and what vans are called. Pages show what stands here.

Why a stop moved is said in `move_words`, why a tour does not hold in `refusals`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cloud.routing.faults import WORDS, Param
from cloud.routing.plan import Reason


@dataclass(frozen=True, slots=True)
class Said:
    """One thing in both languages."""

    en: str
    zh: str

    def in_language(self, language: int) -> str:
        """0: English, 1: Chinese."""
        return (self.en, self.zh)[language]


MEASURES: Mapping[str, Said] = {
    "ambient": Said("crates", "常温区"),
    "chilled": Said("cold box", "冷藏区"),
    "frozen": Said("freezer box", "冷冻区"),
    "weight": Said("weight limit", "载重"),
}

_BOXES: Mapping[str, Said] = {
    "ambient": Said("crates", "周转筐"),
    "chilled": Said("cold boxes", "冷藏箱"),
    "frozen": Said("freezer boxes", "冷冻箱"),
    "weight": Said("grams", "载重（克）"),
}

# Besides what `faults` says of stops that cannot be served at all.
REASONS: Mapping[str, Said] = {
    "vans_full": Said(
        "{vans} of {of} vans have no room left: the {measure} is full", "{of} 辆车中有 {vans} 辆已装满：{measure}没有空位"
    ),
    "too_late": Said(
        "no van can be there within its window ({vans} of {of} would come too late, {full} are full)",
        "没有车辆能在时间窗内到达（{of} 辆中 {vans} 辆会迟到，{full} 辆已满）",
    ),
    "shift_over": Said(
        "{vans} of {of} vans would not be back before their shift ends", "{of} 辆车中有 {vans} 辆无法在班次结束前返回"
    ),
    "duty_over": Said("{vans} of {of} drivers would work longer than they may", "{of} 名司机中有 {vans} 名会超过工作时长"),
    "no_break": Said("{vans} of {of} drivers would miss their break", "{of} 名司机中有 {vans} 名会错过休息"),
    "depot_closed": Said("{vans} of {of} vans would load after the depot has closed", "{of} 辆车中有 {vans} 辆装货时仓库已关闭"),
    "too_many_stops": Said("{vans} of {of} vans make as many stops as they may", "{of} 辆车中有 {vans} 辆已达到站点上限"),
    "not_worth_it": Said(
        "coming costs ¥{cost_yuan} and is worth ¥{prize_yuan}", "前往的成本为 ¥{cost_yuan}，而其价值为 ¥{prize_yuan}"
    ),
    "station_closed": Said("the station is closed; its goods come back", "自提点未营业，货物随车返回"),
    "left_aside": Said("it was passed over before; its goods are still aboard {van}", "此前已跳过，货物仍在{van}上"),
    "left_out": Said("nobody has put it on a van", "还没有安排车辆"),
}  # fmt: skip


def van_said(van_id: str) -> Said:
    """A number is a van's number, anything else its own name."""
    return Said(f"van {van_id}", f"{van_id}号车") if van_id.isdigit() else Said(van_id, van_id)


def boxes_said(measure: str) -> Said:
    """What is counted, so many of it."""
    return _BOXES[measure]


def said(reason: Reason) -> Said:
    """A reason, for people."""
    if reason.code in REASONS:
        words = REASONS[reason.code]
        return Said(words.en.format(**_params(reason.params, 0)), words.zh.format(**_params(reason.params, 1)))
    (what, _), (what_zh, _) = WORDS[reason.code]
    return Said(what.format(**_params(reason.params, 0)), what_zh.format(**_params(reason.params, 1)))


def _params(params: Mapping[str, Param], language: int) -> dict[str, Param]:
    """Measures and vans in words, fen in yuan, and zeros for what a fault leaves open."""
    filled: dict[str, Param] = {"vans": 0, "of": 0, "full": 0, **params}
    if "van" in params:
        filled["van"] = van_said(str(params["van"])).in_language(language)
    if str(params.get("measure", "")) in MEASURES:
        words = MEASURES[str(params["measure"])]
        filled["measure"] = (words.en, words.zh)[language]
    for name in ("cost", "prize"):
        if f"{name}_fen" in params:
            filled[f"{name}_yuan"] = f"{int(params[f'{name}_fen']) / 100:.2f}"
    return filled
