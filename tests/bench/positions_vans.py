"""``python -m tests.bench.positions_vans SETTINGS TOKENS``: vans that tell where they are, in a process of their own.

Three kinds at once: agents over MQTT (a sealed batch a fix), JT/T 808 terminals over TCP, phones over HTTP. Lines on standard
input: ``steady SECONDS`` (one fix a second each), ``flood SECONDS`` (terminals send their next fix when the last one is answered),
``quit``. On standard output: ``ready``, then a line of JSON after each.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from cloud.positions.jt808 import BEIJING
from cloud.positions.jt808_frames import Frames, Packet, write_packet
from edge.wire.codec import MSGPACK, decode_downlink, encode
from edge.wire.envelope import Envelope, digest
from edge.wire.ids import Epoch, Lane, Seq, operator_id, site_id
from edge.wire.messages import SCHEMA, Ack, ClockQuality, TelemetryBatch, Track
from edge.wire.topics import Leaf, Topic, uplink
from tests.bench.mqtt_client import open_client

OPERATOR = operator_id("bench")
SPEED_M_S = 8.0
LAT, LON = 31.0, 121.0
RESEND_AFTER_S = 5.0
ANSWER_WITHIN_S = 20.0


def name_of(number: int) -> str:
    return f"van-{number:04d}"


def place(number: int, at_ms: int) -> tuple[float, float]:
    """Every van drives to the north on a road of its own."""
    return LAT + SPEED_M_S * (at_ms / 1000 % 3600) / 111_195, LON + number * 0.001


@dataclass(slots=True)
class Sent:
    """What a phase sent: of each van how many, and the time of its last fix."""

    fixes: int = 0
    last_ms: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0

    def note(self, number: int, at_ms: int) -> None:
        self.fixes += 1
        self.last_ms[name_of(number)] = at_ms


class Agents:
    """Vans with a Pi: their uplink over one connection."""

    def __init__(self, numbers: range) -> None:
        self.numbers = numbers
        self._epochs = {number: Epoch(uuid4()) for number in numbers}
        self._seq = dict.fromkeys(numbers, 0)
        self._waiting: dict[tuple[str, int], tuple[str, bytes, Properties]] = {}
        self._loop = asyncio.get_running_loop()
        topic = str(Topic(OPERATOR, site_id("x"), Leaf.ACK)).replace("/x/", "/+/")
        self._client = open_client(topic, self._hear, 20_000)

    def _hear(self, payload: bytes) -> None:
        message = decode_downlink(payload)
        if isinstance(message, Ack):
            self._loop.call_soon_threadsafe(self._acknowledge, message)

    def _acknowledge(self, ack: Ack) -> None:
        for seq in ack.seqs:
            self._waiting.pop((str(ack.epoch), seq), None)

    def send(self, number: int, sent: Sent) -> None:
        at_ms = time.time_ns() // 1_000_000
        lat, lon = place(number, at_ms)
        track = Track(t0=at_ms, dt=[0], lat=[lat], lon=[lon], speed_m_s=[SPEED_M_S], heading_deg=[0.0])
        payload = encode(TelemetryBatch(boot=1, clock=ClockQuality.SYNCED, tracks=[track]))
        self._seq[number] += 1
        seq = self._seq[number]
        envelope = Envelope(self._epochs[number], Lane.LIVE, Seq(seq), digest(payload), Seq(seq), Seq(1), SCHEMA, at_ms)
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.UserProperty = envelope.properties()
        properties.ContentType = MSGPACK
        sealed = (uplink(OPERATOR, site_id(name_of(number)), Lane.LIVE), payload, properties)
        self._waiting[str(self._epochs[number]), seq] = sealed
        self._publish(sealed)
        sent.note(number, at_ms)

    def _publish(self, sealed: tuple[str, bytes, Properties]) -> None:
        topic, payload, properties = sealed
        self._client.publish(topic, payload, qos=1, properties=properties)

    async def settle(self) -> int:
        """Until all are acknowledged, sent again where need be; returns how many are not."""
        began_s = time.monotonic()
        resend_at_s = began_s + RESEND_AFTER_S
        while self._waiting and time.monotonic() - began_s < ANSWER_WITHIN_S:
            await asyncio.sleep(0.05)
            if time.monotonic() > resend_at_s:
                resend_at_s += RESEND_AFTER_S
                for sealed in list(self._waiting.values()):
                    self._publish(sealed)
        return len(self._waiting)


class Terminal:
    """A JT/T 808 terminal on a connection of its own."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._phone = bytes.fromhex(f"{10_000_000_000 + number:012d}")
        self._serial = 0
        self._frames = Frames()
        self._last_s = 0

    async def connect(self, port: int) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        code = (await self._ask(0x0100, bytes(37))).body[3:]
        assert (await self._ask(0x0102, code)).body[-1] == 0

    async def tell(self, at_s: int, sent: Sent) -> None:
        lat, lon = place(self.number, at_s * 1000)
        time_bcd = bytes.fromhex(datetime.fromtimestamp(at_s, BEIJING).strftime("%y%m%d%H%M%S"))
        body = (
            bytes(4) + (2).to_bytes(4) + round(lat * 1e6).to_bytes(4) + round(lon * 1e6).to_bytes(4) + bytes(2)
            + round(SPEED_M_S * 36).to_bytes(2) + bytes(2) + time_bcd
        )  # fmt: skip
        sent.note(self.number, at_s * 1000)
        answer = await self._ask(0x0200, body)
        sent.unanswered += answer.body[-1] != 0

    async def flood(self, until_s: float, begin_s: int, sent: Sent) -> None:
        """A second later with each: every fix is the newest of its van, and moves it on the map."""
        at_s = begin_s
        while time.monotonic() < until_s:
            await self.tell(at_s, sent)
            at_s += 1

    async def _ask(self, message: int, body: bytes) -> Packet:
        self._serial = (self._serial + 1) & 0xFFFF
        self._writer.write(write_packet(Packet(message, self._phone, self._serial, body)))
        while True:
            data = await asyncio.wait_for(self._reader.read(4096), ANSWER_WITHIN_S)
            assert data, "the terminal was hung up on"
            for found in self._frames.feed(data):
                assert isinstance(found, Packet)
                return found


class Phone:
    """Traccar Client on a connection that it keeps."""

    def __init__(self, number: int, token: str) -> None:
        self.number = number
        self._token = token

    async def connect(self, port: int) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)

    async def tell(self, sent: Sent) -> None:
        at_ms = time.time_ns() // 1_000_000
        lat, lon = place(self.number, at_ms)
        query = f"/?id={self._token}&lat={lat:.6f}&lon={lon:.6f}&timestamp={at_ms}&speed={SPEED_M_S * 3600 / 1852:.2f}&bearing=0"
        self._writer.write(f"GET {query} HTTP/1.1\r\nHost: phones\r\n\r\n".encode())
        sent.note(self.number, at_ms)
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), ANSWER_WITHIN_S)
        length = next((int(line[16:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: ")), 0)
        await self._reader.readexactly(length)
        sent.unanswered += not head.startswith(b"HTTP/1.1 200")


@dataclass(slots=True)
class Fleet:
    """All vans."""

    agents: Agents
    terminals: list[Terminal]
    phones: list[Phone]
    fast: list[Terminal]  # of vans that only the flood tells of

    async def steady(self, seconds: int) -> Sent:
        """Everybody once a second: terminals as it begins, for they say whole seconds only, the others spread over it."""
        sent = Sent()
        asking: set[asyncio.Task[None]] = set()
        begin_s = int(time.time()) + 1
        others: list[int | Phone] = [*self.agents.numbers, *self.phones]
        for second in range(begin_s, begin_s + seconds):
            await asyncio.sleep(max(0.0, second - time.time()))
            for terminal in self.terminals:
                asking.add(asyncio.create_task(terminal.tell(second, sent)))
            for place_in_line, one in enumerate(others):
                due = second + place_in_line / len(others)
                if due > time.time():
                    await asyncio.sleep(due - time.time())
                if isinstance(one, Phone):
                    asking.add(asyncio.create_task(one.tell(sent)))
                else:
                    self.agents.send(one, sent)
            done = {task for task in asking if task.done()}
            for task in done:
                task.result()
            asking -= done
        await asyncio.gather(*asking)
        sent.unanswered += await self.agents.settle()
        return sent

    async def flood(self, seconds: float) -> Sent:
        """Each terminal as fast as it is answered."""
        sent = Sent()
        until_s = time.monotonic() + seconds
        begin_s = int(time.time()) - 200
        await asyncio.gather(*(terminal.flood(until_s, begin_s, sent) for terminal in self.fast))
        return sent


async def main(settings: dict[str, int], tokens: list[str]) -> None:
    """``settings``: agents, terminals, fast (how many); http, jt808 (ports). Vans are numbered agents, phones, terminals, fast."""
    first_phone = settings["agents"]
    first_terminal = first_phone + len(tokens)
    first_fast = first_terminal + settings["terminals"]
    fleet = Fleet(
        Agents(range(first_phone)),
        [Terminal(number) for number in range(first_terminal, first_fast)],
        [Phone(first_phone + n, token) for n, token in enumerate(tokens)],
        [Terminal(number) for number in range(first_fast, first_fast + settings["fast"])],
    )
    for terminal in [*fleet.terminals, *fleet.fast]:
        await terminal.connect(settings["jt808"])
    for phone in fleet.phones:
        await phone.connect(settings["http"])
    print("ready", flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().split():
        match line:
            case ["steady", seconds]:
                sent = await fleet.steady(int(seconds))
            case ["flood", seconds]:
                sent = await fleet.flood(float(seconds))
            case _:
                break
        print(json.dumps({"fixes": sent.fixes, "last_ms": sent.last_ms, "unanswered": sent.unanswered}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1]), json.loads(sys.argv[2])))
