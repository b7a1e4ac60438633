"""Wrong PINs and badges: where they were tried they lock, and nowhere else; browsers nobody knows share a ceiling."""

import hashlib
from pathlib import Path

from edge.rules.attempts import FORGET_S
from edge.station.gates import CEILING
from edge.station.verdict import Word
from edge.wire.messages import AskingLocked
from tests.edge.station import days
from tests.edge.station.counters import Counter, open_counter
from tests.edge.station.days import BADGE

DAY = days.manifest()
HERE, THERE = "192.168.1.20", "192.168.1.21"


async def wrong(counter: Counter, times: int, device: str = "page-1", address: str = HERE) -> list[str]:
    return [(await counter.people.log_in("0000", device, address)).word for _ in range(times)]


async def test_five_wrong_pins_lock_one_device_and_say_for_how_long_and_the_colleague_at_the_other_logs_in(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY, by="") as counter:
        people = counter.people
        assert (await people.log_in("1357", "page-1", HERE)).word == Word.LOGGED_IN
        assert (await wrong(counter, 5)) == [Word.LOG_IN_UNKNOWN] * 4 + [Word.LOCKED_OUT]
        counter.clock.pass_s(14.5)
        locked = await people.log_in("1357", "page-1", HERE)
        assert (locked.word, locked.amount) == (Word.LOCKED_OUT, 46)
        assert (await people.log_in("24680", "page-2", THERE)).word == Word.LOGGED_IN
        assert (await people.log_in("24680", "page-3", HERE)).word == Word.LOGGED_IN, "a known device is counted for itself"


async def test_whoever_has_a_pin_of_their_own_guesses_no_colleagues_between_two_log_ins(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY, by="") as counter:
        people = counter.people
        words: list[str] = []
        while len(words) < CEILING.guesses:
            assert (await people.log_in("1357", "page-1", HERE)).word == Word.LOGGED_IN
            words += await wrong(counter, min(4, CEILING.guesses - len(words)))
        assert words == [Word.LOG_IN_UNKNOWN] * (CEILING.guesses - 1) + [Word.LOCKED_OUT]
        assert (await people.log_in("1357", "page-1", HERE)).amount == CEILING.first_lock_s
        assert (await people.log_in("24680", "page-2", THERE)).word == Word.LOGGED_IN, "one device stops no other, known or new"
        assert (await people.log_in(BADGE, "page-1", HERE)).word == Word.LOGGED_IN
        assert (await people.log_in("1357", "page-1", HERE)).word == Word.LOCKED_OUT


async def test_a_badge_opens_where_wrong_pins_have_locked_and_clears_them(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY, by="") as counter:
        await counter.people.log_in("1357", "page-1", HERE)
        await wrong(counter, 5)
        assert (await counter.people.log_in(BADGE, "page-1", HERE)).word == Word.LOGGED_IN
        assert (await counter.people.log_in("24680", "page-1", HERE)).word == Word.LOGGED_IN


async def test_wrong_badges_at_a_scanner_lock_badges_there_and_no_pin_anywhere(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY, by="") as counter:
        words = [(await counter.scan(f"TTB:NOBODY{n}")).word for n in range(5)]
        assert words == [Word.LOG_IN_UNKNOWN] * 4 + [Word.LOCKED_OUT]
        assert (await counter.scan(BADGE)).word == Word.LOCKED_OUT
        assert (await counter.scan(BADGE, "scanner-2")).word == Word.LOGGED_IN
        assert (await counter.people.log_in("24680", "page-1", HERE)).word == Word.LOGGED_IN


async def test_a_new_browser_for_each_guess_is_one_guesser_by_where_it_is(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY, by="") as counter:
        words = [(await wrong(counter, 1, f"page-{n}"))[0] for n in range(6)]
        assert words == [Word.LOG_IN_UNKNOWN] * 4 + [Word.LOCKED_OUT] * 2
        (lock,) = [fact for fact in await counter.facts() if isinstance(fact, AskingLocked)]
        assert HERE not in lock.place, "no address leaves the station"
        assert (await counter.people.log_in("24680", "page-9", THERE)).word == Word.LOGGED_IN


async def test_a_guesser_from_everywhere_meets_the_ceiling_and_known_devices_and_scanners_do_not(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY, by="") as counter:
        people = counter.people
        await people.log_in("1357", "page-1", HERE)
        await people.log_out("page-1")
        words = [(await wrong(counter, 1, f"page-x{n}", f"10.0.0.{n}"))[0] for n in range(CEILING.guesses + 1)]
        assert words == [Word.LOG_IN_UNKNOWN] * (CEILING.guesses - 1) + [Word.LOCKED_OUT] * 2
        stopped = await people.log_in("24680", "page-new", THERE)
        assert (stopped.word, stopped.amount) == (Word.LOCKED_OUT, CEILING.first_lock_s)
        assert (await people.log_in("1357", "page-1", HERE)).word == Word.LOGGED_IN
        assert (await counter.scan(BADGE)).word == Word.LOGGED_IN
    async with open_counter(tmp_path, clock=counter.clock) as counter:
        assert (await counter.people.log_in("24680", "page-new", THERE)).word == Word.LOCKED_OUT
        assert (await counter.people.log_in("1357", "page-1", HERE)).word == Word.LOGGED_IN, "who is known stays known"


async def test_places_where_nobody_was_wrong_for_an_hour_leave_no_row(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY, by="") as counter:
        for n in range(3):
            await wrong(counter, 1, f"page-{n}", f"10.0.0.{n}")
        counter.clock.pass_s(FORGET_S)
        await counter.people.log_in("1357", "page-1", HERE)
        rows = await counter.outbox.run(lambda store: store.execute("SELECT place FROM attempt").fetchall())
        assert not [place for (place,) in rows if "10.0.0" in place or ("from-" in place and place != own(HERE))]


def own(address: str) -> str:
    """The counter of an address, which a log-in clears."""
    return f"staff/pin/from-{hashlib.sha256(address.encode()).hexdigest()[:8]}"
