"""A storm of nonsense among good batches: nothing good is lost or doubled, nothing bad gets in, and nobody stops working."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import msgspec
import pytest

from edge.wire.codec import JSON, MSGPACK
from edge.wire.envelope import digest
from edge.wire.ids import Lane
from edge.wire.messages import MAX_MS, ParcelReceived
from tests.cloud.ingest.sites import Batch, TestSite, Uplink, count, rows, running_ingest, until, uplink_of
from tests.conftest import TestBroker

pytestmark = pytest.mark.faults

GOOD = 120
BAD = 240


def sealed(batch: Batch, payload: bytes, content_type: str = MSGPACK) -> Batch:
    """Other bytes, honestly sealed."""
    return replace(batch, payload=payload, envelope=batch.envelope._replace(sha256=digest(payload)), content_type=content_type)


def changed(batch: Batch, change: Callable[[dict[str, Any]], None]) -> Batch:
    body = msgspec.msgpack.decode(batch.payload)
    change(body["events"][0])
    return sealed(batch, msgspec.msgpack.encode(body))


def with_fact(batch: Batch, **fact: object) -> Batch:
    return changed(batch, lambda event: event.update(fact=fact))


# Each makes, of a good batch of events, one that must not be applied as it is.
MUTATIONS: tuple[Callable[[Random, Batch], Batch], ...] = (
    lambda random, batch: sealed(batch, random.randbytes(random.randint(0, 300))),
    lambda random, batch: sealed(batch, batch.payload[: random.randrange(len(batch.payload))]),
    lambda _, batch: sealed(batch, batch.payload + b"\0"),
    lambda _, batch: sealed(batch, batch.payload, JSON),
    lambda _, batch: sealed(batch, batch.payload, "text/plain"),
    lambda _, batch: sealed(batch, b'{"events":' + b"[" * 50_000 + b"]" * 50_000 + b"}", JSON),
    lambda _, batch: sealed(batch, b'{"events":[{"n":' + b"9" * 5_000 + b"}]}", JSON),
    lambda random, batch: sealed(batch, random.randbytes(300_000)),
    lambda _, batch: replace(batch, payload=batch.payload + b" "),
    lambda _, batch: with_fact(batch, kind="parcel_teleported", parcel="BAD"),
    lambda _, batch: with_fact(batch, kind="parcel_received", parcel="BAD\0"),
    lambda _, batch: with_fact(batch, kind="parcel_received", parcel=""),
    lambda _, batch: with_fact(batch, kind="parcel_received", parcel="B" * 600),
    lambda _, batch: with_fact(batch, kind="parcel_received", parcel=math.nan),
    lambda _, batch: with_fact(batch, kind="event_undone", target="nobody/at/all"),
    lambda _, batch: with_fact(batch, kind="clock_corrected", boot=2**31, offset_ms=0),
    lambda _, batch: with_fact(batch, kind="clock_corrected", boot=1, offset_ms=2**62),
    lambda _, batch: changed(batch, lambda event: event.update(hlc=2**63 - 1)),
    lambda _, batch: changed(batch, lambda event: event.update(n=0)),
    lambda _, batch: changed(batch, lambda event: event.update(n=-(2**63))),
    lambda _, batch: changed(batch, lambda event: event.update(measured_at_ms=MAX_MS + 1)),
    lambda _, batch: changed(batch, lambda event: event.update(boot=2**40)),
    lambda _, batch: replace(batch, envelope=batch.envelope._replace(schema=2)),
    lambda _, batch: replace(batch, topic=batch.topic.replace("/event", "/live")),
)


def break_properties(random: Random, batch: Batch) -> list[tuple[str, str]]:
    properties = batch.envelope.properties()
    index = random.randrange(len(properties))
    name = properties[index][0]
    match random.randrange(4):
        case 0:
            del properties[index]
        case 1:
            properties[index] = (name, random.choice(("", "-1", "1e9", "x" * 5_000, "ü", "9" * 30)))
        case 2:
            properties.append((name, "1"))
        case _:
            properties = []
    return properties


def throw(random: Random, link: Uplink, site: TestSite) -> None:
    """One piece of nonsense, from a site of its own."""
    batch = site.scans(ParcelReceived(parcel="BAD"))
    roll = random.randrange(10)
    if roll == 0:
        link.send(batch, properties=break_properties(random, batch))
    elif roll == 1:
        topic = random.choice(("tt/v1/green/NO SITE/up/event", "tt/v1/green/x y/up/live", "tt/v1//x/up/event"))
        link.publish(topic, batch.payload, MSGPACK, batch.envelope.properties())
    elif roll == 2:
        status = random.choice((b"\xff", json.dumps({"kind": "birth"}).encode(), b'{"kind":"will","boot":99999999999,"connect":1}'))
        link.publish(f"tt/v1/green/{site.site}/status", status, random.choice((JSON, MSGPACK)))
    else:
        link.send(random.choice(MUTATIONS)(random, batch))


@pytest.mark.parametrize("seed", range(2))
async def test_good_batches_pass_through_a_storm_of_bad_ones(seed: int, database_url: str, broker: TestBroker) -> None:
    random = Random(seed)
    site, stranger = TestSite(f"good-{seed}"), TestSite(f"bad-{seed}")
    turns = ["good"] * GOOD + ["bad"] * BAD
    random.shuffle(turns)
    async with running_ingest(database_url, broker, site, stranger), uplink_of(site, broker) as link:
        for number, turn in enumerate(turns):
            if turn == "bad":
                throw(random, link, stranger)
            else:
                link.send(site.scans(ParcelReceived(parcel=f"G{number}")))
                link.send(site.readings([float(number)]))
        await until(lambda: len(set(link.acked())) == GOOD and len(set(link.acked(Lane.LIVE))) == GOOD, timeout_s=40)
    held = rows(database_url, "SELECT fact->>'parcel', count(*) FROM event WHERE site_id = %s GROUP BY 1", site.site)
    assert sorted(held) == sorted((f"G{number}", 1) for number, turn in enumerate(turns) if turn == "good")
    assert (
        count(database_url, "SELECT count(*) FROM reading r JOIN sensor s ON s.id = r.sensor_id WHERE s.site_id = %s", site.site)
        == GOOD
    )
    assert count(database_url, "SELECT count(*) FROM event WHERE site_id = %s", stranger.site) == 0
    assert count(database_url, "SELECT count(*) FROM quarantine WHERE site_id = %s", site.site) == 0
    kept = dict(rows(database_url, "SELECT reason, sum(seen)::int FROM quarantine GROUP BY 1"))
    assert {"payload", "properties", "schema", "hash", "size", "topic"} <= kept.keys()


@pytest.mark.parametrize("mutate", MUTATIONS)
async def test_each_kind_of_bad_batch_is_kept_with_its_reason(
    mutate: Callable[[Random, Batch], Batch], database_url: str, broker: TestBroker
) -> None:
    site = TestSite(f"one-bad-{MUTATIONS.index(mutate)}")
    async with running_ingest(database_url, broker, site), uplink_of(site, broker) as link:
        link.send(mutate(Random(1), site.scans(ParcelReceived(parcel="BAD"))))
        await until(lambda: count(database_url, "SELECT count(*) FROM quarantine WHERE site_id = %s", site.site) == 1)
        link.send(site.scans(ParcelReceived(parcel="GOOD")))
        await until(lambda: 2 in link.acked())
    ((reason, detail),) = rows(database_url, "SELECT reason, detail FROM quarantine WHERE site_id = %s", site.site)
    assert ": " in detail
    assert len(detail) < 500
    assert (1 in link.acked()) == (reason in ("payload", "schema", "size"))  # it is known which batch it is, and all of it is kept
    assert rows(database_url, "SELECT fact->>'parcel' FROM event WHERE site_id = %s", site.site) == [("GOOD",)]
