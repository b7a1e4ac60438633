"""What a driver is told at each turn, in Chinese and English, from the maneuver's type. Pure.

Valhalla has no zh-CN: it falls to English without a word, so the sentences are made here.
"""

from cloud.roads.ways import Maneuver

# Valhalla's maneuver types → (Chinese, English); {street} where one is named.
_TURNS: dict[int, tuple[str, str]] = {
    0: ("继续行驶", "Continue"),
    1: ("出发", "Start"),
    2: ("出发，沿右侧行驶", "Start, on the right"),
    3: ("出发，沿左侧行驶", "Start, on the left"),
    4: ("到达", "Arrive"),
    5: ("到达，在右侧", "Arrive, on the right"),
    6: ("到达，在左侧", "Arrive, on the left"),
    7: ("直行", "Continue"),
    8: ("直行", "Continue"),
    9: ("稍向右转", "Bear right"),
    10: ("右转", "Turn right"),
    11: ("向右急转", "Turn sharp right"),
    12: ("向右掉头", "Make a U-turn to the right"),
    13: ("掉头", "Make a U-turn"),
    14: ("向左急转", "Turn sharp left"),
    15: ("左转", "Turn left"),
    16: ("稍向左转", "Bear left"),
    17: ("直行上匝道", "Go straight onto the ramp"),
    18: ("右转上匝道", "Take the ramp on the right"),
    19: ("左转上匝道", "Take the ramp on the left"),
    20: ("从右侧出口驶出", "Take the exit on the right"),
    21: ("从左侧出口驶出", "Take the exit on the left"),
    22: ("保持直行", "Keep straight"),
    23: ("靠右行驶", "Keep right"),
    24: ("靠左行驶", "Keep left"),
    25: ("并入主路", "Merge"),
    26: ("进入环岛", "Enter the roundabout"),
    27: ("驶出环岛", "Leave the roundabout"),
    28: ("驶上渡轮", "Take the ferry"),
    29: ("驶离渡轮", "Leave the ferry"),
    37: ("从右侧并入主路", "Merge to the right"),
    38: ("从左侧并入主路", "Merge to the left"),
}
_ROUNDABOUT = 26
_ENDS = (4, 5, 6)


def narrate(maneuver: Maneuver) -> tuple[str, str]:
    """(Chinese, English)."""
    chinese, english = _TURNS.get(maneuver.kind, _TURNS[0])
    if maneuver.kind == _ROUNDABOUT and maneuver.exit_number:
        chinese += f"，从第{maneuver.exit_number}个出口驶出"
        english += f", take exit {maneuver.exit_number}"
    if maneuver.kind in _ENDS:
        return chinese, english
    if maneuver.street:
        chinese += f"，沿{maneuver.street}"
        english += f", {maneuver.street}"
    metres = _rounded(maneuver.metres)
    return f"{chinese}，行驶{_chinese(metres)}", f"{english}, for {_english(metres)}"


def _rounded(metres: float) -> int:
    """As people say it: tens below 200 m, then fifties, then hundreds."""
    step = 10 if metres < 200 else 50 if metres < 1000 else 100
    return max(10, round(metres / step) * step)


def _chinese(metres: int) -> str:
    return f"{metres}米" if metres < 1000 else f"{metres / 1000:g}公里"


def _english(metres: int) -> str:
    return f"{metres} m" if metres < 1000 else f"{metres / 1000:g} km"
