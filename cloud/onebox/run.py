"""``python -m cloud run``: database, broker, cloud, town and pages on one machine, until Ctrl-C.

The order of start is the order of this file; the supervisor stops in the opposite one and restarts what dies.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from datetime import date
from functools import partial
from pathlib import Path

from cloud.onebox import broker as onebox_broker
from cloud.onebox import children, demo, phones, stored, town_roads
from cloud.onebox import postgres as onebox_postgres
from cloud.onebox.broker import BrokerKind
from cloud.onebox.children import Addresses, TownSites
from cloud.onebox.folder import Ports, Secrets, is_free, load_secrets, opened, write_private
from cloud.onebox.sites import read_sites, watch
from cloud.onebox.supervisor import Supervisor
from cloud.onebox.town_controls import TownControls
from cloud.onebox.town_time import TOWN_ZONE, TownTimeFile, hour_words, this_machine
from cloud.onebox.welcome import Told, welcome
from cloud.onebox.wishes import HELP, Wishes, read
from cloud.store.migrate import migrate
from cloud.trouble import Trouble, unwrapped
from edge.wire.clock import Clock, TownClock, WallClock, decode_town, utc

ROOT = Path(__file__).resolve().parents[2]
# What the box does not decide: another road engine, another map.
_OF_THE_OPERATOR = ("TUANTU_ROADS_DIR", "TUANTU_ROADS_URL", "TUANTU_MAP_URL", "TUANTU_MAP_ATTRIBUTION", "TUANTU_MAP_CRS")


def main(arguments: list[str]) -> int:
    """Exit code 0 after Ctrl-C. Trouble is for the caller to show."""
    argparse.ArgumentParser(
        prog="python -m cloud run", description="everything on one box", epilog=HELP, formatter_class=argparse.RawTextHelpFormatter
    ).parse_args(arguments)
    wishes = read(os.environ, ROOT)
    _check_addresses(wishes)
    pages = _pages(wishes)
    with opened(wishes.data, fresh=wishes.fresh) as folder, unwrapped():
        asyncio.run(_run(OneBox(wishes, folder, pages)))
    return 0


def say(text: str) -> None:
    """A line for whoever started us."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _check_addresses(wishes: Wishes) -> None:
    if not is_free(wishes.host, wishes.port):
        raise Trouble(f"port {wishes.port} is taken", f"stop what listens there, or choose another: PORT={_other_port(wishes)}")


def _other_port(wishes: Wishes) -> int:
    """One that is free with the live socket's beside it and the stations' pages after it, as far as anybody can tell now."""
    for port in range(wishes.port + 100, min(wishes.port + 10_000, 65_000), 100):
        wanted = (port, port + 1, *range(port + 10, port + 10 + len(_sites(wishes).all)))
        if all(is_free(wishes.host, one) for one in wanted):
            return port
    return 8080


def _sites(wishes: Wishes) -> TownSites:
    return TownSites.of(wishes.stations, wishes.vans)


def _pages(wishes: Wishes) -> Path | None:
    """The built pages, or Trouble: a start without pages would look like a broken one."""
    built = ROOT / "dashboards" / "dist"
    if not wishes.with_pages:
        return None
    if not (built / "residents.html").exists() and not (built / "index.html").exists():
        raise Trouble("the pages are not built", "make setup (it needs Node 20 or newer, or brings its own), or PAGES=0")
    return built


class OneBox:
    """What one start works with."""

    def __init__(self, wishes: Wishes, folder: Path, pages: Path | None) -> None:
        self.wishes = wishes
        self.folder = folder
        self.pages = pages
        self.secrets: Secrets = load_secrets(folder)
        self.ports = Ports(folder / "ports.json")
        self.town_time = TownTimeFile(folder, this_machine())
        self.sites = read_sites(folder)
        self.phones: Mapping[str, str] = {}
        self.url = ""  # of the database, once it is there
        self.at = _addresses(wishes, self.ports)

    @property
    def roads(self) -> Path:
        """Imported roads and maps."""
        return self.folder / "roads"

    @property
    def town_sites(self) -> TownSites:
        """The town's stations, dock and vans."""
        return _sites(self.wishes)

    @property
    def has_town_time(self) -> bool:
        """The town's clock stays with its data, also while it is left out."""
        return self.wishes.with_town or self.town_time.exists

    def clock(self) -> Clock:
        return TownClock(self.town_time.file.read_bytes, time.monotonic) if self.has_town_time else WallClock(time.time)


def _addresses(wishes: Wishes, ports: Ports) -> Addresses:
    live_port = wishes.port + 1
    if not is_free(wishes.host, live_port):
        raise Trouble(
            f"port {live_port} is taken: the live socket needs it, beside the pages' {wishes.port}",
            f"choose two others: PORT={_other_port(wishes)}",
        )
    return Addresses(
        host=wishes.host,
        reachable=_reachable(wishes.host),
        port=wishes.port,
        live_port=live_port,
        ingest_metrics=ports.choose("ingest"),
        live_metrics=ports.choose("live"),
        jobs_metrics=ports.choose("jobs"),
        positions_port=ports.choose("positions"),
        jt808_port=ports.choose("jt808"),
        agent_port=ports.choose("agents", wishes.port + 10, count=len(_sites(wishes).all)),
    )


def _reachable(host: str) -> str:
    """The address others use: for 0.0.0.0 that of the interface that leads outside (no packet is sent)."""
    if host != "0.0.0.0":  # noqa: S104  # compared, not bound
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


async def _run(box: OneBox) -> None:
    """Start everything, then wait for a signal. The second signal is impatient: everything is killed."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    async with Supervisor(box.folder / "log", say) as supervisor:

        def on_signal() -> None:
            if stop.is_set():
                supervisor.kill_all()
                return
            say("stopping …  (again to kill)")
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, on_signal)
        living = asyncio.create_task(_live(box, supervisor))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({living, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            living.cancel()
            (outcome,) = await asyncio.gather(living, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome
    say("stopped")


async def _live(box: OneBox, supervisor: Supervisor) -> None:
    started_s = time.monotonic()
    if box.has_town_time:
        box.town_time.resume(box.wishes.rate, is_held=box.wishes.with_town and box.wishes.vans > 0)
    beating = asyncio.create_task(box.town_time.keep_beating()) if box.has_town_time else None
    try:
        async with AsyncExitStack() as stack:
            if box.wishes.with_town:
                await stack.enter_async_context(TownControls(box.folder / "town", supervisor, say))
            async with asyncio.TaskGroup() as beside:
                broker = await _start(box, supervisor, started_s, beside)
                await _keep_running(box, supervisor, broker)
    finally:
        if beating is not None:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)


async def _keep_running(box: OneBox, supervisor: Supervisor, broker: onebox_broker.Broker) -> None:
    """What goes on beside the processes, until cancelled."""
    async with asyncio.TaskGroup() as watching:
        watching.create_task(watch(box.folder, box.sites, partial(_let_sites_in, box, supervisor, broker)))
        watching.create_task(phones.watch(box.url, partial(_let_phones_in, box, supervisor, broker)))


async def _start(box: OneBox, supervisor: Supervisor, started_s: float, beside: asyncio.TaskGroup) -> onebox_broker.Broker:
    """``beside``: what the start does not wait for."""
    wishes, at = box.wishes, box.at
    box.url, broker = await _start_stores(box, supervisor)
    url = box.url
    mode = await asyncio.to_thread(migrate, url)
    say(f"schema   up to date, storage mode {mode}")
    clock = box.clock()
    await demo.ensure_accounts(url, clock, box.secrets, [demo.ADMIN])
    if wishes.database_url:
        await demo.check_admin(url, box.secrets)
    shared = _shared_environment(box, url, broker)
    stored.keep(box.folder, shared)
    await supervisor.start(*children.cloud(ROOT, at, shared))
    say(f"cloud    ready after {time.monotonic() - started_s:.1f} s")
    order = leader = None
    accounts = [demo.ADMIN]
    if wishes.with_town:
        roads = {**shared, "TUANTU_TOWN_SEED": os.environ.get("TUANTU_TOWN_SEED", "")}
        beside.create_task(town_roads.ensure(ROOT, box.folder / "town", box.roads, roads, say))
        sites, session = box.town_sites, await demo.open_admin_session(url)
        environment = {**_town_environment(box, broker, shared), "TUANTU_TOWN_SESSION": session}
        await supervisor.start(children.town(ROOT, box.folder / "town", at, environment, sites))
        say(f"town     {len(sites.stations)} stations, {len(sites.vans)} vans, ready after {time.monotonic() - started_s:.1f} s")
        if await demo.ensure_when_there(url, clock, box.secrets, town := demo.town_accounts(sites.watched)):
            accounts += town
        watched = sites.watched
        order = await demo.find_order(at.inner_url, session, watched, _today(box))
        leader = await demo.find_leader(at.inner_url, session, watched, watched[0] if order is None else order.site)
    say(welcome(_told(box, accounts, order, leader)))
    return broker


async def _start_stores(box: OneBox, supervisor: Supervisor) -> tuple[str, onebox_broker.Broker]:
    """Database and broker side by side; the database's URL."""
    wishes, secrets = box.wishes, box.secrets
    starting = []
    server = None
    if not wishes.database_url:
        port = box.ports.choose("database")
        server = await asyncio.to_thread(
            onebox_postgres.prepare, box.folder / "postgres", secrets.database_password, port, fresh=wishes.fresh
        )
        await asyncio.to_thread(onebox_postgres.wait_for_predecessor, server.data)
        starting.append(children.database(server))
    kind = onebox_broker.choose(wishes.broker)
    configured = await asyncio.to_thread(_prepare_broker, box, kind, box.ports.choose("broker"), box.sites)
    starting.append(children.broker(configured, ROOT))
    await supervisor.start(*starting)
    if server is None:
        say("database the one of DATABASE_URL" + ("; FRESH=1 leaves what is in it" if wishes.fresh else ""))
    else:
        await asyncio.to_thread(onebox_postgres.create_database, server)
        say(f"database PostgreSQL {server.binaries.major} on port {server.port}, files in {server.data}")
    if kind is BrokerKind.IOTCORE:
        say(f"broker   {kind} on port {configured.port}, this machine only: without rules, any user reads and writes all")
    else:
        say(f"broker   {kind} on port {configured.port} of {wishes.host}")
    return wishes.database_url if server is None else server.url(), configured


def _prepare_broker(box: OneBox, kind: BrokerKind, port: int, sites: Mapping[str, str]) -> onebox_broker.Broker:
    """The town's stations, those of our own, and the cloud."""
    operators = {**dict.fromkeys(box.town_sites.all, demo.OPERATOR), **sites}
    logins = {site: box.secrets.site_key(site) for site in operators} | {"cloud": box.secrets.broker_password}
    return onebox_broker.prepare(
        kind, box.folder / "broker", port, logins, operators=operators, host=box.wishes.host, phones=box.phones
    )


async def _let_sites_in(box: OneBox, supervisor: Supervisor, running: onebox_broker.Broker, sites: dict[str, str]) -> None:
    box.sites = sites
    await _let_in(box, supervisor, running)


async def _let_phones_in(box: OneBox, supervisor: Supervisor, running: onebox_broker.Broker, hashes: Mapping[str, str]) -> None:
    box.phones = hashes
    await _let_in(box, supervisor, running)


async def _let_in(box: OneBox, supervisor: Supervisor, running: onebox_broker.Broker) -> None:
    """Mosquitto reads its passwords and rules anew; iotcore does so only at its start."""
    pid = supervisor.pid("broker")
    if running.kind is BrokerKind.MOSQUITTO and pid is not None:
        await asyncio.to_thread(_prepare_broker, box, running.kind, running.port, box.sites)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGHUP)


def _shared_environment(box: OneBox, url: str, broker: onebox_broker.Broker) -> dict[str, str]:
    at = box.at
    shared = {
        "TUANTU_DATABASE_URL": url,
        "TUANTU_BROKER_URL": broker.url("cloud"),
        "TUANTU_SECRET": box.secrets.secret,
        "TUANTU_HTTP_HOST": "127.0.0.1",
        "TUANTU_HTTP_PORT": str(at.port),
        "TUANTU_LIVE_HOST": "127.0.0.1",
        "TUANTU_LIVE_PORT": str(at.live_port),
        "TUANTU_PUBLIC_URL": at.public_url,
        "TUANTU_LIVE_URL": at.live_url,
        "TUANTU_METRICS_PORT": "0",
        "TUANTU_POSITIONS_PORT": str(at.positions_port),
        "TUANTU_POSITIONS_URL": f"http://{at.reachable}:{at.positions_port}",
        "TUANTU_JT808_PORT": str(at.jt808_port),
        "TUANTU_JT808_ADDRESS": f"{at.reachable}:{at.jt808_port}",
        "TUANTU_ROADS_DIR": str(box.roads),
        **{name: os.environ[name] for name in _OF_THE_OPERATOR if name in os.environ},
    }
    if broker.kind is BrokerKind.MOSQUITTO:
        shared["TUANTU_PHONES_MQTT_URL"] = f"mqtt://{at.reachable}:{broker.port}"
    if box.pages is not None:
        shared["TUANTU_PAGES_DIR"] = str(box.pages)
    if box.wishes.with_town:
        shared["TUANTU_TOWN_DIR"] = str(box.folder / "town")
    if box.has_town_time:
        shared["TUANTU_CLOCK_FILE"] = str(box.town_time.file)
    return shared


def _town_environment(box: OneBox, broker: onebox_broker.Broker, shared: dict[str, str]) -> dict[str, str]:
    """What the town needs to know, and no more: neither the database nor the cloud's secret."""
    folder = box.folder / "town"
    folder.mkdir(exist_ok=True, mode=0o700)
    logins = folder / "logins.json"
    passwords = ", ".join(f'"{station}": "{box.secrets.site_key(station)}"' for station in box.town_sites.all)
    write_private(logins, f"{{{passwords}}}\n")
    hidden = dict.fromkeys(("TUANTU_DATABASE_URL", "TUANTU_BROKER_URL", "TUANTU_SECRET", "DATABASE_URL"), "")
    return {
        **hidden,
        **{name: shared[name] for name in ("TUANTU_CLOCK_FILE", "TUANTU_PAGES_DIR") if name in shared},
        "TUANTU_TOWN_API": box.at.inner_url,
        "TUANTU_TOWN_LOGIN": demo.ADMIN.login,
        "TUANTU_TOWN_PASSWORD": box.secrets.derived(demo.ADMIN.login),
        "TUANTU_TOWN_BROKER": f"{broker.host}:{broker.port}",
        "TUANTU_TOWN_BROKER_LOGINS": str(logins),
        "TUANTU_TOWN_AGENT_PORT": str(box.at.agent_port),
        "TUANTU_TOWN_HOST": box.wishes.host,
        "TUANTU_TOWN_PIN": box.secrets.staff_pin,
        "TUANTU_TOWN_WAITS": "1",
        "TUANTU_TOWN_PACE": "" if box.town_time.first_rate is None else str(box.town_time.first_rate),
        "TUANTU_TOWN_STORY": os.environ.get("TUANTU_TOWN_STORY", "1"),
    }


def _today(box: OneBox) -> date:
    """The town's."""
    return utc(decode_town(box.town_time.file.read_bytes()).at(time.monotonic())).astimezone(TOWN_ZONE).date()


def _told(box: OneBox, accounts: list[demo.DemoAccount], order: demo.DemoOrder | None, leader: str | None) -> Told:
    if not box.wishes.with_town:
        return Told(
            box.at, box.folder, box.secrets, accounts, order, has_town=False, hours=("", ""), today=None, sites=box.town_sites
        )
    town = decode_town(box.town_time.file.read_bytes())
    return Told(
        box.at, box.folder, box.secrets, accounts, order, has_town=True, hours=hour_words(town, time.monotonic()),
        today=_today(box), sites=box.town_sites, leader=leader,
    )  # fmt: skip
