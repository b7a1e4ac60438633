import psycopg
import pytest
from psycopg.pq import TransactionStatus

from cloud.store.pool import Connection, is_bad_data, pipelined_transaction

pytestmark = pytest.mark.slow


async def ask(connection: Connection, *, and_fetch_the_later: bool) -> None:
    async with connection.transaction(), connection.pipeline():
        await connection.execute("SELECT 1 / %s", (0,))
        later = await connection.execute("SELECT 2")
        if and_fetch_the_later:
            await later.fetchall()


@pytest.mark.parametrize("and_fetch_the_later", [True, False])
async def test_a_pipeline_raises_what_went_wrong_first_and_not_what_followed_from_it(
    connection: Connection, and_fetch_the_later: bool
) -> None:
    """Bisection and retries go by the SQLSTATE: it must be that of the statement that failed."""
    with pytest.raises(psycopg.errors.DivisionByZero):
        await ask(connection, and_fetch_the_later=and_fetch_the_later)


async def write_last(connection: Connection, *, and_fetch_an_earlier: bool) -> None:
    async with pipelined_transaction(connection):
        earlier = await connection.execute("SELECT 1")
        if and_fetch_an_earlier:
            await earlier.fetchall()
        await connection.execute("INSERT INTO operator (id, name) VALUES ('green', 'Green')")
        await connection.execute("SELECT 1 / %s", (0,))


@pytest.mark.parametrize("and_fetch_an_earlier", [True, False])
async def test_a_pipelined_transaction_whose_last_statement_fails_says_so_and_leaves_the_connection_idle(
    connection: Connection, and_fetch_an_earlier: bool
) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        await write_last(connection, and_fetch_an_earlier=and_fetch_an_earlier)
    assert connection.info.transaction_status is TransactionStatus.IDLE
    cursor = await connection.execute("SELECT count(*) FROM operator")
    assert await cursor.fetchone() == (0,)
    async with pipelined_transaction(connection):
        await connection.execute("INSERT INTO operator (id, name) VALUES ('green', 'Green')")
    cursor = await connection.execute("SELECT count(*) FROM operator")
    assert await cursor.fetchone() == (1,)


async def meet_the_abort_first(connection: Connection) -> None:
    async with pipelined_transaction(connection):
        failing = await connection.execute("SELECT 1 / %s", (0,))
        try:
            await failing.fetchall()
        finally:
            # What the driver raises where it reads the result of a statement that the server skipped.
            raise psycopg.errors.PipelineAborted("pipeline aborted")


async def test_an_aborted_pipeline_is_named_by_what_aborted_it(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        await meet_the_abort_first(connection)
    assert connection.info.transaction_status is TransactionStatus.IDLE


async def test_a_row_too_long_for_an_index_and_a_text_with_nul_are_bad_data(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.ProgramLimitExceeded) as too_long:
        await connection.execute(
            "INSERT INTO operator (id, name) SELECT string_agg(md5(n::text), ''), 'x' FROM generate_series(1, 500) AS n"
        )
    assert is_bad_data(too_long.value)
    with pytest.raises(psycopg.DataError) as with_nul:
        await connection.execute("INSERT INTO operator (id, name) VALUES (%s, 'x')", ("a\0",))
    assert is_bad_data(with_nul.value)
