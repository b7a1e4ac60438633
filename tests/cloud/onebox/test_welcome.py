"""What `make run` prints: for each role its page and its log-in, in two languages."""

from datetime import date
from pathlib import Path
from typing import Any

from cloud.onebox.children import Addresses, TownSites
from cloud.onebox.demo import ADMIN, DemoOrder, town_accounts
from cloud.onebox.folder import Secrets
from cloud.onebox.welcome import Told, welcome

SECRETS = Secrets("a", "b", "c")
TODAY = date(2026, 11, 28)


def told(**more: Any) -> str:
    at = Addresses("127.0.0.1", "127.0.0.1", 8080, 8081, 1, 2, 3, 4, 5, 8090)
    order = DemoOrder("http://127.0.0.1:8080/o/x", "st-0001", "TTP1", "1105", TODAY)
    accounts = [ADMIN, *town_accounts(["st-0001"])]
    known: dict[str, Any] = {
        "has_town": True,
        "hours": ("06:45 ×30：装车", "06:45, 30 times as fast: loads"),
        "today": TODAY,
        "sites": TownSites.of(3, 1),
    }
    return welcome(Told(at, Path("/data"), SECRETS, accounts, more.pop("order", order), **{**known, **more}))


def test_every_role_has_its_page_its_log_in_and_its_name_in_both_languages() -> None:
    said = told()
    for login, chinese, page in (
        ("admin", "管理员", "/ops.html"),
        ("dispatcher", "调度员", "/dispatch.html"),
        ("leader", "团长", ".html"),
        ("staff", "店员", "/ops.html"),
    ):
        line = next(line for line in said.splitlines() if line.strip().startswith(f"{login} "))
        assert SECRETS.derived(login) in line
        assert chinese in line
        assert page in line
    assert SECRETS.staff_pin in said
    assert "居民 a resident's order   http://127.0.0.1:8080/o/x" in said
    assert "团长 its leader's page    http://127.0.0.1:8080/g/x" in told(leader="http://127.0.0.1:8080/g/x")
    assert "/g/" not in said
    assert "06:45 ×30：装车" in said
    assert "06:45, 30 times as fast: loads" in said


def test_a_parcel_is_offered_only_while_there_is_one_to_scan() -> None:
    assert "--label TTP1" in told()
    later = told(order=DemoOrder("u", "st-0001", "", "", date(2026, 11, 29)))
    assert "扫一件" in later
    assert "nothing to scan now: its parcels come Sun 29 Nov" in later
    assert "手机尾号" not in later
    assert "nothing to scan now: all came" in told(order=DemoOrder("u", "st-0001", "", "", TODAY))


def test_a_town_without_an_order_yet_says_so() -> None:
    assert "the town has none yet" in told(order=None)
    assert "the town has none yet" not in told()


def test_without_a_town_no_town_is_told_of() -> None:
    said = told(order=None, has_town=False)
    assert "PIN" not in said
    assert "演示台" not in said
    assert "居民" not in said
    assert "健康 health" in said
