"""A storm of nonsense from above at a running agent: it books on, lets go of nothing, obeys nothing of it, and counts it."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec
import pytest

from edge.wire.codec import (
    JSON,
    MSGPACK,
    PayloadError,
    decode_command,
    decode_desired,
    decode_downlink,
    decode_status,
    encode,
)
from edge.wire.labels import parcel_label
from edge.wire.messages import Ack, Birth, Command, CommandFinished, Desired, Message, Nack, ParcelReceived, Resend
from tests.conftest import TestBroker
from tests.edge.agents import listening_cloud, running_agent, until, write_config

pytestmark = pytest.mark.faults

SCANS = 25
BAD_A_SCAN = 10
EPOCH = "8d4c7a52-3f5e-4d0c-9b1e-000000000001"
NOW_MS = int(time.time() * 1000)
GOOD: tuple[tuple[str, Message, Callable[[bytes, str], object]], ...] = (
    ("ack", Ack(epoch=EPOCH, lane="event", seqs=[1, 2], marks=[3, 4], credit=8, cloud_time_ms=NOW_MS, hlc=5), decode_downlink),
    ("ack", Nack(epoch=EPOCH, lane="event", seq=1, mark=2, reason="conflict", cloud_time_ms=NOW_MS), decode_downlink),
    ("ack", Resend(epoch=EPOCH, lane="event", from_seq=1, to_seq=99, cloud_time_ms=NOW_MS), decode_downlink),
    ("cmd", Command(id="c-1", nonce="n", ttl_s=30, action="identify"), decode_command),
    ("desired", Desired(version=7, hlc=5, mode="release"), decode_desired),
)


def broken_field(random: Random, message: Message) -> bytes:
    """A well-formed map with one wrong thing in it."""
    body = msgspec.to_builtins(message)
    name = random.choice(sorted(body))
    wrong: tuple[object, ...] = (None, -1, 2**63, 2**64 - 1, 1e300, "x" * 600, "\0", [], {}, [[[]]], True, b"\xff", "../../etc")
    match random.randrange(3):
        case 0:
            del body[name]
        case 1:
            body[name] = random.choice(wrong)
        case _:
            body = {**body, "seqs": [1] * 5_000, "marks": [0]} if "seqs" in body else {name: body}
    return msgspec.msgpack.encode(body)


def nonsense(random: Random) -> tuple[str, bytes, str]:
    """Leaf, payload and content type of what no right agent can read; drawn until the decoder says so too."""
    while True:
        leaf, message, decode = random.choice(GOOD)
        good = encode(message)
        content_type: str = MSGPACK
        match random.randrange(8):
            case 0:
                payload = random.randbytes(random.randint(1, 400))
            case 1:
                payload = good[: random.randrange(1, len(good))]
            case 2:
                payload, content_type = good, random.choice([JSON, "text/plain", "x" * 200])
            case 3:
                payload, content_type = b'{"kind":' * 5_000, JSON
            case 4:
                payload = b"\xdd\xff\xff\xff\xff" + good  # an array of four thousand million
            case 5:
                payload = random.randbytes(300_000)
            case 6:
                payload = encode(random.choice(GOOD)[1])  # on the wrong topic, as a rule
            case _:
                payload = broken_field(random, message)
        try:
            decode(payload, content_type)
        except PayloadError:
            return leaf, payload, content_type


@pytest.mark.parametrize("seed", range(2))
async def test_an_agent_books_on_through_a_storm_of_nonsense_from_above(seed: int, broker: TestBroker, tmp_path: Path) -> None:
    random, site = Random(seed), f"storm-{seed}"
    config = write_config(tmp_path, broker, site)
    async with listening_cloud(broker, site) as cloud:
        cloud.say("desired", b"\xc1 kept by the broker", retain=True)
        async with running_agent(config) as agent:
            await agent.until_online()
            cloud.acks = False
            for serial in range(SCANS):
                for _ in range(BAD_A_SCAN):
                    leaf, payload, content_type = nonsense(random)
                    cloud.say(leaf, payload, content_type=content_type, correlation=b"?", answer_to=cloud.topic("rsp"))
                assert (await agent.scan(parcel_label(serial)))["kind"] == "received"
            await agent.until(lambda status: status["uplink"]["broken"] == SCANS * BAD_A_SCAN + 1, "all of it was heard")
            status = await agent.status()
            assert (status["queue"]["event"]["unsent"], status["mode"], status["store"]["state"]) == (SCANS, "receive", "ok")
            assert "rsp" not in cloud.said
            cloud.acks = True
            cloud.acknowledge(*cloud.batches)
            await agent.until_nothing_waits()
            birth = decode_status(cloud.said["status"][-1])
            assert isinstance(birth, Birth)
            assert birth.connect == 1  # the line held
            cloud.say("cmd", Command(id="c-1", nonce=birth.nonce, ttl_s=30, action="identify"), answer_to=cloud.topic("rsp"))
            await until(lambda: cloud.said.get("rsp"), "a response")
            await agent.until_nothing_waits()
    facts = {(one.envelope.epoch, one.event.n): one.event.fact for one in cloud.events()}
    assert len({epoch for epoch, _ in facts}) == 1
    assert Counter(fact.parcel for fact in facts.values() if isinstance(fact, ParcelReceived)) == Counter(
        map(parcel_label, range(SCANS))
    )
    assert [fact.command for fact in facts.values() if isinstance(fact, CommandFinished)] == ["c-1"]
