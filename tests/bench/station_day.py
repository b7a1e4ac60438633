"""A large station's day for the benchmark: the manifest, what the scanner is pulled on in which mode, and who comes with a code.

Every scan but a shelf's label leaves one fact, so that what was scanned and what is held can be compared one by one.
"""

import secrets
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Literal

from edge.wire.labels import container_label, parcel_label
from edge.wire.manifest import (
    Article,
    Claim,
    CodeKey,
    ExpectedContainer,
    ExpectedParcel,
    Line,
    LockerCell,
    Manifest,
    Shelf,
    Size,
    StaffMember,
    Zone,
)
from edge.wire.pickup import KEY_BYTES, Scrypt, badge_key, secret_key
from tests.bench.station_hardware import CELLS

CLAIMS = 600  # two parcels each: three times a large station's day (shared/design/domain.md), and as many codes
PARCELS_A_CONTAINER = 20
PARCELS_A_SLOT = 6
SLOTS = 240
APART = 20  # scans: what is read again within 1.5 s is the same act (edge.rules.debounce)
CODE_EVERY_S = 2.5  # residents do not come faster at the busiest hour
BADGE = "TTB:MFRGGZDFMZTWQ2LKNNWG23TPOA"

Thing = tuple[str, str]  # kind of fact, what it is about


@dataclass(frozen=True, slots=True)
class Pull:
    """One scan and the fact it leaves; "" leaves none."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Phase:
    """What is scanned in one mode."""

    mode: Literal["receive", "release"]
    pulls: tuple[Pull, ...]


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody who comes with a code."""

    claim: str
    code: str
    parcels: tuple[str, ...]


@dataclass(frozen=True)
class StationDay:
    """Made by ``plan``."""

    manifest: Manifest
    phases: tuple[Phase, ...]
    residents: tuple[Resident, ...]
    _expected: Counter[Thing] = field(default_factory=Counter)

    @property
    def expected(self) -> Counter[Thing]:
        """What the scans leave; hand-outs by code come to it as they are done."""
        return Counter((pull.kind, pull.text) for phase in self.phases for pull in phase.pulls if pull.kind)


def plan(site: str, operator: str, scans: int, seconds: float) -> StationDay:
    """A day of so many scans. Those who come with a code do so before anything is handed out by label."""
    received = int(scans * 0.38) // 2 * 2
    coming = int(seconds * 0.6 / CODE_EVERY_S)
    claims = max(CLAIMS, received // 2)
    assert 2 * coming < received, f"{scans} scans are too few for {coming} hand-outs by code"
    parcels = [parcel_label(n) for n in range(2 * claims)]
    containers = [container_label(n) for n in range(-(-len(parcels) // PARCELS_A_CONTAINER))]
    codes = [f"{number:08d}" for number in Random("codes").sample(range(10**8), coming)]
    cost = Scrypt(salt=secrets.token_bytes(16))
    with ThreadPoolExecutor() as pool:  # scrypt lets go of the interpreter
        keys = list(pool.map(lambda code: secret_key(code, cost), codes))
    # Nobody comes with the other codes, and a key tells nobody whether there is a code to it.
    keys += [secrets.token_bytes(KEY_BYTES) for _ in range(claims - coming)]
    residents = tuple(Resident(f"c-{n}", code, tuple(parcels[2 * n : 2 * n + 2])) for n, code in enumerate(codes))
    phases = _phases(parcels[:received], containers, 2 * coming, scans)
    return StationDay(_manifest(site, operator, parcels, containers, keys, cost), phases, residents)


def _phases(parcels: Sequence[str], containers: Sequence[str], kept: int, scans: int) -> tuple[Phase, ...]:
    """``kept``: so many of the first parcels wait in front for those who come with a code."""
    full = -(-len(parcels) // PARCELS_A_CONTAINER)
    inward = [Pull(BADGE), *(Pull(one, "container_signed") for one in containers[: max(full, APART)])]
    for n, container in enumerate(containers[:full]):
        inside = parcels[n * PARCELS_A_CONTAINER : (n + 1) * PARCELS_A_CONTAINER]
        inward += [Pull(container, "container_opened"), *(Pull(one, "parcel_received") for one in inside)]
    shelved = parcels[kept:]
    leaving = shelved[: len(shelved) // 2]
    left = scans - len(inward) - len(leaving)
    for n in range(left):  # over and over into other slots, until it is time to hand out
        turn, place = divmod(n, PARCELS_A_SLOT + 1)
        if place == 0:
            inward.append(Pull(f"SLOT:{_slot(turn)}"))
        else:
            inward.append(Pull(shelved[(turn * PARCELS_A_SLOT + place - 1) % len(shelved)], "parcel_shelved"))
    lately = {pull.text for pull in inward[-APART:]}
    in_turn = sorted(leaving, key=lambda one: one in lately)
    return Phase("receive", tuple(inward)), Phase("release", tuple(Pull(one, "parcel_released") for one in in_turn))


def _slot(turn: int) -> str:
    return f"{'ABCDEFGHIJKL'[turn // 20 % 12]}{turn % 20 + 1}"


def _manifest(
    site: str, operator: str, parcels: Sequence[str], containers: Sequence[str], keys: Sequence[bytes], cost: Scrypt
) -> Manifest:
    staff_cost = Scrypt(salt=secrets.token_bytes(16))
    now = datetime.now(UTC)
    tomorrow_ms = int((time.time() + 86_400) * 1000)
    skus = [f"G{number}" for number in range(1000, 1120)]
    return Manifest(
        site=site,
        version=1,
        day=f"{now:%Y-%m-%d}",
        made_at_ms=int(now.timestamp() * 1000),
        code_cost=cost,
        staff_cost=staff_cost,
        operators=(operator,),
        articles=tuple(Article(sku=sku, name=f"商品 {sku}") for sku in skus),
        containers=tuple(ExpectedContainer(container=one, operator=operator, zone=Zone.AMBIENT, run="run-1") for one in containers),
        claims=tuple(
            Claim(
                claim=f"c-{n}",
                operator=operator,
                orders=(f"{operator}/{n}",),
                deadline_ms=tomorrow_ms,
                name="王**",
                tail=f"{n:04d}",
            )
            for n in range(len(keys))
        ),
        codes=tuple(CodeKey(key=key, claim=f"c-{n}") for n, key in enumerate(keys)),
        parcels=tuple(
            ExpectedParcel(
                parcel=label,
                claim=f"c-{n // 2}",
                order=f"{operator}/{n // 2}",
                zone=Zone.AMBIENT,
                container=containers[n // PARCELS_A_CONTAINER],
                lines=tuple(Line(sku=skus[(n + more) % len(skus)], quantity=1) for more in range(3)),
            )
            for n, label in enumerate(parcels)
        ),
        staff=(StaffMember(staff="staff-1", name="陈姐", role="leader", badge_key=badge_key(BADGE, staff_cost.salt)),),
        shelves=tuple(Shelf(slot=_slot(turn), zone=Zone.AMBIENT, capacity=PARCELS_A_SLOT) for turn in range(SLOTS)),
        cells=tuple(LockerCell(cell=str(number), zone=Zone.AMBIENT, size=Size.M) for number in range(1, CELLS + 1)),
    )
