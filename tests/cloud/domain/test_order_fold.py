from uuid import UUID

import msgspec
import pytest

from cloud.domain.events import RecordedEvent
from cloud.domain.order import CountsView, LineView, OrderFacts, OrderParcel, OrderState, fold_order, iso, view
from cloud.domain.parcel import Parcel, ParcelState, fold_parcel
from edge.wire.ids import Epoch, EventNumber, SiteId
from edge.wire.messages import AnyFact, ClockQuality, ParcelReceived, ParcelReleased, ParcelShelved, Problem
from edge.wire.order import hlc_from_ms

T0 = 1_790_000_000_000
HOME, AWAY = SiteId("home"), SiteId("away")
ORDER = OrderFacts(
    id="green/7",
    external_id="7",
    operator_id="green",
    site_id="home",
    site_name="小店",
    site_address="门口",
    pickup_date="2026-09-22",
    placed_at_ms=T0,
    cancelled_at_ms=None,
    lines=(LineView("鸡蛋", 2, "ambient", "P1"),),
)


def parcel_at(state: ParcelState, site: SiteId | None = HOME, ms: int = T0 + 1000) -> Parcel:
    return Parcel(state=state, at_site=site, state_at_ms=ms)


EXPECTED = Parcel()
RECEIVED = parcel_at(ParcelState.RECEIVED)
SHELVED = parcel_at(ParcelState.SHELVED)
RELEASED = parcel_at(ParcelState.RELEASED, ms=T0 + 5000)
RETURNED = parcel_at(ParcelState.RETURNED)
PACKED = parcel_at(ParcelState.PACKED, None)
ASTRAY = parcel_at(ParcelState.RECEIVED, AWAY)
SENT_ON = parcel_at(ParcelState.RETURNED, AWAY)


@pytest.mark.parametrize(
    ("parcels", "state"),
    [
        ([], OrderState.PLACED),
        ([EXPECTED, EXPECTED], OrderState.PLACED),
        ([PACKED, EXPECTED], OrderState.IN_TRANSIT),
        ([RECEIVED, EXPECTED], OrderState.ARRIVED),
        ([RECEIVED, SHELVED], OrderState.READY),
        ([RECEIVED, ASTRAY], OrderState.ARRIVED),
        ([ASTRAY], OrderState.IN_TRANSIT),
        ([SENT_ON], OrderState.IN_TRANSIT),
        ([RELEASED, SENT_ON], OrderState.PARTIALLY_COLLECTED),
        ([RELEASED, SHELVED], OrderState.PARTIALLY_COLLECTED),
        ([RELEASED, RELEASED], OrderState.COLLECTED),
        ([RELEASED, RETURNED], OrderState.COLLECTED),
        ([RETURNED, RETURNED], OrderState.CLOSED),
    ],
)
def test_an_orders_state_follows_from_its_parcels(parcels: list[Parcel], state: OrderState) -> None:
    members = [OrderParcel(f"P{i}", "ambient", parcel) for i, parcel in enumerate(parcels)]
    assert fold_order(ORDER, members).state is state


def test_a_cancelled_order_stays_cancelled() -> None:
    order = OrderFacts("green/7", "7", "green", "home", "小店", "门口", "2026-09-22", T0, T0 + 9)
    status = fold_order(order, [OrderParcel("P1", None, RELEASED)])
    assert (status.state, status.at_ms) == (OrderState.CANCELLED, T0 + 9)


def _recorded(n: int, fact: AnyFact) -> RecordedEvent:
    ms = T0 + n * 1000
    return RecordedEvent(HOME, Epoch(UUID(int=1)), EventNumber(n), hlc_from_ms(ms), ms, T0 + 60_000, ClockQuality.SYNCED, fact)


def test_the_residents_view_tells_the_whole_story() -> None:
    history = [
        _recorded(1, ParcelReceived(parcel="P1")),
        _recorded(2, ParcelShelved(parcel="P1", slot="A12")),
        _recorded(3, ParcelReleased(parcel="P1")),
    ]
    shown = view(ORDER, [OrderParcel("P1", "ambient", fold_parcel(history))], {"home": "小店"})
    assert [(entry.at, entry.state, entry.site_name, entry.parcel) for entry in shown.timeline] == [
        (iso(T0), "placed", "", ""),
        (iso(T0 + 1000), "received", "小店", "P1"),
        (iso(T0 + 2000), "shelved", "小店", "P1"),
        (iso(T0 + 3000), "released", "小店", "P1"),
        (iso(T0 + 3000), "collected", "小店", ""),
    ]
    assert (shown.state, shown.site.name, shown.parcels[0].state) == ("collected", "小店", "released")
    assert msgspec.json.decode(msgspec.json.encode(shown))["lines"] == [
        {"name": "鸡蛋", "quantity": 2, "zone": "ambient", "parcel": "P1"}
    ]


@pytest.mark.parametrize("state", [ParcelState.SHELVED, ParcelState.RETURNED])
def test_a_parcel_that_another_station_has_is_to_come_and_says_where_it_is(state: ParcelState) -> None:
    gone = Parcel(state=state, slot="B2", at_site=AWAY, state_at_ms=T0, problems=frozenset({Problem.MISSING}))
    shown = view(ORDER, [OrderParcel("P1", "ambient", SHELVED), OrderParcel("P2", "ambient", gone)], {"away": "东门店"})
    assert [one.elsewhere for one in shown.parcels] == ["", "东门店"]
    assert (shown.state, shown.counts) == ("arrived", CountsView(total=2, here=1, collected=0))


def test_a_parcel_that_its_own_station_sent_back_is_nowhere_else() -> None:
    shown = view(ORDER, [OrderParcel("P1", "ambient", RETURNED)], {})
    assert (shown.parcels[0].elsewhere, shown.state) == ("", "closed")


def test_times_leave_as_utc_with_z() -> None:
    assert iso(0) == "1970-01-01T00:00:00.000Z"
