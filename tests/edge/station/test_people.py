"""Logging in at a station on a real file: by PIN, by badge, at a page, at a scanner; and whose name an act carries."""

from pathlib import Path

import msgspec
import pytest

from edge.station.people import People
from edge.station.staff import SESSION_MS
from edge.station.verdict import Word
from edge.wire.messages import ParcelReceived, StaffLoggedIn, StaffLoggedOut, StaffRefused
from tests.edge.station import days
from tests.edge.station.counters import open_counter
from tests.edge.station.days import BADGE, LI_1, WANG_1, WANG_2

DAY = days.manifest()


async def test_a_pin_logs_in_at_a_page_and_acts_there_carry_the_name(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY, by="") as counter:
        assert (await counter.people.log_in("24680", "page-1")).word == Word.LOGGED_IN
        assert counter.people.actor_at("page-1") == "staff-2"
        (event,) = await counter.events()
        assert (event.fact, event.actor, event.device) == (StaffLoggedIn(staff="staff-2", how="pin"), "staff-2", "page-1")


async def test_a_badge_before_a_scanner_logs_in_there_and_its_scans_carry_the_name(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY, by="") as counter:
        assert (await counter.scan(BADGE)).word == Word.LOGGED_IN
        await counter.scan(WANG_1)
        assert [(event.fact, event.actor) for event in await counter.events()][1:] == [(ParcelReceived(parcel=WANG_1), "staff-1")]


async def test_a_scanner_without_a_log_in_works_for_the_only_person_there_and_for_nobody_of_two(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY, by="") as counter:
        await counter.people.log_in("1357", "page-1")
        await counter.scan(WANG_1)
        await counter.people.log_in("24680", "page-2")
        await counter.scan(WANG_2)
        await counter.people.log_out("page-2")
        await counter.scan(LI_1)
        received = [event.actor for event in await counter.events() if isinstance(event.fact, ParcelReceived)]
        assert received == ["staff-1", "", "staff-1"]


async def test_wrong_pins_lock_the_log_in_also_over_a_restart(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY, by="") as counter:
        words = [(await counter.people.log_in(wrong, "page-1")).word for wrong in ("0000", "99", "TTB:NOBODY", "1111", "2222", "3")]
        assert words == [Word.LOG_IN_UNKNOWN] * 5 + [Word.LOCKED_OUT]
        refused = [fact for fact in await counter.facts() if isinstance(fact, StaffRefused)]
        assert [fact.how for fact in refused] == ["pin", "pin", "badge", "pin", "pin", "pin"]
    async with open_counter(tmp_path, clock=counter.clock) as counter:
        assert (await counter.people.log_in("1357", "page-1")).word == Word.LOCKED_OUT
        counter.clock.pass_s(60)
        assert (await counter.people.log_in("1357", "page-1")).word == Word.LOGGED_IN


async def test_sessions_outlast_a_restart_and_end_after_a_shift_or_with_the_job(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY, by="") as counter:
        await counter.people.log_in("1357", "page-1")
        await counter.people.log_in("24680", "page-2")
    async with open_counter(tmp_path, clock=counter.clock) as counter:
        assert sorted(counter.people.sessions) == ["page-1", "page-2"]
        await counter.put_in_force(msgspec.structs.replace(days.manifest(2), staff=DAY.staff[:1]))
        await counter.people.end_old_sessions()
        counter.clock.pass_s(SESSION_MS / 1000)
        await counter.people.end_old_sessions()
        await counter.people.end_old_sessions()
        assert counter.people.sessions == {}
        assert (await counter.facts())[2:] == [
            StaffLoggedOut(staff="staff-2", why="removed"),
            StaffLoggedOut(staff="staff-1", why="idle"),
        ]
    async with open_counter(tmp_path, clock=counter.clock) as counter:
        assert counter.people.sessions == {}


async def test_logging_out_twice_says_so_once(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY, by="") as counter:
        await counter.people.log_in("1357", "page-1")
        await counter.people.log_out("page-1")
        await counter.people.log_out("page-1")
        assert [type(fact) for fact in await counter.facts()] == [StaffLoggedIn, StaffLoggedOut]


@pytest.mark.parametrize("secret", ["1357", BADGE])
async def test_without_a_manifest_nobody_can_log_in_and_nobody_has_to(tmp_path: Path, secret: str) -> None:
    async with open_counter(tmp_path) as counter:
        people: People = counter.people
        assert not people.are_known
        assert (await people.log_in(secret, "page-1")).word == Word.LOG_IN_UNKNOWN
        await people.end_old_sessions()
        assert people.actor_at("page-1") == ""


async def test_nobody_hands_out_nameless_where_people_are_known(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY, by="") as counter:
        await counter.receive(WANG_1, WANG_2)
        counter.station.set_mode("release")
        assert (await counter.scan(WANG_1)).word == Word.LOG_IN_NEEDED
        await counter.scan(BADGE)
        assert (await counter.scan(WANG_1)).word == Word.RELEASED
        assert (await counter.events())[-1].actor == "staff-1"
