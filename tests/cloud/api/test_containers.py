"""Containers and labels by REST."""

import pytest

from tests.cloud.api.world import LABELS, World, order, scan

pytestmark = pytest.mark.slow


async def test_new_containers_are_labelled_and_belong_to_their_operator(world: World) -> None:
    labels = (await world.post("dispatcher-a", "/api/operators/op-a/containers", json={"count": 3})).json()["labels"]
    assert len(set(labels)) == 3
    seen = (await world.get("dispatcher-a", f"/api/containers/{labels[0].lower()}")).json()
    assert (seen["state"], seen["operator"], seen["contents"], seen["custody"]) == ("empty", "op-a", [], [])
    assert (await world.get("dispatcher-b", f"/api/containers/{labels[0]}")).status_code == 404
    assert (await world.get("leader-a1", f"/api/containers/{labels[0]}")).status_code == 404
    assert (await world.post("dispatcher-b", "/api/operators/op-a/containers", json={"count": 1})).status_code == 404
    assert (await world.get("leader-a1", "/api/sites/st-a1/containers")).json() == {"containers": []}
    assert (await world.get("leader-a1", "/api/sites/st-a2/containers")).status_code == 404


async def test_what_is_disputed_is_listed_with_both_events(world: World) -> None:
    await scan(world.connection, "st-a1", LABELS[0], "parcel_released", 1)
    await scan(world.connection, "st-a2", LABELS[0], "parcel_released", 2)
    (disputed,) = (await world.get("admin", "/api/disputes")).json()["parcels"]
    assert (disputed["id"], disputed["state"]) == (LABELS[0], "released")
    assert [event.split("/")[0] for event in disputed["dispute"]] == ["st-a1", "st-a2"]
    assert (await world.get("dispatcher-b", "/api/disputes")).json() == {"parcels": []}


async def test_labels_are_printed_for_what_one_may_see(world: World) -> None:
    await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order()])
    shown = (await world.get("dispatcher-a", "/api/operators/op-a/orders/A-1001")).json()["order"]
    ids = [parcel["id"] for parcel in shown["parcels"]]
    pdf = await world.post("leader-a1", "/api/labels", json={"kind": "parcel", "ids": ids})
    assert (pdf.status_code, pdf.headers["content-type"], pdf.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert pdf.content.count(b"/Type /Page\n") == 2
    zpl = await world.post("leader-a1", "/api/labels", json={"kind": "parcel", "ids": ids, "form": "zpl"})
    assert [line.count(one) for line, one in zip(zpl.text.splitlines(), ids, strict=True)] == [3, 3]
    assert "冷藏" in zpl.text
    refused = await world.post("leader-b1", "/api/labels", json={"kind": "parcel", "ids": ids})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "no_label")
    (container,) = (await world.post("dispatcher-a", "/api/operators/op-a/containers", json={"count": 1})).json()["labels"]
    printed = await world.post("dispatcher-a", "/api/labels", json={"kind": "container", "ids": [container], "form": "zpl"})
    assert container in printed.text
    await world.call("dispatcher-a", "PUT", "/api/sites/st-a1/shelves", json={"shelves": [{"slot": "A12", "zone": "frozen"}]})
    shelf = {"kind": "shelf", "ids": ["A12"], "site": "st-a1", "form": "zpl"}
    assert "冷冻" in (await world.post("leader-a1", "/api/labels", json=shelf)).text
    assert (await world.post("leader-a2", "/api/labels", json=shelf)).status_code == 404
    assert (await world.post("leader-a1", "/api/labels", json={"kind": "shelf", "ids": ["A12"]})).status_code == 422
