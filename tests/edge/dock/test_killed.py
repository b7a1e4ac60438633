"""What an act at the page changes at its place is in the act's commit: a process killed right after it forgets nothing."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.rules.custody import ContainerState
from tests.edge.dock.plans import A1, P, open_bay

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("act", "state"), [("seal", ContainerState.SEALED), ("lose", ContainerState.LOST)])
async def test_a_container_that_was_closed_at_the_page_is_closed_after_a_kill(tmp_path: Path, act: str, state: str) -> None:
    killed = subprocess.run([sys.executable, "-m", "tests.edge.dock.killed", str(tmp_path), act], timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    async with open_bay(tmp_path) as bay:
        assert (await bay.dock.progress.read(bay.dock.plan))[A1].now.state == state, "the act was committed"
        assert bay.dock.places[""].container == "", "and its container is open nowhere"
        assert (await bay.scan(P[1])).word == "no_container"
