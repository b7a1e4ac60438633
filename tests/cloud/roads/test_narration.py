"""What a driver is told, in two languages."""

import pytest

from cloud.roads.narration import narrate
from cloud.roads.ways import Maneuver


@pytest.mark.parametrize(
    ("maneuver", "chinese", "english"),
    [
        (Maneuver(1, "滨江路", 340, 40, 0), "出发，沿滨江路，行驶350米", "Start, 滨江路, for 350 m"),
        (Maneuver(15, "梧桐街", 83, 9, 4), "左转，沿梧桐街，行驶80米", "Turn left, 梧桐街, for 80 m"),
        (Maneuver(10, "", 1240, 90, 9), "右转，行驶1.2公里", "Turn right, for 1.2 km"),
        (Maneuver(26, "", 30, 5, 9, 2), "进入环岛，从第2个出口驶出，行驶30米", "Enter the roundabout, take exit 2, for 30 m"),
        (Maneuver(5, "阳光路", 0, 0, 20), "到达，在右侧", "Arrive, on the right"),
        (Maneuver(99, "", 400, 30, 1), "继续行驶，行驶400米", "Continue, for 400 m"),
    ],
)
def test_each_turn_has_its_sentence(maneuver: Maneuver, chinese: str, english: str) -> None:
    assert narrate(maneuver) == (chinese, english)
