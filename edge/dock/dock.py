"""A grid warehouse's dock: a station whose scans mean something else. Sorted, packed, sealed, loaded offline, by the cloud's plan.

Booking, undo, sounds and what people see are ``edge.station.station``'s; each scan is decided by what goes on where it was made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, assert_never, get_args

from edge.devices.ports import Feedback, Reason, Scan, Sound
from edge.dock import books, goods, loading, packing, places, sorting
from edge.dock.known import LoadNow
from edge.dock.places import SHARED, Place
from edge.dock.plan import NO_PLAN, DockPlan, run_key
from edge.dock.progress import Progress
from edge.dock.words import DOCK_REASONS, DockWord
from edge.outbox import Outbox
from edge.outbox.transaction import Execute
from edge.rules.custody import ContainerState
from edge.site_clock import SiteClock
from edge.station.cues import REASONS
from edge.station.day import NO_DAY, Day
from edge.station.decide import ShelfSlot, unknown
from edge.station.results import ScanResult
from edge.station.station import Decide, Station, Who
from edge.station.verdict import Verdict
from edge.wire.ids import EventId, SiteId
from edge.wire.labels import Label, LabelKind
from edge.wire.presence import DockMode, SiteMode


class NotPlannedError(Exception):
    """The plan in force has no such load or run; the text is for staff."""


class Dock(Station):
    """One a process, as a station is."""

    modes: ClassVar[tuple[SiteMode, ...]] = get_args(DockMode)
    reasons: ClassVar[Mapping[str, Reason]] = {**REASONS, **DOCK_REASONS}

    def __init__(
        self, site: SiteId, outbox: Outbox, clock: SiteClock, feedback: Sequence[Feedback], read_monotonic_s: Callable[[], float]
    ) -> None:
        super().__init__(site, outbox, clock, feedback, read_monotonic_s)
        self._kept = outbox
        self._planned: tuple[Day, DockPlan] = (NO_DAY, NO_PLAN)
        self._seats: dict[str, str] = {}
        self.places: dict[str, Place] = {SHARED: Place(dock_mode(self.mode))}
        self.progress = Progress(outbox)

    @property
    def plan(self) -> DockPlan:
        """Of the manifest in force."""
        if self._planned[0] is not self.day:
            self._planned = (self.day, DockPlan.of(self.day.manifest))
        return self._planned[1]

    async def load(self) -> None:
        """Recent acts and places, from the file. What was open under another mode than is in force is closed."""
        await super().load()
        kept = await self._kept.run(lambda store: places.read(store.execute))
        shared = kept.pop(SHARED, None)
        self.places.update(kept)
        if shared is not None and shared.mode == self.mode:
            self.places[SHARED] = shared

    def set_mode(self, mode: SiteMode) -> None:
        """At the shared place, where the open container is closed."""
        super().set_mode(mode)
        shared = self.places[SHARED]
        self.places[SHARED] = replace(shared, mode=dock_mode(self.mode), container="", load="")

    def seat(self, device: str) -> str:
        """The name of the place at which a device works."""
        return device if device in self.places else self._seats.get(device, SHARED)

    async def sit(self, page: str, name: str) -> None:
        """A page works with this scanner from now on, and the scanner no longer at the shared place. NotKeptError."""
        if name not in self.places:
            await self._change(name, Place(dock_mode(self.mode)))
        self._seats[page] = name

    async def share(self, name: str) -> None:
        """A scanner works at the shared place again. NotKeptError."""
        if name == SHARED or name not in self.places:
            return
        await self._kept.transact(lambda transaction: places.drop(transaction.execute, name))
        del self.places[name]
        self._seats = {page: seat for page, seat in self._seats.items() if seat != name}

    async def choose_mode(self, name: str, mode: DockMode) -> None:
        """At a scanner's own place; the shared one's mode is the site's. NotKeptError."""
        await self._change(name, replace(self.places[name], mode=mode, container="", load=""))
        self._seen = {}  # as at the shared place

    async def open_run(self, name: str, run: str) -> None:
        """What is loaded at a place; "": whichever is scanned first. NotPlannedError, NotKeptError."""
        if run and run not in self.plan.runs:
            raise NotPlannedError(f"{run}: the plan has no such run")
        await self._change(name, replace(self.places[name], run=run))

    async def await_container(self, name: str, label: str) -> None:
        """The next container that is scanned at a place takes this load; "": none. NotPlannedError, NotKeptError."""
        if label and label not in self.plan.loads:
            raise NotPlannedError(f"{label}: the plan has no such container")
        await self._change(name, replace(self.places[name], load=label))

    async def seal(self, container: str, who: Who, *, is_short: bool) -> ScanResult:
        """Close a container. NotKeptError."""
        return await self._perform(
            who, lambda execute, plan: packing.seal(books.container(execute, plan, container), is_short=is_short)
        )  # fmt: skip

    async def count_goods(self, container: str, sku: str, quantity: int, who: Who) -> ScanResult:
        """Pieces were counted by hand. NotKeptError."""

        def decide(execute: Execute, plan: DockPlan) -> Verdict:
            known = books.container(execute, plan, container)
            if known.carries is None or not known.is_carrying:
                return Verdict(DockWord.NOT_BOUND, Sound.REFUSED, container=container, detail=sku)
            return goods.pack(sku, known.carries, quantity)

        return await self._perform(who, decide)

    async def take_back(self, container: str, who: Who) -> ScanResult:
        """An empty one came back. NotKeptError."""
        return await self._perform(who, lambda execute, plan: loading.take_back(books.container(execute, plan, container)))

    async def lose(self, container: str, note: str, who: Who) -> ScanResult:
        """Nobody finds it. NotKeptError."""
        return await self._perform(who, lambda execute, plan: loading.lose(books.container(execute, plan, container), note))

    async def undo(self, event: EventId | None, actor: str, reason: str = "") -> ScanResult:
        """As at a station."""
        undone = await super().undo(event, actor, reason)
        self.progress.touched_thing(undone.parcel, undone.container, self.plan)
        return undone

    async def _perform(self, who: Who, decide: Callable[[Execute, DockPlan], Verdict]) -> ScanResult:
        plan, decided, name = self.plan, [Verdict(DockWord.NOT_IN_PLAN, Sound.REFUSED)], self.seat(who.device)
        place = self.places[name]

        def work(execute: Execute, _day: Day) -> Verdict:
            decided[0] = _kept(execute, name, place, decide(execute, plan))
            return decided[0]

        result = await self.act(who, work)
        self._settled(decided[0], who.device)
        return result

    async def _change(self, name: str, place: Place) -> None:
        await self._kept.transact(lambda transaction: places.keep(transaction.execute, name, place))
        self.places[name] = place

    def _read(self, scan: Scan) -> Label | ShelfSlot:
        read = super()._read(scan)
        if isinstance(read, ShelfSlot):
            return Label(LabelKind.UNKNOWN, scan.text, "not a parcel, container or product label")
        return read

    def _meaning(self, scan: Scan, label: Label, _actor: str, _at_s: float) -> Decide:
        plan, name = self.plan, self.seat(scan.device)
        place = self.places[name]

        def decide(execute: Execute, day: Day) -> Verdict:
            sku = day.sku_of_ean.get(label.text, "") if label.kind is LabelKind.PRODUCT else ""
            if sku in plan.of_sku:
                return _kept(execute, name, place, _decide_goods(execute, plan, place, sku))
            return _kept(execute, name, place, _decide(execute, plan, place, label, scan.symbology))

        return decide

    def _settled(self, verdict: Verdict, device: str) -> None:
        name = self.seat(device)
        self.places[name] = places.after(self.places[name], verdict)
        self.progress.touched(verdict.facts, self.plan)


def dock_mode(mode: SiteMode) -> DockMode:
    """The mode of a dock. ValueError: it is one of a station's."""
    match mode:
        case "sort" | "pack" | "seal" | "load" | "empties":
            return mode
        case _:
            raise ValueError(f"mode: want one of {', '.join(get_args(DockMode))}, got {mode}")


def _kept(execute: Execute, name: str, place: Place, verdict: Verdict) -> Verdict:
    """What goes on at a place after an act is in the act's own commit: a crash after it forgets nothing."""
    after = places.after(place, verdict)
    if after != place:
        places.keep(execute, name, after)
    return verdict


def _decide(execute: Execute, plan: DockPlan, place: Place, label: Label, symbology: str) -> Verdict:
    """Read what a scan's meaning depends on, and decide."""
    match label.kind:
        case LabelKind.PARCEL:
            return _decide_parcel(execute, plan, place, label.text)
        case LabelKind.CONTAINER:
            return _decide_container(execute, plan, place, label.text)
        case LabelKind.PRODUCT:
            return unknown(label.text, symbology, "a product, not a parcel")
        case _:
            return unknown(label.text, symbology, label.reason)


def _decide_parcel(execute: Execute, plan: DockPlan, place: Place, label: str) -> Verdict:
    match place.mode:
        case "sort":
            return sorting.sort(books.parcel(execute, plan, label))
        case "pack":
            into = books.container(execute, plan, place.container) if place.container else None
            return packing.pack(books.parcel(execute, plan, label), into.carries if into and into.is_carrying else None)
        case "seal" | "load" | "empties":
            return Verdict(DockWord.WANT_CONTAINER, Sound.REFUSED, parcel=label)
        case _:
            assert_never(place.mode)


def _said_short(execute: Execute, plan: DockPlan, loaded: Verdict) -> Verdict:
    """A van that is full, with something that was sealed short in it, is not simply complete."""
    if loaded.word is not DockWord.RUN_FULL or loaded.sound is not Sound.OK:
        return loaded
    of_run = (books.load(execute, one, with_parcels=True) for one in plan.runs.get(loaded.detail, ()))
    is_short = any(one.lacks for one in of_run if one.state is ContainerState.LOADED)
    return loaded._replace(sound=Sound.ATTENTION) if is_short else loaded


def _decide_goods(execute: Execute, plan: DockPlan, place: Place, sku: str) -> Verdict:
    match place.mode:
        case "sort":
            return goods.call(sku, books.first_lacking(execute, plan, sku))
        case "pack":
            into = books.container(execute, plan, place.container) if place.container else None
            open_load = into.carries if into and into.is_carrying else None
            return goods.pack_scanned(sku, open_load, books.first_lacking(execute, plan, sku))
        case "seal" | "load" | "empties":
            return Verdict(DockWord.WANT_CONTAINER, Sound.REFUSED, detail=sku)
        case _:
            assert_never(place.mode)


def _run(execute: Execute, plan: DockPlan, run: str) -> list[LoadNow]:
    return [books.load(execute, one) for one in plan.runs.get(run, ())]


def _decide_container(execute: Execute, plan: DockPlan, place: Place, label: str) -> Verdict:
    known = books.container(execute, plan, label)
    match place.mode:
        case "sort":
            lane = known.carries.load.lane if known.carries else ""
            return Verdict(DockWord.WANT_PARCEL, Sound.REFUSED, container=label, place=lane)
        case "pack":
            target = plan.loads.get(place.load)
            return packing.open_container(known) if target is None else packing.bind(known, books.load(execute, target))
        case "seal":
            return packing.seal(known)
        case "load":
            of_run = _run(execute, plan, run_key(known.carries.load)) if known.carries else []
            # What was open and lacks nothing any more, for the last that lacked was lost, is closed: another may begin.
            is_open = loading.next_to_load(_run(execute, plan, place.run)) is not None
            return _said_short(execute, plan, loading.load(known, place.run if is_open else "", of_run))
        case "empties":
            return loading.take_back(known)
        case _:
            assert_never(place.mode)
