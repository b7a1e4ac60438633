"""Whatever happened, at two sites, with undos and wrong clocks: any order and any repetition of it folds to the same state."""

from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.container import ContainerBrief, Holder, brief_of, fold_container
from cloud.domain.events import RecordedEvent
from cloud.domain.order import OrderParcel, fold_order
from cloud.domain.parcel import Dispute, ParcelException, fold_parcel
from edge.rules.custody import ContainerState
from edge.wire import messages as m
from tests.cloud.domain.test_order_fold import ORDER
from tests.cloud.domain.test_parcel_fold import EPOCH, T0, A, B, event
from tests.edge.wire.frames_0_2 import FACTS

P, C = "TTP000000001J", "TTC0000000017"
ALL_FACTS = (*FACTS, m.ParcelReceived(parcel=P), m.ParcelShelved(parcel=P, slot="A12"), m.ParcelReleased(parcel=P))


@st.composite
def histories(draw: st.DrawFn) -> list[RecordedEvent]:
    """Two sites with as many clocks; every kind of fact, and undos of any of them."""
    undos = st.builds(lambda site, n: m.EventUndone(target=f"{site}/{EPOCH}/{n}"), st.sampled_from("ab"), st.integers(1, 12))
    facts = st.one_of(st.sampled_from(ALL_FACTS), undos)
    events = []
    for site in (A, B):
        offset_ms = draw(st.sampled_from([0, 0, 2_500, -2_500]))
        for n in range(1, draw(st.integers(0, 10)) + 1):
            ms = T0 + draw(st.integers(0, 8)) * 1000
            clock = draw(st.sampled_from(m.ClockQuality))
            events.append(event(n, draw(facts), site=site, ms=ms, offset_ms=offset_ms, clock=clock))
    return events


@given(histories(), st.data())
def test_any_order_and_repetition_of_events_folds_to_the_same_parcel_container_and_order(
    history: list[RecordedEvent], data: st.DataObject
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(history)) if history else st.just([]))
    shuffled = data.draw(st.permutations(history + repeated))
    assert fold_parcel(shuffled) == fold_parcel(history)
    assert fold_container(shuffled) == fold_container(history)
    statuses = {
        fold_order(ORDER, [OrderParcel(P, None, fold_parcel(told), brief_of(C, fold_container(told)))])
        for told in (history, shuffled)
    }
    assert len(statuses) == 1


@given(histories())
def test_a_conflict_names_two_events_that_happened(history: list[RecordedEvent]) -> None:
    parcel = fold_parcel(history)
    ids = {one.id for one in history}
    assert {event_id for conflict in parcel.conflicts for event_id in (conflict.kept, conflict.disputed)} <= ids
    is_wrong = ParcelException.WRONG_RELEASE in parcel.exceptions(None)
    assert is_wrong == any(conflict.dispute is not Dispute.AT_TWO_STATIONS for conflict in parcel.conflicts)


def test_what_is_received_at_two_stations_is_a_conflict_until_somebody_says_how_it_went_there() -> None:
    first, second = event(1, m.ParcelReceived(parcel=P)), event(2, m.ParcelReceived(parcel=P), site=B)
    parcel = fold_parcel([second, first])
    assert [(one.kept, one.disputed, one.dispute) for one in parcel.conflicts] == [(first.id, second.id, Dispute.AT_TWO_STATIONS)]
    assert parcel.at_site == B
    sent_back = event(1, m.ParcelReturned(parcel=P), ms=T0 + 1500, site=B)
    assert fold_parcel([first, sent_back, second]).conflicts == ()


def test_what_is_seen_after_it_was_handed_out_is_a_conflict() -> None:
    released, seen = event(1, m.ParcelReleased(parcel=P)), event(2, m.ParcelSeen(parcel=P))
    thrown_away = event(3, m.ParcelDisposed(parcel=P, reason="expired"))
    parcel = fold_parcel([released, seen, thrown_away])
    assert [(one.disputed, one.dispute) for one in parcel.conflicts] == [
        (seen.id, Dispute.SEEN_AFTER_LEAVING),
        (thrown_away.id, Dispute.LEFT_TWICE),
    ]


def test_every_problem_that_people_report_is_an_exception() -> None:
    reports = [event(n, m.VarianceFound(problem=problem, parcel=P)) for n, problem in enumerate(m.Problem, start=1)]
    found = fold_parcel([*reports, event(20, m.ParcelOverdue(parcel=P))]).exceptions(None)
    assert set(found) == set(ParcelException) - {ParcelException.WRONG_RELEASE}
    assert list(found) == [one for one in ParcelException if one in found]


def test_custody_says_who_had_a_container_where_since_when() -> None:
    told = [
        event(1, m.ContainerBound(container=C, station="b", zone="frozen", run="r7")),
        event(2, m.ContainerSealed(container=C)),
        event(3, m.ContainerLoaded(container=C)),
        event(4, m.ContainerDropped(container=C), site=B),
        event(5, m.ContainerSigned(container=C), site=B),
        event(6, m.ContainerEmptied(container=C), site=B),
        event(7, m.ContainerReturned(container=C, run="r8"), site=B),
    ]
    container = fold_container(told)
    assert [(step.holder, step.site, step.run) for step in container.custody] == [
        (Holder.SITE, A, ""),
        (Holder.RUN, A, "r7"),
        (Holder.DOORSTEP, B, ""),
        (Holder.SITE, B, ""),
        (Holder.RUN, B, "r8"),
    ]
    assert (container.bound_for, container.zone, container.is_astray) == ("b", "frozen", False)
    assert brief_of(C, container) == ContainerBrief(
        C, ContainerState.RETURNED_EMPTY, B, T0 + 1000, T0 + 3000, T0 + 4000, None
    )  # fmt: skip


def test_what_a_van_left_or_took_back_changed_hands_at_the_station() -> None:
    told = [
        event(1, m.ContainerLoaded(container=C, run="r7"), site=B),
        event(2, m.ContainerDropped(container=C, run="r7", station="a"), site=B),
        event(3, m.ContainerReturned(container=C, run="r7", station="a"), site=B),
    ]
    assert [(step.holder, step.site) for step in fold_container(told).custody] == [
        (Holder.RUN, B), (Holder.DOORSTEP, A), (Holder.RUN, A),
    ]  # fmt: skip


def test_a_container_signed_for_at_two_stations_names_both() -> None:
    first, second = event(1, m.ContainerSigned(container=C)), event(2, m.ContainerSigned(container=C), site=B)
    container = fold_container([first, second])
    assert [(one.kept, one.disputed) for one in container.conflicts] == [(first.id, second.id)]
    assert container.at_site == B
