"""An article is found by its SKU, registered or only ordered, and given the class its limits of temperature come from."""

import pytest

from tests.cloud.api.world import World, order

pytestmark = pytest.mark.slow

ARTICLES = "/api/operators/op-a/articles"


async def test_what_was_only_ordered_is_found_by_its_name_and_can_be_given_a_class(world: World) -> None:
    await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order()])
    known = (await world.get("dispatcher-a", f"{ARTICLES}/milk")).json()
    assert known == {"sku": "milk", "name": "牛奶", "eans": [], "weight_g": None, "goods": None}
    changed = {**known, "goods": "chilled_wide"}
    assert (await world.call("dispatcher-a", "PUT", ARTICLES, json={"articles": [changed]})).status_code == 200
    assert (await world.get("dispatcher-a", f"{ARTICLES}/milk")).json() == changed


async def test_another_operators_article_or_none_is_not_there(world: World) -> None:
    await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order()])
    assert (await world.get("dispatcher-b", f"{ARTICLES}/milk")).status_code == 404
    assert (await world.get("dispatcher-b", "/api/operators/op-b/articles/milk")).status_code == 404
    missing = await world.get("dispatcher-a", f"{ARTICLES}/nothing/like-it")
    assert missing.json()["error"]["code"] == "no_article"
