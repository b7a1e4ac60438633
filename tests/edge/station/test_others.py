"""Parcels that are none of the day's: of another station, of tomorrow, of nobody known; and ours that another station has."""

from pathlib import Path

import msgspec
import pytest

from edge.devices.ports import Sound
from edge.outbox.transaction import Execute
from edge.station import arrivals
from edge.station.decide import ScanKind
from edge.station.verdict import Word
from edge.wire.codec import PayloadError
from edge.wire.labels import parcel_label
from edge.wire.manifest import Manifest, OtherParcel, Zone, decode_manifest, encode_manifest
from edge.wire.messages import (
    ContainerOpened,
    ContainerSigned,
    CountFinished,
    ParcelReceived,
    ParcelReleased,
    ParcelReturned,
    ParcelShelved,
    Problem,
    Refusal,
    VarianceFound,
)
from tests.edge.station import days
from tests.edge.station.counters import CHEN, Counter, open_counter
from tests.edge.station.days import BAGS, CODE_OF, LI_1, NOON_MS, STRANGE, WANG_1, WANG_2
from tests.edge.station.things import container, parcel

TOMORROW = parcel_label(50)
MIDNIGHT_MS = NOON_MS + 12 * 3_600_000
OF_TOMORROW = OtherParcel(parcel=TOMORROW, why="later", zone=Zone.FROZEN, day="2026-01-02", from_ms=MIDNIGHT_MS)
OF_THE_EAST = OtherParcel(parcel=STRANGE, why="elsewhere", zone=Zone.AMBIENT, station="东门店")
PLAIN = days.manifest()


def with_others(version: int, *others: OtherParcel) -> Manifest:
    return msgspec.structs.replace(PLAIN, version=version, others=others)


def seen_elsewhere(version: int, *labels: str, is_sent_on: bool = False) -> Manifest:
    parcels = tuple(
        msgspec.structs.replace(one, seen_at="东门店", is_sent_on=is_sent_on) if one.parcel in labels else one
        for one in PLAIN.parcels
    )
    return msgspec.structs.replace(PLAIN, version=version, parcels=parcels)


async def aside(counter: Counter) -> list[str]:
    """What staff are to put aside."""
    day, standings, undone = counter.station.day, counter.station.standings, counter.station.undone

    def look(execute: Execute) -> list[str]:
        standings.refresh(execute, undone)
        return [one.parcel for one in standings.here(execute, day) if one.is_aside]

    return await counter.outbox.run(lambda store: look(store.execute))


def test_a_manifest_of_others_travels_and_one_named_twice_is_refused() -> None:
    manifest = with_others(2, OF_TOMORROW, OF_THE_EAST)
    assert decode_manifest(encode_manifest(manifest)) == manifest
    with pytest.raises(PayloadError, match="others: "):
        decode_manifest(encode_manifest(with_others(2, OF_TOMORROW, OF_TOMORROW)))


async def test_a_strangers_parcel_is_kept_aside_and_named_once_the_cloud_has_said_whose_it_is(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=PLAIN) as counter:
        scanned = await counter.scan(STRANGE)
        assert (scanned.word, scanned.sound, scanned.other) == (Word.RECEIVED_SURPLUS, Sound.ATTENTION, None)
        assert await aside(counter) == [STRANGE]
        queue = await counter.desk.shelf_queue(8)
        assert queue.total == 0, "nobody is told to shelve what goes on with the next van"
        await counter.put_in_force(with_others(2, OF_THE_EAST))
        again = await counter.scan(STRANGE)
        assert (again.word, again.other) == (Word.RECEIVED_BEFORE, OF_THE_EAST)
        counter.station.set_mode("release")
        refused = await counter.scan(STRANGE)
        assert (refused.detail, refused.other, refused.kind) == (Refusal.WRONG_SITE, OF_THE_EAST, ScanKind.WRONG_SITE)
        gone = await counter.desk.give_back(STRANGE, "", "", CHEN)
        assert (gone.word, await aside(counter)) == (Word.RETURNED, [])
        assert await counter.facts() == [
            ParcelReceived(parcel=STRANGE),
            VarianceFound(problem=Problem.SURPLUS, parcel=STRANGE),
            ParcelReturned(parcel=STRANGE),
        ]


async def test_tomorrows_parcel_is_taken_in_as_such_and_handed_out_on_its_day_and_not_before(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", with_others(1, OF_TOMORROW)) as counter:
        not_here = await counter.scan(TOMORROW)
        assert (not_here.detail, not_here.other) == (Refusal.NOT_YET, OF_TOMORROW)
        counter.station.set_mode("receive")
        early = await counter.scan(TOMORROW)
        assert (early.word, early.sound, early.kind, early.other) == (
            Word.RECEIVED_EARLY, Sound.ATTENTION, ScanKind.RECEIVED, OF_TOMORROW,
        )  # fmt: skip
        assert (await counter.desk.shelve(TOMORROW, "A1", CHEN)).word == Word.WRONG_ZONE, "a frozen one stays frozen"
        counter.station.set_mode("release")
        refused = await counter.scan(TOMORROW)
        assert (refused.word, refused.detail) == (Word.REFUSED, Refusal.NOT_YET)
        counter.clock.ms = MIDNIGHT_MS  # and the new list has not come
        handed = await counter.scan(TOMORROW)
        assert handed.word == Word.RELEASED
        facts = await counter.facts()
        assert facts[0] == ParcelReceived(parcel=TOMORROW), "it is no surplus"
        assert [type(fact) for fact in facts] == [ParcelReceived, ParcelReleased]


async def test_tomorrows_parcel_that_comes_after_midnight_is_todays_also_with_yesterdays_list(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=with_others(1, OF_TOMORROW)) as counter:
        counter.clock.ms = MIDNIGHT_MS
        assert (await counter.scan(TOMORROW)).word == Word.RECEIVED
        assert await counter.facts() == [ParcelReceived(parcel=TOMORROW)]


async def test_a_stock_take_calls_tomorrows_no_surplus(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "count", with_others(1, OF_TOMORROW)) as counter:
        await counter.desk.begin_stock_take("")
        await counter.scan(TOMORROW)
        await counter.scan(STRANGE)
        surplus = [fact for fact in await counter.facts() if isinstance(fact, VarianceFound)]
        assert surplus == [VarianceFound(problem=Problem.SURPLUS, parcel=STRANGE)]


async def test_what_another_station_scanned_in_is_no_longer_offered_and_handed_out_where_it_turns_up(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", PLAIN) as counter:
        await counter.receive(WANG_1, LI_1)
        await counter.put_in_force(seen_elsewhere(2, WANG_1, LI_1))
        assert (await counter.desk.shelf_queue(8)).total == 0
        asked = await counter.questions.ask(CODE_OF["c-wang"], CHEN)
        assert (asked.result.word, asked.result.detail) == (Word.REFUSED, Refusal.ELSEWHERE)
        handed = await counter.scan(LI_1)
        assert handed.word == Word.RELEASED, "whoever holds it in their hands has it"


async def test_what_comes_back_from_another_station_is_found_and_lies_where_it_lay(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=PLAIN) as counter:
        await counter.receive("SLOT:A1", WANG_1)
        await counter.put_in_force(seen_elsewhere(2, WANG_1, WANG_2, is_sent_on=True))
        counter.clock.pass_s(120)
        back = await counter.scan(WANG_1)
        assert (back.word, back.sound, back.slot) == (Word.FOUND, Sound.OK, "A1")
        assert (await counter.scan(WANG_2)).word == Word.FOUND
        assert (await counter.facts())[-3:] == [
            ParcelReceived(parcel=WANG_1),
            ParcelShelved(parcel=WANG_1, slot="A1"),
            ParcelReceived(parcel=WANG_2),
        ]


def test_what_another_station_has_is_not_called_missing() -> None:
    day = seen_elsewhere(2, WANG_2)
    known = [parcel(label, day=day) for label in (WANG_1, WANG_2)]
    opened = container(BAGS, ContainerSigned(container=BAGS), ContainerOpened(container=BAGS))
    assert arrivals.finish_count(opened, known).facts == (
        VarianceFound(problem=Problem.MISSING, parcel=WANG_1, container=BAGS),
        CountFinished(container=BAGS, expected=2, received=0, missing=2),
    )
