"""What is known of a thing when an act about it is decided: what is expected, and where it stands by what was booked."""

from typing import NamedTuple

from edge.rules.custody import ContainerStanding, ParcelStanding
from edge.wire.custody import Problem
from edge.wire.manifest import ExpectedContainer, ExpectedParcel

_TOO_WARM = frozenset({Problem.TEMP_BREACH, Problem.SPOILED})


class Gone(NamedTuple):
    """When something was handed out, and by what somebody showed that it was theirs (How)."""

    at_ms: int
    how: str


class KnownParcel(NamedTuple):
    """``expected`` None: it is not in the manifest, or there is none (``has_manifest``). ``gone``: where it was handed out here."""

    parcel: str
    standing: ParcelStanding = ParcelStanding()
    expected: ExpectedParcel | None = None
    has_manifest: bool = True
    gone: Gone | None = None

    @property
    def is_too_warm(self) -> bool:
        """Not to be handed out without a word: the cloud knows it from all its way, or somebody here saw it."""
        return (self.expected is not None and self.expected.is_breached) or bool(self.standing.problems & _TOO_WARM)


class KnownContainer(NamedTuple):
    """As `KnownParcel`."""

    container: str
    standing: ContainerStanding = ContainerStanding()
    expected: ExpectedContainer | None = None
    has_manifest: bool = True

    @property
    def is_bulk(self) -> bool:
        """True where goods come by SKU, to be distributed here."""
        return self.expected is not None and self.expected.pack_mode == "sku_bulk"
