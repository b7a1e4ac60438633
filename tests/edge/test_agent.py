"""The agent on a real broker: what it says, what it does with what it hears, what it never forgets."""

import time
from pathlib import Path

import msgspec
import pytest

from edge.outbox import Reading, Store
from edge.wire.codec import decode_reported, decode_status
from edge.wire.envelope import mark
from edge.wire.ids import Lane
from edge.wire.labels import parcel_label
from edge.wire.messages import (
    Ack,
    Birth,
    ClockQuality,
    ComingVan,
    Command,
    CommandFinished,
    Desired,
    Nack,
    ParcelReceived,
    Resend,
    Will,
)
from tests.conftest import TestBroker
from tests.edge.agents import listening_cloud, running_agent, until, write_config
from tests.edge.outbox.sites import settings

pytestmark = pytest.mark.slow


async def test_a_scan_travels_as_it_was_sealed_and_leaves_when_the_cloud_has_it(broker: TestBroker, tmp_path: Path) -> None:
    config = write_config(tmp_path, broker, "agent-1")
    async with listening_cloud(broker, "agent-1") as cloud, running_agent(config) as agent:
        await agent.until_online()
        scan = await agent.scan(parcel_label(1))
        (sent,) = await until(cloud.events, "the event")
        assert sent.event.fact == ParcelReceived(parcel=parcel_label(1))
        assert sent.content_type == "application/msgpack"
        assert scan["id"] == f"agent-1/{sent.envelope.epoch}/{sent.event.n}"
        assert (sent.envelope.floor, sent.envelope.kept) == (1, 1)
        await agent.until_nothing_waits()
        assert (await agent.status())["uplink"]["last_sync_ms"] is not None


async def test_birth_and_rules_are_said_at_connection_and_the_stop_is_said_too(broker: TestBroker, tmp_path: Path) -> None:
    config = write_config(tmp_path, broker, "agent-2")
    async with listening_cloud(broker, "agent-2") as cloud:
        async with running_agent(config) as agent:
            await agent.until_online()
            birth = decode_status((await until(lambda: cloud.said.get("status"), "a birth"))[0])
            assert isinstance(birth, Birth)
            assert (birth.boot, birth.connect, birth.epoch) == (1, 1, (await agent.status())["epoch"])
            reported = decode_reported((await until(lambda: cloud.said.get("reported"), "a report"))[0])
            assert (reported.boot, reported.connect, reported.mode) == (1, 1, "receive")
        await until(lambda: len(cloud.said["status"]) == 2, "the stop")
        assert decode_status(cloud.said["status"][1]) == Will(boot=1, connect=1, stopped=True)


async def test_what_is_not_acknowledged_comes_again_after_a_restart_byte_by_byte(broker: TestBroker, tmp_path: Path) -> None:
    config = write_config(tmp_path, broker, "agent-3")
    async with listening_cloud(broker, "agent-3") as cloud:
        cloud.acks = False
        async with running_agent(config) as agent:
            for serial in range(3):
                await agent.scan(parcel_label(serial))
            await until(lambda: len(cloud.events()) >= 3, "three events")
        first = {(one.envelope.epoch, one.envelope.seq, one.payload) for one in cloud.events()}
        cloud.batches.clear()
        cloud.acks = True
        async with running_agent(config) as agent:
            await until(lambda: len(cloud.events()) >= 3, "all three again")
            await agent.until_nothing_waits()
        assert {(one.envelope.epoch, one.envelope.seq, one.payload) for one in cloud.events()} == first
        assert len(first) == 3


async def test_a_refused_content_goes_on_under_a_new_epoch_once(broker: TestBroker, tmp_path: Path) -> None:
    config = write_config(tmp_path, broker, "agent-4")
    async with listening_cloud(broker, "agent-4") as cloud, running_agent(config) as agent:
        cloud.acks = False
        await agent.scan(parcel_label(1))
        refused = (await until(cloud.events, "the event"))[0]
        cloud.acks = True
        for _ in range(2):
            cloud.say(
                "ack",
                Nack(
                    epoch=str(refused.envelope.epoch),
                    lane="event",
                    seq=refused.envelope.seq,
                    mark=mark(refused.envelope.sha256),
                    reason="conflict",
                    cloud_time_ms=int(time.time() * 1000),
                ),
            )
        await agent.until_nothing_waits()
        (moved,) = {one.envelope[:3]: one for one in cloud.events() if one.envelope.epoch != refused.envelope.epoch}.values()
        assert (moved.envelope.seq, moved.event.fact, moved.event.hlc) == (1, refused.event.fact, refused.event.hlc)


async def test_a_restored_cloud_gets_what_it_lost_byte_by_byte(broker: TestBroker, tmp_path: Path) -> None:
    config = write_config(tmp_path, broker, "agent-5")
    async with listening_cloud(broker, "agent-5") as cloud, running_agent(config) as agent:
        for serial in range(4):
            await agent.scan(parcel_label(serial))
        await until(lambda: len(cloud.events()) == 4, "four events")
        await agent.until_nothing_waits()
        first = cloud.events()
        epoch = str(first[0].envelope.epoch)
        cloud.say("ack", Resend(epoch=epoch, lane="event", from_seq=2, to_seq=3, cloud_time_ms=int(time.time() * 1000)))
        await until(lambda: len(cloud.events()) == 6, "two again")
        await agent.until_nothing_waits()
        assert [one.payload for one in cloud.events()[4:]] == [one.payload for one in first[1:3]]


async def test_a_command_is_answered_where_it_asked_and_its_result_is_an_event(broker: TestBroker, tmp_path: Path) -> None:
    config = write_config(tmp_path, broker, "agent-6")
    async with listening_cloud(broker, "agent-6") as cloud, running_agent(config) as agent:
        await agent.until_online()
        birth = decode_status((await until(lambda: cloud.said.get("status"), "a birth"))[0])
        assert isinstance(birth, Birth)
        command = Command(id="c-1", nonce=birth.nonce, ttl_s=30, action="identify")
        cloud.say("cmd", command, correlation=b"42", answer_to=cloud.topic("rsp"))
        await until(lambda: cloud.said.get("rsp"), "a response")
        assert b"42" in cloud.correlations
        facts = await until(lambda: [one.event.fact for one in cloud.events()], "the result")
        assert facts == [CommandFinished(command="c-1", outcome="done")]


async def test_desired_rules_come_into_force_and_are_reported(broker: TestBroker, tmp_path: Path) -> None:
    config = write_config(tmp_path, broker, "agent-7")
    async with listening_cloud(broker, "agent-7") as cloud:
        cloud.say("desired", Desired(version=9, hlc=5, mode="release"), retain=True)
        async with running_agent(config) as agent:
            await until(lambda: [one for one in cloud.said.get("reported", []) if decode_reported(one).version == 9], "the report")
            assert (await agent.status())["mode"] == "release"
            # Staff choose another mode; what is said of vans comes under the same version and takes nothing of it back.
            await agent.http.post("/api/mode", json={"mode": "count"})
            van = ComingVan(run="A1", state="departed", early_ms=1, late_ms=2, stops_before=0, containers={"frozen": 1})
            cloud.say("desired", Desired(version=9, hlc=6, mode="release", coming=(van,), coming_at_ms=7), retain=True)
            status = await agent.until(lambda status: bool(status["coming"]["vans"]), "the van")
            assert (status["mode"], status["coming"]["said_ms"]) == ("count", 7)
            assert status["coming"]["vans"][0]["containers"] == {"frozen": 1}


async def test_the_past_comes_under_credit_and_completely(broker: TestBroker, tmp_path: Path) -> None:
    config = write_config(tmp_path, broker, "agent-8")
    config.data_dir.mkdir()
    with Store(settings(config.data_dir, site="agent-8", machine="x"), 0) as store:
        readings = [Reading("fridge.t_c", 1_000_000 + one, float(one % 10)) for one in range(3_000)]
        store.keep_readings(readings, ClockQuality.SYNCED)
    async with listening_cloud(broker, "agent-8") as cloud:
        cloud.acks, cloud.credit = False, 2  # before the agent can have connected

        def past() -> set[int]:
            """Whatever came twice for want of an ack is one."""
            return {one.envelope.seq for one in cloud.of_lane(Lane.BACKFILL)}

        async with running_agent(config) as agent:
            await until(past, "the first, before any credit")
            assert past() == {1}
            cloud.acknowledge(cloud.of_lane(Lane.BACKFILL)[0])
            await until(lambda: len(past()) >= 3, "as many as the credit")
            await agent.scan(parcel_label(1))
            await until(cloud.events, "the event, which needs no credit")
            assert past() == {1, 2, 3}
            cloud.acks = True
            cloud.acknowledge(*cloud.batches)
            await agent.until_nothing_waits()
            assert past() == {1, 2, 3, 4, 5, 6}


async def test_broken_messages_from_above_change_nothing(broker: TestBroker, tmp_path: Path) -> None:
    config = write_config(tmp_path, broker, "agent-9")
    async with listening_cloud(broker, "agent-9") as cloud, running_agent(config) as agent:
        await agent.until_online()
        cloud.acks = False
        await agent.scan(parcel_label(1))
        sent = (await until(cloud.events, "the event"))[0]
        now_ms = int(time.time() * 1000)
        good = Ack(epoch=str(sent.envelope.epoch), lane="event", seqs=[1], marks=[0], credit=1, cloud_time_ms=now_ms, hlc=0)
        for leaf, message in (
            ("ack", b"\xc1 not msgpack"),
            ("ack", b"x" * 300_000),
            ("ack", msgspec.structs.replace(good, marks=[])),
            ("ack", msgspec.structs.replace(good, epoch="nobody's")),
            ("ack", msgspec.structs.replace(good, lane="fast")),
            ("cmd", b"{}"),
            ("desired", b"\x90"),
        ):
            cloud.say(leaf, message)
        assert (await agent.status())["queue"]["event"]["unsent"] == 1
        cloud.acks = True
        cloud.acknowledge(*cloud.batches)  # the last of them is still understood
        await agent.until_nothing_waits()
        assert {one.envelope.epoch for one in cloud.events()} == {sent.envelope.epoch}


async def test_scans_are_booked_while_there_is_no_broker_at_all(broker: TestBroker, tmp_path: Path) -> None:
    config = write_config(tmp_path, TestBroker("127.0.0.1", 9, "u", "p", "", "none"), "agent-10")
    async with running_agent(config) as agent:
        assert (await agent.scan(parcel_label(1)))["kind"] == "received"
        status = await agent.status()
        assert (status["uplink"]["online"], status["queue"]["event"]["unsent"]) == (False, 1)
    config = write_config(tmp_path, broker, "agent-10")
    async with listening_cloud(broker, "agent-10") as cloud, running_agent(config) as agent:
        (sent,) = await until(cloud.events, "the event of the outage")
        assert sent.event.boot == 1
        await agent.until_nothing_waits()
