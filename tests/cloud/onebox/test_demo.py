"""Which order the banner of the one box shows, and whether something of it is to be scanned."""

from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cloud.onebox import demo
from cloud.onebox.demo import best_order, find_order, is_of_town
from firmware_sim.town.plan import plan_day

TODAY = date(2026, 11, 28)


def order(name: str, day: str, state: str) -> dict[str, str]:
    return {"external_id": name, "pickup_date": day, "state": state}


@pytest.mark.parametrize(
    ("orders", "chosen", "is_to_come"),
    [
        ([order("a", "2026-11-28", "allocating"), order("b", "2026-11-28", "in_transit")], "b", True),
        ([order("a", "2026-11-28", "allocating"), order("b", "2026-11-29", "placed")], "a", True),
        ([order("old", "2026-11-27", "in_transit"), order("b", "2026-11-28", "allocating")], "b", True),
        ([order("a", "2026-11-28", "collected"), order("b", "2026-11-29", "placed")], "b", False),
        ([order("old", "2026-11-27", "in_transit"), order("a", "2026-11-28", "ready")], "a", False),
    ],
)
def test_a_parcel_is_offered_only_on_the_day_on_which_it_comes(orders: list[dict[str, str]], chosen: str, is_to_come: bool) -> None:
    found, offered = best_order(orders, TODAY)
    assert (found["external_id"], offered) == (chosen, is_to_come)


def test_the_followed_order_is_shown_while_it_is_to_come() -> None:
    today = [order(name, "2026-11-28", "in_transit") for name in "abc"]
    assert best_order(today, TODAY, "b")[0]["external_id"] == "b"
    over = [order("a", "2026-11-28", "collected"), order("b", "2026-11-28", "collected")]
    assert best_order(over, TODAY, "b")[0]["external_id"] == "b"
    later = [order("a", "2026-11-28", "in_transit"), order("b", "2026-11-28", "collected")]
    assert best_order(later, TODAY, "b")[0]["external_id"] == "a"


def test_the_towns_orders_are_known_by_their_numbers() -> None:
    planned = plan_day(7, "st-0002", TODAY).orders
    assert planned
    assert all(is_of_town(one.external_id, "st-0002") for one in planned)
    assert not any(is_of_town(name, "st-0002") for name in ("A-1001", "20261128-st-0001-001", "20261128-st-0002-001-x"))


async def test_what_a_stranger_imported_at_a_station_of_the_town_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def row(name: str, day: str, state: str) -> dict[str, Any]:
        return {**order(name, day, state), "site": "st-0001", "phone_tail": "0000", "parcels": [{"id": f"TTP-{name}"}]}

    rows = [row("20261128-st-0001-001", "2026-11-28", "collected"), row("Z-1", "2026-11-28", "placed")]
    rows.append(row("Z-2", "2026-11-29", "placed"))

    def call(_api: str, method: str, path: str, _body: object, _token: str) -> Any:
        parts = urlsplit(path)
        if parts.path == "/api/town":
            raise OSError("the town starts")
        if method == "POST":
            return {"url": path}
        asked = parse_qs(parts.query)
        return {"orders": [one for one in rows if [one["site"]] == asked["site"] and [one["pickup_date"]] == asked["date"]]}

    monkeypatch.setattr(demo, "_call", call)
    found = await find_order("", "", ["st-0001"], TODAY)
    assert found is not None
    assert ("20261128-st-0001-001" in found.url, found.label, found.day) == (True, "", TODAY)
    del rows[0]
    assert await find_order("", "", ["st-0001"], TODAY, timeout_s=0.01) is None
