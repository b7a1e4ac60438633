"""Which of the symbols in view is a scan: a matrix code seen once, a bar code twice, none again while it stays in view.

Pure; times are handed in. Leaves frames and decoding to camera and barcode.
"""

from dataclasses import dataclass, field

from edge.devices.barcode import Symbol

AGREE_S = 0.35  # two frames of a bar code have to agree within this: a misread is seldom the same twice
FRAMES_UNCHECKED = 3  # of a code without a check digit (ITF), whose misreads do come twice
REARM_S = 1.5  # unseen for this long, the same label is another scan
MAX_IN_VIEW = 200  # more than a table full; the one unseen for longest makes room


@dataclass(slots=True)
class _Seen:
    last_s: float
    agreeing: int  # frames in a row, each soon after the one before
    is_scanned: bool


@dataclass(slots=True)
class Sightings:
    """What is in view of one camera."""

    _seen: dict[Symbol, _Seen] = field(default_factory=dict)

    def frame(self, symbols: list[Symbol], at_s: float) -> list[Symbol]:
        """The symbols that become scans with this frame, taken at ``at_s`` (seconds of one monotonic clock)."""
        self._forget(at_s)
        scanned = []
        for symbol in symbols:
            seen = self._seen.pop(symbol, None)  # popped and put back: the dict stays in the order of last sight
            agreeing = seen.agreeing + 1 if seen is not None and at_s - seen.last_s <= AGREE_S else 1
            was_scanned = seen is not None and seen.is_scanned
            is_scan = not was_scanned and agreeing >= _frames_needed(symbol)
            self._seen[symbol] = _Seen(at_s, agreeing, was_scanned or is_scan)
            if is_scan:
                scanned.append(symbol)
        while len(self._seen) > MAX_IN_VIEW:
            del self._seen[next(iter(self._seen))]
        return scanned

    def _forget(self, at_s: float) -> None:
        for symbol in [symbol for symbol, seen in self._seen.items() if at_s - seen.last_s >= REARM_S]:
            del self._seen[symbol]


def _frames_needed(symbol: Symbol) -> int:
    if symbol.is_matrix:
        return 1
    return 2 if symbol.has_check else FRAMES_UNCHECKED
