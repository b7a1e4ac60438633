"""Whatever goes wrong on a day, the books of what stations book of it balance, and say what the plan knows to be true."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.books import Delivery, Side, Variance, close
from cloud.domain.events import RecordedEvent
from cloud.domain.parcel import ParcelException, fold_parcel
from edge.wire.ids import Epoch, EventNumber, SiteId
from edge.wire.messages import AnyFact, ClockQuality, EventUndone, VarianceFound
from edge.wire.order import Hlc, hlc_from_ms
from firmware_sim.town.arrivals import Bag, truth_of
from firmware_sim.town.chances import AS_USUAL
from tests.firmware_sim.town.days import STATION, PlannedDay, booked, planned_day

EPOCH = Epoch(UUID(int=7))
T0 = 1_795_000_000_000
FIRST = date(2026, 11, 1)


def events_of(facts: list[AnyFact | str]) -> list[RecordedEvent]:
    """As ingest has them: numbered, ordered, undos naming what they undo."""
    events: list[RecordedEvent] = []
    for n, fact in enumerate(facts, start=1):
        said: AnyFact = EventUndone(target=str(events[-1].id)) if isinstance(fact, str) else fact
        at_ms = T0 + n * 1000
        events.append(
            RecordedEvent(
                SiteId(STATION), EPOCH, EventNumber(n), Hlc(hlc_from_ms(at_ms)), at_ms, at_ms + 5, ClockQuality.SYNCED, said, 0, 1
            )
        )
    return events


def delivery_of(bag: Bag, facts: list[AnyFact | str]) -> Delivery:
    parcel = fold_parcel(events_of(facts))
    reported = [Variance(fact.problem, fact.sku, fact.quantity) for fact in facts if isinstance(fact, VarianceFound) and fact.sku]
    return Delivery(
        bag.label, STATION, bag.zone, parcel.state, dict(bag.pieces), reported,
        is_disputed=bool(parcel.conflicts), is_missing=ParcelException.MISSING in parcel.exceptions(STATION),
    )  # fmt: skip


days = st.tuples(st.integers(0, 10_000), st.integers(0, 27), st.sampled_from([0.0, 1.0, 5.0, 30.0, 100.0]), st.booleans())


def plan(said: tuple[int, int, float, bool]) -> PlannedDay:
    seed, day, trouble, has_cabinet = said
    return planned_day(seed, FIRST + timedelta(days=day), AS_USUAL.worse(trouble), has_cabinet=has_cabinet)


@given(days)
def test_the_books_of_any_day_balance(said: tuple[int, int, float, bool]) -> None:
    planned, chances = plan(said), AS_USUAL.worse(said[2])
    facts = booked(said[0], planned, chances)
    books = close(delivery_of(bag, facts[bag.label]) for bag in planned.bags)
    assert books.unresolved == ()
    truths = [truth_of(said[0], bag, chances) for bag in planned.bags]
    pieces = sum(quantity for bag in planned.bags for _, quantity in bag.pieces)
    besides = sum(one.quantity for truth in truths for one in truth.variances if one.problem in ("surplus", "wrong_item"))
    assert books.total(Side.SENT) == pieces + besides
    assert books.total(Side.RELEASED) + books.total(Side.RETURNED) + books.total(Side.DISPOSED) == (
        books.total(Side.SENT) - books.total(Side.IN_CASES)
    )
    if said[2] == 0.0:
        assert books.total(Side.RELEASED) == books.total(Side.SENT), "nothing goes wrong, everybody comes"


@given(days, st.data())
def test_a_parcel_of_which_nothing_more_is_heard_is_named(said: tuple[int, int, float, bool], data: st.DataObject) -> None:
    planned, chances = plan(said), AS_USUAL.worse(said[2])
    facts = booked(said[0], planned, chances)
    seen = [bag for bag in planned.bags if not truth_of(said[0], bag, chances).is_missing]
    if not seen:
        return
    lost = data.draw(st.sampled_from(seen))
    facts[lost.label] = facts[lost.label][:1]  # received, and then never again
    books = close(delivery_of(bag, facts[bag.label]) for bag in planned.bags)
    assert [(one.parcel, one.pieces) for one in books.unresolved] == [(lost.label, sum(count for _, count in lost.pieces))]
