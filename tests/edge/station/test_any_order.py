"""What a day's facts come to does not depend on the order they arrive in, nor on how often; two stations, unknown to each other."""

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.events import RecordedEvent, effective
from edge.rules.custody import (
    ContainerStanding,
    ParcelStanding,
    after,
    container_standing,
    contradicts,
    parcel_standing,
)
from edge.rules.subjects import Entity, subjects
from edge.wire.ids import Epoch, EventNumber, SiteId
from edge.wire.messages import (
    AnyFact,
    ClockQuality,
    ContainerEmptied,
    ContainerOpened,
    ContainerReturned,
    ContainerSigned,
    CountFinished,
    EventUndone,
    How,
    ParcelDisposed,
    ParcelPlaced,
    ParcelReceived,
    ParcelReleased,
    ParcelReturned,
    ParcelSeen,
    ParcelShelved,
    Problem,
    VarianceFound,
)
from edge.wire.order import Hlc

PARCELS, CONTAINERS = ("P1", "P2"), ("C1", "C2")
EPOCHS = {SiteId("st-1"): Epoch(UUID(int=1)), SiteId("st-2"): Epoch(UUID(int=2))}
parcels, containers = st.sampled_from(PARCELS), st.sampled_from(CONTAINERS)

facts: st.SearchStrategy[AnyFact] = st.one_of(
    st.builds(ParcelReceived, parcel=parcels, container=st.sampled_from(("", *CONTAINERS))),
    st.builds(ParcelShelved, parcel=parcels, slot=st.sampled_from(("A1", "B2"))),
    st.builds(ParcelPlaced, parcel=parcels, cell=st.just("1-01")),
    st.builds(ParcelSeen, parcel=parcels),
    st.builds(ParcelReleased, parcel=parcels, how=st.sampled_from(How)),
    st.builds(ParcelReturned, parcel=parcels),
    st.builds(ParcelDisposed, parcel=parcels, reason=st.just("expired")),
    st.builds(VarianceFound, problem=st.sampled_from(Problem), parcel=parcels),
    st.builds(VarianceFound, problem=st.sampled_from(Problem), container=containers),
    st.builds(ContainerSigned, container=containers),
    st.builds(ContainerOpened, container=containers),
    st.builds(CountFinished, container=containers, expected=st.just(1), received=st.just(1)),
    st.builds(ContainerEmptied, container=containers),
    st.builds(ContainerReturned, container=containers),
)


@st.composite
def days(draw: st.DrawFn) -> list[RecordedEvent]:
    """What two stations did, each with its own clock, and what was undone of it."""
    events: list[RecordedEvent] = []
    for site, epoch in EPOCHS.items():
        hlc = draw(st.integers(0, 50))
        for n, fact in enumerate(draw(st.lists(facts, max_size=8)), 1):
            hlc += draw(st.integers(1, 20))
            if events and draw(st.integers(0, 5)) == 0:
                fact = EventUndone(target=str(draw(st.sampled_from(events)).id))
            events.append(
                RecordedEvent(site, epoch, EventNumber(n), Hlc(hlc), hlc, 10**6, ClockQuality.SYNCED, fact, 0, 1)
            )  # fmt: skip
    return events


def folded(events: Sequence[RecordedEvent]) -> dict[str, ParcelStanding | ContainerStanding]:
    """Every parcel and container after what counts as having happened."""
    standing = [entry.event.fact for entry in effective(events)]
    about = {subject for fact in standing for subject in subjects(fact)}
    return {
        subject.id: (parcel_standing if subject.entity is Entity.PARCEL else container_standing)(
            [fact for fact in standing if subject in subjects(fact)]
        )
        for subject in sorted(about)
    }


@given(days(), st.data())
def test_any_permutation_and_repetition_of_a_days_facts_comes_to_the_same(events: list[RecordedEvent], data: st.DataObject) -> None:
    repeated = [*events, *data.draw(st.lists(st.sampled_from(events), max_size=6))] if events else []
    assert folded(data.draw(st.permutations(repeated))) == folded(events)


@given(days())
def test_what_left_a_station_for_good_left_by_one_fact_and_all_others_contradict_it(events: list[RecordedEvent]) -> None:
    for parcel in PARCELS:
        of_parcel = [entry.event.fact for entry in effective(events) if getattr(entry.event.fact, "parcel", "") == parcel]
        standing, left = ParcelStanding(), 0
        for fact in of_parcel:
            if not contradicts(standing, fact):
                left += isinstance(fact, ParcelReleased | ParcelDisposed)
            standing = after(standing, fact)
        assert left <= 1
