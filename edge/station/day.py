"""The manifest in force, indexed for the counter: whose parcel, which code, which slot. Made once a manifest; never changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from edge.rules.attempts import GuessRules
from edge.rules.custody import ContainerStanding, ParcelStanding
from edge.station.asking import House
from edge.station.handout import ClaimHere
from edge.station.known import KnownContainer, KnownParcel
from edge.station.shelving import ShelfPlan
from edge.wire.manifest import (
    Article,
    Claim,
    CodeKey,
    ExpectedContainer,
    ExpectedParcel,
    LockerCell,
    Manifest,
    OtherParcel,
    StaffMember,
    StationRules,
)


@dataclass(frozen=True)
class Day:
    """``manifest`` None: none was ever applied; then custody goes on, and codes do not."""

    manifest: Manifest | None = None
    parcels: Mapping[str, ExpectedParcel] = field(default_factory=dict)
    containers: Mapping[str, ExpectedContainer] = field(default_factory=dict)
    claims: Mapping[str, Claim] = field(default_factory=dict)
    articles: Mapping[str, Article] = field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Manifest) -> "Day":
        return cls(
            manifest,
            {one.parcel: one for one in manifest.parcels},
            {one.container: one for one in manifest.containers},
            {one.claim: one for one in manifest.claims},
            {one.sku: one for one in manifest.articles},
        )

    @property
    def is_known(self) -> bool:
        return self.manifest is not None

    @cached_property
    def rules(self) -> StationRules:
        return StationRules() if self.manifest is None else self.manifest.rules

    @cached_property
    def guess_rules(self) -> GuessRules:
        return GuessRules(self.rules.guesses, self.rules.first_lock_s, self.rules.longest_lock_s)

    @cached_property
    def plan(self) -> ShelfPlan:
        return ShelfPlan.of(() if self.manifest is None else self.manifest.shelves)

    @cached_property
    def cells(self) -> Mapping[str, LockerCell]:
        return {} if self.manifest is None else {one.cell: one for one in self.manifest.cells}

    @cached_property
    def codes(self) -> Mapping[bytes, CodeKey]:
        return {} if self.manifest is None else {one.key: one for one in self.manifest.codes}

    @cached_property
    def staff(self) -> Mapping[str, StaffMember]:
        return {} if self.manifest is None else {one.staff: one for one in self.manifest.staff}

    @cached_property
    def others(self) -> Mapping[str, OtherParcel]:
        return {} if self.manifest is None else {one.parcel: one for one in self.manifest.others}

    @cached_property
    def sku_of_ean(self) -> Mapping[str, str]:
        return {ean: article.sku for article in self.articles.values() for ean in article.eans}

    @cached_property
    def parcels_of_claim(self) -> Mapping[str, tuple[str, ...]]:
        return _grouped((one.claim, one.parcel) for one in self.parcels.values())

    @cached_property
    def parcels_in(self) -> Mapping[str, tuple[str, ...]]:
        """The parcels expected in each container."""
        return _grouped((one.container, one.parcel) for one in self.parcels.values() if one.container)

    @cached_property
    def _claims_of_order(self) -> Mapping[str, tuple[str, ...]]:
        return _grouped((order, one.claim) for one in self.claims.values() for order in one.orders)

    @cached_property
    def _claims_of_tail(self) -> Mapping[str, tuple[str, ...]]:
        return _grouped((one.tail, one.claim) for one in self.claims.values() if one.tail is not None)

    def of_orders(self, orders: Sequence[str]) -> tuple[str, ...]:
        """The claims that a token's orders make, each once."""
        return tuple(dict.fromkeys(claim for order in orders for claim in self._claims_of_order.get(order, ())))

    def of_tail(self, tail: str) -> tuple[str, ...]:
        """The claims of everybody whose phone ends so."""
        return self._claims_of_tail.get(tail, ())

    def house(self, site: str, used: Iterable[str]) -> House:
        """What tokens are judged by. ``used``: of those that can be used once."""
        if self.manifest is None:
            return House(site, (), {}, (), ())
        keys = {one.key: one.public for one in self.manifest.keys}
        return House(site, self.manifest.operators, keys, frozenset(self.manifest.revoked), frozenset(used))

    def known_parcel(self, label: str, standing: ParcelStanding) -> KnownParcel:
        return KnownParcel(label, standing, self.parcels.get(label), self.is_known, other=self.others.get(label))

    def known_container(self, label: str, standing: ContainerStanding) -> KnownContainer:
        return KnownContainer(label, standing, self.containers.get(label), self.is_known)

    def claim_here(self, claim: str, known: Iterable[KnownParcel]) -> ClaimHere:
        """A claim with its parcels as they stand."""
        return ClaimHere(self.claims[claim], tuple(known))

    def member_of_pin(self, key: bytes) -> StaffMember | None:
        return next((one for one in self.staff.values() if one.pin_key == key), None)

    def member_of_badge(self, key: bytes) -> StaffMember | None:
        return next((one for one in self.staff.values() if one.badge_key == key), None)


NO_DAY = Day()


def _grouped(pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in groups.items()}
