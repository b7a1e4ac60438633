"""Commands wait in lanes: what comes beside them is heard meanwhile, a board's are done in order, and none twice or unsaid."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edge.downlink import Downlink, Received, Station
from edge.link import Incoming
from edge.outbox import NotKeptError
from edge.site_clock import SiteClock
from edge.station.command_lanes import MAX_WAITING, CommandLanes
from edge.station.commands import CommandDesk, Outcome
from edge.wire.codec import MSGPACK, encode
from edge.wire.ids import OperatorId, SiteId
from edge.wire.labels import parcel_label
from edge.wire.messages import Command, CommandFinished, CommandResponse, Desired, Message, ParcelReceived
from edge.wire.topics import Leaf, Topic
from tests.edge.outbox.sites import waiting
from tests.edge.station.counters import Counter, open_counter
from tests.edge.test_downlink import Sender, Source, ack_of


def command(name: str, cell: str = "", ttl_s: float = 60.0) -> Command:
    return Command(id=name, nonce="n1", ttl_s=ttl_s, action="open_cell" if cell else "identify", cell=cell)


def board_of(asked: Command) -> str:
    return asked.cell.partition("-")[0]


@dataclass
class Doors:
    """Each takes until its test lets it. ``begun``: in order; a door that has no event of its own opens at once."""

    begun: list[str] = field(default_factory=list)
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self, _command: str, cell: str) -> tuple[Outcome, str]:
        self.begun.append(cell)
        self.news.set()
        if cell in self.held:
            await self.held[cell].wait()
        return "done", cell


@dataclass
class Answers:
    said: list[CommandResponse] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def respond(self, message: Message, _topic: str, _correlation: bytes) -> None:
        assert isinstance(message, CommandResponse)
        self.said.append(message)
        self.news.set()

    async def until(self, count: int) -> list[tuple[str, str]]:
        async with asyncio.timeout(30):
            while len(self.said) < count:
                self.news.clear()
                await self.news.wait()
        return [(one.id, one.outcome) for one in self.said]


@dataclass
class Line:
    counter: Counter
    clock: SiteClock
    doors: Doors
    answers: Answers
    lanes: CommandLanes
    now_s: float = 100.0

    async def ask(self, asked: Command) -> None:
        await self.lanes.take(Received(asked, "n1", self.now_s), "", b"")

    async def until_begun(self, count: int) -> list[str]:
        async with asyncio.timeout(30):
            while len(self.doors.begun) < count:
                self.doors.news.clear()
                await self.doors.news.wait()
        return self.doors.begun


@asynccontextmanager
async def open_line(folder: Path, doors: Doors) -> AsyncIterator[Line]:
    async with open_counter(folder) as counter:
        answers, clock = Answers(), SiteClock(counter.clock, counter.clock.monotonic_s, lambda: True, 0)
        desk = CommandDesk(counter.outbox, clock, counter.station, lambda: None, lambda: line.now_s, doors.open)
        line = Line(counter, clock, doors, answers, CommandLanes(desk, answers.respond, board_of))
        running = asyncio.create_task(line.lanes.run())
        try:
            yield line
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def finished(line: Line) -> list[tuple[str, str]]:
    return [(one.command, one.outcome) for one in await line.counter.facts() if isinstance(one, CommandFinished)]


async def test_an_acknowledgement_that_comes_while_a_door_opens_is_taken_at_once(tmp_path: Path) -> None:
    held = asyncio.Event()
    async with open_line(tmp_path, Doors(held={"1-01": held})) as line:
        outbox, clock = line.counter.outbox, line.clock
        await outbox.transact(lambda of: of.record(ParcelReceived(parcel=parcel_label(1)), clock.stamp()))
        (batch,) = await outbox.run(waiting)
        sender, source, applied = Sender(), Source(), asyncio.Event()

        async def apply(_desired: Desired) -> bool:
            applied.set()
            return False

        downlink = Downlink(outbox, clock, sender, Station(line.lanes.take, apply, lambda: None))
        hearing = asyncio.create_task(downlink.hear(source, "n1"))

        def say(leaf: Leaf, message: Message) -> None:
            topic = str(Topic(OperatorId("op"), SiteId("st-1"), leaf))
            source.incoming.put_nowait(Incoming(topic, encode(message), MSGPACK, "", b"", line.now_s))

        say(Leaf.COMMAND, command("c1", "1-01"))
        assert await line.until_begun(1) == ["1-01"]
        say(Leaf.ACK, ack_of(batch))
        while not source.incoming.empty():  # an ack is committed once the queue has been taken
            await asyncio.sleep(0)
        say(Leaf.DESIRED, Desired(version=1, hlc=0))
        async with asyncio.timeout(30):
            await applied.wait()
        assert (sender.gone, line.answers.said) == ([batch.key], [])
        hearing.cancel()  # the line breaks: the door that was begun is told all the same
        held.set()
        assert await line.answers.until(1) == [("c1", "done")]


async def test_a_boards_commands_are_done_in_order_and_another_board_does_not_wait(tmp_path: Path) -> None:
    held = asyncio.Event()
    async with open_line(tmp_path, Doors(held={"1-01": held})) as line:
        for asked in (command("c1", "1-01"), command("c2", "1-02"), command("c3", "2-01"), command("c4")):
            await line.ask(asked)
        assert sorted(await line.answers.until(2)) == [("c3", "done"), ("c4", "done")]
        assert sorted(line.doors.begun) == ["1-01", "2-01"]
        held.set()
        assert (await line.answers.until(4))[2:] == [("c1", "done"), ("c2", "done")]
        assert line.doors.begun[-1] == "1-02"
        assert line.lanes.waiting == 0


async def test_a_command_that_comes_twice_opens_once_also_while_the_first_still_waits(tmp_path: Path) -> None:
    held = asyncio.Event()
    async with open_line(tmp_path, Doors(held={"1-01": held})) as line:
        for _ in range(3):
            await line.ask(command("c1", "1-01"))
        await line.until_begun(1)
        held.set()
        assert await line.answers.until(3) == [("c1", "done")] * 3
        assert line.doors.begun == ["1-01"]
        assert await finished(line) == [("c1", "done")]


async def test_a_command_that_waited_longer_than_it_may_live_opens_nothing_and_says_so(tmp_path: Path) -> None:
    held = asyncio.Event()
    async with open_line(tmp_path, Doors(held={"1-01": held})) as line:
        await line.ask(command("c1", "1-01"))
        await line.ask(command("c2", "1-02", ttl_s=5.0))
        await line.until_begun(1)
        line.now_s += 6.0
        held.set()
        assert await line.answers.until(2) == [("c1", "done"), ("c2", "refused")]
        assert (line.doors.begun, line.answers.said[1].detail) == (["1-01"], "too old")


async def test_one_command_too_many_is_refused_on_the_record_and_never_done(tmp_path: Path) -> None:
    held = asyncio.Event()
    async with open_line(tmp_path, Doors(held={"1-00": held})) as line:
        for number in range(MAX_WAITING):
            await line.ask(command(f"c{number}", f"1-{number:02d}"))
        await line.ask(command("late", "1-99"))
        await line.ask(command("c3", "1-03"))  # a repeat that finds no room takes back what has not begun
        assert await line.answers.until(2) == [("late", "refused"), ("c3", "refused")]
        assert "ask again" in line.answers.said[0].detail
        held.set()
        said = await line.answers.until(MAX_WAITING + 2)
        assert [one for one in said if one[1] != "done"] == [("late", "refused"), ("c3", "refused"), ("c3", "refused")]
        assert line.doors.begun == [f"1-{number:02d}" for number in range(MAX_WAITING) if number != 3]
        await line.ask(command("late", "1-99"))
        assert (await line.answers.until(MAX_WAITING + 3))[-1] == ("late", "refused")
        assert sorted(name for name, _ in await finished(line)) == sorted(["late", *(f"c{n}" for n in range(MAX_WAITING))])


async def test_a_command_that_the_disk_did_not_take_or_that_breaks_stops_none_behind_it() -> None:
    class Broken:
        """Of three commands the first is not kept, and the second breaks."""

        async def carry_out(self, received: Received) -> CommandResponse:
            match received.command.id:
                case "c1":
                    raise NotKeptError("the card is full")
                case "c2":
                    raise RuntimeError("nobody foresaw this")
                case name:
                    return CommandResponse(id=name, outcome="done")

        async def refuse(self, received: Received, why: str) -> CommandResponse:
            raise AssertionError(f"{received.command.id}: {why}")

    answers = Answers()
    lanes = CommandLanes(Broken(), answers.respond, board_of)
    for name in ("c1", "c2", "c3"):
        await lanes.take(Received(command(name, "1-01"), "n1", 0.0), "", b"")
    running = asyncio.create_task(lanes.run())
    assert await answers.until(1) == [("c3", "done")]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
