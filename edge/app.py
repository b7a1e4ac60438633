"""The agent: devices, station, outbox, line to the broker and staff page, put together and supervised.

What each does is its own module's; here stands who hands what to whom, and what is restarted when it fails.
"""

import asyncio
import hashlib
import itertools
import os
import random
import secrets
import signal
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import apsw
import structlog

from edge.cold_chain.chain import ColdChain
from edge.cold_chain.past import Past
from edge.cold_chain.watches import boxes_of, intervals_of
from edge.config import EdgeConfig, SiteKind, machine_id
from edge.devices.photo import PhotoReader
from edge.devices.ports import Cue, DeviceHealth, DeviceState, Feedback, Reason, Scanner
from edge.devices.registry import Drivers, drivers_of
from edge.devices.sensor import Fix
from edge.dock.dock import Dock
from edge.downlink import Downlink
from edge.downlink import Station as StationSide
from edge.fetching import ManifestFetch
from edge.health import OwnHealth
from edge.housekeeping import Housekeeping
from edge.http.acts import Operations
from edge.http.cold import Cold
from edge.http.live import Watchers
from edge.http.server import CertificateError, PageServer, PortTakenError, check_certificate, listen
from edge.http.views import Views
from edge.https import CloudSettings
from edge.live_lane import LiveLane
from edge.mutants import CABINETS, MUTANTS
from edge.outbox import STEPS, FileTooNewError, Outbox, Step, StoreSettings, WrongSiteError, no_step
from edge.photos import Photos
from edge.sampling import Sampling
from edge.sending import Custody, EndToEnd, Sending, Surroundings
from edge.site_clock import SiteClock, wall_is_synced
from edge.station.cabinet import Cabinet, Lock
from edge.station.coming import ComingBook
from edge.station.command_lanes import CommandLanes
from edge.station.commands import CommandDesk
from edge.station.desk import Desk
from edge.station.manifests import ManifestBook
from edge.station.people import People
from edge.station.pickups import Pickups
from edge.station.questions import Questions
from edge.station.rules import RuleBook
from edge.station.schema import FILE_VERSIONS
from edge.station.station import Station
from edge.station.terminals import Terminals
from edge.uplink import Presence, Uplink, UplinkSettings
from edge.van.van import Van
from edge.watchdog import Watchdog
from edge.wire.clock import Clock, TownClock, WallClock
from edge.wire.messages import ColdBox, Desired, DeviceChanged, Reported
from edge.wire.order import hlc_ms

START_FAULTS = (WrongSiteError, FileTooNewError, PortTakenError, CertificateError, OSError, apsw.CantOpenError)
_KINDS: dict[SiteKind, type[Station]] = {SiteKind.STATION: Station, SiteKind.DOCK: Dock, SiteKind.VAN: Van}
RESTART_S = 2.0  # a part that fails at once must not fill the log

_log = structlog.get_logger()


class StartError(Exception):
    """The agent cannot start as it is configured; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What fault tests put in; production leaves it alone."""

    on_step: Callable[[Step], None] = no_step
    custody: Custody = field(default_factory=EndToEnd)
    cabinet: type[Cabinet] = Cabinet


class Agent:
    """One site. ``run`` until cancelled."""

    def __init__(self, config: EdgeConfig, faults: Faults) -> None:
        self._config = config
        self._faults = faults
        self._drivers = Drivers()
        self._told: dict[str, DeviceState] = {}

    async def run(self) -> None:
        """Start everything, in the order things depend on each other, and keep it going. StartError before anything was scanned."""
        config, faults = self._config, self._faults
        structlog.contextvars.bind_contextvars(site=config.site.id)  # of this task and all that it starts
        async with AsyncExitStack() as stack:
            try:
                config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
                clock = read_clock(config.clock.town_file)
                check_certificate(config.http)
                listen(config.http).close()
                password = config.broker.read_password()
                outbox = await stack.enter_async_context(Outbox(self._store_settings(), clock.now_ms))
            except (apsw.NotADBError, apsw.CorruptError) as error:
                remedy = (
                    "keep a copy for us, move it away and start again: a new epoch begins, and what was not sent is in the copy"
                )
                raise StartError(f"{config.database}: {error}; {remedy}") from error
            except START_FAULTS as error:
                raise StartError(str(error)) from error
            past = await outbox.run(lambda store: store.counters.hlc)
            secret = await outbox.run(lambda store: store.client_secret())
            site_clock = SiteClock(clock, time.monotonic, wall_is_synced, hlc_ms(past))
            drivers = self._drivers = drivers_of(itertools.chain.from_iterable(config.devices().values()), clock)
            feedback = [driver for driver in drivers if isinstance(driver, Feedback)]
            station = _KINDS[config.site.kind](config.site_id, outbox, site_clock, feedback, time.monotonic)
            rules = RuleBook(outbox, station)
            manifests = ManifestBook(station, outbox)
            await rules.load()
            await manifests.load()
            if manifests.sha256 != rules.rules.manifest_sha256:  # it was applied, and the agent died before it was noted
                await rules.manifest_in_force(manifests.sha256)
            await station.load()
            coming = ComingBook(outbox)
            await coming.load()
            ops = self._operations(outbox, site_clock, station, rules, drivers)
            await ops.people.load()
            await ops.questions.load()
            await ops.terminals.load()
            every_s = intervals_of(drivers.sensors)
            chain = ColdChain(config.cold, every_s, outbox, clock, site_clock, feedback, time.monotonic)
            await chain.load()
            await ops.cabinet.load()
            around = Surroundings(time.monotonic, random.random, faults.on_step, faults.custody)
            sending = Sending(config.operator_id, config.site_id, outbox, site_clock, around)
            uplink_settings = self._uplink_settings(password, client_of(secret, machine_id(config)))
            uplink = Uplink(
                uplink_settings, outbox, site_clock, sending, self._presence(rules, boxes_of(config.cold, every_s)), around
            )
            desk = CommandDesk(
                outbox, site_clock, station, uplink.report, time.monotonic, ops.cabinet.open_remotely, chain.seen_from_cloud
            )
            await desk.settle_interrupted()

            async def put_in_force(sha256: str) -> None:
                await rules.manifest_in_force(sha256)
                uplink.report()

            fetching = ManifestFetch(self._cloud_settings(), manifests, site_clock.now_ms, put_in_force, random.random)

            async def apply(desired: Desired) -> bool:
                fetching.want(desired.manifest_url, desired.manifest_sha256)
                ops.photos.send_to(desired.manifest_url)
                await coming.apply(desired)
                if desired.version > rules.rules.version:
                    await chain.apply(desired.limits)
                return await rules.apply(desired)

            lanes = CommandLanes(desk, uplink.respond, ops.cabinet.lane_of)
            side = StationSide(lanes.take, apply, uplink.report)
            downlink = Downlink(outbox, site_clock, sending, side)
            uplink.attach(downlink.hear)
            live = LiveLane(outbox, site_clock, sending, lambda: uplink.is_online)
            housekeeping = Housekeeping(
                outbox,
                site_clock,
                (
                    downlink.correct_clock,
                    self._tell_device_changes(outbox, site_clock, station.signal),
                    ops.cabinet.book_what_is_owed,
                ),
                (ops.desk.mark_overdue, ops.people.end_old_sessions, chain.forget_old),
            )
            own = OwnHealth(config.data_dir, site_clock, outbox, live)
            views = Views(
                config, own_version(), clock, site_clock, outbox, station, uplink, downlink, self.healths, time.monotonic, coming
            )  # fmt: skip
            watchers = Watchers(views, time.monotonic)
            station.on_result(watchers.told_scan)
            uplink.on_change(watchers.told_change)
            chain.on_alarm(watchers.told_alarm)
            sampling = self._sampling(station, clock, site_clock, live)
            last_day = Past(every_s, outbox, site_clock)
            sampling.on_measured(chain.take)
            sampling.on_measured(last_day.take)
            parts: dict[str, Callable[[], Awaitable[None]]] = {
                "uplink": uplink.run,
                "commands": lanes.run,
                "live lane": live.run,
                "housekeeping": housekeeping.run,
                "own health": own.run,
                "manifest": fetching.run,
                "lockers": ops.cabinet.run,
                "photographs": ops.photos.run,
                "sensors": sampling.run,
                "alarms": chain.run,
                "last day": last_day.run,
                "watchdog": Watchdog(os.environ).run,
                "page": PageServer(config.http, views, rules, ops, watchers, drivers.scanners, Cold(chain, last_day)).run,
            }
            for driver in drivers:
                await stack.enter_async_context(driver)
            parts |= {f"device {scanner.name}": self._taker(scanner, station, ops) for scanner in drivers.scanners}
            _log.info("agent_started", version=own_version(), devices=len(self.healths()))
            async with asyncio.TaskGroup() as tasks:
                for name, part in parts.items():
                    tasks.create_task(supervise(name, part), name=name)

    def _operations(self, outbox: Outbox, clock: SiteClock, station: Station, rules: RuleBook, drivers: Drivers) -> Operations:
        """What staff do, and who may know a scan for something that is no label."""
        people = People(outbox, clock, station, time.monotonic)
        questions = Questions(outbox, clock, station, time.monotonic, lambda: secrets.token_hex(8))
        station.on_scan(people.take_badge)
        if self._config.site.kind is SiteKind.STATION:
            station.on_scan(questions.take_scan)
        boards = {board.name: board for board in drivers.boards}
        locks = {
            cell: Lock(boards[settings.name], number)
            for bus in self._config.locker
            for settings in bus.board
            for cell, number in settings.cell_names.items()
        }
        cabinet = self._faults.cabinet(outbox, clock, station, questions, locks)
        desk = Desk(outbox, clock, station, time.monotonic)
        photos = Photos(self._config.data_dir / "photos", outbox, self._cloud_settings(), clock.now_ms, random.random)
        scanners = frozenset(scanner.name for scanner in drivers.scanners)
        pickups = Pickups(cabinet, station, self._config.at_cabinet, time.monotonic)
        return Operations(
            outbox, station, desk, questions, people, cabinet, photos, PhotoReader(), rules, pickups, Terminals(outbox), scanners
        )  # fmt: skip

    def _taker(self, scanner: Scanner, station: Station, ops: Operations) -> Callable[[], Awaitable[None]]:
        if scanner.name in self._config.at_cabinet:
            return lambda: take_pickups(scanner, ops.pickups)
        return lambda: take_scans(scanner, station, ops.people)

    def _sampling(self, station: Station, clock: Clock, site_clock: SiteClock, live: LiveLane) -> Sampling:
        """A receiver that somebody carries is heard on a run only: where they are besides is nobody's affair."""
        personal = frozenset(receiver.name for receiver in self._config.gnss if receiver.personal)

        def is_withheld(fix: Fix) -> bool:
            return fix.device in personal and not (isinstance(station, Van) and station.is_on_a_run(clock.now_ms()))

        sampling = Sampling(self._drivers.sensors, clock, site_clock, live, is_withheld)
        if isinstance(station, Van):
            sampling.on_measured(station.take)
        return sampling

    def healths(self) -> list[DeviceHealth]:
        """How each device is."""
        return self._drivers.healths()

    def _presence(self, rules: RuleBook, boxes: Sequence[ColdBox]) -> Presence:
        def reported(boot: int, connect: int) -> Reported:
            force = rules.rules
            return Reported(
                version=force.version, boot=boot, connect=connect, mode=force.mode, manifest_sha256=force.manifest_sha256
            )  # fmt: skip

        return Presence(
            read_devices=lambda: {health.device: health.state.value for health in self.healths()},
            read_reported=reported,
            new_nonce=lambda: secrets.token_hex(8),
            boxes=boxes,
        )

    def _tell_device_changes(
        self, outbox: Outbox, clock: SiteClock, alert: Callable[[Cue], Awaitable[None]]
    ) -> Callable[[], Awaitable[None]]:
        """A device found, lost or failed is an event; what it was at start is said once."""

        async def tell() -> None:
            changed = [health for health in self.healths() if self._told.get(health.device) != health.state]
            if not changed:
                return
            stamp = clock.stamp()
            facts = [DeviceChanged(device=one.device, state=one.state.value, detail=one.detail[:200]) for one in changed]
            await outbox.transact(lambda transaction: [transaction.record(fact, stamp) for fact in facts])
            if any(one.state is not DeviceState.OK and self._told.get(one.device) is DeviceState.OK for one in changed):
                await alert(Reason.DEVICE_FAULT)  # it worked; what never did is seen to by whoever installs it
            self._told.update({one.device: one.state for one in changed})

        return tell

    def _store_settings(self) -> StoreSettings:
        config = self._config
        return StoreSettings(
            path=config.database,
            site=config.site_id,
            machine=machine_id(config),
            new_uuid=uuid.uuid4,
            versions=FILE_VERSIONS,
            on_step=self._faults.on_step,
        )

    def _cloud_settings(self) -> CloudSettings:
        broker = self._config.broker
        return CloudSettings(self._config.site.id, broker.read_password(), broker.ca_file, may_be_plain=not broker.is_tls)

    def _uplink_settings(self, password: str, client: str) -> UplinkSettings:
        config = self._config
        return UplinkSettings(
            operator=config.operator_id,
            site=config.site_id,
            client=client,
            version=own_version(),
            host=config.broker.host,
            port=config.broker.port,
            is_tls=config.broker.is_tls,
            ca_file=str(config.broker.ca_file) if config.broker.ca_file else None,
            username=config.broker.username,
            password=password,
            silent_after_s=config.broker.silent_after_s,
        )


def agent_of(config: EdgeConfig, mutant: str, fault_step: str) -> Agent:
    """The agent of a configuration. StartError where a fault test's wish is not known."""
    if mutant and mutant not in (*MUTANTS, *CABINETS):
        raise StartError(f"--mutant {mutant}: want one of {', '.join((*MUTANTS, *CABINETS))}")
    custody = MUTANTS.get(mutant, EndToEnd)()
    return Agent(config, Faults(die_at(fault_step) if fault_step else no_step, custody, CABINETS.get(mutant, Cabinet)))


def die_at(wish: str) -> Callable[[Step], None]:
    """``step`` or ``step:count``: SIGKILL to ourselves the count-th time that step is passed, in whichever thread."""
    name, _, count = wish.partition(":")
    if name not in STEPS or not (count or "1").isdigit():
        raise StartError(f"TUANTU_FAULT_STEP={wish}: want one of {', '.join(STEPS)}, and after a colon how many times")
    left = itertools.count(int(count or "1") - 1, -1)

    def on_step(step: Step) -> None:
        if step == name and next(left) <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return on_step


def client_of(secret: bytes, machine: str) -> str:
    """What tells our client id at the broker from any other: whoever could guess it could take our connection over.

    From 128 random bits of the site's file, so that a restart takes over what its last process left half open, will and all;
    a new one at each start would leave that will to come 30 seconds after the new birth and stay as the retained status. With
    the machine in it, for a copied card has the same bits, and two machines must not throw each other out for ever.
    """
    return hashlib.sha256(secret + machine.encode()).hexdigest()[:32]


async def take_scans(scanner: Scanner, station: Station, people: People) -> None:
    """One device's scans, one after another: the next is taken when this one is on the disk."""
    async for scan in scanner.scans():
        await station.handle(scan, people.actor_at(scan.device))


async def take_pickups(scanner: Scanner, pickups: Pickups) -> None:
    """A scanner at the cabinet: the next resident's turn is when this one's doors have opened."""
    async for scan in scanner.scans():
        await pickups.take(scan)


async def supervise(name: str, part: Callable[[], Awaitable[None]]) -> None:
    """Restart a part that fails; logged once a failure with its cause, and once when it runs again."""
    while True:
        try:
            await part()
        except Exception:  # noqa: BLE001  # the supervisor: one broken part must not stop the scanning
            _log.exception("part_failed", part=name, restart_s=RESTART_S)
        else:
            _log.error("part_ended", part=name, restart_s=RESTART_S)
        await asyncio.sleep(RESTART_S)
        _log.info("part_restarted", part=name)


def read_clock(town_file: Path | None) -> Clock:
    """The town's clock where a file is named, the machine's otherwise."""
    return WallClock(time.time) if town_file is None else TownClock(town_file.read_bytes, time.monotonic)


def own_version() -> str:
    """The installed release; "source" where nothing is installed."""
    try:
        return version("tuantu")
    except PackageNotFoundError:
        return "source"
