"""The town's time is paused and resumed with the data."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloud.onebox.town_time import DEFAULT_RATE, TOWN_ZONE, Machine, TownTimeFile, hour_words
from edge.wire.clock import TownClock, TownTime, decode_town, encode_town, to_ms, utc


class FakeMachine:
    """Clocks that go where the test says."""

    def __init__(self) -> None:
        self.monotonic_s = 100.0
        self.machine = Machine(lambda: datetime(2026, 3, 5, 23, 30, tzinfo=UTC), lambda: self.monotonic_s, "boot")

    def clock(self, file: TownTimeFile) -> TownClock:
        return TownClock(file.file.read_bytes, lambda: self.monotonic_s)


def test_a_new_town_starts_at_half_past_six_of_its_own_today(tmp_path: Path) -> None:
    fake = FakeMachine()
    file = TownTimeFile(tmp_path, fake.machine)
    file.resume()
    assert utc(fake.clock(file).now_ms()).astimezone(TOWN_ZONE) == datetime(2026, 3, 6, 6, 30, tzinfo=TOWN_ZONE)
    assert fake.clock(file).rate == DEFAULT_RATE


def test_no_time_passes_while_nothing_runs(tmp_path: Path) -> None:
    fake = FakeMachine()
    file = TownTimeFile(tmp_path, fake.machine)
    file.resume()
    fake.monotonic_s += 10
    stopped_ms = fake.clock(file).now_ms()
    file.pause()
    fake.monotonic_s += 5000
    assert fake.clock(file).now_ms() == stopped_ms
    TownTimeFile(tmp_path, fake.machine).resume()
    assert fake.clock(file).now_ms() == stopped_ms
    fake.monotonic_s += 1
    assert fake.clock(file).now_ms() == stopped_ms + DEFAULT_RATE * 1000


def test_after_a_kill_time_goes_on_near_the_last_sign_and_never_back(tmp_path: Path) -> None:
    fake = FakeMachine()
    file = TownTimeFile(tmp_path, fake.machine)
    file.resume()
    fake.monotonic_s += 7.0
    file.beat()
    fake.monotonic_s += 0.9
    last_ms = fake.clock(file).now_ms()
    fake.monotonic_s += 3600
    TownTimeFile(tmp_path, fake.machine).resume()
    assert 0 <= fake.clock(file).now_ms() - last_ms <= DEFAULT_RATE * 1000


def test_another_boot_resumes_too(tmp_path: Path) -> None:
    fake = FakeMachine()
    file = TownTimeFile(tmp_path, fake.machine)
    file.resume()
    fake.monotonic_s += 10
    stopped_ms = fake.clock(file).now_ms()
    file.pause()
    fake.monotonic_s = 3.0  # the machine's monotonic clock starts again with it
    TownTimeFile(tmp_path, fake.machine).resume()
    assert fake.clock(file).now_ms() == stopped_ms


def test_a_rate_that_was_changed_is_kept_and_can_be_asked_for(tmp_path: Path) -> None:
    fake = FakeMachine()
    file = TownTimeFile(tmp_path, fake.machine)
    file.resume()
    file.file.write_bytes(encode_town(decode_town(file.file.read_bytes()).changed(fake.monotonic_s, 60.0)))
    file.pause()
    assert file.resume().rate == 60.0
    assert file.resume(rate=5.0).rate == 5.0


def test_a_town_its_people_paused_stays_paused(tmp_path: Path) -> None:
    fake = FakeMachine()
    file = TownTimeFile(tmp_path, fake.machine)
    file.resume(rate=0.0)
    file.pause()
    assert file.resume().rate == 0.0


@pytest.mark.parametrize(
    ("hour", "words"),
    [
        (0, "closed"),
        (4, "sorts"),
        (6, "loads the van"),
        (7, "the van"),
        (10, "on the shelves"),
        (12, "pick up"),
        (21, "overdue"),
        (23, "given out"),
    ],
)
def test_the_start_says_what_time_it_is_in_the_town_and_what_happens_there(hour: int, words: str) -> None:
    moment = datetime(2026, 11, 24, hour, 30, tzinfo=TOWN_ZONE)
    chinese, english = hour_words(TownTime(to_ms(moment), 5.0, 30.0, "boot"), 5.0)
    assert english.startswith(f"{hour:02d}:30, 30 times as fast: ")
    assert words in english
    assert chinese.startswith(f"{hour:02d}:30 ×30：")
