"""What is under way on a lane, and when it is sent again."""

from edge.flow import MAX_TIMEOUT_S, MIN_TIMEOUT_S, LaneFlow
from edge.outbox import BatchKey
from edge.wire.ids import Lane, Seq


def key(seq: int, epoch: int = 1) -> BatchKey:
    return BatchKey(epoch, Lane.EVENT, Seq(seq))


def flow(window: int = 4) -> LaneFlow:
    return LaneFlow(window, lambda: 0.0)


def test_a_window_bounds_what_is_under_way() -> None:
    lane = flow(window=2)
    lane.sent(key(1), 1, 0.0)
    lane.sent(key(2), 2, 0.0)
    assert lane.room == 0
    lane.landed([key(1)], 0.5)
    assert lane.room == 1


def test_only_what_the_broker_has_taken_is_sent_again() -> None:
    lane = flow()
    lane.sent(key(1), 7, 0.0)
    assert lane.due(100.0) == []
    assert lane.taken(7) == key(1)
    assert lane.due(MIN_TIMEOUT_S - 0.1) == []
    assert lane.due(MIN_TIMEOUT_S) == [key(1)]


def test_repeats_wait_twice_as_long_each_up_to_a_minute() -> None:
    lane = flow()
    waits = []
    for packet in range(1, 8):
        lane.sent(key(1), packet, 0.0)
        waits.append(lane.next_due_s())
    assert waits == [5.0, 10.0, 20.0, 40.0, MAX_TIMEOUT_S, MAX_TIMEOUT_S, MAX_TIMEOUT_S]


def test_jitter_only_lengthens() -> None:
    lane = LaneFlow(4, lambda: 1.0)
    lane.sent(key(1), 1, 0.0)
    assert lane.next_due_s() == MIN_TIMEOUT_S * 1.25


def test_a_slow_cloud_lengthens_the_first_wait_and_a_repeat_measures_nothing() -> None:
    lane = flow()
    for seq in range(1, 20):
        lane.sent(key(seq), seq, 0.0)
        lane.landed([key(seq)], 8.0)
    assert 8.0 < lane.timeout_s < 30.0
    before = lane.timeout_s
    lane.sent(key(50), 1, 0.0)
    lane.sent(key(50), 2, 30.0)
    lane.landed([key(50)], 30.1)
    assert lane.timeout_s == before


def test_a_packet_the_broker_never_takes_is_a_dead_line() -> None:
    lane = flow()
    lane.sent(key(1), 1, 0.0)
    assert not lane.is_stuck(60.0)
    assert lane.is_stuck(60.1)
    lane.taken(1)
    assert not lane.is_stuck(60.1)


def test_what_the_cloud_lost_is_reached_again_from_its_first() -> None:
    lane = flow()
    for seq in (1, 2, 3):
        lane.sent(key(seq), seq, 0.0)
    lane.landed([key(1), key(2), key(3)], 0.1)
    lane.rewind([key(2), key(3)])
    assert lane.last == key(1)
    rewinds = lane.rewinds
    lane.rewind([key(9)])  # sent on an earlier connection: whoever looks up what comes next just now does not know of it yet
    assert (lane.last, lane.rewinds) == (key(1), rewinds + 1)


def test_a_later_epoch_comes_after_an_earlier_one_whatever_its_numbers() -> None:
    lane = flow()
    lane.sent(key(9, epoch=1), 1, 0.0)
    lane.sent(key(1, epoch=2), 2, 0.0)
    lane.sent(key(8, epoch=1), 3, 0.0)
    assert lane.last == key(1, epoch=2)


def test_a_repeat_after_a_rewind_does_not_pass_over_what_waits_again() -> None:
    lane = flow()
    for seq in (1, 2, 3):
        lane.sent(key(seq), seq, 0.0)
    lane.landed([key(1), key(2)], 0.1)
    lane.rewind([key(1), key(2)])
    lane.sent(key(3), 4, 9.0)
    assert lane.last == key(0)
    assert lane.rewinds == 2
