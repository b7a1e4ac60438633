"""The process's connection to the broker: OwnTracks by MQTT comes in, notices for the live gateways go out.

The broker's rules say that a user publishes under its own name only; a message is acknowledged to the broker once it is kept.
While the database is away the broker keeps what is not acknowledged. A notice is only a hint.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from cloud.domain.notices import RoomNotice, encode_notices
from cloud.mqtt.client import LoopClient
from cloud.mqtt.loop import PahoLoop
from cloud.mqtt.publish import Publish
from cloud.mqtt.standing import Standing
from cloud.positions import owntracks
from cloud.positions.intake import Intake
from cloud.positions.messages import Caller, Message
from cloud.positions.report import ReportError
from cloud.store.pool import Unavailable
from cloud.store.trackers import TrackerProtocol
from edge.wire.clock import Clock
from edge.wire.topics import room_notice

# Replicas share the messages; a retained one is old, and the app sends the newest again by itself.
FILTER = f"$share/positions/{owntracks.TOPIC_ROOT}/+/+"
NOTICES = room_notice("rooms")
_KEEP_AGAIN_S = 1.0
_WORKING = 500  # messages in work at once; beyond it the broker waits for acknowledgements

log = structlog.get_logger("positions")


@dataclass(slots=True)
class BrokerLine:
    """``run`` until cancelled."""

    url: str
    clock: Clock
    _client: LoopClient | None = None
    _driver: PahoLoop | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def publish(self, notices: Sequence[RoomNotice]) -> None:
        """Hint to the live gateways; lost where the broker is away."""
        if notices and self._client is not None and self._driver is not None:
            self._client.publish(NOTICES, encode_notices(notices), qos=0)
            self._driver.flush()

    async def run(self, intake: Intake) -> None:
        """Connect, listen until it is lost, again."""

        def take(client: LoopClient, message: Publish) -> None:
            task = asyncio.ensure_future(self._take(client, intake, message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        await Standing(self.url, "tuantu-positions", FILTER, 1, take, self._up, self._down, receive_maximum=_WORKING).run()

    def _up(self, client: LoopClient, driver: PahoLoop) -> None:
        self._client, self._driver = client, driver
        log.info("broker connected")

    def _down(self, why: str) -> None:
        self._client = self._driver = None
        log.warning("broker lost", why=why)

    async def _take(self, client: LoopClient, intake: Intake, message: Publish) -> None:
        user = owntracks.user_of(message.topic or "")
        if user is not None:
            await self._keep(intake, self._read(Caller(TrackerProtocol.OWNTRACKS, None, user), message))
        if message.qos:
            client.ack(message.mid, message.qos)
            if self._driver is not None:
                self._driver.flush()

    async def _keep(self, intake: Intake, message: Message) -> None:
        """Until it is kept. The broker has told the phone that it has it, so nobody sends it again."""
        while True:
            try:
                await intake.take(message)
            except Unavailable:
                await asyncio.sleep(_KEEP_AGAIN_S)
            else:
                return

    def _read(self, caller: Caller, message: Publish) -> Message:
        now_ms = self.clock.now_ms()
        try:
            return Message(caller, now_ms, message.payload, "application/json", owntracks.decode(message.payload))
        except ReportError as error:
            return Message(caller, now_ms, message.payload, "application/json", None, str(error))
