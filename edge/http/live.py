"""Who looks at the staff page now, and what they are told: scans and alarms at once, the status on change and every two seconds."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from edge.cold_chain.records import AlarmRecord
from edge.http.alarm_views import alarm_view
from edge.http.forms import StatusView
from edge.http.views import Views, scan_view
from edge.station.results import ScanResult

STATUS_EVERY_S = 2.0
MAX_WATCHERS = 50  # a station has a handful of screens; each costs a status every two seconds
MAX_UNREAD = 100  # overflow policy: the watcher is let go; the page comes back and reads everything anew

News = ScanResult | AlarmRecord | None  # None: the status is another


class TooManyWatchersError(Exception):
    """The text is for the page."""


class Watchers:
    """``told`` by the station and the uplink; ``watch`` is one page's stream of JSON texts."""

    def __init__(self, views: Views, read_monotonic_s: Callable[[], float]) -> None:
        self._views = views
        self._read_monotonic_s = read_monotonic_s
        self._queues: set[asyncio.Queue[News]] = set()
        self.has_ended = False

    def told_scan(self, result: ScanResult) -> None:
        """A scan was handled, or undone."""
        self._put(result)

    def told_alarm(self, record: AlarmRecord) -> None:
        """An alarm was raised, became more severe, was seen, cleared or closed."""
        self._put(record)

    def told_change(self) -> None:
        """The status is another."""
        self._put(None)

    def end(self) -> None:
        """The agent stops: all streams end now, and not only with their next status."""
        self.has_ended = True
        for queue in list(self._queues):
            self._queues.discard(queue)
            if queue.empty():
                queue.put_nowait(None)

    async def watch(self) -> AsyncIterator[str]:
        """The status first; ends where the page does not keep up."""
        if len(self._queues) >= MAX_WATCHERS:
            raise TooManyWatchersError(f"{MAX_WATCHERS} pages look on already; close some")
        queue: asyncio.Queue[News] = asyncio.Queue(MAX_UNREAD)
        self._queues.add(queue)
        try:
            yield await self._status()
            while queue in self._queues:
                news: News = None
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(STATUS_EVERY_S):
                        news = await queue.get()
                if self.has_ended:
                    return
                match news:
                    case ScanResult():
                        yield f'{{"type":"scan","scan":{scan_view(news).model_dump_json()}}}'
                    case AlarmRecord():
                        yield f'{{"type":"alarm","alarm":{alarm_view(news, self._views.station.day).model_dump_json()}}}'
                if queue.empty():
                    yield await self._status()
        finally:
            self._queues.discard(queue)

    async def _status(self) -> str:
        """For a page that is there to be read."""
        self._views.station.benches.shown(self._read_monotonic_s())
        return status_text(await self._views.status())

    def _put(self, news: News) -> None:
        for queue in list(self._queues):
            try:
                queue.put_nowait(news)
            except asyncio.QueueFull:
                self._queues.discard(queue)


def status_text(status: StatusView) -> str:
    """As the page reads it."""
    return f'{{"type":"status","status":{status.model_dump_json()}}}'
