"""Where a parcel lay and since when, from its own events and its container's."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.events import RecordedEvent
from cloud.domain.stays import Stay, containers_of, stays
from edge.wire import messages as m
from tests.cloud.domain.test_parcel_fold import EPOCH, T0, A, B, event

P, C, D = "P", "C1", "C2"
DOCK, SHOP = A, B
PACKED, LOADED = event(1, m.ParcelPacked(parcel=P, container=C)), event(2, m.ContainerLoaded(container=C, run="r1"))
SIGNED = event(3, m.ContainerSigned(container=C), site=SHOP)
OPENED = event(4, m.ContainerOpened(container=C), site=SHOP)
RECEIVED = event(5, m.ParcelReceived(parcel=P, container=C), site=SHOP)
SHELVED = event(6, m.ParcelShelved(parcel=P, slot="C12"), site=SHOP)
PLACED = event(7, m.ParcelPlaced(parcel=P, cell="1-07"), site=SHOP)
RELEASED = event(8, m.ParcelReleased(parcel=P), site=SHOP)


def at(n: int) -> int:
    return T0 + n * 1000


def way(own: Iterable[RecordedEvent], of_container: Iterable[RecordedEvent] = (), planned: str = "") -> list[Stay]:
    return list(stays(own, {C: list(of_container)}, planned))


def test_from_the_dock_to_the_hand_without_a_gap() -> None:
    assert way([PACKED, RECEIVED, SHELVED, PLACED, RELEASED], [LOADED, SIGNED, OPENED]) == [
        Stay(at(1), at(2), "a", container=C),
        Stay(at(2), at(3), "a", container=C, run="r1", is_aboard=True),
        Stay(at(3), at(5), "b", container=C),
        Stay(at(5), at(6), "b"),
        Stay(at(6), at(7), "b", "C12"),
        Stay(at(7), at(8), "b", "1-07"),
    ]


def test_what_a_van_leaves_is_at_the_station_it_names() -> None:
    dropped = event(3, m.ContainerDropped(container=C, run="r1", station="b"))
    assert way([PACKED, RECEIVED], [LOADED, dropped, OPENED])[:3] == [
        Stay(at(1), at(2), "a", container=C),
        Stay(at(2), at(3), "a", container=C, run="r1", is_aboard=True),
        Stay(at(3), at(5), "b", container=C),
    ]


def test_what_nobody_scanned_into_a_container_came_in_the_one_it_was_taken_out_of_or_is_planned_for() -> None:
    van = [event(1, m.ContainerBound(container=C, station="b")), LOADED, SIGNED]
    expected = [Stay(at(1), at(2), "a", container=C), Stay(at(2), at(3), "a", container=C, run="r1", is_aboard=True)]
    assert way([RECEIVED], van)[:2] == expected
    assert way([], van, planned=C)[:2] == expected
    assert way([], van) == []
    assert way([SHELVED], van, planned=C)[:2] == expected


def test_a_bag_that_the_station_makes_was_in_the_container_of_its_goods_before() -> None:
    given = event(5, m.GoodsDistributed(sku="milk", parcel=P, container=C), site=SHOP)
    assert way([given, SHELVED], [LOADED, SIGNED]) == [
        Stay(at(2), at(3), "a", container=C, run="r1", is_aboard=True),
        Stay(at(3), at(5), "b", container=C),
        Stay(at(5), at(6), "b"),
        Stay(at(6), None, "b", "C12"),
    ]


def test_the_rounds_a_container_went_before_carried_other_goods() -> None:
    before = [event(-9, m.ContainerBound(container=C, station="b")), event(-8, m.ContainerLoaded(container=C))]
    gone_back = event(-7, m.ContainerReturned(container=C), site=SHOP)
    bound = event(1, m.ContainerBound(container=C, station="b"))
    assert way([RECEIVED], [*before, gone_back, bound, SIGNED])[0] == Stay(at(1), at(3), "a", container=C)
    assert way([RECEIVED], [*before, gone_back, SIGNED])[0] == Stay(at(3), at(5), "b", container=C)


def test_what_is_in_another_persons_container_does_not_move_with_it() -> None:
    elsewhere = event(3, m.ContainerLoaded(container=D, run="r2"))
    moved = stays([PACKED], {C: [], D: [elsewhere]})
    assert [stay.to_ms for stay in moved] == [None]


def test_after_it_was_taken_out_the_container_goes_without_it() -> None:
    back = event(9, m.ContainerReturned(container=C), site=SHOP)
    assert way([PACKED, RECEIVED, SHELVED], [LOADED, SIGNED, back])[-1] == Stay(at(6), None, "b", "C12")


def test_what_was_never_taken_out_of_a_container_that_went_back_is_nowhere() -> None:
    back = event(9, m.ContainerReturned(container=C), site=SHOP)
    assert way([PACKED], [LOADED, SIGNED, back])[-1] == Stay(at(3), at(9), "b", container=C)


def test_a_scan_that_says_what_was_known_begins_nothing_new() -> None:
    again = event(9, m.ParcelSeen(parcel=P), site=SHOP)
    assert way([RECEIVED, SHELVED, again])[-1] == Stay(at(6), None, "b", "C12")


def test_what_was_handed_out_is_in_nobodys_fridge_whoever_says_so_later() -> None:
    seen = event(9, m.ParcelSeen(parcel=P, slot="C12"), site=SHOP)
    assert way([RECEIVED, RELEASED, seen]) == [Stay(at(5), at(8), "b")]
    undone = event(10, m.EventUndone(target=str(RELEASED.id)), site=SHOP)
    assert way([RECEIVED, RELEASED, seen, undone])[-1] == Stay(at(9), None, "b", "C12")


@pytest.mark.parametrize("left", [m.ParcelDisposed(parcel=P, reason="spoiled"), m.ParcelReturned(parcel=P)])
def test_thrown_away_or_sent_back_ends_it(left: m.AnyFact) -> None:
    assert way([RECEIVED, event(8, left, site=SHOP)]) == [Stay(at(5), at(8), "b")]


def test_sent_back_to_another_station_it_begins_again() -> None:
    told = [RECEIVED, event(8, m.ParcelReturned(parcel=P), site=SHOP), event(9, m.ParcelReceived(parcel=P))]
    assert way(told)[-1] == Stay(at(9), None, "a")


def test_the_containers_it_may_have_been_in() -> None:
    assert containers_of([PACKED, event(5, m.ParcelReceived(parcel=P, container=D))], "C3") == {C, D, "C3"}
    assert containers_of([RECEIVED, event(9, m.EventUndone(target=str(RECEIVED.id)), site=SHOP)]) == set()


PARCEL_FACTS: tuple[m.AnyFact, ...] = (
    m.GoodsDistributed(sku="milk", parcel=P, container=C),
    m.ParcelSorted(parcel=P), m.ParcelPacked(parcel=P, container=C), m.ParcelReceived(parcel=P, container=C),
    m.ParcelReceived(parcel=P), m.ParcelSeen(parcel=P, slot="C3"), m.ParcelShelved(parcel=P, slot="C12"),
    m.ParcelPlaced(parcel=P, cell="7"), m.ParcelRemoved(parcel=P, cell="7", reason="moved"), m.ParcelReleased(parcel=P),
    m.ParcelReturned(parcel=P), m.ParcelDisposed(parcel=P, reason="spoiled"), m.EventUndone(target=f"b/{EPOCH}/2"),
)  # fmt: skip
CONTAINER_FACTS: tuple[m.AnyFact, ...] = (
    m.ContainerBound(container=C, station="b"), m.ContainerSealed(container=C), m.ContainerLoaded(container=C, run="r"),
    m.ContainerSigned(container=C), m.ContainerDropped(container=C), m.ContainerOpened(container=C),
    m.ContainerEmptied(container=C), m.ContainerReturned(container=C), m.ContainerLost(container=C),
)  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[RecordedEvent], list[RecordedEvent]]:
    own: list[RecordedEvent] = []
    of_container: list[RecordedEvent] = []
    for site in (A, B):
        offset_ms = draw(st.sampled_from([0, 0, 2_500, -2_500]))
        for n in range(1, draw(st.integers(0, 8)) + 1):
            is_own = draw(st.booleans())
            fact = draw(st.sampled_from(PARCEL_FACTS if is_own else CONTAINER_FACTS))
            one = event(n, fact, site=site, ms=T0 + draw(st.integers(0, 9)) * 1000, offset_ms=offset_ms)
            (own if is_own else of_container).append(one)
    return own, of_container


@given(histories(), st.sampled_from(["", C]), st.data())
def test_any_order_and_repetition_of_events_gives_the_same_way_and_nothing_overlaps(
    history: tuple[list[RecordedEvent], list[RecordedEvent]], planned: str, data: st.DataObject
) -> None:
    shuffled = [
        data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told)) if told else st.just([])))) for told in history
    ]
    found = way(*history, planned)
    assert way(shuffled[0], shuffled[1], planned) == found
    for one, following in pairwise(found):
        assert one.to_ms is not None
        assert one.from_ms < one.to_ms <= following.from_ms
        assert replace(one, from_ms=0, to_ms=0) != replace(following, from_ms=0, to_ms=0) or one.to_ms < following.from_ms
