import pytest

from cloud.domain.driving import ActKind, RunTimes, happened_ms, judge

UNDERWAY = RunTimes("departed", 1_000, None)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        (ActKind.ARRIVED, "approaching", "unloading"),
        (ActKind.ARRIVED, "failed", "failed"),
        (ActKind.HANDED_OVER, "pending", "signed"),
        (ActKind.HANDED_OVER, "failed", "signed"),
        (ActKind.HANDED_OVER, "signed_with_variance", "signed_with_variance"),
        (ActKind.DROPPED, "unloading", "dropped"),
        (ActKind.TAKEN_BACK, "signed", "signed"),
    ],
)
def test_a_stop_becomes_what_its_driver_says_of_it(kind: ActKind, before: str, after: str) -> None:
    judged = judge(kind, 2_000, UNDERWAY, before, None)
    assert (judged.state, judged.refusal) == (after, "")


@pytest.mark.parametrize("kind", [ActKind.DROPPED, ActKind.FAILED])
def test_what_was_handed_over_is_not_left_at_the_door_afterwards(kind: ActKind) -> None:
    assert judge(kind, 2_000, UNDERWAY, "signed", 1_500).refusal == "stop_signed"
    assert judge(kind, 1_400, UNDERWAY, "signed", 1_500).refusal == ""


def test_a_demo_at_sixty_times_the_speed_has_longer_minutes() -> None:
    assert happened_ms(at_ms=0, sent_at_ms=1_000, now_ms=100_000, rate=60.0, departed_ms=None) == 40_000


def test_nothing_happens_before_the_run_sets_off_nor_after_now() -> None:
    assert happened_ms(0, 10**12, 100_000, 1.0, 90_000) == 90_000
    assert happened_ms(10**12, 0, 100_000, 1.0, 90_000) == 100_000
