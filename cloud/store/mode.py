"""The three modes a database can be used in: what the server offers, and what it was made as (ARCHITECTURE, decision 10)."""

from enum import StrEnum

import psycopg


class StoreMode(StrEnum):
    """How telemetry is stored."""

    TIMESCALE = "timescale"  # TimescaleDB, community licence: aggregates, columnstore, retention
    APACHE = "apache"  # TimescaleDB, Apache edition: hypertables only
    PLAIN = "plain"  # PostgreSQL: daily partitions, roll-ups by jobs


def server_mode(connection: psycopg.Connection) -> StoreMode:
    """Ask the server. An extension that lies there but is not preloaded counts as plain: it could not work.

    The licence is a setting of the extension's library, so it is known only where the extension exists: it is made in a
    transaction that is rolled back when this database has none yet.
    """
    available = connection.execute("SELECT installed_version FROM pg_available_extensions WHERE name = 'timescaledb'").fetchone()
    preloaded = connection.execute("SHOW shared_preload_libraries").fetchone()
    if available is None or preloaded is None or "timescaledb" not in preloaded[0]:
        return StoreMode.PLAIN
    if available[0] is not None:
        return _by_licence(connection)
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("CREATE EXTENSION timescaledb")
            return _by_licence(connection)
    except psycopg.errors.InsufficientPrivilege:
        return StoreMode.PLAIN


def _by_licence(connection: psycopg.Connection) -> StoreMode:
    row = connection.execute("SELECT current_setting('timescaledb.license', true)").fetchone()
    return StoreMode.TIMESCALE if row is not None and row[0] == "timescale" else StoreMode.APACHE


def recorded(connection: psycopg.Connection) -> StoreMode | None:
    """What this database was made as; None before its first migration."""
    found = connection.execute("SELECT to_regclass('store_mode')").fetchone()
    if found is None or found[0] is None:
        return None
    row = connection.execute("SELECT mode FROM store_mode").fetchone()
    return None if row is None else StoreMode(row[0])
