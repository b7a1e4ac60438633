"""A browser, once a session, and a town for it, once a module.

Playwright's loop runs in the tests' thread to the end: what is asynchronous comes before (tests/conftest.py).
"""

import shutil
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, sync_playwright

from tests.conftest import DatabaseSource, TestBroker, reachable_folder
from tests.e2e.lone_station import NAME_ON_THE_LAN
from tests.e2e.town import DIST, Town, running_town

# The first that is there; without its windows it costs a page a quarter less.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# A browser under test talks to nobody but the town.
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-domain-reliability",
    "--no-first-run",
    f"--host-resolver-rules=MAP {NAME_ON_THE_LAN} 127.0.0.1",
]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's."""
    for name in BROWSERS:
        if (found := shutil.which(name)) is not None:
            return found
    pytest.skip("no Chromium on this machine: apt-get install chromium-headless-shell")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    """Headless."""
    browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def town(database_source: DatabaseSource, _session_broker: TestBroker) -> Iterator[Town]:
    """The cloud and a station. A test that kills a part starts it again."""
    if not (DIST / "residents.html").is_file():
        pytest.skip("the pages are not built: npm --prefix dashboards ci && npm --prefix dashboards run build")
    with reachable_folder() as folder, database_source.database() as url, running_town(folder, url, _session_broker) as town:
        yield town


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens an address in a new window as a phone's size, in Chinese; what the page itself got wrong fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []
    strangers: set[str] = set()

    def open_page(url: str, *, width: int = 390, height: int = 844, language: str = "zh", dark: bool = False) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: _note_stranger(request, strangers))
        page.goto(f"{url}{'&' if '?' in url else '?'}lang={language}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults, faults
    assert not strangers, f"asked of others than the town: {strangers}"


def _note_stranger(request: Request, strangers: set[str]) -> None:
    parts = urlsplit(request.url)
    if parts.scheme not in ("data", "blob") and parts.hostname not in ("127.0.0.1", NAME_ON_THE_LAN):
        strangers.add(request.url)
