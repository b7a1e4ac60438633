"""The real parts tests stand on: a PostgreSQL server, a migrated database each, a broker.

``TUANTU_TEST_DATABASE_URL`` names another server (its user may create databases, or the database it names has "test" in
its name and is emptied each time); ``TUANTU_TEST_BROKER`` is mosquitto or iotcore.
"""

import contextlib
import gc
import itertools
import os
import random
import re
import secrets
import shutil
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import structlog
from hypothesis import settings

from cloud.onebox import broker as onebox_broker
from cloud.onebox import postgres as onebox_postgres
from cloud.onebox.unprivileged import server_user
from cloud.store.migrate import migrate
from cloud.store.mode import StoreMode
from cloud.trouble import Trouble
from edge.devices.own_process import ONE_THREAD
from tests.examples import QUICK_EXAMPLES

MEMORY = Path("/dev/shm")
MEMORY_WANTED_BYTES = 4 * 1024**3  # PostgreSQL keeps up to 2 GB of its log
SLOW_PARTS = {"postgres_url", "database_source", "database_url", "broker"}


def pytest_configure() -> None:
    """Temporary files lie in memory where there is room, unless TMPDIR says where.

    A copy of the database is 500 files: 0.03 s in memory, 0.1 to 0.5 s on a disk. Nothing here asks whether a disk keeps what it
    was given: that are tests/faults/power.py, which has a disk of its own, `make faults` and the benchmarks.
    """
    # Each of the many processes would compile all of it again, where the machine says that what is compiled is not kept.
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # Before anybody imports numpy: the camera's process has one thread too, and the tests' workers take all cores themselves.
    os.environ.update(ONE_THREAD)
    _log_plainly()
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_WANTED_BYTES:
        tempfile.tempdir = str(MEMORY)


def _log_plainly() -> None:
    """A traceback in the log is text: coloured, with each frame's variables, one of a long body took twelve seconds."""
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])


# With --hypothesis-profile=quick, as make test-unit says, a property is tried on a part of its examples (tests/examples.py);
# make test-slow tries the same tests on all of them. A busy machine is no fault of what is tried: there is no deadline.
settings.register_profile("thorough", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=QUICK_EXAMPLES)
settings.load_profile("thorough")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Of what waits on lines, servers and processes, four at once where there are two cores; each has servers of its own. What is
    quick computes: a worker a core, as xdist would take.
    """
    cores = os.cpu_count() or 1
    return None if "slow" in _left_out(config.option.markexpr) else max(cores, min(2 * cores, 4))


_WHOLE_FILE = re.compile(r"^pytestmark = .*?\bmark\.(slow|e2e|faults)\b", re.MULTILINE)


def _left_out(expression: str) -> set[str]:
    """The marks that an expression of ``-m`` leaves out in any case: "(slow or faults) and not e2e" leaves out e2e."""
    flat = re.sub(r"\([^()]*\)", "()", expression)
    parts = [] if " or " in flat else flat.split(" and ")
    return {word.group(1) for part in parts if (word := re.fullmatch(r"not (\w+)", part.strip()))}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file that says of itself that it is slow is not even imported where slow tests are left out: most of the time it takes
    to find the quick tests went into the others.
    """
    left_out = _left_out(config.option.markexpr)
    if not left_out or collection_path.suffix != ".py":
        return None
    said = _WHOLE_FILE.search(collection_path.read_text(encoding="utf-8"))
    return True if said is not None and said.group(1) in left_out else None


# Importing everything makes a few hundred thousand objects that live to the end. Looking through them again and again for
# rubbish is a tenth of the time of the quick tests; what the tests themselves leave behind is still found.
def pytest_collection() -> None:
    """Imports come."""
    gc.disable()


def pytest_collection_finish() -> None:
    """They have come, and are no rubbish."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test that asks for a server is slow, whether it says so or not. Those with a browser come last: its loop stays."""
    for item in items:
        if SLOW_PARTS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: "playwright" in getattr(item, "fixturenames", ()))
    in_browser = [item for item in items if item.get_closest_marker("e2e")]
    others = [item for item in items if not item.get_closest_marker("e2e")]
    items[:] = _longest_first(others, int(getattr(config, "workerinput", {}).get("workercount", 1))) + _longest_file_first(
        in_browser
    )


def _asked_s(item: pytest.Item) -> float:
    """How long this test may take, where it says so."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark and mark.args else 0.0


def _longest_file_first(items: list[pytest.Item]) -> list[pytest.Item]:
    """Tests of one file share a town and tell its story in their order: they stay together, and in it."""
    asked_s: Counter[Path] = Counter()
    for item in items:
        asked_s[item.path] += int(_asked_s(item))
    return sorted(items, key=lambda item: (-asked_s[item.path], item.path))


def _longest_first(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Each worker begins with its share of those that ask for more than the usual time: at the end nobody waits for one of them.

    A worker gets as long a piece of the list as any other, and steals from the others when it has done.
    """
    usual_s = 120.0
    long = sorted((item for item in items if _asked_s(item) > usual_s), key=lambda item: -_asked_s(item))
    quick = [item for item in items if _asked_s(item) <= usual_s]
    share = len(items) // workers
    dealt: list[pytest.Item] = []
    for worker in range(workers):
        mine = long[worker::workers]
        count = max(0, share - len(mine)) if worker < workers - 1 else len(quick)
        dealt += mine + quick[:count]
        quick = quick[count:]
    return dealt


# Below those that the system gives to outgoing connections (32768 and up): between being found and being listened on, one of the
# thousands that the tests beside this one open would take it. A range of its own for each worker.
_WORKER = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or "0")
_PORTS = 1_000
_ports = itertools.cycle(
    random.SystemRandom().sample(range(20_000 + _WORKER % 12 * _PORTS, 20_000 + (_WORKER % 12 + 1) * _PORTS), _PORTS)
)


def find_free_port() -> int:
    """A TCP port of loopback that nobody listens on at this moment; one that was given out comes again after all others."""
    for port in itertools.islice(_ports, _PORTS):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port: does something listen on all of them?")


@pytest.fixture
def free_port() -> int:
    """One; ask ``find_free_port`` for more."""
    return find_free_port()


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A temporary folder a server under another user can reach, which pytest's ``tmp_path`` is not when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="tuantu-test-"))
    try:
        if server_user() is not None:
            folder.chmod(0o711)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a server; its database is not migrated."""
    named = os.environ.get("TUANTU_TEST_DATABASE_URL")
    if named:
        yield named
        return
    with reachable_folder() as folder:
        try:
            server = onebox_postgres.prepare(folder / "postgres", secrets.token_hex(8), find_free_port())
        except Trouble as trouble:
            pytest.skip(str(trouble))
        with onebox_postgres.running(server):
            onebox_postgres.create_database(server)
            yield server.url()


def _at(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@dataclass(slots=True)
class DatabaseSource:
    """Gives out migrated databases: copies of a template, or the one named database emptied.

    A copy takes as long as a small test: the next one is made, and the last one dropped, while a test has its own.
    """

    url: str
    template: str | None
    aside: Executor
    next: "Future[str] | None" = None
    going: "list[Future[None]]" = field(default_factory=list)

    @contextmanager
    def database(self) -> Iterator[str]:
        if self.template is None:
            _empty(self.url)
            migrate(self.url, _wanted_mode())
            yield self.url
            return
        name = (self.next or self.aside.submit(self._copy)).result()
        self.next = self.aside.submit(self._copy)
        try:
            yield _at(self.url, name)
        finally:
            self.going.append(self.aside.submit(self._drop, name))

    def finish(self) -> None:
        """Nothing is left, and nobody is at it any more."""
        if self.next is not None:
            self._drop(self.next.result())
        for dropped in self.going:
            dropped.result()

    def _copy(self) -> str:
        name = f"tuantu_test_{secrets.token_hex(6)}"
        _administer(self.url, f'CREATE DATABASE "{name}" TEMPLATE "{self.template}"')
        return name

    def _drop(self, name: str) -> None:
        _administer(self.url, f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _empty(url: str) -> None:
    name = urlsplit(url).path.strip("/")
    if "test" not in name:
        pytest.exit(f"the user of TUANTU_TEST_DATABASE_URL may not create databases, and '{name}' has no 'test' in its name")
    _administer(url, "DROP EXTENSION IF EXISTS timescaledb CASCADE", "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")


def _wanted_mode() -> StoreMode | None:
    wanted = os.environ.get("TUANTU_TEST_STORE_MODE")
    return StoreMode(wanted) if wanted else None


@pytest.fixture(scope="session")
def database_source(postgres_url: str) -> Iterator[DatabaseSource]:
    """Migrated once a session; every test then gets a copy."""
    template = f"tuantu_test_template_{secrets.token_hex(4)}"
    try:
        _administer(postgres_url, f'CREATE DATABASE "{template}" TEMPLATE template0 ENCODING UTF8')
    except psycopg.errors.InsufficientPrivilege:
        with ThreadPoolExecutor(1, "databases") as aside:
            yield DatabaseSource(postgres_url, None, aside)
        return
    try:
        migrate(_at(postgres_url, template), _wanted_mode())
        # TimescaleDB's workers would otherwise sit in the template, and a database in use can't be copied.
        _administer(
            postgres_url,
            f'ALTER DATABASE "{template}" WITH ALLOW_CONNECTIONS false',
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{template}'",
        )
        with ThreadPoolExecutor(1, "databases") as aside:
            source = DatabaseSource(postgres_url, template, aside)
            yield source
            source.finish()
    finally:
        _administer(postgres_url, f'DROP DATABASE "{template}" WITH (FORCE)')


@pytest.fixture
def database_url(database_source: DatabaseSource) -> Iterator[str]:
    """A fresh migrated database."""
    with database_source.database() as url:
        yield url


@dataclass(frozen=True, slots=True)
class TestBroker:
    """A running broker; ``username`` may do everything. Mosquitto lets user ``site`` only what is under ``tt/v1/+/site/``."""

    __test__ = False

    host: str
    port: int
    username: str
    password: str
    url: str
    kind: str


@contextmanager
def run_broker(kind: str | None = None) -> Iterator[TestBroker]:
    """Start a broker on a free port for the block."""
    with reachable_folder() as folder:
        logins = {"cloud": secrets.token_hex(8)}
        chosen = onebox_broker.choose(kind or os.environ.get("TUANTU_TEST_BROKER"))
        broker = onebox_broker.prepare(chosen, folder / "broker", find_free_port(), logins)
        with onebox_broker.running(broker, folder / "broker.log"):
            yield TestBroker(broker.host, broker.port, "cloud", logins["cloud"], broker.url("cloud"), broker.kind)


@pytest.fixture(scope="session")
def _session_broker() -> Iterator[TestBroker]:
    with run_broker() as broker:
        yield broker


@pytest.fixture
def broker(_session_broker: TestBroker) -> TestBroker:
    """One broker serves the whole session: tests use operators or sites of their own, and leave nothing retained behind."""
    return _session_broker
