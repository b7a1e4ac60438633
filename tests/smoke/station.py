"""A station of the smoke test: the real agent, with a scanner on a pseudo-terminal, in a folder that is thrown away."""

import json
import sys
import tempfile
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any

from firmware_sim.scanner import SimulatedScanner
from firmware_sim.town.rest import Rest
from firmware_sim.town.site_files import SCANNER
from tests.conftest import find_free_port
from tests.faults.processes import Child
from tests.smoke.places import ROOT, Failure, Place


class Station:
    """Runs between ``async with`` and its end; then it says goodbye, as one that is switched off does."""

    def __init__(self, place: Place, operator: str, site: str, password: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tuantu-smoke-")
        folder = Path(self._folder.name)
        port = find_free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.scanner = SimulatedScanner(folder / "scanner", Random(1))
        user, secret = place.broker_login or (site, password)
        url = place.broker_url
        config: dict[str, Any] = {
            "data_dir": str(folder / "data"), "machine_id": site,
            "site": {"operator": operator, "id": site, "kind": "station", "name": "冒烟测试（可忽略）"},
            "broker": {"url": url, "username": user, "password": secret},
            "http": {"host": "127.0.0.1", "port": port},
        }  # fmt: skip
        if place.ca_file:
            config["broker"]["ca_file"] = place.ca_file
        if place.clock_file:
            config["clock"] = {"town_file": place.clock_file}
        file = folder / "site.toml"
        file.touch(mode=0o600)
        scanner = f"\n[[scanner]]\nname = {json.dumps(SCANNER)}\nport = {json.dumps(str(self.scanner.path))}\n"
        file.write_text(_toml(config) + scanner, encoding="utf-8")
        self._agent = Child("agent", [sys.executable, "-m", "edge", "run", "--config", str(file)], folder / "agent.log", cwd=ROOT)

    async def __aenter__(self) -> "Station":
        self.scanner.__enter__()
        self._agent.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None and not isinstance(error, Failure):
            sys.stderr.write(f"the station's last words:\n{self.last_words()}\n")
        await self._agent.stop()
        self.scanner.__exit__(kind, error, trace)
        self._folder.cleanup()

    def check(self) -> None:
        """Failure where the agent has died."""
        if not self._agent.is_running:
            raise Failure(f"the station's agent ended: {self.last_words()}", "correct what it says")

    def last_words(self) -> str:
        return self._agent.log.read_text(errors="replace")[-1500:] if self._agent.log.exists() else ""

    def ask(self, path: str) -> Any:
        """The agent's page."""
        return Rest(self.url).get(path)


def _toml(config: dict[str, Any]) -> str:
    plain = "".join(f"{key} = {json.dumps(value)}\n" for key, value in config.items() if not isinstance(value, dict))
    tables = "".join(
        f"\n[{table}]\n" + "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())
        for table, values in config.items()
        if isinstance(values, dict)
    )
    return plain + tables
