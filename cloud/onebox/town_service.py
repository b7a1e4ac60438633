"""``python -m cloud.onebox.town_service``: the town beside a cloud that runs elsewhere, such as that of docker-compose.yml.

It owns the town's clock, which all processes of that cloud read (TUANTU_CLOCK_FILE), and refuses a database with orders of anybody
else: their time would run with it. Not a command of ``python -m cloud``: those want the clock that is made here.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from cloud import logs
from cloud.clock import clock_of
from cloud.config import CloudConfig, ConfigError, load
from cloud.onebox import children, demo, town_roads, wishes
from cloud.onebox.children import DOCK, Addresses, TownSites
from cloud.onebox.folder import Secrets, load_secrets, write_private
from cloud.onebox.supervisor import Supervisor
from cloud.onebox.town_time import TownTimeFile, this_machine
from cloud.store.pool import connect
from cloud.trouble import Trouble, unwrapped

ROOT = Path(__file__).resolve().parents[2]
API, BROKER = "http://api:8080", "broker:1883"  # as docker-compose.yml names them
AGENT_PORT = 8090
_API_S = 300.0  # the cloud's processes wait for our clock, and start again and again until it is there
_SHOWN_S = 60.0


def main() -> int:
    """Exit code 0 when it was stopped, 2 where something is in the way."""
    logs.configure("town")
    try:
        config = load()
        with unwrapped():
            asyncio.run(_run(config, _folder(config)))
    except (Trouble, ConfigError) as trouble:
        sys.stderr.write(f"tuantu town: {trouble}\n")
        return 2
    return 0


def _folder(config: CloudConfig) -> Path:
    if config.clock_file is None:
        raise Trouble(
            "TUANTU_CLOCK_FILE is not set: a town lives by a clock of its own, and so do all processes beside it",
            "TUANTU_CLOCK_FILE=/var/lib/tuantu/town/clock.json in .env, and a database without orders of your own",
        )
    return config.clock_file.parent


async def _run(config: CloudConfig, folder: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await _refuse_others(config.database_url.get_secret_value())
    (folder / "log").mkdir(exist_ok=True, mode=0o700)
    time_file = TownTimeFile(folder, this_machine())
    asked = wishes.read({name: os.environ.get(name, "") for name in ("RATE", "STATIONS", "VANS")}, ROOT)
    sites = TownSites.of(asked.stations, asked.vans)
    time_file.resume(asked.rate, is_held=asked.vans > 0)
    pace = "" if time_file.first_rate is None else str(time_file.first_rate)
    beating = asyncio.create_task(time_file.keep_beating())
    try:
        async with Supervisor(folder / "log", _say) as supervisor:
            living = asyncio.create_task(_live(config, folder, supervisor, sites, pace))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({living, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            living.cancel()
            (outcome,) = await asyncio.gather(living, return_exceptions=True)
            if isinstance(outcome, Exception):
                raise outcome
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


async def _refuse_others(url: str) -> None:
    async with await connect(url, "town") as connection:
        cursor = await connection.execute(
            "SELECT operator_id FROM customer_order WHERE operator_id <> %s AND operator_id NOT LIKE 'smoke-%%' LIMIT 1",
            [demo.OPERATOR],
        )
        other = await cursor.fetchone()
    if other is not None:
        raise Trouble(
            f"this database has orders of {other[0]}: a town would run away with their time", "give the town a database of its own"
        )


async def _live(config: CloudConfig, folder: Path, supervisor: Supervisor, sites: TownSites, pace: str) -> None:
    url, secrets, clock = config.database_url.get_secret_value(), load_secrets(folder), clock_of(config)
    await demo.ensure_accounts(url, clock, secrets, [demo.ADMIN])
    await demo.check_admin(url, secrets)
    await _wait_for_the_api()
    session = await demo.open_admin_session(url)
    environment = {**_environment(config, folder, secrets, sites), "TUANTU_TOWN_SESSION": session, "TUANTU_TOWN_PACE": pace}
    async with asyncio.TaskGroup() as beside:
        if config.roads_dir is not None:
            told = {**os.environ, "TUANTU_TOWN_SEED": os.environ.get("TUANTU_TOWN_SEED", "")}
            beside.create_task(town_roads.ensure(ROOT, folder / "town", config.roads_dir, told, _say))
        await supervisor.start(children.town(ROOT, folder / "town", _addresses(config), environment, sites))
        accounts = [demo.ADMIN, *demo.town_accounts(sites.watched)]
        await demo.ensure_when_there(url, clock, secrets, accounts[1:], _SHOWN_S)
        _say(_welcome(config, secrets, accounts, sites))
        await asyncio.Event().wait()


async def _wait_for_the_api() -> None:
    parts = urlsplit(API)
    is_up = children.listens(parts.hostname or "", parts.port or 80)
    with suppress(TimeoutError):
        async with asyncio.timeout(_API_S):
            while True:
                if await is_up():
                    return
                await asyncio.sleep(1.0)
    raise Trouble(f"{API} does not answer", "docker compose logs api")


def _environment(config: CloudConfig, folder: Path, secrets: Secrets, sites: TownSites) -> dict[str, str]:
    """What the town needs to know, and no more: neither the database nor the cloud's secret."""
    (folder / "town").mkdir(exist_ok=True, mode=0o700)
    logins = folder / "town" / "logins.json"
    write_private(logins, "{" + ", ".join(f'"{site}": "{secrets.site_key(site)}"' for site in sites.all) + "}\n")
    hidden = dict.fromkeys(("TUANTU_DATABASE_URL", "TUANTU_BROKER_URL", "TUANTU_SECRET"), "")
    return {
        **hidden,
        **_authority(config),
        "TUANTU_CLOCK_FILE": str(config.clock_file),
        "TUANTU_PAGES_DIR": str(config.pages_dir or ""),
        "TUANTU_TOWN_API": API,
        "TUANTU_TOWN_LOGIN": demo.ADMIN.login,
        "TUANTU_TOWN_PASSWORD": secrets.derived(demo.ADMIN.login),
        "TUANTU_TOWN_BROKER": BROKER,
        "TUANTU_TOWN_BROKER_LOGINS": str(logins),
        "TUANTU_TOWN_AGENT_PORT": str(AGENT_PORT),
        "TUANTU_TOWN_HOST": "0.0.0.0",  # noqa: S104  # of a container, which publishes them
        "TUANTU_TOWN_PIN": secrets.staff_pin,
        "TUANTU_TOWN_WAITS": "1",
    }


def _authority(config: CloudConfig) -> Mapping[str, str]:
    """Where Caddy signs by itself, agents fetch their day with a certificate that only its own authority vouches for."""
    root = config.broker_certificates / "pki" / "authorities" / "local" / "root.crt" if config.broker_certificates else None
    return {"SSL_CERT_FILE": str(root)} if root is not None and root.exists() else {}


def _addresses(config: CloudConfig) -> Addresses:
    return Addresses(
        host="0.0.0.0", reachable=urlsplit(config.public_url).hostname or "", port=config.http_port,  # noqa: S104
        live_port=config.live_port, ingest_metrics=0, live_metrics=0, jobs_metrics=0,
        positions_port=config.positions_port, jt808_port=config.jt808_port, agent_port=AGENT_PORT,
    )  # fmt: skip


def _welcome(config: CloudConfig, secrets: Secrets, accounts: list[demo.DemoAccount], sites: TownSites) -> str:
    host = urlsplit(config.public_url).hostname
    lines = [f"团途 Tuantu: the town runs at {config.public_url}/"]
    lines += [f"  {name:<12}  http://{host}:{AGENT_PORT + n}/" for n, name in enumerate((*sites.watched, DOCK))]
    lines.append(f"  the staff's PIN  {secrets.staff_pin}")
    lines += [f"  {account.login:<12}  {secrets.derived(account.login)}   ({account.role})" for account in accounts]
    return "\n".join(lines)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
