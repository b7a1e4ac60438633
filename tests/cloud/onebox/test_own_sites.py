"""Tools that find a one box by its data folder, and stations of one's own."""

import asyncio
import os
import queue
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as mqtt
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from cloud.jobs.silent_sites import watch_sites
from cloud.onebox import broker as onebox_broker
from cloud.onebox import folder, stored
from cloud.onebox.broker import BrokerKind
from cloud.onebox.sites import read_sites
from cloud.store.pool import connect
from cloud.trouble import Trouble
from tests.conftest import TestBroker, find_free_port, reachable_folder

SECRET = "a secret for tests, 32 characters and more"


def cloud(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TUANTU_")}
    return subprocess.run(
        [sys.executable, "-m", "cloud", *arguments], env={**inherited, **environment}, capture_output=True, text=True, check=False
    )


def test_a_folder_in_which_nothing_has_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="no `make run`"):
        stored.found(["list", "--data", str(tmp_path)], {}, tmp_path)
    assert stored.found(["list"], {}, tmp_path) == (["list"], {})


def test_an_environment_that_names_a_database_is_not_overruled_but_by_the_flag(tmp_path: Path) -> None:
    stored.keep(tmp_path / ".", {"TUANTU_DATABASE_URL": "postgresql://box"})
    assert (tmp_path / stored.FILE).stat().st_mode & 0o077 == 0
    own = {"TUANTU_DATABASE_URL": "postgresql://own", "TUANTU_DATA": str(tmp_path)}
    assert stored.found(["list"], own, tmp_path) == (["list"], {})
    assert stored.found(["--data", str(tmp_path), "list"], own, tmp_path)[1]["TUANTU_DATABASE_URL"] == "postgresql://box"
    assert stored.found(["list"], {"TUANTU_DATA": str(tmp_path)}, Path("/"))[1]["TUANTU_DATABASE_URL"] == "postgresql://box"


@pytest.mark.slow
def test_a_station_of_ones_own_is_registered_and_its_user_is_told(database_url: str, tmp_path: Path) -> None:
    secrets = folder.load_secrets(tmp_path)
    stored.keep(tmp_path, {"TUANTU_DATABASE_URL": database_url, "TUANTU_SECRET": SECRET})
    for again in (False, True):
        done = cloud("site", "add", "op-new", "st-own", "--name", "北门店", "--data", str(tmp_path))
        assert done.returncode == 0, done.stderr
        assert secrets.site_key("st-own") in done.stdout
        assert ("st-own was registered already: nothing has changed" in done.stdout) is again
    assert read_sites(tmp_path) == {"st-own": "op-new"}
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT s.name, r.operator_id, (SELECT count(*) FROM site_credential)"
            " FROM site s JOIN site_operator r ON r.site_id = s.id"
        ).fetchall()
    assert row == [("北门店", "op-new", 1)]
    assert cloud("quarantine", "list", "--data", str(tmp_path)).stdout == "no message is kept\n"
    other = cloud("site", "add", "op-new", "st-own", "--name", "别的", "--data", str(tmp_path))
    assert (other.returncode, "already" in other.stderr) == (2, True)


@pytest.mark.slow
def test_a_site_that_is_closed_opens_nothing_is_waited_for_by_nobody_and_can_come_back(
    database_url: str, tmp_path: Path, broker: TestBroker
) -> None:
    stored.keep(tmp_path, {"TUANTU_DATABASE_URL": database_url, "TUANTU_SECRET": SECRET, "TUANTU_BROKER_URL": broker.url})
    site = f"st-{uuid.uuid4().hex[:8]}"
    add = ("site", "add", "op-new", site, "--name", "北门店", "--data", str(tmp_path))
    assert cloud(*add).returncode == 0
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO site_status (site_id, operator_id, boot, connect, online, heard_at)"
            " VALUES (%s, 'op-new', 1, 1, false, now() - interval '1 hour')",
            [site],
        )
        watched = asyncio.run(_watched(database_url))
        assert watched == {"raised": 1, "cleared": 0}
        done = cloud("site", "retire", site, "--data", str(tmp_path))
        assert done.returncode == 0, done.stdout + done.stderr
        assert read_sites(tmp_path) == {}
        assert asyncio.run(_watched(database_url)) == {"raised": 0, "cleared": 0}
        assert connection.execute("SELECT state, cleared_at IS NOT NULL FROM alarm").fetchall() == [("cleared", True)]
        assert connection.execute("SELECT count(*) FROM site_credential WHERE revoked_at IS NULL").fetchone() == (0,)
        back = cloud(*add)
        assert (back.returncode, "was registered already: this password is new" in back.stdout) == (0, True)
        assert connection.execute("SELECT count(*) FROM site_credential WHERE revoked_at IS NULL").fetchone() == (1,)
        other = cloud("site", "add", "op-other", *add[3:])
        assert (other.returncode, "new is that it serves op-other" in other.stdout) == (0, True)
    missing = cloud("site", "retire", "st-none", "--data", str(tmp_path))
    assert (missing.returncode, "no site st-none" in missing.stderr) == (2, True)


async def _watched(url: str) -> Mapping[str, int]:
    async with await connect(url, "test") as connection:
        return await watch_sites(connection, datetime.now(UTC))


@pytest.mark.slow
def test_a_running_mosquitto_lets_a_new_site_in() -> None:
    try:
        onebox_broker.choose("mosquitto")
    except Trouble as trouble:
        pytest.skip(str(trouble))
    with reachable_folder() as place:
        port = find_free_port()
        first = {"cloud": "c", "st-0001": "a"}
        broker = onebox_broker.prepare(BrokerKind.MOSQUITTO, place / "broker", port, first)
        user = broker.run_as.popen() if broker.run_as else {}
        process = subprocess.Popen(broker.argv, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **user)
        try:
            until(lambda: onebox_broker.answers(broker))
            assert answer(port) != "Success"
            more = {**first, "st-own": "b"}
            onebox_broker.prepare(BrokerKind.MOSQUITTO, place / "broker", port, more, operators={"st-own": "op-new"})
            process.send_signal(signal.SIGHUP)
            until(lambda: answer(port) == "Success")
        finally:
            process.terminate()
            process.wait(10)


def until(condition: Callable[[], bool]) -> None:
    """Poll with a deadline."""
    deadline_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def answer(port: int) -> str:
    said: queue.Queue[str] = queue.Queue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.on_connect = lambda _c, _u, _f, reason, _p: said.put(str(reason))
    client.username_pw_set("st-own", "b")
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        return said.get(timeout=5)
    finally:
        client.disconnect()
        client.loop_stop()
