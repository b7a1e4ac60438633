"""Where the smoke test runs: a `make run`, found by its data folder, or the containers of docker-compose.yml.

A place knows its address, how tools of the cloud are called there, and how a part of it is restarted.
"""

import asyncio
import json
import os
import secrets
import signal
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from cloud.onebox import demo, stored
from cloud.onebox.folder import LOCK

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("live", "api", "positions", "jobs", "ingest", "broker", "database")
_ASK_S = 20.0
_STARTS_S = 60.0

IsBack = Callable[[], Awaitable[bool]]


class Failure(Exception):  # noqa: N818  # what did not hold, and where to look
    """A step that did not hold. The text names it; ``remedy`` says where to look."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}\n  → {remedy}")


class Place(ABC):
    """``url`` of the api, ``broker_url`` as stations reach it; ``broker_login``: instead of the station's own."""

    parts: Sequence[str] = PARTS
    url: str
    broker_url: str
    broker_login: tuple[str, str] | None = None
    ca_file: str = ""
    clock_file: str = ""
    token: str = ""

    @property
    def tls(self) -> ssl.SSLContext | None:
        """For addresses with a certificate of our own making."""
        return ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None

    @abstractmethod
    async def broker_kind(self) -> str:
        """Which program, and its version."""

    @abstractmethod
    async def cloud(self, *arguments: str, said: str = "") -> str:
        """``python -m cloud …`` there; what it prints. Failure where it ends with another code than 0."""

    @abstractmethod
    async def restart(self, part: str) -> IsBack:
        """End it, at once; what is returned tells whether it is back."""

    @abstractmethod
    def log_of(self, part: str) -> str:
        """How to read it."""

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """The api as the admin. Failure with what it says."""
        return await asyncio.to_thread(self._ask, method, path, body)

    def _ask(self, method: str, path: str, body: object) -> Any:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=_ASK_S, context=self.tls) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            if path == "/health":  # it answers 503 with what is wrong
                return json.loads(text)
            raise Failure(f"{method} {path}: HTTP {error.code} {text[:300]}", "see the api's log") from None
        except (OSError, ValueError) as error:
            raise Failure(f"{self.url} does not answer: {error}", "start it: `make run`, or docker compose up -d") from None


class OneBox(Place):
    """A `make run` on this machine."""

    def __init__(self, folder: Path) -> None:
        if not (folder / stored.FILE).exists():
            raise Failure(
                f"no `make run` has worked in {folder}", "start it, or name its data folder: --data DIR; compose: --compose"
            )
        self._folder = folder.resolve()
        self._settings = stored.kept(folder)
        self.url = f"http://127.0.0.1:{self._settings['TUANTU_HTTP_PORT']}"
        if (host := urlsplit(self._settings["TUANTU_PUBLIC_URL"]).hostname) and not self._answers_here():
            self.url = f"http://{host}:{self._settings['TUANTU_HTTP_PORT']}"
        broker = urlsplit(self._settings["TUANTU_BROKER_URL"])
        self.broker_url = f"mqtt://{broker.hostname}:{broker.port}"
        self.clock_file = self._settings.get("TUANTU_CLOCK_FILE", "")
        self._supervisor = self._holder_of_the_lock()
        if (folder / "broker" / "iotcore.toml").exists() and "iotcore" in self._command(self._child("broker")):
            self.broker_login = (unquote(broker.username or ""), unquote(broker.password or ""))

    async def open(self) -> None:
        """A session of the box's own admin."""
        self.token = await demo.open_admin_session(self._settings["TUANTU_DATABASE_URL"])

    async def broker_kind(self) -> str:
        program = self._command(self._child("broker"))
        if "iotcore" in program:
            return "iotcore, this machine only"
        said = await asyncio.to_thread(subprocess.run, [program.split("\0")[0], "-h"], capture_output=True, text=True, check=False)
        return said.stdout.partition("\n")[0] or "mosquitto"

    async def cloud(self, *arguments: str, said: str = "") -> str:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TUANTU_")}
        argv = [sys.executable, "-m", "cloud", *arguments, "--data", str(self._folder)]
        return await _output(argv, said, inherited)

    async def restart(self, part: str) -> IsBack:
        pid = self._child(part)
        os.kill(pid, signal.SIGKILL)

        async def is_back() -> bool:
            with suppress(Failure):
                return self._child(part) != pid and await self._is_well(part)
            return False

        return is_back

    def log_of(self, part: str) -> str:
        return str(self._folder / "log" / f"{part}.log")

    async def _is_well(self, part: str) -> bool:
        health = await self.ask("GET", "/health")
        silent = {cause["params"].get("process") for cause in health["causes"] if cause["code"] in ("no_process", "process_silent")}
        return bool(health["database"]["reachable"] and health["broker"] == "reachable" and part not in silent)

    def _answers_here(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/health", timeout=_ASK_S).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def _holder_of_the_lock(self) -> int:
        lock = self._folder / LOCK
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if b"cloud\0run" in (process / "cmdline").read_bytes() and any(
                    link.readlink() == lock for link in (process / "fd").iterdir()
                ):
                    return int(process.name)
        raise Failure(f"the `make run` of {self._folder} does not run", "start it, then call this again")

    def _child(self, part: str) -> int:
        for status in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                parent = int(status.read_text().rpartition(")")[2].split()[1])
                if parent == self._supervisor and _is_part(self._command(int(status.parent.name)), part):
                    return int(status.parent.name)
        raise Failure(f"`make run` has no {part} of its own", "with a database of your own: --parts, without it")

    def _command(self, pid: int) -> str:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")


def _is_part(command: str, part: str) -> bool:
    if "leash.py" in command:  # not yet what it is to become
        return False
    match part:
        case "broker":
            return "mosquitto" in command or "iotcore_broker" in command
        case "database":
            return "postgres\0-D" in command
        case _:
            return f"-m\0cloud\0{part}\0" in command


class Compose(Place):
    """The containers of docker-compose.yml, reached as a station reaches them: by the published ports."""

    parts = (*PARTS[:-1], "web", PARTS[-1])

    def __init__(self, url: str = "", broker_url: str = "") -> None:
        self._asked_url, self._asked_broker_url = url, broker_url
        self._login = f"smoke-{secrets.token_hex(3)}"
        self._folder = tempfile.TemporaryDirectory(prefix="tuantu-smoke-ca-")

    async def open(self) -> None:
        """An admin of our own, for as long as this runs."""
        said = json.loads(await _output(["docker", "compose", "config", "--format", "json"]))
        environment = said["services"]["api"]["environment"]
        self.url = self._asked_url or environment["TUANTU_PUBLIC_URL"]
        self.broker_url = self._asked_broker_url or environment["TUANTU_PHONES_MQTT_URL"]
        self.clock_file = ""
        root = "/data/caddy/pki/authorities/local/root.crt"
        with suppress(Failure):  # Caddy has no authority of its own where the certificate is from outside
            pem = await _output(["docker", "compose", "exec", "-T", "web", "cat", root])
            file = Path(self._folder.name) / "root.crt"
            file.write_text(pem)
            self.ca_file = str(file)
        password = secrets.token_urlsafe(18)
        await self.cloud("account", "add", self._login, "--role", "admin", "--name", "冒烟测试", said=f"{password}\n")
        self.token = (await self.ask("POST", "/api/login", {"login": self._login, "password": password}))["token"]

    async def close(self) -> None:
        """The admin is no more."""
        if self.token:
            await self.cloud("account", "disable", self._login)

    async def broker_kind(self) -> str:
        said = await _output(["docker", "compose", "exec", "-T", "broker", "sh", "-c", "mosquitto -h || true"])
        return said.partition("\n")[0]

    async def cloud(self, *arguments: str, said: str = "") -> str:
        return await _output(["docker", "compose", "exec", "-T", "jobs", "python", "-m", "cloud", *arguments], said)

    async def restart(self, part: str) -> IsBack:
        await _output(["docker", "compose", "restart", part])

        async def is_back() -> bool:
            shown = await _output(["docker", "compose", "ps", "--format", "json", part])
            rows: list[Mapping[str, Any]] = [json.loads(line) for line in shown.splitlines() if line]
            return bool(rows) and all(row["Health"] == "healthy" for row in rows)

        return is_back

    def log_of(self, part: str) -> str:
        return f"docker compose logs {part}"


async def _output(argv: Sequence[str], said: str = "", environment: Mapping[str, str] | None = None) -> str:
    process = await asyncio.create_subprocess_exec(
        *argv, cwd=ROOT, env=environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_STARTS_S):
            out, error = await process.communicate(said.encode())
    except TimeoutError:
        process.kill()
        raise Failure(f"{' '.join(argv)}: no end in {_STARTS_S:.0f} s", "look at what it waits for") from None
    if process.returncode:
        raise Failure(f"{' '.join(argv)}: {error.decode(errors='replace').strip()[-600:]}", "correct what it says")
    return out.decode(errors="replace")
