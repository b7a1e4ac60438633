"""The ingest process: three lanes, presence, floors and replays, metrics; started together, stopped together.

The only place that reads the switches of the fault tests.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping

import structlog

from cloud.config import CloudConfig
from cloud.ingest.answers import Credit
from cloud.ingest.attendant import Attendant
from cloud.ingest.floors import Claims
from cloud.ingest.flush import Answer, Flusher, OnStep, Outcome
from cloud.ingest.keys import ask_no_keys
from cloud.ingest.lane import LaneRunner, LaneSettings, MakeFlusher, Parts
from cloud.ingest.metrics import IngestMetrics
from cloud.ingest.relations import Relations
from cloud.ingest.session import BrokerAddress
from cloud.ingest.supervise import Supervisor
from cloud.metrics_port import metrics_served
from cloud.store.heartbeat import new_instance
from cloud.store.pool import Connection
from cloud.trouble import Trouble
from edge.wire.clock import Clock
from edge.wire.ids import Lane
from edge.wire.topics import shared_uplink_filter

# All replicas share a group: each message goes to one of them. One group a lane: iotcore 0.4 keeps one filter for each group.
GROUP = "ingest"
# Two flushes in work keep the database busy while the next batch is decoded (measured.md); events are few and want no company.
WORKERS = {Lane.EVENT: 1, Lane.LIVE: 2, Lane.BACKFILL: 1}

# So that the wrong ack has left before the kill that a test aims at the commit.
_MUTANT_DAWDLES_S = 0.05

log = structlog.get_logger("ingest")


async def run(config: CloudConfig, clock: Clock) -> None:
    """Until SIGTERM or SIGINT: then nothing more is taken, what is in work is committed and acknowledged, and it returns."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await serve(config, clock, stopping, os.environ, IngestMetrics())


async def serve(
    config: CloudConfig, clock: Clock, stopping: asyncio.Event, switches: Mapping[str, str], metrics: IngestMetrics
) -> None:
    """Ingest until ``stopping`` is set. ``switches`` are the fault tests', empty in production."""
    broker = _address(config)
    claims = Claims()
    instance = new_instance()
    on_step = _fault_step(switches.get("TUANTU_FAULT_STEP", ""))
    relations = Relations(clock, time.monotonic)
    parts = Parts(
        database_url=config.database_url.get_secret_value(),
        broker=broker,
        client_prefix=f"tuantu-ingest-{instance}",
        clock=clock,
        credit=Credit(time.monotonic),
        metrics=metrics,
        make_flusher=_flusher_maker(clock, relations, on_step, switches.get("TUANTU_MUTANT", "")),
        on_step=on_step,
        on_outcome=lambda outcome: claims.hear(outcome.answered),
    )
    served = [Lane(name) for name in config.ingest_lanes.split(",")]
    settings = [LaneSettings(lane, (shared_uplink_filter(f"{GROUP}-{lane}", lane),), WORKERS[lane]) for lane in served]
    lanes = [LaneRunner(one, parts, stopping) for one in settings]
    attendant = Attendant(parts, claims, instance, stopping, relations)
    log.info("ingest starts", broker=f"{broker.host}:{broker.port}", instance=instance, lanes=config.ingest_lanes)
    async with metrics_served(config, metrics.registry), asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(Supervisor(lane.settings.lane.value, lane.serve, stopping, metrics).run())
        group.create_task(Supervisor("presence", attendant.serve, stopping, metrics).run())
    log.info("ingest stopped")


def _address(config: CloudConfig) -> BrokerAddress:
    try:
        return BrokerAddress.parse(config.broker_url.get_secret_value())
    except ValueError as error:
        raise Trouble(str(error), "set TUANTU_BROKER_URL") from None


def _fault_step(text: str) -> OnStep:
    """``name:count``: die by SIGKILL the count-th time the step is reached. "": nothing happens."""
    name, _, count = text.partition(":")
    reached: Counter[str] = Counter()

    def on_step(step: str) -> None:
        reached[step] += 1
        if step == name and reached[step] == int(count or 1):
            os.kill(os.getpid(), signal.SIGKILL)

    return on_step if name else _no_step


def _no_step(_name: str) -> None:
    """Production."""


def _flusher_maker(clock: Clock, relations: Relations, on_step: OnStep, mutant: str) -> MakeFlusher:
    """How a worker's flusher is made: dedupe, commit, then answer; a mutant has one of these wrong."""

    def right(connection: Connection, answer: Answer) -> Flusher:
        return Flusher(connection, clock, relations.admit, after_commit=answer, on_step=on_step)

    def ack_before_commit(connection: Connection, answer: Answer) -> Flusher:
        async def answer_early(outcome: Outcome) -> None:
            answer(outcome)
            await asyncio.sleep(_MUTANT_DAWDLES_S)

        return Flusher(connection, clock, relations.admit, before_commit=answer_early, on_step=on_step)

    def no_dedupe(connection: Connection, answer: Answer) -> Flusher:
        return Flusher(connection, clock, relations.admit, after_commit=answer, on_step=on_step, dedupe=ask_no_keys)

    makers: dict[str, MakeFlusher] = {"": right, "ack-before-commit": ack_before_commit, "no-dedupe": no_dedupe}
    if mutant not in makers:
        raise Trouble(f"TUANTU_MUTANT={mutant} is none of ingest's", "it is for the fault tests only: unset it")
    if mutant:
        log.error("ingest is deliberately wrong: a fault test's mutant", mutant=mutant)
    return makers[mutant]
