from pathlib import Path

import psycopg
import pytest
from procrastinate.schema import SchemaManager

from cloud.store.job_queue import bring_up
from cloud.store.migrate import migrate

pytestmark = pytest.mark.slow


def brought() -> set[str]:
    return {path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql")}


def recorded(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM job_queue_migration")}


def test_a_migrated_database_has_the_queue_of_the_installed_package(database_url: str) -> None:
    assert recorded(database_url) == brought()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() == (0,)


def test_migrating_again_changes_nothing(database_url: str) -> None:
    migrate(database_url)
    assert recorded(database_url) == brought()


def test_what_a_newer_package_brings_is_applied_once(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in brought():
        (tmp_path / name).write_text("SELECT 1 / 0", encoding="utf-8")  # applied before: never again
    (tmp_path / "99.00.00_01_pre_new.sql").write_text("CREATE TABLE brought_by_newer (id int)", encoding="utf-8")
    monkeypatch.setattr(SchemaManager, "get_migrations_path", staticmethod(lambda: str(tmp_path)))
    bring_up(database_url)
    bring_up(database_url)
    assert recorded(database_url) == {*brought()}
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT to_regclass('brought_by_newer') IS NOT NULL").fetchone() == (True,)
