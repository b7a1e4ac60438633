"""Where parcels and containers stand after what happened to them."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.rules.custody import (
    ContainerStanding,
    ContainerState,
    ParcelStanding,
    ParcelState,
    after,
    container_standing,
    contradicts,
    parcel_standing,
)
from edge.rules.subjects import Entity, Subject, subjects
from edge.rules.zones import may_lie
from edge.wire import messages as m
from edge.wire.manifest import Zone
from tests.edge.wire.frames_0_2 import FACTS

P, C = "TTP000000001J", "TTC0000000017"
RECEIVED, SHELVED = m.ParcelReceived(parcel=P, container=C), m.ParcelShelved(parcel=P, slot="A12")
RELEASED, DISPOSED = m.ParcelReleased(parcel=P, how=m.How.QR), m.ParcelDisposed(parcel=P, reason="spoiled")
RETURNED = m.ParcelReturned(parcel=P)
MISSING = m.VarianceFound(problem=m.Problem.MISSING, parcel=P)
DAMAGED = m.VarianceFound(problem=m.Problem.DAMAGED, parcel=P)
STATES = ParcelState


@pytest.mark.parametrize(
    ("facts", "state", "place"),
    [
        ((), STATES.EXPECTED, ""),
        ((RECEIVED,), STATES.RECEIVED, ""),
        ((RECEIVED, SHELVED), STATES.SHELVED, "A12"),
        ((RECEIVED, SHELVED, RECEIVED), STATES.SHELVED, "A12"),
        ((SHELVED,), STATES.SHELVED, "A12"),
        ((RECEIVED, m.ParcelPlaced(parcel=P, cell="1-07")), STATES.IN_LOCKER, "1-07"),
        ((m.ParcelPlaced(parcel=P, cell="1-07"), m.ParcelRemoved(parcel=P, cell="1-07", reason="expired")), STATES.RECEIVED, ""),
        ((SHELVED, m.ParcelSeen(parcel=P)), STATES.SHELVED, "A12"),
        ((SHELVED, m.ParcelSeen(parcel=P, slot="B1")), STATES.SHELVED, "B1"),
        ((m.ParcelSeen(parcel=P),), STATES.RECEIVED, ""),
        ((SHELVED, RELEASED), STATES.RELEASED, ""),
        ((SHELVED, RELEASED, RECEIVED, SHELVED), STATES.RELEASED, ""),
        ((SHELVED, DISPOSED, RELEASED), STATES.DISPOSED, ""),
        ((SHELVED, RETURNED), STATES.RETURNED, ""),
        ((SHELVED, RETURNED, RECEIVED), STATES.RECEIVED, ""),
        ((m.ParcelSorted(parcel=P, lane="B3"),), STATES.SORTED, ""),
        ((m.ParcelSorted(parcel=P), m.ParcelPacked(parcel=P, container=C)), STATES.PACKED, ""),
        ((m.ParcelPacked(parcel=P, container=C), RECEIVED), STATES.RECEIVED, ""),
        ((SHELVED, m.ParcelPacked(parcel=P, container=C)), STATES.PACKED, ""),
        ((SHELVED, RELEASED, m.ParcelPacked(parcel=P, container=C)), STATES.RELEASED, ""),
    ],
)
def test_a_parcel_stands_where_its_facts_put_it(facts: tuple[m.AnyFact, ...], state: ParcelState, place: str) -> None:
    standing = parcel_standing(facts)
    assert (standing.state, standing.place) == (state, place)


def test_what_was_missing_and_is_found_is_missing_no_more_and_stays_damaged() -> None:
    assert parcel_standing((MISSING, DAMAGED)).problems == {m.Problem.MISSING, m.Problem.DAMAGED}
    for found in (RECEIVED, m.ParcelSeen(parcel=P), SHELVED, m.ParcelSorted(parcel=P), m.ParcelPacked(parcel=P, container=C)):
        assert parcel_standing((MISSING, DAMAGED, found)).problems == {m.Problem.DAMAGED}


def test_a_parcel_remembers_the_container_it_came_in() -> None:
    assert parcel_standing((RECEIVED, SHELVED, m.ParcelReceived(parcel=P))).container == C


def test_nobody_waits_for_an_overdue_parcel_that_was_handed_out() -> None:
    overdue = parcel_standing((RECEIVED, m.ParcelOverdue(parcel=P)))
    assert overdue.is_overdue
    assert not after(overdue, RELEASED).is_overdue


parcel_facts = st.sampled_from(
    [fact for fact in (*FACTS, RECEIVED, SHELVED, RELEASED) if Subject(Entity.PARCEL, P) in subjects(fact)]
)


@given(st.lists(parcel_facts, max_size=12))
def test_a_parcel_leaves_once_and_what_contradicts_that_changes_nothing(facts: list[m.AnyFact]) -> None:
    standing, left = ParcelStanding(), 0
    for fact in facts:
        moved = after(standing, fact)
        if contradicts(standing, fact):
            assert moved == standing
        elif isinstance(fact, m.ParcelReleased):
            left += 1
        standing = moved
    returns = sum(isinstance(fact, m.ParcelReturned) for fact in facts)
    assert left <= 1
    assert (standing.state is STATES.RELEASED) == (left == 1)
    assert standing.state is STATES.EXPECTED or facts
    assert standing.state.is_final or not (left and returns == 0)


@given(st.lists(parcel_facts, max_size=8))
def test_saying_it_again_at_once_changes_nothing(facts: list[m.AnyFact]) -> None:
    twice = [fact for fact in facts for _ in range(2)]
    assert parcel_standing(twice) == parcel_standing(facts)


SIGNED, OPENED = m.ContainerSigned(container=C), m.ContainerOpened(container=C)
COUNTED = m.CountFinished(container=C, expected=1, received=1)
EMPTIED, GONE = m.ContainerEmptied(container=C), m.ContainerReturned(container=C)
BOUND, SEALED, LOADED = m.ContainerBound(container=C, station="s"), m.ContainerSealed(container=C), m.ContainerLoaded(container=C)


@pytest.mark.parametrize(
    ("facts", "standing"),
    [
        ((m.ContainerDropped(container=C),), ContainerStanding(ContainerState.DELIVERED)),
        ((m.ContainerDropped(container=C), SIGNED), ContainerStanding(ContainerState.DELIVERED, is_signed=True)),
        ((SIGNED, OPENED), ContainerStanding(ContainerState.OPENED, is_signed=True)),
        ((SIGNED, OPENED, SIGNED), ContainerStanding(ContainerState.OPENED, is_signed=True)),
        ((SIGNED, OPENED, COUNTED), ContainerStanding(ContainerState.OPENED, is_signed=True, count=COUNTED)),
        ((SIGNED, OPENED, COUNTED, EMPTIED), ContainerStanding(ContainerState.AWAITING_RETURN, is_signed=True, count=COUNTED)),
        ((SIGNED, COUNTED, GONE), ContainerStanding(ContainerState.RETURNED_EMPTY, is_signed=True, count=COUNTED)),
        ((SIGNED, COUNTED, GONE, SIGNED), ContainerStanding(ContainerState.DELIVERED, is_signed=True)),
        (
            (SIGNED, m.VarianceFound(problem=m.Problem.DAMAGED, container=C), DAMAGED),
            ContainerStanding(ContainerState.DELIVERED, is_signed=True, problems=frozenset({m.Problem.DAMAGED})),
        ),
        ((RECEIVED,), ContainerStanding()),
        ((BOUND,), ContainerStanding(ContainerState.BOUND)),
        ((BOUND, SEALED), ContainerStanding(ContainerState.SEALED)),
        ((BOUND, SEALED, LOADED), ContainerStanding(ContainerState.LOADED)),
        ((BOUND, LOADED, SIGNED), ContainerStanding(ContainerState.DELIVERED, is_signed=True)),
        ((SIGNED, COUNTED, GONE, SEALED), ContainerStanding(ContainerState.SEALED)),
        ((LOADED, m.ContainerLost(container=C)), ContainerStanding(ContainerState.LOST)),
        ((SIGNED, COUNTED, GONE, m.ContainerTakenBack(container=C)), ContainerStanding(ContainerState.EMPTY)),
        ((LOADED, m.ContainerLost(container=C), SIGNED), ContainerStanding(ContainerState.DELIVERED, is_signed=True)),
    ],
)
def test_a_container_goes_round(facts: tuple[m.AnyFact, ...], standing: ContainerStanding) -> None:
    assert container_standing(facts) == standing


def test_every_fact_that_names_a_parcel_or_a_container_is_about_it() -> None:
    by_kind = {type(fact): fact for fact in (*FACTS, SHELVED, RECEIVED, RELEASED)}
    for kind in set(get_args(m.AnyFact)) & by_kind.keys():
        fields = {"parcel", "container"} & set(kind.__struct_fields__)
        assert set(subjects(by_kind[kind])) == {Subject(Entity(name), getattr(by_kind[kind], name)) for name in fields}
    assert subjects(m.EventUndone(target="x")) == ()


def test_goods_lie_in_their_own_zone_and_what_keeps_may_be_cooled() -> None:
    allowed = {(goods, place) for goods in Zone for place in Zone if may_lie(goods, place)}
    assert allowed == {(zone, zone) for zone in Zone} | {(Zone.AMBIENT, Zone.CHILLED)}
