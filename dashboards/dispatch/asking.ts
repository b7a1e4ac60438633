/** The form of a new plan: what it begins with, and what is sent of it. Pure. */

import type { Site } from '../shared/api/cloud'
import type { DayIn, PlanDay, VanIn } from '../shared/api/dispatching'
import { hourMinute } from './effect'

/** As typed. Numbers that may be left out are '' then. */
export interface VanRow {
  id: string
  vehicle: string
  ambient: number
  chilled: number
  frozen: number
  from: string
  to: string
  stops: number | ''
  reloads: number
  readonly costs: Pick<VanIn, 'fixed_fen' | 'per_km_fen' | 'per_h_fen'>
}

export interface StationRow {
  site: string
  from: string
  until: string
  priority: number
}

export interface DayForm {
  depot: string
  vans: VanRow[]
  from: string
  until: string
  seconds: number
  loadingMin: number
  serviceS: number
  containerS: number
  stations: StationRow[]
}

// A van of the domain: some eighty slots.
const ROOM = { ambient: 50, chilled: 20, frozen: 10 }
const COSTS = { fixed_fen: 0, per_km_fen: 120, per_h_fen: 3600 }
const DAY = { from: '06:00', until: '15:00', seconds: 30, loadingMin: 20, serviceS: 240, containerS: 20 }

export const newVan = (id: string, vehicle = ''): VanRow => ({
  id, vehicle, ...ROOM, from: '05:00', to: '14:00', stops: '', reloads: 0, costs: COSTS,
})

/** As the plan before it; else a van for each vehicle there is. */
export function formOf(known: PlanDay | null, vehicles: readonly Site[]): DayForm {
  if (known === null) {
    const vans = vehicles.length > 0 ? vehicles.map((site, index) => newVan(String(index + 1), site.id)) : [newVan('1')]
    return { depot: '', vans, ...DAY, stations: [] }
  }
  const from = hourMinute(most(known.stations.map((one) => one.from_s)) ?? 6 * 3600)
  const until = hourMinute(most(known.stations.map((one) => one.to_s)) ?? 15 * 3600)
  return {
    depot: known.depot.site,
    vans: known.vans.map((van) => ({
      id: van.id,
      vehicle: van.vehicle,
      ...van.room,
      from: hourMinute(van.from_s),
      to: hourMinute(van.to_s),
      stops: van.max_stops ?? '',
      reloads: van.max_reloads,
      costs: { fixed_fen: van.fixed_fen, per_km_fen: van.per_km_fen, per_h_fen: van.per_h_fen },
    })),
    from,
    until,
    seconds: DAY.seconds,
    loadingMin: Math.round(known.loading_s / 60),
    serviceS: known.service_s,
    containerS: known.container_s,
    stations: known.stations
      .map((one) => ({ site: one.site, from: hourMinute(one.from_s), until: hourMinute(one.to_s), priority: one.priority }))
      .filter((one) => one.from !== from || one.until !== until || one.priority !== 0),
  }
}

function most(values: readonly number[]): number | null {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null
}

export function dayOf(date: string, form: DayForm): DayIn {
  return {
    service_date: date,
    depot: form.depot === '' ? null : form.depot,
    vans: form.vans.map((van) => ({
      id: van.id,
      vehicle: van.vehicle === '' ? null : van.vehicle,
      ambient: van.ambient,
      chilled: van.chilled,
      frozen: van.frozen,
      shift_from: van.from,
      shift_to: van.to,
      max_stops: van.stops === '' ? null : van.stops,
      max_reloads: van.reloads,
      ...van.costs,
    })),
    deliver_from: form.from,
    deliver_until: form.until,
    stations: form.stations
      .filter((one) => one.site !== '')
      .map((one) => ({ site: one.site, deliver_from: one.from, deliver_until: one.until, priority: one.priority })),
    loading_s: form.loadingMin * 60,
    service_s: form.serviceS,
    container_s: form.containerS,
    seconds: form.seconds,
  }
}

/** The next number that no van has. */
export function freeNumber(vans: readonly VanRow[]): string {
  let number = vans.length + 1
  while (vans.some((van) => van.id === String(number))) number += 1
  return String(number)
}
