from datetime import date, timedelta
from pathlib import Path

import pytest

from firmware_sim.town.arrivals import Bag
from firmware_sim.town.memory import KEPT_DAYS, ForgottenError, Memory
from firmware_sim.town.steps import Step, StepKind

DAY = date(2026, 11, 23)
ST = "st-0001"
STEP = Step(1, StepKind.RECEIVE, "TTP1")


def test_what_was_done_and_sent_is_known_after_a_restart(tmp_path: Path) -> None:
    memory = Memory.recall(tmp_path / "memory.json", seed=1)
    assert not memory.is_done(DAY, ST, STEP)
    assert memory.placed(ST, DAY) == 0
    memory.done(DAY, ST, STEP)
    memory.place(ST, DAY, 3, is_all=False)
    memory.batch("plan", DAY)
    memory.set_up(ST, "like this")
    bags = [Bag("TTP1", "A-1", "chilled", "TTC1", (("milk", 2),))]
    memory.keep_bags(ST, DAY, bags)
    assert not memory.begin(DAY, ST, STEP)
    again = Memory.recall(tmp_path / "memory.json", seed=1)
    assert again.is_done(DAY, ST, STEP)
    assert again.placed(ST, DAY) == 3
    assert again.has_batch("plan", DAY)
    assert not again.has_batch("allocation", DAY)
    assert again.is_set_up(ST, "like this")
    assert not again.is_set_up(ST, "like that")
    assert again.bags(ST, DAY) == bags
    assert again.bags("st-0002", DAY) is None
    assert again.begin(DAY, ST, STEP), "it was begun before"
    assert not again.is_done(DAY, ST, Step(1, StepKind.SHELVE, "TTP1"))
    assert not again.is_done(DAY, "st-0002", STEP)
    assert not again.is_done(DAY + timedelta(days=1), ST, STEP)
    again.place(ST, DAY, 5, is_all=True)
    assert again.placed(ST, DAY) is None


def test_a_file_of_the_release_before_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    path.write_text('{"seed": 1, "sent": ["st-0001/2026-11-23"], "done": {"2026-11-23": ["receive/TTP1"]}}')
    memory = Memory.recall(path, seed=1)
    assert memory.placed(ST, DAY) is None
    assert memory.is_done(DAY, ST, STEP)


def test_old_days_are_forgotten(tmp_path: Path) -> None:
    memory = Memory.recall(tmp_path / "memory.json", seed=1)
    for n in range(KEPT_DAYS + 2):
        day = DAY + timedelta(days=n)
        memory.place(ST, day, 2, is_all=True)
        memory.keep_bags(ST, day, [])
        memory.batch("plan", day)
        memory.begin(day, ST, STEP)
        memory.done(day, ST, STEP)
    assert not memory.is_done(DAY, ST, STEP)
    assert memory.placed(ST, DAY) == 0
    assert memory.bags(ST, DAY) is None
    assert not memory.has_batch("plan", DAY)
    assert not memory.begin(DAY, ST, STEP)
    last = DAY + timedelta(days=KEPT_DAYS)
    assert memory.is_done(last, ST, STEP)
    assert memory.placed(ST, last) is None
    assert memory.bags(ST, last) == []


@pytest.mark.parametrize("content", [b"{", b'{"seed": 2}', b"[]"])
def test_a_folder_that_is_not_this_towns_is_refused_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "memory.json").write_bytes(content)
    with pytest.raises(ForgottenError, match="FRESH=1"):
        Memory.recall(tmp_path / "memory.json", seed=1)
