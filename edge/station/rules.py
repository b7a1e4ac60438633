"""The business rules in force: the mode, from the cloud's ``desired`` or from staff after it, kept over restarts."""

from dataclasses import dataclass, replace

from edge.outbox import Outbox, Transaction
from edge.outbox.store import Store
from edge.station.station import Station
from edge.wire.messages import Desired
from edge.wire.presence import SiteMode


@dataclass(frozen=True, slots=True)
class Rules:
    """What is in force. ``version``: of the last ``desired`` that was applied."""

    mode: SiteMode
    version: int
    manifest_sha256: str = ""


class NoSuchModeError(Exception):
    """Of no use at a site of this kind; the text says which are."""


class RuleBook:
    """Reads and writes ``rule_in_force`` and tells the station. ``load`` before use."""

    def __init__(self, outbox: Outbox, station: Station) -> None:
        self._outbox = outbox
        self._station = station
        self.rules = Rules(station.mode, 0)

    async def load(self) -> None:
        """At start."""
        kept = await self._outbox.run(_read)
        self._station.set_mode(kept.mode)
        self.rules = replace(kept, mode=self._station.mode)

    async def choose_mode(self, mode: SiteMode) -> None:
        """Staff chose; it holds until the cloud's next version or their next choice. NoSuchModeError, NotKeptError."""
        if mode not in self._station.modes:
            raise NoSuchModeError(f"mode: want one of {', '.join(self._station.modes)}, got {mode}")
        await self._keep(Rules(mode, self.rules.version, self.rules.manifest_sha256))

    async def manifest_in_force(self, sha256: str) -> None:
        """It was fetched and applied; from now on it is reported. NotKeptError."""
        await self._keep(Rules(self.rules.mode, self.rules.version, sha256))

    async def apply(self, desired: Desired) -> bool:
        """The cloud's word. False: an older version, or the one that is in force.

        The manifest's hash is reported when the manifest is in force, not when it is announced.
        """
        if desired.version <= self.rules.version:
            return False
        mode = desired.mode if desired.mode in self._station.modes else self.rules.mode
        await self._keep(Rules(mode, desired.version, self.rules.manifest_sha256))
        return True

    async def _keep(self, rules: Rules) -> None:
        def work(transaction: Transaction) -> None:
            transaction.execute(
                "UPDATE rule_in_force SET mode = ?, version = ?, manifest_sha256 = ? WHERE one = 1",
                (rules.mode, rules.version, rules.manifest_sha256),
            )

        await self._outbox.transact(work)
        if rules.mode != self.rules.mode:
            self._station.set_mode(rules.mode)
        self.rules = rules


def _read(store: Store) -> Rules:
    ((mode, version, manifest_sha256),) = store.execute("SELECT mode, version, manifest_sha256 FROM rule_in_force").fetchall()
    return Rules(mode, version, manifest_sha256)
