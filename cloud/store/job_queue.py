"""The job queue's tables: procrastinate's own SQL out of the installed package, applied once each and recorded.

Runs after our own migrations, which make the record. Leaves using the queue to ``cloud.jobs``.
"""

from pathlib import Path

import psycopg
from procrastinate.schema import SchemaManager

_LOCK = 0x7475_616A_6F62


def bring_up(url: str) -> None:
    """Make the queue's tables where there are none, else apply what the package brings newer. Several wait for each other."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        brought = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
        applied = {name for (name,) in connection.execute("SELECT name FROM job_queue_migration")}
        if not applied:
            with connection.transaction():
                if _is_missing(connection):
                    connection.execute(SchemaManager.get_schema())
                _record(connection, [path.name for path in brought])
            return
        for path in brought:
            if path.name not in applied:
                with connection.transaction():
                    connection.execute(path.read_bytes())
                    _record(connection, [path.name])


def _is_missing(connection: psycopg.Connection) -> bool:
    return connection.execute("SELECT to_regclass('procrastinate_jobs') IS NULL").fetchone() == (True,)


def _record(connection: psycopg.Connection, names: list[str]) -> None:
    connection.execute("INSERT INTO job_queue_migration SELECT unnest(%s::text[])", (names,))
