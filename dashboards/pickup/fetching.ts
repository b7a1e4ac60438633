/** A hand-out as a walk: each place once, cold last, so that nothing thaws in the hand. Pure. */

import type { Fetched } from '../shared/agent/agent'

export interface Stop {
  readonly place: string
  readonly zone: string
  readonly isCell: boolean
  readonly count: number
}

const COLDER = ['ambient', '', 'chilled', 'frozen']

export function byPlace(fetched: readonly Fetched[]): readonly Stop[] {
  const stops = new Map<string, Stop>()
  for (const { place, zone, isCell } of fetched) {
    const key = `${String(isCell)} ${place} ${zone}`
    stops.set(key, { place, zone, isCell, count: (stops.get(key)?.count ?? 0) + 1 })
  }
  return [...stops.values()].sort(
    (a, b) => COLDER.indexOf(a.zone) - COLDER.indexOf(b.zone) || a.place.localeCompare(b.place, 'en', { numeric: true }),
  )
}
