"""A van: a station on wheels, whose scans mean what the place it is at says. It knows where it is, and which runs are its own.

Booking, undo and sounds are ``edge.station.station``'s; its receiver's fixes come by ``edge.sampling``.
"""

from collections.abc import Mapping
from typing import ClassVar, get_args

from edge.devices.ports import Reason, Scan, Sound
from edge.devices.sensor import Fix, Measured
from edge.outbox.transaction import Execute
from edge.station.cues import REASONS
from edge.station.day import NO_DAY, Day
from edge.station.decide import ShelfSlot, unknown
from edge.station.station import Decide, Station
from edge.station.verdict import Verdict
from edge.van import books
from edge.van.carrying import Here, carry
from edge.van.plan import NO_PLAN, VanPlan
from edge.van.words import VAN_REASONS, VanWord
from edge.wire.labels import Label, LabelKind
from edge.wire.presence import SiteMode, VanMode

FRESH_MS = 180_000  # the longest tunnel; a van does not change its stop meanwhile


class Van(Station):
    """One a process, as a station is."""

    modes: ClassVar[tuple[SiteMode, ...]] = get_args(VanMode)
    reasons: ClassVar[Mapping[str, Reason]] = {**REASONS, **VAN_REASONS}
    fix: Fix | None = None  # the newest
    _planned: tuple[Day, VanPlan] = (NO_DAY, NO_PLAN)

    @property
    def plan(self) -> VanPlan:
        """Of the manifest in force."""
        if self._planned[0] is not self.day:
            self._planned = (self.day, VanPlan.of(self.day.manifest))
        return self._planned[1]

    def take(self, measured: Measured) -> None:
        """What the receiver says; other sensors' readings are no affair of this."""
        if isinstance(measured, Fix):
            self.fix = measured

    def here(self, now_ms: int) -> Here:
        """Where it is, as far as that is known now."""
        fix = self.fix
        if fix is None or abs(now_ms - fix.measured_at_ms) > FRESH_MS:
            return Here()
        return Here(True, self.plan.near(fix.lat, fix.lon))

    def is_on_a_run(self, now_ms: int) -> bool:
        """Whether whoever carries a receiver of their own is to be followed."""
        return self.plan.is_open(now_ms)

    def _read(self, scan: Scan) -> Label | ShelfSlot:
        read = super()._read(scan)
        if isinstance(read, ShelfSlot):
            return Label(LabelKind.UNKNOWN, scan.text, "not a container label")
        return read

    def _meaning(self, scan: Scan, label: Label, _actor: str, _at_s: float) -> Decide:
        plan, now_ms = self.plan, self._clock.now_ms()
        here, underway = self.here(scan.measured_at_ms), plan.underway(now_ms)

        def decide(execute: Execute, _day: Day) -> Verdict:
            match label.kind:
                case LabelKind.CONTAINER:
                    return carry(books.container(execute, plan, label.text), here, underway, now_ms)
                case LabelKind.PARCEL:
                    return Verdict(VanWord.WANT_CONTAINER, Sound.REFUSED, parcel=label.text)
                case LabelKind.PRODUCT:
                    return unknown(label.text, scan.symbology, "a product, not a container")
                case _:
                    return unknown(label.text, scan.symbology, label.reason)

        return decide

    def _settled(self, verdict: Verdict, device: str) -> None:
        """Nothing is opened here that a next scan would be about."""
