"""A part of a problem: neighbouring tours with their stops and vans, to be searched by itself and put back.

Routes are cut where a line of random direction crosses the map that their distances span (classical scaling, Torgerson 1952),
so that a matrix is enough and each round cuts elsewhere: decomposition by routes, as of Santini et al. (2023).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cloud.routing.matrix import UNREACHABLE
from cloud.routing.plan import Tour
from cloud.routing.problem import Problem

# Vans without a tour that each part may bring in.
_SPARE_VANS = 2


@dataclass(frozen=True, slots=True)
class Part:
    """By id, in the problem's order."""

    vans: tuple[str, ...]
    stops: tuple[str, ...]
    tours: tuple[Tour, ...]


def part_problem(problem: Problem, part: Part) -> Problem:
    """The part as a problem."""
    vans = tuple(problem.van[van_id] for van_id in part.vans)
    stops = tuple(problem.stop[stop_id] for stop_id in part.stops)
    return problem.part(vans, stops)


def cut(problem: Problem, tours: Sequence[Tour], pieces: int, rng: random.Random) -> list[Part]:
    """``tours`` in ``pieces`` of about as many stops each. Stops that are in none, and idle vans, are dealt out."""
    pieces = max(1, min(pieces, len(tours)))
    positions = _positions(problem, tours)
    groups = _split(positions, [len(tour.stops) for tour in tours], list(range(len(tours))), pieces, rng)
    served = {stop_id for tour in tours for stop_id in tour.stops}
    left = [stop.id for stop in problem.stops if stop.id not in served]
    busy = {tour.van_id for tour in tours}
    idle = [van.id for van in problem.vans if van.id not in busy]
    rng.shuffle(left)
    rng.shuffle(idle)
    parts = []
    for index, group in enumerate(groups):
        mine = tuple(tours[one] for one in group)
        vans = {tour.van_id for tour in mine} | set(idle[index :: len(groups)][:_SPARE_VANS])
        stops = {stop_id for tour in mine for stop_id in tour.stops}
        stops |= {stop_id for stop_id in left[index :: len(groups)] if any(map(problem.stop[stop_id].may_be_served_by, vans))}
        parts.append(
            Part(
                tuple(van.id for van in problem.vans if van.id in vans),
                tuple(stop.id for stop in problem.stops if stop.id in stops),
                mine,
            )
        )
    return parts


def _positions(problem: Problem, tours: Sequence[Tour]) -> npt.NDArray[np.float64]:
    """(tours, 2): where each lies, as far as the distances between their middle stops tell."""
    places = [_middle(problem, tour) for tour in tours]
    way = problem.matrix.distance_m[np.ix_(places, places)].astype(np.float64)
    way[way == UNREACHABLE] = way.max(initial=0)
    square = ((way + way.T) / 2) ** 2
    centred = square - square.mean(axis=0) - square.mean(axis=1)[:, None] + square.mean()
    values, vectors = np.linalg.eigh(-centred / 2)
    largest = np.argsort(values)[::-1][:2]
    found: npt.NDArray[np.float64] = vectors[:, largest] * np.sqrt(np.maximum(values[largest], 0))
    return found


def _middle(problem: Problem, tour: Tour) -> int:
    """The place of the stop that is nearest to the tour's others."""
    places = [problem.stop[stop_id].place for stop_id in tour.stops]
    return places[int(problem.matrix.distance_m[np.ix_(places, places)].sum(axis=1).argmin())]


def _split(
    positions: npt.NDArray[np.float64], sizes: Sequence[int], members: list[int], pieces: int, rng: random.Random
) -> list[list[int]]:
    if pieces <= 1 or len(members) < 2:
        return [members]
    angle = rng.uniform(0, np.pi)
    along = positions @ np.array([np.cos(angle), np.sin(angle)][: positions.shape[1]])
    ordered = sorted(members, key=lambda one: (along[one], one))
    first = pieces // 2
    wanted = sum(sizes[one] for one in members) * first / pieces
    count, at = 0, 0
    while at < len(ordered) - 1 and (count < wanted or at < 1):
        count += sizes[ordered[at]]
        at += 1
    return [
        *_split(positions, sizes, ordered[:at], first, rng), *_split(positions, sizes, ordered[at:], pieces - first, rng),
    ]  # fmt: skip
