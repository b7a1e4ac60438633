"""How often what happens in a town: the shares that shared domain knowledge gives, and how much worse a town may be made.

Pure numbers; who rolls the dice is the plan's.
"""

from dataclasses import dataclass, fields, replace

MOST = 0.5  # however bad a day is made, half of everything still goes well


@dataclass(frozen=True, slots=True)
class Chances:
    """Shares of one. ``per piece``: short to spoiled; a piece has one fate."""

    short: float = 0.008
    surplus: float = 0.002
    wrong: float = 0.002
    damaged: float = 0.006
    spoiled: float = 0.010
    # of a parcel: left behind in the warehouse; half of these turn up when somebody looks again
    missing: float = 0.004
    found: float = 0.5
    # of an article and day: there is not enough of it for all
    shortage: float = 0.03
    # of a visit
    no_show: float = 0.06
    proxy: float = 0.03
    partial: float = 0.03
    declined: float = 0.01
    mistake: float = 0.01
    wrong_code: float = 0.02
    # of a van's day and of a stop
    breakdown: float = 0.003
    closed: float = 0.005
    # of a station's day (boxes: of a box's day)
    door_left_open: float = 0.05
    failing_box: float = 0.01
    dropout: float = 0.02
    scanner_unplugged: float = 0.03
    outage: float = 1 / 7
    skewed_clock: float = 0.01

    def worse(self, factor: float) -> "Chances":
        """Everything that goes wrong ``factor`` times as often, up to MOST. ``found`` is no misfortune."""
        return replace(
            self, **{one.name: min(MOST, getattr(self, one.name) * factor) for one in fields(self) if one.name != "found"}
        )


AS_USUAL = Chances()
