"""A Problem as OR-Tools' routing library wants it: breaks, locks, fixed heads, goods fetched on the way. And its answer as tours.

A node for each stop, each collecting, each reload that a van may make, and each van's start and end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.constraint_solver import pywrapcp

from cloud.routing.matrix import Table
from cloud.routing.plan import Call, CallKind, Tour
from cloud.routing.problem import Problem, Stop, Van, Window

# Longer than any way a van drives in a day, and small enough for sums.
NO_WAY_M = 10_000_000
NO_WAY_S = 1_000_000
_NOWHERE = -1


@dataclass(frozen=True, slots=True)
class _Node:
    """``owner``: the only van that may come here, by its number; None: any."""

    call: Call | None
    place: int
    service_s: int
    owner: int | None = None


class OrtoolsModel:
    """A closed model; ``solve`` is the engine's."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._nodes: list[_Node] = [_Node(Call(CallKind.STOP, stop.id), stop.place, stop.service_s) for stop in problem.stops]
        self._collect = self._add_collecting()
        self._add_reloads()
        starts, ends = self._add_vans()
        self.manager = pywrapcp.RoutingIndexManager(len(self._nodes), len(problem.vans), starts, ends)
        self.routing = pywrapcp.RoutingModel(self.manager)
        self._distance_m, self._travel_s = _tables(problem, self._nodes)
        self._cost()
        self._time()
        for index in range(len(problem.stops[0].load.amounts) if problem.stops else 0):
            self._load(index)
        self._counts()
        self._choices()

    def tours(self, assignment: pywrapcp.Assignment) -> list[Tour]:
        """Of the vans that leave."""
        tours = []
        for number, van in enumerate(self.problem.vans):
            calls = []
            index = assignment.Value(self.routing.NextVar(self.routing.Start(number)))
            while not self.routing.IsEnd(index):
                call = self._nodes[self.manager.IndexToNode(index)].call
                if call is not None:
                    calls.append(call)
                index = assignment.Value(self.routing.NextVar(index))
            if any(call.kind is CallKind.STOP for call in calls):
                tours.append(Tour(van.id, tuple(calls)))
        return tours

    def routes(self, tours: Sequence[Tour]) -> list[list[int]]:
        """Tours as the library reads them: indices by van; what is gone is passed over."""
        node_of: dict[tuple[Call, int | None], int] = {
            (node.call, node.owner): number for number, node in reversed(list(enumerate(self._nodes))) if node.call is not None
        }
        numbers = {van.id: number for number, van in enumerate(self.problem.vans)}
        routes: list[list[int]] = [[] for _ in self.problem.vans]
        used: set[int] = set()
        for tour in tours:
            number = numbers.get(tour.van_id)
            for call in tour.calls if number is not None else ():
                owner = number if call.kind is CallKind.RELOAD else None
                node = node_of.get((call, owner))
                while node is not None and node in used and call.kind is CallKind.RELOAD:
                    node = node + 1 if self._nodes[node + 1].call == call else None
                if node is not None and node not in used and number is not None:
                    used.add(node)
                    routes[number].append(self.manager.NodeToIndex(node))
        return routes

    def heads(self) -> list[list[int]]:
        """What each van has to begin with, by index; a stop's collecting before it."""
        number_of = {stop.id: number for number, stop in enumerate(self.problem.stops)}
        heads = []
        for van in self.problem.vans:
            nodes: list[int] = []
            for stop_id in van.first_stops:
                if stop_id in self._collect:
                    nodes.append(self._collect[stop_id])
                nodes.append(number_of[stop_id])
            heads.append([self.manager.NodeToIndex(node) for node in nodes])
        return heads

    def _add_collecting(self) -> dict[str, int]:
        found = {}
        for stop in self.problem.stops:
            if stop.collect_place is not None:
                found[stop.id] = len(self._nodes)
                self._nodes.append(_Node(Call(CallKind.COLLECT, stop.id), stop.collect_place, stop.collect_s))
        return found

    def _add_reloads(self) -> None:
        for number, van in enumerate(self.problem.vans):
            for depot_id in van.reload_depots:
                depot = self.problem.depot[depot_id]
                call = Call(CallKind.RELOAD, depot_id)
                self._nodes += [_Node(call, depot.place, depot.loading_s, number) for _ in range(van.max_reloads)]

    def _add_vans(self) -> tuple[list[int], list[int]]:
        starts, ends = [], []
        for van in self.problem.vans:
            loading_s = 0 if van.depot_id is None else self.problem.depot[van.depot_id].loading_s
            starts.append(len(self._nodes))
            self._nodes.append(_Node(None, van.start_place, loading_s))
            ends.append(len(self._nodes))
            self._nodes.append(_Node(None, _NOWHERE if van.end_place is None else van.end_place, 0))
        return starts, ends

    def _cost(self) -> None:
        made: dict[tuple[object, ...], int] = {}
        for number, van in enumerate(self.problem.vans):
            kind = self.problem.van_type[van.type_id]
            unfamiliar = self.problem.unfamiliar_mfen
            unknown = tuple(not van.knows(stop.id) for stop in self.problem.stops) if unfamiliar else ()
            key = (kind.per_m_mfen, unknown)
            if key not in made:
                table = self._distance_m * kind.per_m_mfen
                if any(unknown):
                    table[:, : len(unknown)] += np.array(unknown) * unfamiliar
                made[key] = self.routing.RegisterTransitMatrix(table.tolist())
            self.routing.SetArcCostEvaluatorOfVehicle(made[key], number)
            self.routing.SetFixedCostOfVehicle(kind.fixed_mfen, number)

    def _time(self) -> None:
        """The dimension counts seconds to the beginning of what is done at a node."""
        services_s = np.array([node.service_s for node in self._nodes])
        transit = self.routing.RegisterTransitMatrix((self._travel_s + services_s[:, None]).tolist())
        horizon_s = max(van.shift.to_s for van in self.problem.vans)
        self.routing.AddDimension(transit, horizon_s, horizon_s, False, "time")
        time = self.routing.GetDimensionOrDie("time")
        for number, stop in enumerate(self.problem.stops):
            _allow(time.CumulVar(self.manager.NodeToIndex(number)), stop.windows)
        for number, node in enumerate(self._nodes):
            if node.call is not None and node.call.kind is CallKind.RELOAD:
                _allow(time.CumulVar(self.manager.NodeToIndex(number)), [self.problem.depot[node.call.id].opened])
        for number, van in enumerate(self.problem.vans):
            opened = van.shift if van.depot_id is None else self.problem.depot[van.depot_id].opened
            start = time.CumulVar(self.routing.Start(number))
            start.SetRange(max(van.shift.from_s, opened.from_s), max(van.shift.from_s, min(van.shift.to_s, opened.to_s)))
            time.CumulVar(self.routing.End(number)).SetRange(van.shift.from_s, van.shift.to_s)
            time.SetSpanCostCoefficientForVehicle(self.problem.van_type[van.type_id].per_s_mfen, number)
            if van.max_duty_s is not None:
                time.SetSpanUpperBoundForVehicle(van.max_duty_s, number)
            self.routing.AddVariableMinimizedByFinalizer(time.CumulVar(self.routing.End(number)))
            self._breaks(time, number, van)

    def _breaks(self, time: pywrapcp.RoutingDimension, number: int, van: Van) -> None:
        if not van.breaks:
            return
        solver = self.routing.solver()
        intervals = [
            solver.FixedDurationIntervalVar(one.earliest_s, one.latest_s, one.duration_s, False, f"break {van.id} {index}")
            for index, one in enumerate(van.breaks)
        ]
        visits = [self._nodes[self.manager.IndexToNode(index)].service_s for index in range(self.routing.Size())]
        time.SetBreakIntervalsOfVehicle(intervals, number, visits)

    def _load(self, measure: int) -> None:
        """What is aboard: it falls at stops, grows at collecting, and may grow at a reload; nothing is left at the end."""
        loads = [stop.load.amounts[measure] for stop in self.problem.stops]
        if not any(loads):
            return
        room = [self.problem.capacity(van).amounts[measure] for van in self.problem.vans]
        change = [0] * len(self._nodes)
        for number, load in enumerate(loads):
            change[number] = -load
        for stop_id, collect in self._collect.items():
            change[collect] = self.problem.stop[stop_id].load.amounts[measure]
        transit = self.routing.RegisterUnaryTransitVector(change)
        most = max(room)
        self.routing.AddDimensionWithVehicleCapacity(transit, most, room, False, f"load {measure}")
        dimension = self.routing.GetDimensionOrDie(f"load {measure}")
        for number, node in enumerate(self._nodes):
            is_reload = node.call is not None and node.call.kind is CallKind.RELOAD
            if node.call is None:
                continue
            if is_reload:
                dimension.CumulVar(self.manager.NodeToIndex(number)).SetValue(0)
            else:
                dimension.SlackVar(self.manager.NodeToIndex(number)).SetValue(0)
        for number in range(len(self.problem.vans)):
            dimension.SlackVar(self.routing.Start(number)).SetValue(0)
            dimension.CumulVar(self.routing.End(number)).SetValue(0)

    def _counts(self) -> None:
        if all(van.max_stops is None for van in self.problem.vans):
            return
        ones = [int(number < len(self.problem.stops)) for number in range(len(self._nodes))]
        transit = self.routing.RegisterUnaryTransitVector(ones)
        most = [len(ones) if van.max_stops is None else van.max_stops for van in self.problem.vans]
        self.routing.AddDimensionWithVehicleCapacity(transit, 0, most, True, "stops")

    def _choices(self) -> None:
        """What may be left out and at what price, who may come, and what belongs together."""
        vans = self.problem.vans
        for number, stop in enumerate(self.problem.stops):
            index = self.manager.NodeToIndex(number)
            self.routing.AddDisjunction([index], stop.left_out_mfen)
            if stop.allowed_vans is not None:
                self._allow_vans(index, [one for one, van in enumerate(vans) if van.id in stop.allowed_vans])
            if stop.id in self._collect:
                self._pair(index, self.manager.NodeToIndex(self._collect[stop.id]), stop)
        for number, node in enumerate(self._nodes):
            if node.owner is not None:
                index = self.manager.NodeToIndex(number)
                self.routing.AddDisjunction([index], 0)
                self._allow_vans(index, [node.owner])

    def _allow_vans(self, index: int, numbers: Sequence[int]) -> None:
        self.routing.VehicleVar(index).SetValues([-1, *numbers])

    def _pair(self, stop: int, collect: int, what: Stop) -> None:
        self.routing.AddDisjunction([collect], 0)
        self.routing.AddPickupAndDelivery(collect, stop)
        solver = self.routing.solver()
        solver.Add(self.routing.ActiveVar(collect) == self.routing.ActiveVar(stop))
        solver.Add(self.routing.VehicleVar(collect) == self.routing.VehicleVar(stop))
        time = self.routing.GetDimensionOrDie("time")
        solver.Add(time.CumulVar(collect) <= time.CumulVar(stop))
        if what.allowed_vans is not None:
            self._allow_vans(collect, [one for one, van in enumerate(self.problem.vans) if van.id in what.allowed_vans])


def _allow(variable: pywrapcp.IntVar, windows: Sequence[Window]) -> None:
    ordered = sorted(windows, key=lambda window: window.from_s)
    variable.SetRange(ordered[0].from_s, max(window.to_s for window in ordered))
    end_s = ordered[0].to_s
    for window in ordered[1:]:
        if window.from_s > end_s + 1:
            variable.RemoveInterval(end_s + 1, window.from_s - 1)
        end_s = max(end_s, window.to_s)


def _tables(problem: Problem, nodes: Sequence[_Node]) -> tuple[Table, Table]:
    places = np.array([node.place for node in nodes], dtype=np.int64)
    is_real = places != _NOWHERE
    ix = np.ix_(np.where(is_real, places, 0), np.where(is_real, places, 0))
    holes = problem.matrix.holes()[ix]
    tables = []
    for table, none in ((problem.matrix.distance_m, NO_WAY_M), (problem.matrix.duration_s, NO_WAY_S)):
        made: Table = np.where(holes, none, table[ix])
        made[~is_real[:, None] | ~is_real[None, :]] = 0
        np.fill_diagonal(made, 0)
        tables.append(made)
    return tables[0], tables[1]
