"""Several sites in one process: each with its own file, connection and page; one that cannot start ends them all."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import TestBroker
from tests.edge.agents import DEADLINE_S, nothing_retained, write_config

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
STARTED_WITHIN_S = 60.0  # a process with three agents on a busy machine


def command(*configs: Path) -> list[str]:
    return [sys.executable, "-m", "edge", "run", *(word for one in configs for word in ("--config", str(one)))]


def config(folder: Path, broker: TestBroker, site: str) -> tuple[Path, int]:
    (folder / site).mkdir()
    written = write_config(folder / site, broker, site)
    return folder / site / f"{site}.toml", written.http.port


@contextmanager
def running(*configs: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Until the block ends; told to end, it does so orderly."""
    process = subprocess.Popen(command(*configs), cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(20) == 0


async def test_three_sites_share_a_process_and_nothing_else(broker: TestBroker, tmp_path: Path) -> None:
    sites = {name: config(tmp_path, broker, name) for name in ("side-1", "side-2", "side-3")}
    with ExitStack() as stack:
        for name in sites:
            stack.enter_context(nothing_retained(broker, name))
        process = stack.enter_context(running(*(path for path, _ in sites.values())))
        async with httpx.AsyncClient(timeout=DEADLINE_S) as http:

            async def online(port: int) -> bool:
                assert process.poll() is None
                try:
                    return bool((await http.get(f"http://127.0.0.1:{port}/api/status")).json()["uplink"]["online"])
                except httpx.TransportError:
                    return False

            for _, port in sites.values():
                async with asyncio.timeout(STARTED_WITHIN_S):
                    while not await online(port):
                        await asyncio.sleep(0.05)
            said = {}
            for name, (_, port) in sites.items():
                scan = (await http.post(f"http://127.0.0.1:{port}/api/scan", json={"text": "no label"})).json()["scan"]
                status = (await http.get(f"http://127.0.0.1:{port}/api/status")).json()
                said[name] = (status["site"], scan["kind"])
            assert said == {name: (name, "unknown") for name in sites}
            assert len({(tmp_path / name / "data" / "site.db").stat().st_ino for name in sites}) == 3


def refused(*configs: Path) -> str:
    done = subprocess.run(command(*configs), cwd=ROOT, capture_output=True, text=True, check=False, timeout=DEADLINE_S * 2)
    assert done.returncode == 2
    return done.stderr


def test_what_two_of_them_cannot_share_is_told_before_any_starts(broker: TestBroker, tmp_path: Path) -> None:
    first, port = config(tmp_path, broker, "side-4")
    second, other = config(tmp_path, broker, "side-5")
    text = second.read_text(encoding="utf-8")
    second.write_text(text.replace(f"port = {other}", f"port = {port}"), encoding="utf-8")
    assert refused(first, second) == f"side-5: [http] port {port} is the page's of side-4; choose another port\n"
    second.write_text(text.replace('data_dir = "data"', f'data_dir = "{first.parent / "data"}"'), encoding="utf-8")
    assert refused(first, second) == "side-5: data_dir is that of side-4; choose another folder\n"


def test_one_that_cannot_start_ends_them_with_its_reason(broker: TestBroker, tmp_path: Path) -> None:
    first, _ = config(tmp_path, broker, "side-6")
    second, _ = config(tmp_path, broker, "side-7")
    (second.parent / "data").mkdir()
    (second.parent / "data" / "site.db").write_bytes(b"no database at all" * 100)
    assert "site.db" in refused(first, second).splitlines()[-1]
