"""Each role tried against each route, as an attacker would: what is not theirs is refused, and nothing of it is told."""

import pytest

from cloud.store.rooms import change, entry
from tests.cloud.api.world import LABELS, NOW, PEOPLE, World, order, scan

pytestmark = pytest.mark.slow

A1 = "/api/operators/op-a/orders"
B1 = "/api/operators/op-b/orders"


@pytest.fixture
async def filled(world: World) -> World:
    """An order at st-a1 of op-a, one at st-b1 of op-b, a stray parcel at st-b1, a message in quarantine of each operator."""
    line = {"sku": "egg", "name": "鸡蛋", "quantity": 1}
    orders = [order("A-1", "st-a1", lines=[{**line, "parcel": LABELS[0]}])]
    assert (await world.post("admin", A1, json=orders)).json()["imported"] == 1
    orders = [order("B-1", "st-b1", lines=[{**line, "parcel": LABELS[1]}])]
    assert (await world.post("admin", B1, json=orders)).json()["imported"] == 1
    await scan(world.connection, "st-b1", LABELS[2], "parcel_received", 1)
    for operator in ("op-a", "op-b"):
        await world.connection.execute(
            """
            INSERT INTO quarantine (first_at, last_at, topic, properties, content_type, payload, payload_sha256, payload_bytes,
                                    reason, detail)
            VALUES (now(), now(), %s, '{}', '', 'x', 'y', 1, 'payload', 'broken')
            """,
            [f"tt/v1/{operator}/st-a1/up/event"],
        )
    return world


EVERYONE = (*PEOPLE, None)
OF_A = {"admin", "dispatcher-a", "leader-a1", "staff-a1"}
PLANNERS_A = {"admin", "dispatcher-a"}

# route, who may; the others get the status beside it (None as the log-in: always 401).
READS = [
    ("/api/me", set(PEOPLE), 0),
    ("/api/sites", set(PEOPLE), 0),
    ("/api/operators", set(PEOPLE), 0),
    ("/api/sites/st-a1", OF_A, 404),
    (A1, {login for login in PEOPLE if not login.endswith(("b", "b1"))}, 404),
    (f"{A1}/A-1", OF_A, 404),
    (f"/api/parcels/{LABELS[0]}", OF_A, 404),
    (f"/api/parcels/{LABELS[2]}", {"admin", "dispatcher-b", "leader-b1"}, 404),
    (f"{A1}/B-1", set(), 404),
    (f"{A1}/nothing", set(), 404),
    ("/api/sites/nothing", set(), 404),
    ("/api/parcels/nothing", set(), 404),
    ("/api/operators/nothing/orders/x", set(), 404),
]
WRITES = [
    ("POST", "/api/operators", {"id": "op-c", "name": "C"}, {"admin"}, 403),
    ("POST", "/api/sites/st-a2/operators", {"operator": "op-b"}, {"admin"}, 403),
    ("POST", "/api/sites", {"id": "st-new", "kind": "station", "name": "新", "operators": ["op-a"]}, PLANNERS_A, 403),
    ("POST", A1, [order("A-9")], PLANNERS_A, (403, 404)),
    ("POST", f"{A1}/csv", None, PLANNERS_A, (403, 404)),
    ("POST", f"{A1}/A-1/link", None, OF_A, 404),
    ("DELETE", f"{A1}/A-1/link", None, PLANNERS_A, (403, 404)),
]


@pytest.mark.parametrize(("path", "may", "refusal"), READS, ids=[path for path, *_ in READS])
async def test_reading_is_limited_to_what_an_account_may_see(filled: World, path: str, may: set[str], refusal: int) -> None:
    statuses = {login: (await filled.get(login, path)).status_code for login in EVERYONE}
    assert statuses == {login: 401 if login is None else 200 if login in may else refusal for login in EVERYONE}


@pytest.mark.parametrize(
    ("method", "path", "body", "may", "refusal"), WRITES, ids=[f"{method} {path}" for method, path, *_ in WRITES]
)
async def test_writing_is_limited_to_who_may(
    filled: World, method: str, path: str, body: object, may: set[str], refusal: int | tuple[int, ...]
) -> None:
    before = await filled.one("SELECT count(*) FROM audit")
    content = (
        {"content": "订单号,自提点,提货日期,货号,商品,数量\nA-9,st-a1,2026-11-23,egg,蛋,1\n".encode()}
        if path.endswith("csv")
        else {}
    )
    refusals = refusal if isinstance(refusal, tuple) else (refusal,)
    # The attackers first: what they do must leave nothing for the audit, nor stand in the way of who may.
    for login in sorted(EVERYONE, key=lambda login: login in may):
        answer = await filled.call(login, method, path, **({"json": body} if body is not None else {}), **content)
        if login is None:
            assert answer.status_code == 401, login
        elif login in may:
            assert answer.status_code < 300, (login, answer.text)
        else:
            assert answer.status_code in refusals, (login, answer.text)
            assert await filled.one("SELECT count(*) FROM audit") == before
    assert await filled.one("SELECT count(*) FROM audit") > before


async def test_quarantine_is_shown_by_operator(filled: World) -> None:
    seen = {login: await filled.get(login, "/api/quarantine") for login in PEOPLE}
    topics = {login: [item["topic"] for item in answer.json().get("items", [])] for login, answer in seen.items()}
    assert len(topics["admin"]) == 2
    assert topics["dispatcher-a"] == ["tt/v1/op-a/st-a1/up/event"]
    assert topics["dispatcher-b"] == ["tt/v1/op-b/st-a1/up/event"]
    assert {seen[login].status_code for login in ("leader-a1", "staff-a1", "leader-b1")} == {403}
    of_b = seen["dispatcher-b"].json()["items"][0]["id"]
    for path in (f"/api/quarantine/{of_b}", f"/api/quarantine/{of_b}/replay", f"/api/quarantine/{of_b}/discard"):
        method = "GET" if path.endswith(str(of_b)) else "POST"
        assert (await filled.call("dispatcher-a", method, path)).status_code == 404
        assert (await filled.call("leader-b1", method, path)).status_code == 403
        assert (await filled.call(None, method, path)).status_code == 401


async def test_a_list_holds_only_what_is_in_scope(filled: World) -> None:
    async def external_ids(login: str, path: str) -> list[str]:
        return [one["external_id"] for one in (await filled.get(login, path)).json()["orders"]]

    assert await external_ids("leader-a1", A1) == ["A-1"]
    assert await external_ids("leader-a2", A1) == []
    assert await external_ids("leader-a2", f"{A1}?site=st-a1") == []
    assert await external_ids("leader-a2", f"{A1}?q=5678") == []
    sites = {login: [site["id"] for site in (await filled.get(login, "/api/sites")).json()["sites"]] for login in PEOPLE}
    assert sites["leader-a1"] == sites["staff-a1"] == ["st-a1"]
    assert sites["dispatcher-a"] == ["st-a1", "st-a2", "st-both"]
    assert sites["dispatcher-b"] == ["st-b1", "st-both"]
    operators = (await filled.get("dispatcher-b", "/api/sites/st-both")).json()["operators"]
    assert operators == ["op-b"]


async def test_who_works_at_a_site_sees_every_parcel_there_and_of_another_operators_no_order(filled: World) -> None:
    """The order of op-b whose parcel lies at st-a1 of op-a's staff, who have to hand it over."""
    await scan(filled.connection, "st-b1", LABELS[1], "parcel_received", 2)
    await scan(filled.connection, "st-a1", LABELS[1], "parcel_received", 3)
    seen = (await filled.get("staff-a1", f"/api/parcels/{LABELS[1]}")).json()
    assert (seen["operator"], seen["order"], seen["at_site"]) == ("op-b", None, "st-a1")
    assert [event["site"] for event in seen["events"]] == ["st-a1"]
    of_b = (await filled.get("dispatcher-b", f"/api/parcels/{LABELS[1]}")).json()
    assert of_b["order"] == "op-b/B-1"
    assert [event["site"] for event in of_b["events"]] == ["st-b1", "st-a1"]
    assert (await filled.get("dispatcher-a", f"/api/parcels/{LABELS[1]}")).status_code == 404
    assert (await filled.get("leader-a2", f"/api/parcels/{LABELS[1]}")).status_code == 404


async def test_a_relation_that_has_ended_ends_the_dispatchers_sight(filled: World) -> None:
    assert (await filled.get("dispatcher-b", "/api/sites/st-both")).status_code == 200
    relation = {"operator": "op-b", "valid_from": "2026-01-01", "valid_to": "2026-11-22"}
    for operator in ("op-a", "op-b"):
        await change(filled.connection, [entry(f"sites:{operator}", "site/st-both", {"online": True})], NOW)
    assert (await filled.post("admin", "/api/sites/st-both/operators", json=relation)).status_code == 201
    assert (await filled.get("dispatcher-b", "/api/sites/st-both")).status_code == 404
    shown = "SELECT array_agg(room) FROM room_entry WHERE key = 'site/st-both' AND body IS NOT NULL AND body <> 'null'"
    assert await filled.one(shown) == ["sites:op-a"]


async def test_a_session_that_was_closed_or_expired_or_whose_account_is_disabled_is_none(filled: World) -> None:
    assert (await filled.post("leader-a1", "/api/logout")).status_code == 204
    await filled.connection.execute(
        "UPDATE session SET expires_at = now() FROM account WHERE account.id = account_id AND login = 'staff-a1'"
    )
    await filled.connection.execute("UPDATE account SET disabled_at = now() WHERE login = 'dispatcher-a'")
    for login in ("leader-a1", "staff-a1", "dispatcher-a"):
        assert (await filled.get(login, "/api/me")).status_code == 401, login


async def test_a_resident_link_is_no_log_in(filled: World) -> None:
    token = (await filled.post("leader-a1", f"{A1}/A-1/link")).json()["token"]
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"tt_session={token}"}):
        assert (await filled.get(None, A1, headers=headers)).status_code == 401
    shown = await filled.get(None, f"/api/links/{token}")
    assert shown.status_code == 200
    assert "王" not in shown.text
    assert "1381234" not in shown.text
