"""A person's card at the counter: whose scans it rules, what ends it, and that nobody is refused for somebody who has gone."""

from pathlib import Path

from edge.station.benches import SERVED_S, UNSHOWN_S
from edge.station.station import Who
from edge.station.verdict import Word
from edge.wire.messages import Refusal
from tests.edge.station import days
from tests.edge.station.counters import CHEN, Counter, open_counter
from tests.edge.station.days import CODE_OF, LI_1, WANG_1, WANG_2

DAY = days.manifest()
OTHER = Who("page-2", "staff-2")


def cards(counter: Counter) -> list[tuple[str, str, str]]:
    return [(one.serving.claim, one.device, one.actor) for one in counter.station.benches.cards(counter.clock.monotonic_s())]


async def test_a_card_that_was_left_open_is_listed_with_who_opened_it_and_closing_it_frees_the_scanner(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(WANG_1, LI_1)
        asked = await counter.questions.ask(CODE_OF["c-wang"], CHEN)
        assert cards(counter) == [("c-wang", CHEN.device, CHEN.actor)]
        assert (await counter.scan(LI_1)).detail == Refusal.WRONG_PARCEL
        counter.questions.close(asked.id)
        assert cards(counter) == []
        assert (await counter.scan(LI_1)).word == Word.RELEASED


async def test_where_no_page_is_left_to_show_a_card_it_rules_no_scan_and_does_again_when_one_is_back(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(WANG_1, WANG_2, LI_1)
        await counter.questions.ask(CODE_OF["c-wang"], CHEN)
        counter.clock.pass_s(UNSHOWN_S)
        assert cards(counter) == []
        assert (await counter.scan(LI_1)).word == Word.RELEASED
        counter.station.benches.shown(counter.clock.monotonic_s())
        assert cards(counter) == [("c-wang", CHEN.device, CHEN.actor)]
        counter.clock.pass_s(SERVED_S - UNSHOWN_S)
        counter.station.benches.shown(counter.clock.monotonic_s())
        assert cards(counter) == []


async def test_the_next_code_takes_the_place_of_the_card_wherever_it_was_opened(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(WANG_1, LI_1)
        await counter.scan(days.qr("demo/1"))
        await counter.questions.ask(CODE_OF["c-li"], OTHER)
        assert cards(counter) == [("c-li", OTHER.device, OTHER.actor)]
        assert (await counter.scan(WANG_1)).detail == Refusal.WRONG_PARCEL
        await counter.scan(days.qr("demo/1"))
        assert cards(counter) == [("c-wang", "scanner-1", counter.by)]


async def test_two_scanners_serve_two_people(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(WANG_1, WANG_2, LI_1)
        await counter.scan(days.qr("demo/1"), "scanner-1")
        await counter.scan(CODE_OF["c-li"], "scanner-2")
        assert (await counter.scan(WANG_1, "scanner-1")).word == Word.RELEASED_PARTLY
        assert (await counter.scan(WANG_2, "scanner-2")).detail == Refusal.WRONG_PARCEL
        assert (await counter.scan(LI_1, "scanner-2")).word == Word.RELEASED
        assert [claim for claim, _, _ in cards(counter)] == ["c-wang"]


async def test_what_a_scanner_asked_and_the_page_handed_out_is_over_at_the_scanner_too(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(WANG_1, WANG_2, LI_1)
        scanned = await counter.scan(days.qr("demo/1"))
        assert (await counter.questions.hand_out(scanned.question, "c-wang", (), CHEN)).word == Word.RELEASED
        assert (await counter.scan(LI_1)).word == Word.RELEASED


async def test_a_scan_that_was_refused_booked_nothing_and_offers_no_undo(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(WANG_1, LI_1)
        await counter.questions.ask(CODE_OF["c-wang"], CHEN)
        refused = await counter.scan(LI_1)
        assert (refused.detail, refused.event is not None, refused.can_undo) == (Refusal.WRONG_PARCEL, True, False)
