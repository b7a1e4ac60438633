"""Cases open and close with the fold that finds why: once, however often and in whatever order batches come."""

import itertools
from typing import Any

import pytest

from cloud.ingest.flush import Flusher
from edge.wire import messages as m
from tests.cloud.ingest.sites import TestSite, now_ms, rows
from tests.cloud.ingest.test_events import flush, order  # noqa: F401  # order is a fixture

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("order")]

C = "TTC0000000017"


def cases(url: str) -> list[tuple[Any, ...]]:
    return rows(url, "SELECT origin, problem, state, parcel_id, sku, quantity FROM after_sales_case ORDER BY id")


def steps(url: str) -> list[str]:
    return [row[0] for row in rows(url, "SELECT action FROM case_step ORDER BY case_id, step")]


@pytest.mark.parametrize("turn", list(itertools.permutations(range(3))))
async def test_a_parcel_handed_out_by_two_offline_stations_opens_one_case_that_names_both(
    flusher: Flusher, database_url: str, turn: tuple[int, ...]
) -> None:
    one, two = TestSite("s1"), TestSite("s2")
    batches = [
        one.scans(m.ParcelReceived(parcel="P1"), ms=now_ms() - 9000),
        one.scans(m.ParcelReleased(parcel="P1"), ms=now_ms() - 8000),
        two.scans(m.ParcelReleased(parcel="P1"), ms=now_ms() - 7000),
    ]
    for index in (*turn, *turn):
        await flush(flusher, batches[index])
    assert cases(database_url) == [("conflict", "left_twice", "submitted", "P1", "", 1)]
    named = [f"s1/{one.epoch}/2", f"s2/{two.epoch}/1"]
    assert rows(database_url, "SELECT events, sites, order_id FROM after_sales_case") == [(named, ["s1", "s2"], "green/7")]
    assert "open" in steps(database_url)
    await flush(flusher, two.scans(m.EventUndone(target=named[1], reason="wrong parcel")))
    assert cases(database_url)[0][2] == "closed"
    assert steps(database_url)[-1] == "settle"


async def test_both_in_one_flush_open_one_case(flusher: Flusher, database_url: str) -> None:
    one, two = TestSite("s1"), TestSite("s2")
    await flush(flusher, one.scans(m.ParcelReleased(parcel="P1")), two.scans(m.ParcelReleased(parcel="P1")))
    assert [row[:3] for row in cases(database_url)] == [("conflict", "left_twice", "submitted")]


async def test_a_container_signed_for_at_two_stations_opens_a_case(flusher: Flusher, database_url: str) -> None:
    one, two = TestSite("s1"), TestSite("s2")
    await flush(flusher, one.scans(m.ContainerSigned(container=C), ms=now_ms() - 9000))
    await flush(flusher, two.scans(m.ContainerSigned(container=C), ms=now_ms() - 8000))
    assert rows(database_url, "SELECT origin, problem, container_id, operator_id FROM after_sales_case") == [
        ("conflict", "at_two_stations", C, "green")
    ]
    await flush(flusher, one.scans(m.EventUndone(target=f"s1/{one.epoch}/1")))
    assert rows(database_url, "SELECT state, is_settled FROM after_sales_case") == [("closed", True)]
    assert rows(database_url, "SELECT dispute FROM container") == [([],)]


async def test_a_missing_parcel_is_a_case_until_it_is_found_and_a_damaged_one_stays_one(
    flusher: Flusher, database_url: str
) -> None:
    site = TestSite("s1")
    missing = m.VarianceFound(problem=m.Problem.MISSING, parcel="P1", container=C)
    damaged = m.VarianceFound(problem=m.Problem.DAMAGED, parcel="P2", sku="milk")
    await flush(flusher, site.scans(m.ParcelReceived(parcel="P2"), missing, damaged))
    assert cases(database_url) == [
        ("station", "missing", "submitted", "P1", "", 1),
        ("station", "damaged", "submitted", "P2", "milk", 1),
    ]
    await flush(flusher, site.scans(m.ParcelReceived(parcel="P1")))
    await flush(flusher, site.scans(m.ParcelReleased(parcel="P1"), m.ParcelReleased(parcel="P2")))
    assert [row[2] for row in cases(database_url)] == ["closed", "submitted"]


async def test_what_is_short_is_refunded_at_once_where_that_is_the_rule(flusher: Flusher, database_url: str) -> None:
    site = TestSite("s1")
    short = m.VarianceFound(problem=m.Problem.SHORT, parcel="P1", sku="egg", quantity=2)
    await flush(flusher, site.scans(m.ParcelReceived(parcel="P1"), short))
    assert cases(database_url) == [("station", "short", "refunding", "P1", "egg", 2)]
    assert rows(database_url, "SELECT by, action, state FROM case_step ORDER BY step") == [
        ("fold", "open", "submitted"), ("rule", "approve", "approved"), ("rule", "refund", "refunding"),
    ]  # fmt: skip
    await flush(flusher, site.scans(m.EventUndone(target=f"s1/{site.epoch}/2")))
    assert cases(database_url)[0][2] == "closed", "nothing was paid yet"


async def test_a_problem_of_a_parcel_without_an_order_waits_for_its_order(flusher: Flusher, database_url: str) -> None:
    site = TestSite("s1")
    await flush(flusher, site.scans(m.VarianceFound(problem=m.Problem.DAMAGED, parcel="X")))
    assert cases(database_url) == []
    two = TestSite("s2")
    await flush(flusher, site.scans(m.ParcelReleased(parcel="X")), two.scans(m.ParcelReleased(parcel="X")))
    assert rows(database_url, "SELECT origin, operator_id FROM after_sales_case") == [("conflict", None)]
    rows(database_url, "UPDATE parcel SET order_id = 'green/7', operator_id = 'green', site_id = 's1' WHERE id = 'X' RETURNING id")
    await flush(flusher, site.scans(m.VarianceFound(problem=m.Problem.DAMAGED, parcel="X")))
    assert [row[0] for row in cases(database_url)] == ["conflict", "station"]
