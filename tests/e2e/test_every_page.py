"""What must hold on every page: usable without eyes or mouse as far as axe can tell, and at any size."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.town import OPERATOR, ROOT, Town

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SOON_MS = 20_000
AXE = ROOT / "dashboards" / "node_modules" / "axe-core" / "axe.min.js"
OpenPage = Callable[..., Page]


def resident(town: Town, open_page: OpenPage, **look: Any) -> Page:
    order = town.order()
    page = open_page(order.url, **look)
    page.locator(".as-of.is-live").wait_for(timeout=SOON_MS)
    town.scanner.scan(order.labels[0])
    page.locator("li.fresh").first.wait_for(timeout=SOON_MS)
    return page


def station(town: Town, open_page: OpenPage, **look: Any) -> Page:
    page = open_page(town.agent_url, **look)
    page.locator(".net").wait_for(timeout=SOON_MS)
    return page


def front(town: Town, open_page: OpenPage, **look: Any) -> Page:
    page = open_page(f"{town.url}/", **look)
    page.locator("form").wait_for(timeout=SOON_MS)
    return page


def operations(town: Town, open_page: OpenPage, **look: Any) -> Page:
    page = open_page(f"{town.url}/ops.html", **look)
    page.locator("input[name=login]").fill("admin")
    page.locator("input[name=password]").fill(town.password)
    page.locator("form button").click()
    page.locator("#sites-heading").wait_for(timeout=SOON_MS)
    page.locator(".as-of.is-live").wait_for(timeout=SOON_MS)
    return page


def leader(town: Town, open_page: OpenPage, **look: Any) -> Page:
    """With an order that waits, which a group of its own names."""
    leaders = f"/api/operators/{OPERATOR}/leaders"
    number = f"L-{secrets.token_hex(3)}"
    town.ask("PUT", f"{leaders}/{number}", {"name": "王姐"})
    order = town.order(leader=number)
    for label in order.labels:
        town.scanner.scan(label)
    page = open_page(town.ask("POST", f"{leaders}/{number}/link")["url"], **look)
    page.locator(f"[data-order={order.external_id}] button").first.wait_for(timeout=SOON_MS)
    page.locator(".as-of.is-live").wait_for(timeout=SOON_MS)
    page.locator("summary").first.click()
    return page


def expired(town: Town, open_page: OpenPage, **look: Any) -> Page:
    page = open_page(f"{town.url}/o/none", **look)
    page.locator(".notice").wait_for(timeout=SOON_MS)
    return page


PAGES = (resident, station, front, operations, leader, expired)
OpenOne = Callable[..., Page]


@pytest.mark.parametrize("page_of", PAGES)
@pytest.mark.parametrize("look", [{"language": "zh"}, {"language": "en", "dark": True}], ids=["zh-light", "en-dark"])
def test_axe_finds_nothing_serious(town: Town, open_page: OpenPage, page_of: OpenOne, look: dict[str, Any]) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm --prefix dashboards ci")
    page = page_of(town, open_page, **look)
    # A colour half way is no colour of ours; what turns for ever is not waited for.
    page.evaluate(
        "Promise.all(document.getAnimations().filter(a => a.effect.getTiming().iterations !== Infinity).map(a => a.finished))"
    )
    assert serious(page) == []


def serious(page: Page) -> list[str]:
    """What axe finds that keeps somebody out."""
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("page_of", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_runs_off_the_screen_also_with_large_text(town: Town, open_page: OpenPage, page_of: OpenOne, language: str) -> None:
    assert too_wide(page_of(town, open_page, language=language)) == []


WIDEST = """width => [...document.querySelectorAll('main *')].filter(one => one.getBoundingClientRect().right > width)
    .map(one => `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 20)}`).slice(-3).join('; ')"""


def too_wide(page: Page) -> list[str]:
    """Where somebody has to scroll sideways; the page is left at its last size."""
    found = []
    for width in (320, 360, 768, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        for size in ("100%", "140%"):
            page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
            needed = page.evaluate("document.documentElement.scrollWidth")
            if needed > width:
                found.append(f"{needed} px at {width} px, text {size}: {page.evaluate(WIDEST, width)}")
    page.evaluate("document.documentElement.style.fontSize = ''")
    return found


def test_the_log_out_keeps_its_distance_from_the_language(town: Town, open_page: OpenPage) -> None:
    page = operations(town, open_page, language="en")
    out, switch = page.locator("button.out").bounding_box(), page.locator("button.switch").bounding_box()
    assert out is not None
    assert switch is not None
    assert switch["x"] - (out["x"] + out["width"]) >= 8


def test_a_person_with_a_keyboard_gets_everywhere_on_the_resident_page(town: Town, open_page: OpenPage) -> None:
    page = resident(town, open_page)
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("EN")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
