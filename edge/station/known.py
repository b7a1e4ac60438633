"""What is known of a thing when an act about it is decided: what is expected, and where it stands by what was booked."""

from typing import NamedTuple

from edge.rules.custody import ContainerStanding, ParcelStanding
from edge.wire.custody import Problem
from edge.wire.manifest import ExpectedContainer, ExpectedParcel, OtherParcel, Zone

_TOO_WARM = frozenset({Problem.TEMP_BREACH, Problem.SPOILED})


class Gone(NamedTuple):
    """When something was handed out, and by what somebody showed that it was theirs (How)."""

    at_ms: int
    how: str


class KnownParcel(NamedTuple):
    """``expected`` None: it is not in the manifest, or there is none (``has_manifest``). ``gone``: where it was handed out here.

    ``other``: it is none of the day's, and this is known of it. ``is_due``: it was, and its day has come since.
    """

    parcel: str
    standing: ParcelStanding = ParcelStanding()
    expected: ExpectedParcel | None = None
    has_manifest: bool = True
    gone: Gone | None = None
    other: OtherParcel | None = None
    is_due: bool = False

    def at(self, now_ms: int) -> "KnownParcel":
        """As it is to be judged now: what was for a later day is of today once that begins, also before the new manifest comes."""
        if self.other is None or self.other.why != "later" or now_ms < self.other.from_ms:
            return self
        return self._replace(other=None, is_due=True)

    @property
    def is_surplus(self) -> bool:
        """Nothing says that it should come here, today or later."""
        return self.expected is None and not self.is_due and not self.is_for_later

    @property
    def is_aside(self) -> bool:
        """It is none of the day's, as far as there is a list to say so: it is put aside, not on a shelf."""
        return self.has_manifest and self.expected is None

    @property
    def is_for_later(self) -> bool:
        """It is this station's, for another day."""
        return self.other is not None and self.other.why == "later"

    @property
    def is_seen_elsewhere(self) -> bool:
        """Another station scanned it in last, whatever was booked here before."""
        return self.expected is not None and self.expected.seen_at != ""

    @property
    def zone(self) -> Zone | None:
        """Its temperature zone, where that is known."""
        if self.expected is not None:
            return self.expected.zone
        return None if self.other is None else self.other.zone

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
