"""Reads what zxing-cpp alone does not: each frame gets one stage more, in rotation, or a single picture all of them.

Blocking. Leaves the stages to cascade_stages, and which frames to believe to sightings.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2

from edge.devices.barcode import Decoders, Symbol
from edge.devices.cascade_bars import Grey
from edge.devices.cascade_stages import PLAIN, Picture, Stage, stages_with

SCENE_PX = (32, 24)
SCENE_GREY = 6  # grey levels of a cell; lamps flicker by 2 to 4
RESTS_AFTER = 2  # rounds of all stages
DOUBT_S = 1.5  # a doubtful reading waits this long for another stage to say the same
MARGIN = 1.3  # of what a stage takes on pictures of one size
LATE = 0.75  # of the budget: what has begun is still to end


@dataclass(slots=True)
class _Doubts:
    """Readings that one more stage has to confirm: of doubtful stages, and of codes without a check digit."""

    _stages: dict[Symbol, dict[str, float]] = field(default_factory=dict)

    def settle(self, stage: Stage, found: list[Symbol], at_s: float) -> list[Symbol]:
        """What of ``found`` may be passed on."""
        self._stages = {
            symbol: stages for symbol, stages in self._stages.items() if any(at_s - seen_s < DOUBT_S for seen_s in stages.values())
        }
        passed = []
        for symbol in found:
            if symbol.is_matrix or (symbol.has_check and not stage.is_doubtful):
                passed.append(symbol)
                continue
            stages = self._stages.setdefault(symbol, {})
            stages[stage.name] = at_s
            if sum(at_s - seen_s < DOUBT_S for seen_s in stages.values()) > 1:
                passed.append(symbol)
        return passed


class _Scene:
    """How long a picture has not changed."""

    def __init__(self) -> None:
        self._small: Any = None
        self._alike = 0

    def frames_alike(self, grey: Grey) -> int:
        """How many frames before this one showed the same."""
        small = cv2.resize(grey, SCENE_PX, interpolation=cv2.INTER_AREA)
        is_alike = self._small is not None and int(cv2.absdiff(small, self._small).max()) <= SCENE_GREY
        if is_alike:
            self._alike += 1
        else:
            # Compared with where it began, so that a slow change is one, too.
            self._small, self._alike = small, 0
        return self._alike


class Cascade:
    """What a camera's frames go through, one after another."""

    def __init__(self, decoders: Decoders) -> None:
        self._decoders = decoders
        self._retries = stages_with(decoders)
        self._turn = 0
        self._doubts = _Doubts()
        self._scene = _Scene()

    def blank(self) -> None:
        """Nothing is in view: what comes next begins with the best stage."""
        self._turn = 0
        self._scene = _Scene()

    def frame(self, grey: Grey, at_s: float) -> list[Symbol]:
        """The symbols in a frame taken at ``at_s``, none twice: zxing-cpp's, and those of the one stage whose turn it is.

        Where zxing-cpp has read something, that stage looks only if there are bars that nobody has read, and only at those. A stage
        that reads keeps its turn, so that the next frame can agree. Once all stages have had theirs on a scene that does not
        change, they rest until it does: an empty counter costs zxing-cpp's time and no more.
        """
        places = self._decoders.places_by_zxing(grey)
        found = self._doubts.settle(PLAIN, list(places), at_s)
        frames_alike = self._scene.frames_alike(grey)
        if frames_alike >= RESTS_AFTER * len(self._retries):
            self._turn = 0
            return found
        picture = Picture(grey, read=[middle for symbol in found for middle in places[symbol]])
        if found and not picture.bars:
            return found
        stage = self._retries[self._turn]
        more = [symbol for symbol in self._doubts.settle(stage, stage.read(self._decoders, picture), at_s) if symbol not in found]
        if not more:
            self._turn = (self._turn + 1) % len(self._retries)
        return [*found, *more]


@dataclass(frozen=True, slots=True)
class Still:
    """What was read off one picture, by which stage, and what it cost."""

    symbols: list[Symbol]
    stage: str
    cpu_s: float


class StillReader:
    """One picture and no next frame, so all stages, within a budget of CPU time."""

    def __init__(self, decoders: Decoders, cpu: Callable[[], float] = time.thread_time) -> None:
        self._decoders = decoders
        self._retries = stages_with(decoders)
        self._cpu = cpu
        self._likely_s: dict[tuple[str, int], float] = {}

    def read(self, grey: Grey, budget_s: float = float("inf")) -> Still:
        """The symbols of the first stage that reads. What is found after ``budget_s`` of CPU does not count.

        A stage that, by what it took before on pictures of this size, would not end in time is passed over.
        """
        began_s = self._cpu()
        picture = Picture(grey, lambda: self._cpu() - began_s > LATE * budget_s)
        doubts = _Doubts()
        for stage in (PLAIN, *self._retries):
            stage_began_s = self._cpu()
            kind = (stage.name, grey.size.bit_length())
            likely_s = 0.0 if stage.is_in_parts else self._likely_s.get(kind, 0.0)
            if stage is not PLAIN and stage_began_s - began_s + MARGIN * likely_s > budget_s:
                continue
            found = doubts.settle(stage, stage.read(self._decoders, picture), 0.0)
            ended_s = self._cpu()
            took_s = ended_s - stage_began_s
            self._likely_s[kind] = 0.8 * self._likely_s.get(kind, took_s) + 0.2 * took_s
            if found and ended_s - began_s <= budget_s:
                return Still(found, stage.name, ended_s - began_s)
        return Still([], "", self._cpu() - began_s)
