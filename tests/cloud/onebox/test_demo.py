"""Which order the banner of the one box shows, and whether something of it is to be scanned."""

from datetime import date

import pytest

from cloud.onebox.demo import best_order

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
