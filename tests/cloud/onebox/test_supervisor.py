"""The supervisor with real child processes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cloud.onebox.supervisor import Child, Supervisor
from cloud.trouble import Trouble

pytestmark = pytest.mark.slow

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


async def until(condition: object, timeout_s: float = 20.0) -> None:
    """Poll with a deadline."""
    deadline_s = time.monotonic() + timeout_s
    assert callable(condition)
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come to pass"
        await asyncio.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_child_that_is_killed_is_started_again_and_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    async with Supervisor(tmp_path, said.append) as supervisor:
        await supervisor.start(Child("sleeper", SLEEP))
        first = supervisor.pid("sleeper")
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: any("is back" in line for line in said))
        second = supervisor.pid("sleeper")
        assert second is not None
        assert second != first
        assert is_alive(second)
    assert not is_alive(second)
    assert [line.split("(")[0] for line in said] == ["sleeper ended ", "sleeper is back"]
    assert "signal SIGKILL" in said[0]


async def test_children_stop_in_the_opposite_order_of_their_start(tmp_path: Path) -> None:
    note = tmp_path / "order"
    script = (
        "import signal, sys, time\n"
        "def end(*_):\n    open(sys.argv[2], 'a').write(sys.argv[1]); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); open(sys.argv[2] + sys.argv[1], 'w').close(); time.sleep(600)\n"
    )

    def child(name: str) -> Child:
        async def is_ready() -> bool:
            return Path(f"{note}{name}").exists()

        return Child(name, [sys.executable, "-c", script, name, str(note)], is_ready=is_ready)

    async with Supervisor(tmp_path, lambda _: None) as supervisor:
        await supervisor.start(child("a"))
        await supervisor.start(child("b"), child("c"))
    assert note.read_text() == "cba"


async def test_one_that_does_not_listen_is_killed_with_all_it_started(tmp_path: Path) -> None:
    script = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True); time.sleep(600)\n"
    )
    log = tmp_path / "deaf.log"

    async def is_ready() -> bool:
        return log.read_text().strip() != ""

    async with Supervisor(tmp_path, lambda _: None) as supervisor:
        await supervisor.start(Child("deaf", [sys.executable, "-c", script], is_ready=is_ready, stop_timeout_s=0.2))
        grandchild = int(log.read_text())
        assert is_alive(grandchild)
    await until(lambda: not is_alive(grandchild))


async def test_a_child_that_says_what_is_in_the_way_is_not_tried_again(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    script = "import sys; print('port 80 is taken', file=sys.stderr); sys.exit(2)"
    with pytest.raises(ExceptionGroup) as caught:
        async with Supervisor(tmp_path, lambda _: None) as supervisor:
            await supervisor.start(Child("api", [sys.executable, "-c", script], is_ready=never))
    (trouble,) = caught.value.exceptions
    assert isinstance(trouble, Trouble)
    assert "port 80 is taken" in trouble.message
    assert "api.log" in trouble.remedy


def test_no_child_outlives_a_supervisor_killed_with_9(tmp_path: Path) -> None:
    script = (
        "import asyncio, pathlib, sys\n"
        "from cloud.onebox.supervisor import Child, Supervisor\n"
        "async def main():\n"
        "    async with Supervisor(pathlib.Path(sys.argv[1]), print) as supervisor:\n"
        "        await supervisor.start(Child('sleeper', [sys.executable, '-c', 'import time; time.sleep(600)']))\n"
        "        print(supervisor.pid('sleeper'), flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        # Until the leash has become the program, it would end by noticing the parent's death itself: both ways are fine.
        parent.kill()
    deadline_s = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < deadline_s, "the child is an orphan"
        time.sleep(0.02)


async def test_a_log_that_grows_too_long_is_cut_and_its_past_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.onebox.supervisor.LOG_LIMIT_BYTES", 1000)
    monkeypatch.setattr("cloud.onebox.supervisor.LOG_CHECK_S", 0.01)
    script = "import time\nwhile True:\n    print('x' * 99, flush=True); time.sleep(0.002)"
    async with Supervisor(tmp_path, lambda _: None) as supervisor:
        await supervisor.start(Child("chatty", [sys.executable, "-c", script]))
        await until(lambda: (tmp_path / "chatty.log.1").exists())
        size = (tmp_path / "chatty.log").stat().st_size
        await until(lambda: (tmp_path / "chatty.log").stat().st_size != size)
        assert (tmp_path / "chatty.log").read_bytes()[:1] == b"x", "the child writes on at the file's end, not far behind it"
