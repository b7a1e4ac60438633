from typing import Any

import pytest

from cloud.ingest.flush import Flusher
from edge.wire import messages as m
from tests.cloud.ingest.sites import TestSite, now_ms, rows
from tests.cloud.ingest.test_events import body, flush, order, state  # noqa: F401  # order is a fixture

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("order")]

C = "TTC0000000017"


def order_state(url: str) -> str:
    return str(rows(url, "SELECT state FROM customer_order")[0][0])


def container(url: str) -> tuple[Any, ...]:
    return rows(url, "SELECT state, at_site_id, site_id, is_signed, is_counted, operator_id FROM container WHERE id = %s", C)[0]


async def test_an_order_follows_the_container_its_parcels_are_in(flusher: Flusher, database_url: str) -> None:
    dock, station = TestSite("dock"), TestSite("s1")
    await flush(flusher, dock.scans(m.ContainerBound(container=C, station="s1", zone="chilled"), ms=now_ms() - 9000))
    await flush(flusher, dock.scans(*(m.ParcelPacked(parcel=one, container=C) for one in ("P1", "P2")), ms=now_ms() - 8000))
    assert (order_state(database_url), container(database_url)[0]) == ("allocating", "bound")
    await flush(flusher, dock.scans(m.ContainerSealed(container=C), ms=now_ms() - 7000))
    await flush(flusher, dock.scans(m.ContainerLoaded(container=C, run="r7"), ms=now_ms() - 6000))
    assert order_state(database_url) == "in_transit"
    await flush(flusher, station.scans(m.ContainerSigned(container=C, run="r7"), ms=now_ms() - 5000))
    assert container(database_url) == ("delivered", "s1", "s1", True, False, "green")
    assert order_state(database_url) == "arrived"
    received = [m.ParcelReceived(parcel=one, container=C) for one in ("P1", "P2")]
    await flush(flusher, station.scans(m.ContainerOpened(container=C), *received, ms=now_ms() - 4000))
    assert order_state(database_url) == "arrived", "nobody is told before it is counted"
    counted = station.scans(m.CountFinished(container=C, expected=2, received=2), ms=now_ms() - 3000)
    await flush(flusher, counted)
    assert order_state(database_url) == "ready"
    view = body(database_url, "order:green/7", "order")
    assert [step["state"] for step in view["timeline"] if not step["parcel"]] == ["placed", "in_transit", "arrived", "ready"]
    shown = body(database_url, "site:s1", f"container/{C}")
    assert (shown["state"], shown["zone"], shown["run"], shown["holder"], shown["is_counted"]) == (
        "opened", "chilled", "r7", "site", True,
    )  # fmt: skip
    assert body(database_url, "operator:green", f"container/{C}") == shown
    assert body(database_url, "site:s1", "parcel/P1")["state"] == "received"


async def test_an_undone_signature_takes_the_arrival_back(flusher: Flusher, database_url: str) -> None:
    dock, station = TestSite("dock"), TestSite("s1")
    packed = [m.ParcelPacked(parcel=one, container=C) for one in ("P1", "P2")]
    await flush(flusher, dock.scans(*packed, m.ContainerLoaded(container=C), ms=now_ms() - 6000))
    await flush(flusher, station.scans(m.ContainerSigned(container=C), ms=now_ms() - 5000))
    assert order_state(database_url) == "arrived"
    await flush(flusher, station.scans(m.EventUndone(target=f"s1/{station.epoch}/1")))
    assert (order_state(database_url), container(database_url)[0]) == ("in_transit", "loaded")
    assert body(database_url, "site:s1", f"container/{C}") is None


async def test_what_a_van_leaves_lies_at_the_station_it_names_and_is_signed_for_there(flusher: Flusher, database_url: str) -> None:
    dock, van, station = TestSite("dock"), TestSite("s2"), TestSite("s1")  # s2: a van's own site
    await flush(flusher, dock.scans(m.ContainerBound(container=C, station="s1"), ms=now_ms() - 9000))
    await flush(flusher, dock.scans(m.ParcelPacked(parcel="P1", container=C), ms=now_ms() - 8000))
    await flush(flusher, van.scans(m.ContainerLoaded(container=C, run="r7"), ms=now_ms() - 7000))
    await flush(flusher, van.scans(m.ContainerDropped(container=C, run="r7", station="s1"), ms=now_ms() - 6000))
    assert container(database_url)[:4] == ("delivered", "s1", "s1", False)
    shown = body(database_url, "site:s1", f"container/{C}")
    assert (shown["holder"], shown["is_astray"], shown["dispute"]) == ("doorstep", False, [])
    await flush(flusher, station.scans(m.ContainerSigned(container=C), ms=now_ms() - 5000))
    assert container(database_url)[:4] == ("delivered", "s1", "s1", True)
    await flush(flusher, station.scans(m.ContainerOpened(container=C), m.ContainerEmptied(container=C), ms=now_ms() - 4000))
    await flush(flusher, van.scans(m.ContainerReturned(container=C, run="r8", station="s1"), ms=now_ms() - 3000))
    assert container(database_url)[:2] == ("returned_empty", "s1")
    assert body(database_url, "site:s1", f"container/{C}")["dispute"] == []


async def test_the_next_round_of_a_container_is_no_news_of_what_it_carried(flusher: Flusher, database_url: str) -> None:
    dock, station = TestSite("dock"), TestSite("s1")
    await flush(flusher, dock.scans(m.ParcelPacked(parcel="P1", container=C), m.ContainerLoaded(container=C), ms=now_ms() - 9000))
    await flush(
        flusher, station.scans(m.ContainerSigned(container=C), m.ParcelReceived(parcel="P1", container=C), ms=now_ms() - 8000)
    )
    await flush(flusher, station.scans(m.ContainerReturned(container=C), m.ParcelReceived(parcel="P2"), ms=now_ms() - 7000))
    assert order_state(database_url) == "ready"
    await flush(flusher, dock.scans(m.ContainerBound(container=C, station="s2"), m.ContainerLoaded(container=C)))
    assert (order_state(database_url), container(database_url)[:3]) == ("ready", ("loaded", "dock", "s2"))


async def test_containers_and_parcels_fold_the_same_however_they_come(flusher: Flusher, database_url: str) -> None:
    dock, station = TestSite("dock"), TestSite("s1")
    scans = [
        dock.scans(m.ParcelPacked(parcel="P1", container=C), ms=now_ms() - 9000),
        dock.scans(m.ParcelPacked(parcel="P2", container=C), ms=now_ms() - 8500),
        dock.scans(m.ContainerLoaded(container=C), ms=now_ms() - 8000),
        station.scans(m.ContainerSigned(container=C), ms=now_ms() - 7000),
        station.scans(m.ParcelReceived(parcel="P1", container=C), ms=now_ms() - 6000),
        station.scans(m.VarianceFound(problem=m.Problem.MISSING, parcel="P2", container=C), ms=now_ms() - 5500),
        station.scans(m.CountFinished(container=C, expected=2, received=1, missing=1), ms=now_ms() - 5000),
    ]
    for batch in (*reversed(scans), scans[2]):
        await flush(flusher, batch)
    assert state(database_url, "P2") == ("packed", "", "dock", ["missing"])
    assert (order_state(database_url), container(database_url)[0]) == ("ready", "delivered")


async def test_goods_that_nobody_fetched_are_overdue_and_then_gone(flusher: Flusher, database_url: str) -> None:
    station = TestSite("s1")
    here = [m.ParcelReceived(parcel="P1"), m.ParcelReceived(parcel="P2")]
    await flush(flusher, station.scans(*here, m.ParcelOverdue(parcel="P1"), m.ParcelOverdue(parcel="P2")))
    assert (order_state(database_url), state(database_url, "P1")[3]) == ("overdue", ["dwell"])
    await flush(flusher, station.scans(m.ParcelDisposed(parcel="P2", reason="expired"), m.ParcelReturned(parcel="P1")))
    assert (order_state(database_url), state(database_url, "P1")) == ("closed", ("returned", "", "s1", []))


async def test_a_container_stands_in_for_a_planned_one_for_one_round(flusher: Flusher, database_url: str) -> None:
    def stood_for() -> tuple[Any, ...]:
        return rows(database_url, "SELECT state, stands_for, at_site_id FROM container WHERE id = %s", C)[0]

    dock = TestSite("dock")
    bound = m.ContainerBound(container=C, station="s1", day="2026-11-23", stands_for="TTC000000001K")
    await flush(flusher, dock.scans(bound, ms=now_ms() - 9000))
    assert stood_for() == ("bound", "TTC000000001K", "dock")
    await flush(flusher, dock.scans(m.ContainerTakenBack(container=C), ms=now_ms() - 8000))
    assert stood_for()[::2] == ("empty", "dock")
    await flush(flusher, dock.scans(m.ContainerBound(container=C, station="s1"), ms=now_ms() - 7000))
    assert stood_for() == ("bound", "", "dock")
