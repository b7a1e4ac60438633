"""The agent's state as the staff page sees it. Reads only."""

from collections.abc import Callable
from dataclasses import dataclass

from edge.config import EdgeConfig
from edge.devices.ports import DeviceHealth
from edge.downlink import Downlink
from edge.http.forms import (
    CardView,
    ClockView,
    ComingView,
    DeviceView,
    FetchedView,
    LaneView,
    OtherView,
    ScanView,
    StatusView,
    StoreView,
    UplinkView,
    VanView,
)
from edge.outbox import Outbox, OutboxDepth
from edge.site_clock import SiteClock
from edge.station.coming import Coming, ComingBook
from edge.station.results import ScanResult
from edge.station.station import Station
from edge.uplink import Uplink
from edge.wire.clock import Clock
from edge.wire.manifest import OtherParcel


@dataclass(frozen=True, slots=True)
class Views:
    """Made once; every call looks anew."""

    config: EdgeConfig
    version: str
    clock: Clock
    site_clock: SiteClock
    outbox: Outbox
    station: Station
    uplink: Uplink
    downlink: Downlink
    read_devices: Callable[[], list[DeviceHealth]]
    read_monotonic_s: Callable[[], float]
    coming: ComingBook

    def clock_view(self) -> ClockView:
        """What time the site believes it is."""
        return ClockView(
            now_ms=self.site_clock.now_ms(),
            rate=self.clock.rate,
            simulated=self.clock.is_simulated,
            quality=self.site_clock.quality.value,
        )

    @property
    def triggered(self) -> frozenset[str]:
        """Scanners that are set up to be told to read."""
        return frozenset(scanner.name for scanner in self.config.scanner if scanner.trigger is not None)

    async def status(self) -> StatusView:
        """As of now."""
        depth = await self.outbox.run(lambda store: store.depth())
        tables, triggered = self.config.tables_of_devices(), self.triggered
        last = self.station.results[0] if self.station.results else None
        manifest = self.station.day.manifest
        return StatusView(
            site=self.config.site.id,
            operator=self.config.site.operator,
            name=self.config.site.name,
            version=self.version,
            epoch=str(depth.epoch),
            boot=depth.boot,
            kind=self.config.site.kind,
            mode=self.station.mode,
            manifest=manifest.version if manifest else 0,
            clock=self.clock_view(),
            uplink=UplinkView(
                online=self.uplink.is_online,
                last_sync_ms=depth.last_sync_ms,
                error=self.uplink.last_error,
                broken=self.downlink.broken,
            ),
            queue={
                lane.value: LaneView(unsent=one.batches + one.readings, oldest_ms=one.oldest_ms)
                for lane, one in depth.lanes.items()
            },
            store=store_view(depth),
            devices=[
                DeviceView(
                    name=health.device,
                    kind=tables[health.device],
                    state=health.state.value,
                    detail=health.detail,
                    since_ms=health.since_ms,
                    can_read=health.device in triggered,
                )
                for health in self.read_devices()
            ],
            cards=[
                CardView(question=one.question, device=one.device, actor=one.actor, opened_ms=one.opened_ms)
                for one in self.station.benches.cards(self.read_monotonic_s())
            ],
            coming=coming_view(self.coming.now),
            last_scan=None if last is None else scan_view(last),
        )


def coming_view(coming: Coming) -> ComingView:
    """Which vans come."""
    vans = [
        VanView(
            run=one.run, state=one.state, planned_ms=one.planned_ms, early_ms=one.early_ms, late_ms=one.late_ms,
            stops_before=one.stops_before, as_of_ms=one.as_of_ms, is_estimate=one.is_estimate, containers=dict(one.containers),
        )
        for one in coming.vans
    ]  # fmt: skip
    return ComingView(said_ms=coming.said_ms, vans=vans)


def store_view(depth: OutboxDepth) -> StoreView:
    """Whether scans are being kept."""
    damaged = sum(lane.damaged for lane in depth.lanes.values())
    state = StoreView(state="ok", detail=depth.damage, bytes=depth.file_bytes, synchronous=depth.synchronous == 2, damaged=damaged)
    if depth.trouble:
        detail = "; ".join(one for one in (depth.trouble, depth.damage) if one)
        return state.model_copy(update={"state": "full" if depth.is_full else "failed", "detail": detail})
    return state


def other_view(other: OtherParcel) -> OtherView:
    """Whose it is."""
    return OtherView(why=other.why, station=other.station, day=other.day)


def scan_view(result: ScanResult) -> ScanView:
    """One scan."""
    return ScanView(
        id="" if result.event is None else str(result.event),
        at_ms=result.at_ms,
        text=result.text,
        parcel=result.parcel,
        slot=result.slot,
        device=result.device,
        kind=result.kind.value,
        sound="" if result.sound is None else result.sound.value,
        detail=result.detail,
        undone=result.is_undone,
        can_undo=result.can_undo,
        word=result.word,
        container=result.container,
        count=result.amount,
        of=result.of,
        actor=result.actor,
        question=result.question,
        undone_by=result.undone_by,
        gone_ms=result.gone_ms,
        gone_how=result.gone_how,
        fetched=[
            FetchedView.model_validate({"parcel": one.parcel, "place": one.place, "zone": one.zone, "cell": one.is_cell})
            for one in result.fetched
        ],
        other=None if result.other is None else other_view(result.other),
        heard_s=result.heard_s,
        booked_s=result.booked_s,
    )
