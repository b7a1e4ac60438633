"""Where the tests decide about a change, none is left out because a tool is missing that the set-up could have installed."""

import os
import shutil

import pytest

from cloud.onebox.broker import BrokerKind, choose
from tests.e2e.conftest import BROWSERS
from tests.e2e.test_every_page import AXE
from tests.e2e.town import DIST

MAY_INSTALL = os.environ.get("CI") == "true" and os.geteuid() == 0


@pytest.mark.skipif(not MAY_INSTALL, reason="elsewhere what is missing is named, and the rest is tested")
def test_in_ci_nothing_that_the_tests_need_is_missing() -> None:
    there = {
        "a browser (chromium)": any(shutil.which(name) for name in BROWSERS),
        "Mosquitto": choose() is BrokerKind.MOSQUITTO,
        "the pages (make pages)": (DIST / "residents.html").is_file(),
        "axe-core (npm ci)": AXE.is_file(),
    }
    assert [name for name, is_there in there.items() if not is_there] == []
