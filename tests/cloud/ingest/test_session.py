import asyncio
from typing import cast

from cloud.ingest.session import QUEUE_BYTES, QUEUE_MESSAGES, Session
from cloud.mqtt.client import LoopClient
from cloud.mqtt.loop import PahoLoop
from cloud.mqtt.publish import Publish
from tests.cloud.ingest.sites import FixedClock


class AckBook:
    """Stands for the broker's connection: notes what is acknowledged."""

    def __init__(self) -> None:
        self.acked: list[int] = []

    def ack(self, mid: int, _qos: int) -> None:
        self.acked.append(mid)

    def unsubscribe(self, _filters: list[str]) -> None:
        """Nothing more comes."""

    def flush(self) -> None:
        """All is written at once."""


def a_session() -> tuple[Session, AckBook]:
    book = AckBook()
    loop = asyncio.get_running_loop()
    return Session(cast("LoopClient", book), cast("PahoLoop", book), FixedClock(7), loop, loop.create_future()), book


def message(mid: int, payload: bytes = b"x", qos: int = 1) -> Publish:
    return Publish("t", mid, qos, payload, (), "")


async def test_acknowledgements_leave_in_the_order_of_arrival_whatever_is_finished_first() -> None:
    session, book = a_session()
    for mid in range(1, 5):
        session.receive(message(mid))
    first, second, third, fourth = await session.take(10, 1000)
    for arrival in (third, second):
        arrival.finished()
    assert book.acked == []
    first.finished()
    assert book.acked == [1, 2, 3]
    fourth.finished()
    assert book.acked == [1, 2, 3, 4]


async def test_a_full_queue_drops_the_newest_and_tells_the_broker_but_not_the_site() -> None:
    session, book = a_session()
    for mid in range(QUEUE_MESSAGES + 3):
        session.receive(message(mid))
    taken = await session.take(QUEUE_MESSAGES + 3, 10**9)
    assert (len(taken), session.dropped) == (QUEUE_MESSAGES, 3)
    for arrival in taken:
        arrival.finished()
    assert book.acked == list(range(QUEUE_MESSAGES + 3))


async def test_the_queue_is_bounded_in_bytes_too() -> None:
    session, _ = a_session()
    large = bytes(QUEUE_BYTES // 2)
    for mid in range(4):
        session.receive(message(mid, large))
    assert len(await session.take(10, 10**12)) == 2
    session.receive(message(9, large))
    assert len(await session.take(10, 10**12)) == 1


async def test_a_flush_takes_no_more_than_it_was_told() -> None:
    session, _ = a_session()
    for mid in range(10):
        session.receive(message(mid, b"x" * 100))
    assert len(await session.take(3, 10**6)) == 3
    assert len(await session.take(100, 250)) == 3
    assert session.depth == 4


async def test_qos_0_is_not_acknowledged() -> None:
    session, book = a_session()
    session.receive(message(0, qos=0))
    (arrival,) = await session.take(1, 10)
    arrival.finished()
    assert book.acked == []


async def test_closing_gives_what_is_there_and_then_nothing() -> None:
    session, _ = a_session()
    session.receive(message(1))
    await asyncio.sleep(0)
    session.stop_taking(["t"])
    assert len(await session.take(10, 1000)) == 1
    assert await session.take(10, 1000) == []
