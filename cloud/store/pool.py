"""Connections to PostgreSQL: how they are opened, and which faults mean "not now" rather than "not this".

Leaves transactions and the text of queries to the modules that own a table.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from cloud.store.burst import BurstConnection

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Cursor = psycopg.AsyncCursor[tuple[Any, ...]]

# A peer that vanished without a word is noticed after 10 + 3 x 5 s, well inside an edge's longest back-off of 60 s.
_KEEPALIVE = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
_CONNECT_TIMEOUT_S = 5
# A statement that takes longer than this is stuck; the transaction is given up and the edge sends again.
STATEMENT_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 10_000


class Unavailable(Exception):  # noqa: N818  # a state of the world, and what the caller shows
    """The database cannot serve now: nothing was decided about the work, and it may be tried again later."""


def parameters(application_name: str, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS) -> dict[str, Any]:
    """Keyword arguments of ``connect`` for a process's part, such as ``ingest-event``."""
    return {
        **_KEEPALIVE,
        "connect_timeout": _CONNECT_TIMEOUT_S,
        "application_name": f"tuantu-{application_name}",
        "options": f"-c statement_timeout={statement_timeout_ms} -c lock_timeout={LOCK_TIMEOUT_MS} "
        f"-c idle_in_transaction_session_timeout={2 * statement_timeout_ms} -c timezone=UTC",
    }


# For statements that touch a few rows by key, again and again: planned once, and never by reading a table from end to end, however
# small the statistics of this morning make it look.
_BY_KEY = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"


async def connect(
    url: str, application_name: str, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS, *, by_key: bool = False
) -> Connection:
    """One connection in autocommit mode, for a worker that owns it. Unavailable where there is none to be had.

    ``by_key``: its statements touch a few rows each, by their keys; they are planned for that, at their first use.
    """
    settings = parameters(application_name, statement_timeout_ms)
    if by_key:
        settings |= {"options": f"{settings['options']} {_BY_KEY}", "prepare_threshold": 0}
    try:
        return await BurstConnection.connect(url, autocommit=True, **settings)
    except psycopg.OperationalError as error:
        raise Unavailable(f"database at {place(url)}: {str(error).splitlines()[0]}") from error


@asynccontextmanager
async def pipelined_transaction(connection: Connection) -> AsyncIterator[None]:
    """A transaction whose statements go out together where the first of their results is read, the rest at the commit.

    A round trip costs more than most statements do, so: execute all that can be asked, then fetch. COPY is not possible in it.
    An error is raised where the first result after it is read, at the latest at the end of the block.
    """
    try:
        async with connection.pipeline():
            # Not connection.transaction(): in a pipeline it waits for the server when it begins, and twice when it ends.
            await connection.execute("BEGIN")
            yield
            await connection.execute("COMMIT")
    except psycopg.errors.PipelineAborted as aborted:
        failed = _failure_behind(aborted)
        if failed is None:
            raise
        raise failed from None
    finally:
        # The server skips a ROLLBACK that was sent into a failed pipeline, like all the rest of it.
        if not connection.closed and connection.info.transaction_status is not TransactionStatus.IDLE:
            await connection.rollback()


def _failure_behind(aborted: BaseException) -> psycopg.Error | None:
    """The error that aborted a pipeline: callers go by its SQLSTATE, and "aborted" has none."""
    behind = aborted.__context__
    while behind is not None and not (isinstance(behind, psycopg.Error) and behind.sqlstate):
        behind = behind.__context__
    return behind


@asynccontextmanager
async def open_pool(url: str, application_name: str, *, max_size: int = 8) -> AsyncIterator[AsyncConnectionPool[Connection]]:
    """A pool for short requests: opened without waiting for the database, closed at the end of the block.

    Callers that find no connection within 5 s get PoolTimeout; `is_unavailable` knows it.
    """
    pool = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=max_size,
        max_waiting=200,  # beyond this a queue only makes everybody late
        timeout=_CONNECT_TIMEOUT_S,
        open=False,
        kwargs={"autocommit": True, **parameters(application_name, statement_timeout_ms=10_000)},
        check=AsyncConnectionPool.check_connection,
        name=application_name,
    )
    await pool.open(wait=False)
    try:
        yield pool
    finally:
        await pool.close(timeout=_CONNECT_TIMEOUT_S)


def is_unavailable(error: BaseException) -> bool:
    """True where an error says that the database cannot serve now: SQLSTATE classes 08, 40, 53, 57, 58 or no connection at all."""
    if isinstance(error, (PoolTimeout, PoolClosed, TooManyRequests, Unavailable)):
        return True
    if not isinstance(error, psycopg.OperationalError):
        return False
    return error.sqlstate is None or error.sqlstate[:2] in {"08", "40", "53", "55", "57", "58", "XX"}


def is_serialization_conflict(error: BaseException) -> bool:
    """True for 40001 and 40P01: the same transaction, tried again, may pass.

    So too for a row that was on its way into a default partition as its own partition was made (`partitions`): then 23514.
    """
    if isinstance(error, psycopg.errors.CheckViolation):
        return (error.diag.table_name or "").endswith("_default") and error.diag.constraint_name is None
    return isinstance(error, (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected))


def is_bad_data(error: BaseException) -> bool:
    """True where something in what was written cannot be held: SQLSTATE classes 22, 23 and 54 (too long for an index).

    So too for what the driver refused to send, such as a text with NUL: a DataError without a SQLSTATE.
    """
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:
        return isinstance(error, psycopg.DataError)
    return error.sqlstate[:2] in {"22", "23", "54"}


def place(url: str) -> str:
    """Host, port and name of a database URL, without the password: what may stand in a log."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'local socket'}:{parts.port or 5432}{parts.path}"
