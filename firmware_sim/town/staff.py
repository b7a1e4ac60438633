"""One station's staff: do what the day's plan says when the Clock says so, with the scanner in the hand and an eye on the page.

A step counts as done when the agent's page shows it as booked; a scan that nothing came of is scanned again, as people do.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from urllib.parse import quote

import structlog

from edge.wire.clock import Clock, to_ms
from edge.wire.ids import Lane
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.terminal import UnpluggedError
from firmware_sim.town.arrivals import Bag, steps, truth_of
from firmware_sim.town.cabinet import Cabinet
from firmware_sim.town.counter import Counter
from firmware_sim.town.goods_in import GoodsIn
from firmware_sim.town.hands import Hands, NotBookedError, RefusedError
from firmware_sim.town.hops import Pressed, hops_of
from firmware_sim.town.memory import Memory
from firmware_sim.town.office import Office
from firmware_sim.town.page import ContainerPage, DayPage, Page, StatusPage, Terminal
from firmware_sim.town.plan import DAY_ENDS_H, PlannedOrder, at, known_dates, service_date
from firmware_sim.town.rest import RestError
from firmware_sim.town.rounds import Round
from firmware_sim.town.settings import Station, TownSettings
from firmware_sim.town.steps import Step, StepKind, Visit, Way
from firmware_sim.town.van import Stop

TICK_S = 0.2  # of real time, between two looks at the Clock
AGAIN_S = 5.0  # after something did not work
MOST_TRIES = 12  # with a step that the page refuses, a minute for the next list to come; then it is left, and said so

_RELEASE, _RECEIVE = "release", "receive"
# By the page alone, whatever scans mean just now.
_BY_PAGE = (
    StepKind.CLEAR,
    StepKind.GIVE_BACK,
    StepKind.SEND_BACK,
    StepKind.REPORT,
    StepKind.FINISH,
    StepKind.EMPTY,
    StepKind.DISPOSE,
)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Progress:
    """With some of a day's steps. ``due_ms``: when the last of them is to be done; None: the day is not planned yet."""

    due_ms: int | None
    is_done: bool


class Staff:
    """Runs one station's day; ``live`` owns it."""

    def __init__(
        self,
        station: Station,
        scanner: SimulatedScanner | None,
        office: Office,
        memory: Memory,
        clock: Clock,
        settings: TownSettings,
        round_: Round,
        cabinet: Cabinet | None = None,
    ) -> None:
        self.station = station
        self.hands = Hands(scanner, Page(station.agent_url, settings.pin))
        self._office = office
        self._memory = memory
        self._clock = clock
        self._settings = settings
        self._round = round_
        self._goods = GoodsIn(station.id, self.hands, cabinet)
        self._counter = Counter(station.id, self.hands, office, cabinet, Terminal(station.agent_url, settings.pin))
        self._plans: dict[date, list[Step]] = {}
        self._tries: dict[str, int] = {}
        self.waits_for = ""

    async def live(self) -> None:
        """Do each step when it is due; what does not work is tried again."""
        while True:
            try:
                await self._catch_up()
                self.waits_for = ""
                await asyncio.sleep(TICK_S)
            except (RestError, NotBookedError, UnpluggedError, TimeoutError) as error:
                if str(error) != self.waits_for:
                    _log.info("staff_wait", station=self.station.id, reason=str(error))
                self.waits_for = str(error)
                await asyncio.sleep(AGAIN_S)

    async def expected(self, first: str = "") -> str:
        """The next label to be scanned in here, today's first; empty when all that are ordered are in. RestError.

        ``first``: an order whose parcels come before all others.
        """
        for day in known_dates(self._clock.now_ms()):
            never_came = {
                bag.label
                for bag in self._memory.bags(self.station.id, day) or ()
                if truth_of(self._settings.seed, bag, self._settings.chances).is_missing
            }
            parcels = await self._office.parcels(self.station, day)
            for parcel in sorted(parcels, key=lambda one: one.external_id != first):
                step = Step(0, StepKind.RECEIVE, parcel.label)
                if parcel.label not in never_came and not self._memory.is_done(day, self.station.id, step):
                    return parcel.label
        return ""

    async def day_of(self, label: str) -> date | None:
        """Of what is ordered for here; None: it is nothing of that. RestError."""
        for day in known_dates(self._clock.now_ms()):
            if any(parcel.label == label for parcel in await self._office.parcels(self.station, day)):
                return day
        return None

    async def press(self, label: str, aim: str, *, is_arrival: bool = False) -> Pressed:
        """Somebody pressed 扫一件: scan ``label``, say what the page shows. UnpluggedError, TimeoutError, NotBookedError.

        ``is_arrival``: to take it in, whatever the station is doing just now; else it means what the station is doing.
        """
        async with self.hands.busy:
            if is_arrival:
                await self.hands.switch_to(_RECEIVE)
            shown = await self.hands.scan(label, aim)
            sent = self.hands.sent
        if shown.kind in ("received", "shelved") and (day := await self.day_of(label)) is not None:
            self._memory.done(day, self.station.id, Step(0, StepKind.RECEIVE, label))
        return Pressed(f"{label} {shown.kind} {shown.detail}".rstrip(), hops_of(sent, shown))

    async def hand_out(self, order: PlannedOrder, day: date) -> None:
        """Its resident comes now and types the code. RefusedError, RestError."""
        labels = {bag.label for bag in self._memory.bags(self.station.id, day) or () if bag.external_id == order.external_id}
        async with self.hands.busy:
            await self.hands.switch_to(_RELEASE)
            await self._counter.serve(order, Visit(Way.CODE), labels)

    async def ask_again(self, order: PlannedOrder) -> None:
        """Somebody types its code once more. RestError."""
        async with self.hands.busy:
            await self.hands.page.ask((await self._office.show_pass(order)).code)

    async def see_sent(self) -> None:
        """NotBookedError while the page says that something they did waits to be sent; RestError."""
        status = await self.hands.page.look("/api/status", StatusPage)
        if not status.uplink.online or status.queue[Lane.EVENT].unsent:
            raise NotBookedError(f"{self.station.id}: has not sent all that was done there yet")

    def progress(self, day: date, kind: StepKind, *, of: str = "", is_first: bool = False) -> Progress:
        """How far they are with all steps of one kind; ``of``: an order, with its parcels only; ``is_first``: the first will do."""
        labels = {bag.label for bag in self._memory.bags(self.station.id, day) or () if bag.external_id == of}
        steps = [one for one in self._plans.get(day, ()) if one.kind is kind and (not of or one.label in labels)]
        wanted = steps[:1] if is_first else steps
        is_done = bool(wanted) and all(self._memory.is_done(day, self.station.id, one) for one in wanted)
        return Progress(wanted[-1].at_ms if wanted else None, is_done)

    async def write(self, data: bytes) -> None:
        """Put bytes on the line as they are, such as noise. UnpluggedError, TimeoutError."""
        async with self.hands.busy:
            if self.hands.scanner is None:
                raise UnpluggedError(f"{self.station.id}: no scanner on a line")
            await asyncio.to_thread(self.hands.scanner.write, data)

    def orders(self, day: date) -> Sequence[PlannedOrder]:
        """Of its residents."""
        return self._office.day(self.station, day).orders

    def labels_of(self, order: PlannedOrder, day: date) -> list[str]:
        """Its parcels, as far as the list has been read."""
        return sorted(bag.label for bag in self._memory.bags(self.station.id, day) or () if bag.external_id == order.external_id)

    def has_parcels_left(self) -> bool:
        """Whether something of today's list is still to be scanned in, as far as the list has been read."""
        day = service_date(self._clock.now_ms())
        received = [one for one in self._plans.get(day, ()) if one.kind is StepKind.RECEIVE]
        return not received or any(not self._memory.is_done(day, self.station.id, one) for one in received)

    def next_step(self) -> Step | None:
        """What is to be done next today, as far as the day is planned; None: nothing."""
        day = service_date(self._clock.now_ms())
        return next((one for one in self._plans.get(day, ()) if not self._memory.is_done(day, self.station.id, one)), None)

    def next_due_ms(self) -> int:
        """When there is something to be done again; now or earlier: at once. Before the list is there it is waited for."""
        day = service_date(self._clock.now_ms())
        if day not in self._plans:
            return to_ms(self.stop(day).signs_at)
        step = self.next_step()
        tomorrow = to_ms(at(day + timedelta(days=1), time(DAY_ENDS_H)))
        if step is None or (step.kind is StepKind.SIGN and not self._round.has_come(day, self.station.id)):
            return tomorrow  # who waits for the van has nothing to do
        return step.at_ms

    def stop(self, day: date) -> Stop:
        """When the van is here, as far as anybody knows."""
        return self._round.stop(day, self.station.id)

    async def _catch_up(self) -> None:
        day = service_date(self._clock.now_ms())
        for step in await self._steps(day):
            if step.at_ms > self._clock.now_ms():
                return
            if not self._memory.is_done(day, self.station.id, step):
                await self._try(step, day)
                self._memory.done(day, self.station.id, step)

    async def _try(self, step: Step, day: date) -> None:
        """What the page refuses again and again is left; what is only away is waited for."""
        try:
            await self._do(step, day)
        except (RestError, RefusedError) as error:
            if isinstance(error, RestError) and (error.status == 0 or error.status >= 500):
                raise
            self._tries[step.key] = tries = self._tries.get(step.key, 0) + 1
            if tries < MOST_TRIES:
                raise
            _log.warning("given_up", station=self.station.id, step=step.kind.value, label=step.label, reason=str(error))
        self._tries.pop(step.key, None)

    async def _do(self, step: Step, day: date) -> None:
        if step.kind is StepKind.SIGN and not self._round.has_come(day, self.station.id):
            raise NotBookedError("the van has not been here yet")
        async with self.hands.busy:
            if step.kind not in _BY_PAGE:
                await self.hands.switch_to(_RELEASE if step.kind is StepKind.VISIT else _RECEIVE)
            match step.kind:
                case StepKind.VISIT:
                    await self._serve(step, day)
                case StepKind.CLEAR:
                    await self._goods.clear(await self._coming())
                case StepKind.GIVE_BACK:
                    await self._goods.give_back(await self._coming(), day)
                case StepKind.SEND_BACK:
                    await self._goods.send_back(await self._office.empties(self.station), day)
                case _:
                    was_begun = step.kind is StepKind.REPORT and self._memory.begin(day, self.station.id, step)
                    await self._goods.do(step, was_begun=was_begun)

    async def _serve(self, step: Step, day: date) -> None:
        order = next(one for one in self._office.day(self.station, day).orders if one.external_id == step.label)
        labels = {bag.label for bag in self._memory.bags(self.station.id, day) or () if bag.external_id == step.label}
        visit = step.visit
        if visit is not None and visit.is_mistaken and self._memory.begin(day, self.station.id, step):
            visit = replace(visit, is_mistaken=False)  # once is enough
        if visit is not None:
            await self._counter.serve(order, visit, labels)

    async def _coming(self) -> set[str]:
        """Parcels that are no leftovers."""
        days = known_dates(self._clock.now_ms())
        return {parcel.label for day in days for parcel in await self._office.parcels(self.station, day)}

    async def _steps(self, day: date) -> Sequence[Step]:
        """The day's plan; none before the list of what comes is at the station's page."""
        if day not in self._plans:
            bags = self._memory.bags(self.station.id, day)
            if bags is None:
                bags = await self._read_list(day) if self._round.is_known(day, self.station.id) else None
                if bags is None:
                    return ()
                self._memory.keep_bags(self.station.id, day, bags)
            settings = self._settings
            plan = steps(settings.seed, self._office.day(self.station, day), self.stop(day), bags, settings.chances)
            self._plans = {known: one for known, one in self._plans.items() if known >= day} | {day: plan}
            _log.info("day_planned", station=self.station.id, day=day.isoformat(), bags=len(bags), steps=len(plan))
        return self._plans[day]

    async def _read_list(self, day: date) -> list[Bag] | None:
        """What the page expects today, once it is all that the warehouse has planned. None: not yet."""
        planned = await self._office.containers(self.station, day)
        parcels = {one.label: one for one in await self._office.parcels(self.station, day)}
        if planned is None or not parcels:
            return None
        page = self.hands.page
        today = await page.look("/api/day", DayPage)
        if today.day != day.isoformat() or not planned <= {one.container for one in today.containers}:
            return None
        bags: list[Bag] = []
        for container in sorted(planned):
            held = await page.look(f"/api/container?container={quote(container)}", ContainerPage)
            for row in held.parcels:
                if row.parcel in parcels and row.items:
                    pieces = tuple((item.sku, item.quantity) for item in row.items)
                    bags.append(Bag(row.parcel, parcels[row.parcel].external_id, row.zone, container, pieces))
        return bags
