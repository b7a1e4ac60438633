from datetime import date, timedelta
from pathlib import Path

import pytest

from firmware_sim.town.memory import KEPT_DAYS, ForgottenError, Memory
from firmware_sim.town.plan import Step, StepKind

DAY = date(2026, 11, 23)
STEP = Step(1, StepKind.RECEIVE, "TTP1")


def test_what_was_done_and_sent_is_known_after_a_restart(tmp_path: Path) -> None:
    memory = Memory.recall(tmp_path / "memory.json", seed=1)
    assert not memory.is_done(DAY, STEP)
    assert not memory.has_sent("st-0001", DAY)
    memory.done(DAY, STEP)
    memory.sent("st-0001", DAY)
    again = Memory.recall(tmp_path / "memory.json", seed=1)
    assert again.is_done(DAY, STEP)
    assert again.has_sent("st-0001", DAY)
    assert not again.is_done(DAY, Step(1, StepKind.SHELVE, "TTP1"))
    assert not again.is_done(DAY + timedelta(days=1), STEP)


def test_old_days_are_forgotten(tmp_path: Path) -> None:
    memory = Memory.recall(tmp_path / "memory.json", seed=1)
    for n in range(KEPT_DAYS + 2):
        memory.sent("st-0001", DAY + timedelta(days=n))
        memory.done(DAY + timedelta(days=n), STEP)
    assert not memory.is_done(DAY, STEP)
    assert not memory.has_sent("st-0001", DAY)
    assert memory.is_done(DAY + timedelta(days=KEPT_DAYS), STEP)
    assert memory.has_sent("st-0001", DAY + timedelta(days=KEPT_DAYS))


@pytest.mark.parametrize("content", [b"{", b'{"seed": 2}', b"[]"])
def test_a_folder_that_is_not_this_towns_is_refused_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "memory.json").write_bytes(content)
    with pytest.raises(ForgottenError, match="FRESH=1"):
        Memory.recall(tmp_path / "memory.json", seed=1)
