/** Tours of a plan while somebody moves stops in them. Pure: every move gives new tours. */

import type { PlanResult, TourIn } from '../shared/api/dispatching'
import type { Place as Lying } from '../shared/map/view'

/** One van's stops, trip by trip: between two trips it loads again. */
export type Tours = readonly TourIn[]

/** Where a stop stands: `at` counts from 0 through all of the van's trips. Van '': with none. */
export interface Place {
  readonly van: string
  readonly at: number
}

/** Every van of the day, in its order; those that stay have no trips. */
export function toursOf(vans: readonly string[], result: PlanResult): Tours {
  const routes = new Map(result.routes.map((route) => [route.van, route]))
  return vans.map((van) => {
    const trips: string[][] = []
    for (const stop of routes.get(van)?.stops ?? []) {
      const trip = (trips[stop.trip - 1] ??= [])
      trip.push(stop.site)
    }
    return { van, trips }
  })
}

export const stopsOf = (tour: TourIn): readonly string[] => tour.trips.flat()

export function placeOf(tours: Tours, site: string): Place {
  for (const tour of tours) {
    const at = stopsOf(tour).indexOf(site)
    if (at >= 0) return { van: tour.van, at }
  }
  return { van: '', at: 0 }
}

/** The stop taken out of where it is and put to `at` of the van, counted without it. Beyond either end: at that end. */
export function moved(tours: Tours, site: string, to: Place): Tours {
  const left = tours.map((tour) => ({ ...tour, trips: tour.trips.map((trip) => trip.filter((one) => one !== site)) }))
  return left.map((tour) => ({ ...tour, trips: (tour.van === to.van ? put(tour.trips, site, to.at) : tour.trips).filter((trip) => trip.length > 0) }))
}

function put(trips: readonly string[][], site: string, at: number): string[][] {
  if (trips.length === 0) return [[site]]
  let before = 0
  for (const [index, trip] of trips.entries()) {
    if (at <= before + trip.length || index === trips.length - 1) {
      const here = Math.max(0, Math.min(at - before, trip.length))
      return trips.map((one, number) => (number === index ? [...one.slice(0, here), site, ...one.slice(here)] : one))
    }
    before += trip.length
  }
  return [...trips]
}

/** One place up (-1) or down (1) within its van; the same tours at either end, and for a stop with no van. */
export function shifted(tours: Tours, site: string, by: -1 | 1): Tours {
  const { van, at } = placeOf(tours, site)
  const count = stopsOf(tours.find((tour) => tour.van === van) ?? { van, trips: [] }).length
  if (van === '' || at + by < 0 || at + by >= count) return tours
  return moved(tours, site, { van, at: at + by })
}

export function isSame(one: Tours, other: Tours): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Where a stop makes the other van's way longer by least, as the crow flies: it begins and ends at the depot. */
export function cheapest(tours: Tours, site: string, van: string, depot: Lying, places: ReadonlyMap<string, Lying>): Place {
  const stops = stopsOf(tours.find((tour) => tour.van === van) ?? { van, trips: [] }).filter((one) => one !== site)
  const here = places.get(site)
  if (!here) return { van, at: stops.length }
  const way = [depot, ...stops.map((one) => places.get(one) ?? depot), depot]
  let best = { at: 0, more: Infinity }
  for (let at = 0; at + 1 < way.length; at++) {
    const [before, after] = [way[at] ?? depot, way[at + 1] ?? depot]
    const more = apart(before, here) + apart(here, after) - apart(before, after)
    if (more < best.more) best = { at, more }
  }
  return { van, at: best.at }
}

/** In degrees of latitude: only compared. */
function apart(one: Lying, other: Lying): number {
  const east = (one.lon - other.lon) * Math.cos((one.lat * Math.PI) / 180)
  return Math.hypot(one.lat - other.lat, east)
}
