import psycopg
import pytest

from cloud.store.pool import Connection

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
