"""What time the site believes it is."""

from dataclasses import dataclass

from edge.site_clock import MAX_GUESS_AHEAD_MS, SiteClock, wall_is_synced
from edge.wire.messages import ClockQuality

HOUR_MS = 3_600_000
NOW_MS = 1_800_000_000_000


@dataclass(slots=True)
class Machine:
    """The clocks of a machine, set by hand."""

    wall_ms: int = NOW_MS
    monotonic_s: float = 100.0
    is_synced: bool = True
    rate: float = 1.0
    is_simulated: bool = False

    def now_ms(self) -> int:
        return self.wall_ms

    def pass_s(self, seconds: float) -> None:
        self.monotonic_s += seconds
        self.wall_ms += int(seconds * 1000)


def clock_of(machine: Machine, past_ms: int = 0) -> SiteClock:
    return SiteClock(machine, lambda: machine.monotonic_s, lambda: machine.is_synced, past_ms)


def test_a_synced_wall_clock_is_believed() -> None:
    stamp = clock_of(Machine()).stamp(NOW_MS - 40)
    assert (stamp.measured_at_ms, stamp.quality, stamp.order_ms) == (NOW_MS - 40, ClockQuality.SYNCED, NOW_MS)


def test_a_wall_clock_far_from_the_clouds_is_not_and_what_it_measured_is_put_right() -> None:
    machine = Machine()
    clock = clock_of(machine)
    clock.heard(NOW_MS)
    machine.wall_ms += HOUR_MS  # somebody set it
    machine.pass_s(2.0)
    stamp = clock.stamp(machine.wall_ms - 500)
    assert (stamp.measured_at_ms, stamp.quality) == (NOW_MS + 1_500, ClockQuality.CLOUD)


def test_without_any_time_the_boot_guesses_from_the_wall_where_that_is_plausible() -> None:
    stamp = clock_of(Machine(is_synced=False), past_ms=NOW_MS - HOUR_MS).stamp()
    assert (stamp.measured_at_ms, stamp.quality) == (NOW_MS, ClockQuality.UNSYNCED)


def test_a_clock_of_1970_and_one_of_2100_are_no_guesses_and_the_own_past_goes_on() -> None:
    for wall_ms in (0, NOW_MS + MAX_GUESS_AHEAD_MS + 1):
        machine = Machine(wall_ms=wall_ms, is_synced=False)
        clock = clock_of(machine, past_ms=NOW_MS)
        machine.pass_s(3.0)
        assert clock.stamp().measured_at_ms == NOW_MS + 3_000


def test_the_first_word_of_the_cloud_says_by_how_much_the_guess_was_wrong_once() -> None:
    machine = Machine(wall_ms=0, is_synced=False)
    clock = clock_of(machine, past_ms=NOW_MS)
    machine.pass_s(10.0)
    assert clock.correction() is None
    clock.confirm_correction()  # there is nothing to confirm yet
    clock.heard(NOW_MS + HOUR_MS)
    for _ in range(2):  # until it is confirmed
        correction = clock.correction()
        assert correction is not None
        assert correction.offset_ms == HOUR_MS - 10_000
    clock.confirm_correction()
    assert clock.correction() is None
    assert clock.quality is ClockQuality.CLOUD


def test_a_guess_that_was_right_needs_no_correction() -> None:
    machine = Machine(is_synced=False)
    clock = clock_of(machine, past_ms=NOW_MS - 1)
    clock.heard(NOW_MS + 300)
    assert clock.correction() is None
    clock.confirm_correction()
    assert not clock.is_guessing


def test_ntp_ends_the_guessing_too() -> None:
    machine = Machine(wall_ms=0, is_synced=False)
    clock = clock_of(machine, past_ms=NOW_MS)
    machine.wall_ms, machine.is_synced = NOW_MS + HOUR_MS, True
    correction = clock.correction()
    assert correction is not None
    assert correction.offset_ms == HOUR_MS
    assert clock.quality is ClockQuality.SYNCED


def test_in_a_town_the_clouds_time_runs_at_the_towns_rate() -> None:
    machine = Machine(is_simulated=True, rate=30.0, is_synced=False)
    clock = clock_of(machine)
    clock.heard(NOW_MS)
    machine.monotonic_s += 10.0
    machine.wall_ms += 10 * 30 * 1000
    assert clock.stamp().quality is ClockQuality.SYNCED
    machine.rate = 0.0  # paused
    clock.stamp()
    machine.monotonic_s += 3600.0
    assert clock.stamp().measured_at_ms == NOW_MS + 300_000


def test_the_kernels_word_on_its_clock_can_be_had() -> None:
    assert isinstance(wall_is_synced(), bool)
