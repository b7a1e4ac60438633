"""The dock page's local API, at a real agent without a network: what the night looks like, its acts, what is refused and how."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.config import ConfigError, EdgeConfig, load
from edge.wire.manifest import Article, Line
from tests.edge.agents import NOBODY, Running, running_agent, write_config
from tests.edge.devices.test_photo import LABEL, jpeg
from tests.edge.dock import plans
from tests.edge.dock.plans import A1, B1, C1, RUN_1, SPARE, STRANGE, P
from tests.edge.test_acts_page import act, post, put_manifest

pytestmark = pytest.mark.slow

SITE = "dock-1"


def dock_config(folder: Path) -> EdgeConfig:
    """A dock with two scanners that are not plugged in."""
    pages = folder / "pages"
    (pages / "assets").mkdir(parents=True)
    (pages / "dock.html").write_text("<title>网格仓</title>", encoding="utf-8")
    scanners = "".join(f'[[scanner]]\nname = "scanner-{n}"\nport = "no-such-port-{n}"\n' for n in (1, 2))
    return write_config(folder, NOBODY, SITE, f'pages_dir = "pages"\n{scanners}', kind="dock")


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Running]:
    """A dock with its night."""
    config = dock_config(tmp_path)
    await put_manifest(config, msgspec.structs.replace(plans.manifest(), site=SITE))
    async with running_agent(config) as running:
        yield running


async def view(agent: Running, path: str = "dock", **query: str) -> dict[str, Any]:
    answer = await agent.http.get(f"/api/{path}", params=query)
    assert answer.status_code == 200, answer.text
    seen: dict[str, Any] = answer.json()
    return seen


async def test_a_night_at_the_page(agent: Running) -> None:
    assert "网格仓" in (await agent.http.get("/")).text
    night = await view(agent)
    assert (night["version"], night["has_staff"], night["place"]["mode"], night["unrouted"]) == (1, True, "sort", 1)
    assert [(run["name"], run["containers"], run["parcels"], run["next"]) for run in night["runs"]] == [
        ("R1", 4, 6, "A2"),
        ("R2", 1, 2, "B1"),
    ]
    refused = await agent.http.post("/api/scan", json={"text": P[0]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "no_log_in")
    assert (await act(agent, "log-in", secret="1357"))["word"] == "logged_in"
    assert [one["name"] for one in (await view(agent, "staff"))["staff"]] == ["王师傅"]
    sorted_ = await agent.scan(P[0])
    assert (sorted_["word"], sorted_["slot"], sorted_["actor"]) == ("sorted", "A1", "staff-1")
    assert (await post(agent, "dock/mode", mode="pack"))["place"]["mode"] == "pack"
    assert (await agent.status())["mode"] == "pack"
    for text, word in ((A1, "bound"), (P[0], "packed"), (P[4], "wrong_station")):
        assert (await agent.scan(text))["word"] == word
    opened = (await view(agent))["open"]
    assert (opened["container"], opened["packed"], opened["sorted"], opened["lacks"]) == (A1, 1, 1, [P[1]])
    assert (await act(agent, "seal", container=A1))["word"] == "seal_lacks"
    assert (await act(agent, "seal", container=A1, short=True))["word"] == "sealed_short"
    assert (await post(agent, "dock/stand-in", load=B1))["place"]["load"] == B1
    assert (await agent.scan(SPARE))["word"] == "bound"
    one = await view(agent, "dock/load", container=SPARE)
    assert (one["load"], one["container"], one["state"], one["station_name"]) == (B1, SPARE, "bound", "站 st-b")
    loads = (await view(agent, "dock/loads", run=RUN_1))["loads"]
    assert [(one["lane"], one["zone"]) for one in loads] == [
        ("A2", "ambient"),
        ("A1", "ambient"),
        ("A1", "ambient"),
        ("A1", "chilled"),
    ]
    assert [one["station"] for one in (await view(agent, "dock/loads"))["loads"]] == ["st-d"]
    await post(agent, "dock/mode", mode="load")
    assert (await agent.scan(A1))["word"] == "loaded_early"
    assert (await view(agent))["runs"][0]["loaded"] == 1
    assert (await view(agent))["runs"][0]["short"] == [{"container": A1, "lane": "A1", "zone": "ambient", "number": 1, "lacks": 1}]
    assert (await agent.http.post("/api/undo", json={})).json()["scan"]["word"] == "loaded"
    assert (await view(agent))["runs"][0]["loaded"] == 0
    assert (await act(agent, "lose", container=C1, note="找不到"))["word"] == "lost"
    assert [one["load"] for one in (await view(agent))["lost"]] == [C1]
    assert (await act(agent, "take-back", container=STRANGE.replace("P", "C")))["word"] == "taken_back"


async def test_a_page_that_works_with_a_scanner_of_its_own_leaves_the_others_alone(agent: Running) -> None:
    await act(agent, "log-in", secret="1357")
    seated = await post(agent, "dock/sit", place="scanner-2")
    assert (seated["place"]["place"], [one["place"] for one in seated["places"]]) == ("scanner-2", ["", "scanner-2"])
    assert (await post(agent, "dock/mode", mode="load"))["place"]["mode"] == "load"
    assert (await post(agent, "dock/run", run=RUN_1))["place"]["run"] == RUN_1
    assert (await agent.status())["mode"] == "sort"
    assert (await agent.scan(P[0]))["word"] == "want_container"
    assert (await post(agent, "dock/share", place="scanner-2"))["place"]["place"] == ""
    assert (await agent.scan(P[1]))["word"] == "sorted"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("dock/sit", {"place": "scanner-9"}, 404, ""),
        ("dock/run", {"run": "demo/2026-01-01/R9"}, 409, "not_planned"),
        ("dock/stand-in", {"load": SPARE}, 409, "not_planned"),
        ("dock/mode", {"mode": "release"}, 422, "bad_request"),
        ("mode", {"mode": "release"}, 422, "bad_request"),
        ("seal", {"container": ""}, 422, "bad_request"),
        ("sign", {"container": A1}, 404, "nothing_here"),
    ],
)
async def test_what_is_no_use_here_is_refused_with_a_code(
    agent: Running, path: str, body: dict[str, str], status: int, code: str
) -> None:
    await act(agent, "log-in", secret="1357")
    answer = await agent.http.post(f"/api/{path}", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert (await agent.http.get("/api/dock/load", params={"container": SPARE})).status_code == 409


def test_a_kind_of_site_that_does_not_exist_is_told_with_its_line(tmp_path: Path) -> None:
    dock_config(tmp_path)
    path = tmp_path / f"{SITE}.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"dock"', '"doc"'), encoding="utf-8")
    with pytest.raises(ConfigError, match=r'line 6: \[site\], kind: want "station" or "dock" or "van", got \'?doc'):
        load(path)


async def test_goods_by_sku_are_listed_with_their_names_counted_by_ean_or_by_hand_and_go_as_they_are(tmp_path: Path) -> None:
    config = dock_config(tmp_path)
    bulk = msgspec.structs.replace(plans.load(A1, "st-a", []), lines=(Line(sku="G1000", quantity=12),))
    articles = (Article(sku="G1000", name="东北大米5kg", eans=("6901234567892",)),)
    await put_manifest(config, msgspec.structs.replace(plans.manifest(1, (bulk,)), site=SITE, articles=articles))
    async with running_agent(config) as agent:
        await act(agent, "log-in", secret="1357")
        await post(agent, "dock/mode", mode="pack")
        assert (await agent.scan(A1))["word"] == "bound"
        opened = (await view(agent))["open"]
        assert opened["goods"] == [{"sku": "G1000", "name": "东北大米5kg", "quantity": 12, "counted": 0}]
        assert (await view(agent, "dock/articles"))["articles"] == [{"sku": "G1000", "name": "东北大米5kg"}]
        scanned = await agent.scan("6901234567892")
        assert (scanned["word"], scanned["slot"], scanned["count"], scanned["of"]) == ("goods_packed", "A1", 1, 12)
        assert (await act(agent, "count-goods", container=A1, sku="G1000", quantity=10))["word"] == "goods_packed"
        opened = (await view(agent))["open"]
        assert (opened["goods"][0]["counted"], opened["lacking_pieces"]) == (11, 1)
        assert (await act(agent, "seal", container=A1))["word"] == "seal_lacks"
        await agent.scan("6901234567892")
        assert (await act(agent, "seal", container=A1))["word"] == "sealed"
        await post(agent, "dock/mode", mode="load")
        assert (await agent.scan(A1))["word"] == "run_full"
        assert (await view(agent))["runs"][0]["short"] == []


async def test_a_photograph_of_labels_is_read_at_a_dock_too(agent: Running) -> None:
    await act(agent, "log-in", secret="1357")
    answer = await agent.http.post("/api/photo-scan", content=jpeg(2000, 1500))
    assert answer.json() == {"codes": [{"text": LABEL, "symbology": "C0", "kind": "parcel", "fault": ""}]}
