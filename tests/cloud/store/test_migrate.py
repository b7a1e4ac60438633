"""Migrations against a real server."""

import re
import secrets
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cloud.store.migrate import COPY, NOT_COPIED, TELEMETRY, migrate
from cloud.store.mode import StoreMode, recorded, server_mode
from cloud.trouble import Trouble
from tests.conftest import DatabaseSource, _administer, _at

pytestmark = pytest.mark.slow


@pytest.fixture
def empty_database_url(database_source: DatabaseSource) -> Iterator[str]:
    if database_source.template is None:
        pytest.skip("the server's user may not create databases")
    name = f"tuantu_test_{secrets.token_hex(6)}"
    _administer(database_source.url, f'CREATE DATABASE "{name}" TEMPLATE template0 ENCODING UTF8')
    yield _at(database_source.url, name)
    _administer(database_source.url, f'DROP DATABASE "{name}" WITH (FORCE)')


def test_a_new_database_is_made_as_the_server_offers(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        offered = server_mode(connection)
    assert migrate(empty_database_url) is offered
    with psycopg.connect(empty_database_url) as connection:
        assert recorded(connection) is offered
        assert connection.execute("SELECT count(*) FROM reading").fetchone() == (0,)


def test_a_database_that_keeps_no_chinese_is_refused_before_anything_is_made(database_source: DatabaseSource) -> None:
    if database_source.template is None:
        pytest.skip("the server's user may not create databases")
    name = f"tuantu_test_{secrets.token_hex(6)}"
    _administer(
        database_source.url, f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING SQL_ASCII LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    try:
        with pytest.raises(Trouble, match=r"encoding is SQL_ASCII.*\s.*--encoding=UTF8"):
            migrate(_at(database_source.url, name))
    finally:
        _administer(database_source.url, f'DROP DATABASE "{name}" WITH (FORCE)')


def test_migrating_again_changes_nothing(empty_database_url: str) -> None:
    migrate(empty_database_url, StoreMode.PLAIN)
    with psycopg.connect(empty_database_url) as connection:
        before = connection.execute("SELECT version FROM schema_migrations ORDER BY version").fetchall()
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT version FROM schema_migrations ORDER BY version").fetchall() == before


def test_a_database_stays_what_it_was_made_as(empty_database_url: str) -> None:
    migrate(empty_database_url, StoreMode.PLAIN)
    with pytest.raises(Trouble, match=r"made as 'plain', not as 'apache'\s.*pg_dump --data-only -n public -T "):
        migrate(empty_database_url, StoreMode.APACHE)


def test_a_server_that_lost_its_extension_is_named(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        if server_mode(connection) is not StoreMode.PLAIN:
            pytest.skip("this server has TimescaleDB")
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("UPDATE store_mode SET mode = 'timescale'")
    with pytest.raises(Trouble, match="is 'timescale' but this server offers only 'plain'"):
        migrate(empty_database_url)


def test_several_processes_may_migrate_at_once(empty_database_url: str) -> None:
    modes: list[StoreMode] = []
    threads = [threading.Thread(target=lambda: modes.append(migrate(empty_database_url))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(modes) == 3


def test_a_server_that_is_away_is_one_clear_line(free_port: int) -> None:
    with pytest.raises(Trouble, match="can't reach the database"):
        migrate(f"postgresql://nobody@127.0.0.1:{free_port}/nothing")


@pytest.mark.skipif(
    shutil.which("pg_dump") is None or shutil.which("psql") is None, reason="PostgreSQL's client programs are missing"
)
def test_the_remedy_copies_a_database_into_a_new_one_of_the_other_kind(database_source: DatabaseSource, tmp_path: Path) -> None:
    """The commands the message names, as a person would type them."""
    with database_source.database() as old, database_source.database() as new:
        if old == new:
            pytest.skip("the server's user may not create databases")
        with psycopg.connect(old) as connection:
            server = connection.info.server_version // 10_000
        found = re.search(r" (\d+)", subprocess.run(["pg_dump", "--version"], check=True, capture_output=True, text=True).stdout)
        if found is None or int(found[1]) < server:
            pytest.skip(f"this pg_dump is older than the server, which is version {server}")
        _fill(old)
        commands = COPY.split("; ", 2)[2].replace("OLD_URL", old).replace("NEW_URL", new).replace("; ", " && ")
        copied = subprocess.run(["sh", "-c", commands], cwd=tmp_path, check=False, capture_output=True, text=True)
        assert copied.returncode == 0, copied.stderr
        with psycopg.connect(old) as before, psycopg.connect(new) as after:
            tables = [row[0] for row in before.execute(_TABLES, ([name.replace("*", "%") for name in NOT_COPIED],))]
            assert {*TELEMETRY, "position_current", "room_entry", "customer_order", "quarantine", "loss_acknowledged"} <= set(
                tables
            )
            for table in tables:
                query = f"SELECT t::text FROM {table} t ORDER BY 1".encode()
                assert before.execute(query).fetchall() == after.execute(query).fetchall(), table
            assert after.execute("SELECT count(*) FROM reading").fetchone() == (2,)
            assert after.execute("SELECT last_value FROM parcel_serial").fetchone() == (4,)
        migrate(new)


_TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    AND NOT relname LIKE ANY(%s)
"""


def _fill(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            """
            INSERT INTO operator (id, name) VALUES ('op', 'Op');
            INSERT INTO site (id, kind, name, created_at) VALUES ('s1', 'station', 'S', now());
            INSERT INTO site_operator (site_id, operator_id) VALUES ('s1', 'op');
            INSERT INTO customer_order (id, operator_id, external_id, site_id, pickup_date, placed_at, state_at)
                VALUES ('op/1', 'op', '1', 's1', '2026-11-23', now(), now());
            INSERT INTO parcel (id, operator_id, order_id, site_id, zone, created_at)
                VALUES ('P', 'op', 'op/1', 's1', 'chilled', now());
            INSERT INTO room (name, version, changed_at) VALUES ('order:op/1', 7, now());
            INSERT INTO room_entry (room, key, version, at, body) VALUES ('order:op/1', 'order', 7, now(), '{"a": 1}');
            INSERT INTO sensor (site_id, name, operator_id) VALUES ('s1', 'fridge.temperature_c', 'op');
            INSERT INTO reading (at, received_at, sensor_id, quality, value) SELECT at, at, 1, 0, 3.5
                FROM unnest(ARRAY[now(), now() - interval '40 days']) AS at;
            INSERT INTO position (at, received_at, site_id, lat, lon) VALUES (now(), now(), 's1', 31.2, 121.4);
            INSERT INTO position_current (site_id, operator_id, at, received_at, lat, lon)
                VALUES ('s1', 'op', now(), now(), 31.2, 121.4);
            INSERT INTO quarantine (first_at, last_at, topic, properties, content_type, payload, payload_sha256, payload_bytes,
                reason, detail) VALUES (now(), now(), 't', '[]', '', '\\x00ff', 'y', 2, 'payload', 'd');
            INSERT INTO loss_acknowledged (kind, total, at, name) VALUES ('batches', 1, now(), 'W');
            SELECT nextval('parcel_serial') FROM generate_series(1, 5);
            INSERT INTO heartbeat (process, instance) VALUES ('ingest', 'x')
            """
        )
