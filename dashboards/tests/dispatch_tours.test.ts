import { describe, expect, it } from 'vitest'

import { placeAmong } from '../dispatch/dragging'
import { cheapest, isSame, moved, placeOf, shifted, stopsOf, type Tours, toursOf } from '../dispatch/tours'
import type { PlanResult, PlanRoute } from '../shared/api/dispatching'

const NO_LOAD = { ambient: 0, chilled: 0, frozen: 0 }
const stop = (site: string, trip = 1) => ({ site, name: site, trip, arrival_s: 0, departure_s: 0, load: NO_LOAD })
const route = (van: string, stops: PlanRoute['stops']): PlanRoute => ({
  van, vehicle: '', start_s: 0, end_s: 0, stops, load: NO_LOAD, fullest: NO_LOAD, room: NO_LOAD, cost_fen: 0, distance_m: 0, driving_s: 0, duty_s: 0,
  waiting_s: 0, late_if_slower: [], meets: [],
})
const result = (...routes: PlanRoute[]): PlanResult => ({
  routes, unassigned: [], cost_fen: 0, distance_m: 0, driving_s: 0, duty_s: 0, late: 0, late_if_slower: 0, is_estimate: true, engine: '', ways: '', moves: [],
})

const TOURS: Tours = [
  { van: '1', trips: [['a', 'b'], ['c']] },
  { van: '2', trips: [['d']] },
  { van: '3', trips: [] },
]
const flat = (tours: Tours) => Object.fromEntries(tours.map((tour) => [tour.van, tour.trips]))

describe('tours while stops are moved', () => {
  it('are read from a plan with the trips of each van, and a van that stays has none', () => {
    const plan = result(route('2', [stop('d')]), route('1', [stop('a'), stop('b'), stop('c', 2)]))
    expect(toursOf(['1', '2', '3'], plan)).toEqual(TOURS)
  })

  it('take a stop to another van where it was dropped, and out of where it was', () => {
    expect(flat(moved(TOURS, 'a', { van: '2', at: 1 }))).toEqual({ '1': [['b'], ['c']], '2': [['d', 'a']], '3': [] })
    expect(flat(moved(TOURS, 'd', { van: '1', at: 0 }))).toEqual({ '1': [['d', 'a', 'b'], ['c']], '2': [], '3': [] })
    expect(flat(moved(TOURS, 'd', { van: '1', at: 99 }))).toEqual({ '1': [['a', 'b'], ['c', 'd']], '2': [], '3': [] })
    expect(flat(moved(TOURS, 'd', { van: '3', at: 5 }))).toMatchObject({ '2': [], '3': [['d']] })
  })

  it('lose a trip that has no stop any more, and a stop that goes to no van', () => {
    expect(flat(moved(TOURS, 'c', { van: '', at: 0 }))).toEqual({ '1': [['a', 'b']], '2': [['d']], '3': [] })
    expect(placeOf(moved(TOURS, 'c', { van: '', at: 0 }), 'c')).toEqual({ van: '', at: 0 })
  })

  it('shift a stop by one place, and not beyond either end', () => {
    expect(stopsOf(shifted(TOURS, 'a', 1)[0] ?? { van: '', trips: [] })).toEqual(['b', 'a', 'c'])
    expect(stopsOf(shifted(TOURS, 'b', -1)[0] ?? { van: '', trips: [] })).toEqual(['b', 'a', 'c'])
    expect(shifted(TOURS, 'a', -1)).toBe(TOURS)
    expect(shifted(TOURS, 'c', 1)).toBe(TOURS)
    expect(shifted(TOURS, 'nobody', 1)).toBe(TOURS)
  })

  it('are the same again when a move is taken back', () => {
    expect(isSame(moved(moved(TOURS, 'd', { van: '3', at: 0 }), 'd', { van: '2', at: 0 }), TOURS)).toBe(true)
    expect(isSame(shifted(TOURS, 'a', 1), TOURS)).toBe(false)
  })

  it('find the place that lengthens the way least, also in a van that stays', () => {
    const depot = { lat: 31, lon: 121 }
    const places = new Map(Object.entries({ a: 121.1, b: 121.2, c: 121.3, d: 121.15 }).map(([site, lon]) => [site, { lat: site === 'c' ? 31.1 : 31, lon }]))
    const line: Tours = [{ van: '1', trips: [['a', 'b', 'c']] }, { van: '2', trips: [] }]
    expect(cheapest(line, 'd', '1', depot, places)).toEqual({ van: '1', at: 1 })
    expect(cheapest(line, 'd', '2', depot, places)).toEqual({ van: '2', at: 0 })
    expect(cheapest(line, 'unplaced', '1', depot, places)).toEqual({ van: '1', at: 3 })
  })
})

describe('a pointer over a list', () => {
  it('is behind every row whose middle lies above it', () => {
    const rows = [0, 40, 80].map((top) => ({ top, height: 40 }))
    expect([-5, 19, 21, 61, 500].map((y) => placeAmong(rows, y))).toEqual([0, 0, 1, 2, 3])
  })
})
