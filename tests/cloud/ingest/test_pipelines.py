import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import psycopg
import pytest
from psycopg.pq import PipelineStatus, TransactionStatus

from cloud.store.pool import Connection, connect, is_bad_data, pipelined_transaction

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


# A Flush alone (protocol 3.0, chapter "Message Formats"): sent where the answers to one packet come in several.
ASKS_FOR_ANSWERS = b"H\x00\x00\x00\x04"


@asynccontextmanager
async def counted_packets(url: str) -> AsyncIterator[tuple[Connection, list[bytes]]]:
    """A connection by way of a relay, and the statements it sent, a packet an item."""
    sent: list[bytes] = []
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    tasks: list[asyncio.Task[None]] = []

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: list[bytes] | None) -> None:
        while data := await reader.read(1 << 20):
            if kept is not None and data != ASKS_FOR_ANSWERS:
                kept.append(data)
            writer.write(data)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if "host" in query:
            there = await asyncio.open_unix_connection(f"{query['host']}/.s.PGSQL.{query.get('port', 5432)}")
        else:
            there = await asyncio.open_connection(parts.hostname, parts.port or 5432)
        tasks.extend((asyncio.create_task(copy(reader, there[1], sent)), asyncio.create_task(copy(there[0], writer, None))))

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = await connect(
        psycopg.conninfo.make_conninfo(url, host="127.0.0.1", port=port, sslmode="disable"), "test", by_key=True
    )
    try:
        yield connection, sent
    finally:
        await connection.close()
        await asyncio.gather(*tasks)
        server.close()


async def test_what_is_asked_before_anything_is_read_goes_out_in_one_packet(database_url: str) -> None:
    async with counted_packets(database_url) as (connection, sent):
        for is_prepared in (False, True):
            sent.clear()
            async with pipelined_transaction(connection):
                asked = [await connection.execute("SELECT %s::int", (number,)) for number in range(8)]
                assert sent == []
                assert [await one.fetchone() for one in asked] == [(number,) for number in range(8)]
                assert (len(sent), is_prepared) == (1, is_prepared)
                await connection.execute("INSERT INTO operator (id, name) VALUES (%s, 'Green')", (f"green-{is_prepared}",))
                await connection.execute("UPDATE operator SET name = 'Greener'")
            assert len(sent) == 2
        assert await (await connection.execute("SELECT count(*) FROM operator WHERE name = 'Greener'")).fetchone() == (2,)


async def test_more_statements_than_may_wait_are_all_done_in_their_order(connection: Connection) -> None:
    async with pipelined_transaction(connection):
        for number in range(200):
            await connection.execute("INSERT INTO operator (id, name) VALUES (%s, %s)", (f"op-{number:03d}", str(number)))
        async with connection.pipeline():  # as the fold has it where nobody pipelines around it
            found = await (await connection.execute("SELECT count(*) FROM operator")).fetchone()
    assert found == (200,)
    assert connection.info.pipeline_status is PipelineStatus.OFF
