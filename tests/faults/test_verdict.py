"""What a run of schedules must show to be right."""

from dataclasses import replace

import pytest

from tests.faults.__main__ import Run, is_right
from tests.faults.ledger import Balance
from tests.faults.schedule import Report

GOOD = Report(
    seed=0,
    strikes=(),
    scans=10,
    operations=5,
    pulses=3,
    forbidden=2,
    remote_opens=1,
    balance=Balance(20, (), (), (), ()),
)


def shown(*reports: Report, mutant: str = "") -> bool:
    return is_right(Run([], mutant, list(reports)).summary(1.0))


def test_a_run_in_which_no_command_opened_a_door_is_wrong_and_one_schedule_without_is_not() -> None:
    refuses = replace(GOOD, remote_opens=0)
    assert shown(GOOD, refuses)
    assert not shown(refuses, refuses)
    assert shown(refuses, mutant="pulse-again")  # whether a mutant is found is for its own faults to say


@pytest.mark.parametrize(
    "books",
    [
        replace(GOOD.balance, lost=("something",)),
        replace(GOOD.balance, doubled=("something",)),
        replace(GOOD.balance, odd=("something",)),
        replace(GOOD.balance, doors=("something",)),
    ],
    ids=["lost", "doubled", "odd", "doors"],
)
def test_whatever_is_wrong_in_one_schedule_makes_the_run_wrong(books: Balance) -> None:
    assert not shown(GOOD, replace(GOOD, balance=books))
