"""Migrations against a real server."""

import secrets
import threading
from collections.abc import Iterator

import psycopg
import pytest

from cloud.store.migrate import migrate
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


def test_migrating_again_changes_nothing(empty_database_url: str) -> None:
    migrate(empty_database_url, StoreMode.PLAIN)
    with psycopg.connect(empty_database_url) as connection:
        before = connection.execute("SELECT version FROM schema_migrations ORDER BY version").fetchall()
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT version FROM schema_migrations ORDER BY version").fetchall() == before


def test_a_database_stays_what_it_was_made_as(empty_database_url: str) -> None:
    migrate(empty_database_url, StoreMode.PLAIN)
    with pytest.raises(Trouble, match="made as 'plain', not as 'apache'"):
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
