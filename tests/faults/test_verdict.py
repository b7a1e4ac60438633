"""What a run of schedules must show to be right."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.faults.__main__ import Run, is_right
from tests.faults.ledger import Balance
from tests.faults.plan import AT_WINDOWS, Aim, Fault, plan
from tests.faults.schedule import Report

GOOD = Report(
    seed=0,
    strikes=(),
    struck=4,
    scans=220,
    operations=5,
    pulses=3,
    refused=2,
    remote_opens=1,
    balance=Balance(20, (), (), (), ()),
)


HITS = [Aim("agent", "puback", has_hit=True), Aim("ingest", "after_commit", has_hit=True)]


def shown(*reports: Report, mutant: str = "", aims: Sequence[Aim] = HITS * 4) -> bool:
    return is_right(Run([], mutant, list(reports), aims=list(aims)).summary(1.0))


def test_a_run_in_which_no_command_opened_a_door_or_was_refused_is_wrong_and_one_schedule_without_is_not() -> None:
    assert shown(GOOD, replace(GOOD, remote_opens=0, refused=0))
    assert not shown(replace(GOOD, remote_opens=0))
    assert not shown(replace(GOOD, refused=0))


def test_a_run_that_hardly_scanned_or_struck_or_hit_too_few_windows_shows_nothing() -> None:
    assert not shown(GOOD, replace(GOOD, scans=199))
    assert not shown(GOOD, replace(GOOD, struck=2))
    assert shown(GOOD, aims=HITS)
    assert not shown(GOOD, aims=HITS[:1])
    missed, pulse = Aim("agent", "puback", has_hit=False), Aim("agent", "pulse", has_hit=True)
    assert not shown(GOOD, aims=[HITS[0], missed, pulse])


def test_a_mutant_is_caught_by_a_loss_a_double_or_a_door_and_by_nothing_odd() -> None:
    assert shown(GOOD, mutant="no-dedupe")
    assert shown(replace(GOOD, balance=replace(GOOD.balance, odd=("did not finish",))), mutant="no-dedupe")
    assert not shown(replace(GOOD, balance=replace(GOOD.balance, doubled=("something",))), mutant="no-dedupe")


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


def test_every_schedule_strikes_at_each_kind_of_window_and_twenty_have_every_fault() -> None:
    plans = [[strike.fault for strike in plan(seed)] for seed in range(20)]
    assert all(set(AT_WINDOWS) <= set(faults) and len(faults) == 5 for faults in plans)
    assert {fault for faults in plans for fault in faults} == set(Fault)
    assert sum(Fault.CELL_PULSE in faults for faults in plans) == 10
