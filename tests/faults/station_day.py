"""The day of a schedule's station: two containers, parcels that are shelved, put into cells, handed out, taken back, thrown away.

Every label and code follows from the seed; codes are cheap to derive, for it is not them that are tried here.
"""

from dataclasses import dataclass
from random import Random

from edge.wire.fields import MAX_MS
from edge.wire.labels import container_label, parcel_label
from edge.wire.manifest import (
    Claim,
    CodeKey,
    ExpectedContainer,
    ExpectedParcel,
    LockerCell,
    Manifest,
    Shelf,
    Size,
    Zone,
)
from edge.wire.pickup import Scrypt, secret_key

LABELS = 10_000  # a seed's
RESERVED = 10  # of them, the last, for what is in the containers
WALK_IN = 300  # of them the person with the scanner takes in and hands out
CELLS = 6
SLOTS = ("A1", "A2", "A3", "A4")


@dataclass(frozen=True, slots=True)
class Resident:
    """Whoever comes with a code."""

    code: str
    parcels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StationDay:
    """What the keeper finds to do."""

    manifest: Manifest
    bags: str  # a container that comes whole
    short: str  # one of which a parcel is missing
    in_bags: tuple[str, ...]
    in_short: tuple[str, ...]
    missing: str
    at_counter: Resident
    by_mistake: Resident  # handed out, taken back, handed out
    at_cabinet: Resident
    expired: str  # lies in a cell until staff take it out
    spoiled: str
    goes_back: str

    @property
    def arrived(self) -> tuple[str, ...]:
        """All that is in the containers."""
        return (*self.in_bags, *self.in_short)


def station_day(site: str, operator: str, seed: int) -> StationDay:
    """The same for the same seed."""
    random = Random(f"station day {seed}")
    bags, short = container_label(seed * 10), container_label(seed * 10 + 1)
    labels = tuple(parcel_label(seed * LABELS + LABELS - 1 - n) for n in range(RESERVED))
    codes = [f"{number:08d}" for number in random.sample(range(10**8), 3)]
    cost = Scrypt(salt=random.randbytes(16), n=1024)
    claims = {
        "at-counter": labels[0:2], "by-mistake": labels[2:3], "at-cabinet": labels[3:5], "expired": labels[5:6],
        "spoiled": labels[6:7], "goes-back": labels[7:8], "stays": labels[8:9], "missing": labels[9:10],
        "walk-in": tuple(parcel_label(seed * LABELS + n) for n in range(WALK_IN)),
    }  # fmt: skip
    in_bags, in_short = labels[:6], labels[6:9]
    container_of = {**dict.fromkeys(in_bags, bags), **dict.fromkeys((*in_short, labels[9]), short)}
    manifest = Manifest(
        site=site,
        version=1,
        day="2026-01-01",
        made_at_ms=0,
        code_cost=cost,
        staff_cost=Scrypt(salt=random.randbytes(16), n=1024),
        operators=(operator,),
        containers=tuple(ExpectedContainer(container=one, operator=operator, zone=Zone.AMBIENT) for one in (bags, short)),
        # Whatever the clocks jump to, nothing of this is overdue.
        claims=tuple(Claim(claim=name, operator=operator, orders=(f"{site}/{name}",), deadline_ms=MAX_MS) for name in claims),
        codes=tuple(
            CodeKey(key=secret_key(code, cost), claim=name)
            for name, code in zip(("at-counter", "by-mistake", "at-cabinet"), codes, strict=True)
        ),
        parcels=tuple(
            ExpectedParcel(
                parcel=label,
                claim=name,
                order=f"{site}/{name}",
                zone=Zone.AMBIENT,
                container=container_of.get(label, ""),
                size=Size.S,
            )
            for name, parcels in claims.items()
            for label in parcels
        ),
        shelves=tuple(Shelf(slot=slot, zone=Zone.AMBIENT, capacity=20) for slot in SLOTS),
        cells=tuple(LockerCell(cell=str(number), zone=Zone.AMBIENT, size=Size.M) for number in range(1, CELLS + 1)),
    )
    at_counter, by_mistake, at_cabinet = (
        Resident(code, claims[name]) for name, code in zip(("at-counter", "by-mistake", "at-cabinet"), codes, strict=True)
    )
    return StationDay(
        manifest, bags, short, in_bags, in_short, labels[9], at_counter, by_mistake, at_cabinet, labels[5], labels[6], labels[7]
    )
