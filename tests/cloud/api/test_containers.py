"""Containers and labels by REST."""

import pytest

from edge.wire.labels import container_label
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
    assert (await world.get("dispatcher-b", "/api/disputes")).json() == {"parcels": [], "containers": []}


async def test_a_container_that_two_stations_signed_for_is_a_dispute_too(world: World) -> None:
    (container,) = (await world.post("dispatcher-a", "/api/operators/op-a/containers", json={"count": 1})).json()["labels"]
    await world.connection.execute("UPDATE container SET dispute = '{a,b}', at_site_id = 'st-a1' WHERE id = %s", [container])
    (disputed,) = (await world.get("dispatcher-a", "/api/disputes")).json()["containers"]
    assert (disputed["id"], disputed["at_site"], disputed["dispute"]) == (container, "st-a1", ["a", "b"])
    assert (await world.get("dispatcher-b", "/api/disputes")).json()["containers"] == []


async def test_what_can_be_printed_is_and_each_other_label_is_named_with_the_reason(world: World) -> None:
    await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order()])
    shown = (await world.get("dispatcher-a", "/api/operators/op-a/orders/A-1001")).json()["order"]
    good = [parcel["id"] for parcel in shown["parcels"]]
    misread = good[0][:-1] + ("0" if good[0][-1] != "0" else "1")
    wanted = {"kind": "parcel", "ids": [good[0], LABELS[9], misread, container_label(77), good[1], good[0]], "form": "zpl"}
    checked = (await world.post("dispatcher-a", "/api/labels/check", json=wanted)).json()
    assert checked["good"] == good
    assert {one["id"]: one["code"] for one in checked["refused"]} == {
        LABELS[9]: "no_label",
        misread: "label_misread",
        container_label(77): "label_other_kind",
    }
    assert all(one["message"] and one["remedy"] for one in checked["refused"])
    printed = await world.post("dispatcher-a", "/api/labels", json=wanted)
    assert (printed.status_code, printed.text.count("^XA")) == (200, 2)
    assert printed.headers["labels-refused"] == (
        f"{LABELS[9]}=no_label, {misread}=label_misread, {container_label(77)}=label_other_kind"
    )
    many = {"kind": "parcel", "ids": [good[0], *(f"键{number}" * 10 for number in range(30))]}
    named = (await world.post("dispatcher-a", "/api/labels", json=many)).headers["labels-refused"]
    assert named.endswith("10 more")
    assert len(named) < 6_000


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
