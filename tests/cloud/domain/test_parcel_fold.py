from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.events import MAX_AGE_MS, MAX_AHEAD_MS, RecordedEvent, believed_at_ms, effective, placed
from cloud.domain.parcel import ParcelException, ParcelState, fold_parcel
from edge.wire.ids import Epoch, EventNumber, SiteId
from edge.wire.messages import AnyFact, ClockQuality, EventUndone, LabelUnknown, ParcelReceived, ParcelReleased, ParcelShelved
from edge.wire.order import Hlc, hlc_from_ms

EPOCH = Epoch(UUID(int=1))
T0 = 1_790_000_000_000
A, B = SiteId("a"), SiteId("b")


def event(
    n: int,
    fact: AnyFact,
    *,
    site: SiteId = A,
    ms: int | None = None,
    offset_ms: int = 0,
    clock: ClockQuality = ClockQuality.SYNCED,
    boot: int | None = None,
) -> RecordedEvent:
    """Of a boot of its own where none is given: between boots a clock may go anywhere."""
    at_ms = T0 + n * 1000 if ms is None else ms
    hlc = Hlc(hlc_from_ms(at_ms) + n)
    return RecordedEvent(site, EPOCH, EventNumber(n), hlc, at_ms, T0 + 60_000, clock, fact, offset_ms, n if boot is None else boot)


def undo(n: int, target: RecordedEvent, *, site: SiteId = A) -> RecordedEvent:
    return event(n, EventUndone(target=str(target.id)), site=site)


RECEIVED = event(1, ParcelReceived(parcel="P"))
SHELVED = event(2, ParcelShelved(parcel="P", slot="A12"))
RELEASED = event(3, ParcelReleased(parcel="P"))


def test_a_parcel_nobody_scanned_is_expected() -> None:
    assert fold_parcel([]).state is ParcelState.EXPECTED


def test_a_parcel_is_received_shelved_and_released() -> None:
    assert fold_parcel([RECEIVED]).state is ParcelState.RECEIVED
    shelved = fold_parcel([RECEIVED, SHELVED])
    assert (shelved.state, shelved.slot, shelved.at_site) == (ParcelState.SHELVED, "A12", A)
    released = fold_parcel([RECEIVED, SHELVED, RELEASED])
    assert (released.state, released.slot, released.state_at_ms) == (ParcelState.RELEASED, "", T0 + 3000)
    assert [step.state for step in released.steps] == [ParcelState.RECEIVED, ParcelState.SHELVED, ParcelState.RELEASED]


def test_a_parcel_scanned_in_again_keeps_its_slot_and_the_time_of_the_first_scan() -> None:
    parcel = fold_parcel([RECEIVED, SHELVED, event(3, ParcelReceived(parcel="P"))])
    assert (parcel.state, parcel.slot, parcel.state_at_ms) == (ParcelState.SHELVED, "A12", T0 + 2000)


def test_an_undone_event_did_not_happen() -> None:
    assert fold_parcel([RECEIVED, SHELVED, RELEASED, undo(4, RELEASED)]).state is ParcelState.SHELVED


def test_an_undo_that_is_undone_says_nothing() -> None:
    first = undo(4, RELEASED)
    assert fold_parcel([RECEIVED, RELEASED, first, undo(5, first)]).state is ParcelState.RELEASED


def test_events_that_undo_each_other_end_in_one_state() -> None:
    first = event(4, EventUndone(target=f"a/{EPOCH}/5"))
    second = event(5, EventUndone(target=f"a/{EPOCH}/4"))
    assert [entry.event for entry in effective([second, first, RECEIVED])] == [RECEIVED]


def test_of_two_releases_the_first_stands_and_both_are_named() -> None:
    other = event(9, ParcelReleased(parcel="P"), site=B)
    parcel = fold_parcel([other, RECEIVED, RELEASED])
    assert parcel.state is ParcelState.RELEASED
    assert [(conflict.kept, conflict.disputed) for conflict in parcel.conflicts] == [(RELEASED.id, other.id)]
    assert parcel.exceptions(A) == (ParcelException.WRONG_RELEASE,)
    assert fold_parcel([other, RECEIVED, RELEASED, undo(10, RELEASED)]).conflicts == ()


def test_a_parcel_at_another_station_than_its_own_is_surplus_there() -> None:
    assert fold_parcel([RECEIVED]).exceptions(B) == (ParcelException.SURPLUS,)
    assert fold_parcel([RECEIVED]).exceptions(A) == ()
    assert fold_parcel([RECEIVED]).exceptions(None) == ()


def test_a_clock_that_stood_at_1970_is_corrected_and_the_order_with_it() -> None:
    late = event(1, ParcelReceived(parcel="P"), ms=5_000, offset_ms=T0 - 5_000 + 1_000, clock=ClockQuality.UNSYNCED)
    elsewhere = event(7, ParcelReleased(parcel="P"), site=B, ms=T0)
    parcel = fold_parcel([elsewhere, late])
    assert parcel.conflicts  # seen at 1 s past the release
    assert placed([late])[0].at_ms == T0 + 1_000


def test_a_stamp_of_the_clouds_own_time_is_not_corrected_again() -> None:
    assert placed([event(1, RECEIVED.fact, offset_ms=50_000, clock=ClockQuality.CLOUD)])[0].at_ms == T0 + 1000


def test_a_correction_never_carries_an_event_before_one_its_site_numbered_earlier() -> None:
    corrected = event(2, SHELVED.fact, offset_ms=-3_600_000)
    assert [entry.event.n for entry in placed([corrected, RECEIVED])] == [1, 2]


def test_an_event_that_was_numbered_anew_after_a_conflict_keeps_its_place() -> None:
    released = event(2, RELEASED.fact, ms=T0 + 9_000, boot=4)
    moved = event(3, RECEIVED.fact, ms=T0 + 1_000, boot=4)
    later = event(4, LabelUnknown(text="?"), ms=T0 + 10_000, boot=4)
    assert [entry.event.n for entry in placed([released, moved, later])] == [3, 2, 4]
    parcel = fold_parcel([released, moved])
    assert (parcel.state, parcel.conflicts) == (ParcelState.RELEASED, ())


def test_a_time_is_believed_within_90_days_before_and_5_minutes_after_receipt() -> None:
    assert believed_at_ms(T0 - MAX_AGE_MS, T0) == T0 - MAX_AGE_MS
    assert believed_at_ms(T0 - MAX_AGE_MS - 1, T0) == T0
    assert believed_at_ms(T0 + MAX_AHEAD_MS, T0) == T0 + MAX_AHEAD_MS
    assert believed_at_ms(T0 + MAX_AHEAD_MS + 1, T0) == T0
    assert believed_at_ms(0, T0) == T0
    assert believed_at_ms(4_102_444_800_000, T0) == T0


def _facts() -> st.SearchStrategy[AnyFact]:
    return st.one_of(
        st.just(ParcelReceived(parcel="P")),
        st.just(ParcelReleased(parcel="P")),
        st.just(LabelUnknown(text="?")),
        st.builds(ParcelShelved, parcel=st.just("P"), slot=st.sampled_from(["A1", "B2"])),
        st.builds(lambda site, n: EventUndone(target=f"{site}/{EPOCH}/{n}"), st.sampled_from("ab"), st.integers(1, 8)),
    )


@st.composite
def _histories(draw: st.DrawFn) -> list[RecordedEvent]:
    events = []
    for site in (A, B):
        offset_ms = draw(st.sampled_from([0, 0, 2_500, -2_500]))
        for n in range(1, draw(st.integers(0, 6)) + 1):
            ms = T0 + draw(st.integers(0, 5)) * 1000
            clock = draw(st.sampled_from(ClockQuality))
            events.append(event(n, draw(_facts()), site=site, ms=ms, offset_ms=offset_ms, clock=clock))
    return events


@given(_histories(), st.data())
def test_events_in_any_order_and_any_number_of_times_fold_to_the_same_state(
    history: list[RecordedEvent], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history)) if history else st.just([]))))
    assert fold_parcel(shuffled) == fold_parcel(history)


@given(_histories())
def test_within_a_site_the_number_decides_the_order(history: list[RecordedEvent]) -> None:
    in_order = placed(history)
    for site in (A, B):
        numbers = [entry.event.n for entry in in_order if entry.event.site == site]
        assert numbers == sorted(numbers)
