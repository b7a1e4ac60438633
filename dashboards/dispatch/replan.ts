/** What a plan of the rest of a day changes, against what is committed: times, vans, who is left out. Pure. */

import type { Crates, Happening, Plan, PlanResult, StationTimes } from '../shared/api/dispatching'
import { countsOf } from '../shared/transfer'
import { hourMinute } from './effect'
import { isReached, type RunSeen, type StopSeen } from './rooms'

const LAST_S = 24 * 3600 - 60 // what a field of a time can show

/** As tapped. Numbers that may be left out are '' then. */
export interface HappeningForm {
  kind: Happening['kind']
  van: string
  minutes: number | ''
  site: string
  /** '': for the rest of the day. */
  until: string
  /** Null: what is packed for it. */
  load: { ambient: number; chilled: number; frozen: number } | null
  from: string
  to: string
  pins: { site: string; van: string }[]
  times: TimesRow[]
  /** Vans may make more stops than was asked for in the morning. */
  moreStops: boolean
}

/** From when to when a station takes goods, where that has changed. As typed: '' is not said yet. */
export interface TimesRow {
  site: string
  from: string
  to: string
}

export const newForm = (kind: Happening['kind'], van: string): HappeningForm => ({
  kind, van, minutes: kind === 'delay' ? 30 : '', site: '', until: '', load: null, from: '06:00', to: '16:00', pins: [],
  times: kind === 'new_times' ? [{ site: '', from: '', to: '' }] : [], moreStops: kind === 'breakdown' || kind === 'new_stop',
})

/** What is wrong with it: something is missing, or it ends before it begins. */
export function timesFault(row: TimesRow): 'missing' | 'reversed' | null {
  if (row.site === '' || row.from === '' || row.to === '') return 'missing'
  return row.from >= row.to ? 'reversed' : null
}

/** As the server takes them. */
export const timesAsked = (form: HappeningForm): StationTimes[] =>
  form.times.map((row) => ({ site: row.site, deliver_from: row.from, deliver_until: row.to, priority: 0 }))

/** When a plan has a station delivered to, to begin with. */
export function timesOf(plan: Plan, site: string): Omit<TimesRow, 'site'> {
  const due = plan.day.stations.find((one) => one.site === site)
  return due === undefined ? { from: '', to: '' } : { from: hourMinute(due.from_s), to: hourMinute(Math.min(due.to_s, LAST_S)) }
}

/** Null: something is still to be said. */
export function happeningOf(form: HappeningForm): Happening | null {
  if (form.times.some((row) => timesFault(row) !== null)) return null
  switch (form.kind) {
    case 'delay':
      return form.van === '' || form.minutes === '' ? null : { kind: 'delay', van: form.van, minutes: form.minutes }
    case 'breakdown':
      return form.van === '' ? null : { kind: 'breakdown', van: form.van }
    case 'closed_station':
      return form.site === '' ? null : { kind: 'closed_station', site: form.site, until: form.until === '' ? null : form.until }
    case 'new_stop':
      if (form.site === '') return null
      return { kind: 'new_stop', site: form.site, load: form.load, deliver_from: form.from, deliver_until: form.to, priority: 0 }
    case 'new_times':
      return form.times.length === 0 ? null : { kind: 'new_times' }
  }
}

export const isAhead = (stop: StopSeen): boolean => stop.state !== 'skipped' && !isReached(stop)

/** When each stop ahead is planned to be reached, in seconds after midnight there. */
export function plannedOf(runs: readonly RunSeen[], midnightMs: number): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const stop of runs.flatMap((run) => run.stops.filter(isAhead))) {
    if (stop.planned !== null) found.set(stop.site, Math.round((Date.parse(stop.planned) - midnightMs) / 1000))
  }
  return found
}

/** ``min``: later, below zero earlier. ``wasS`` null: nobody was to come. */
export interface Shift {
  readonly site: string
  readonly name: string
  readonly van: string
  readonly wasS: number | null
  readonly nowS: number
  readonly min: number
}

/** Stops that are reached at another minute than planned, the latest first; new ones at the end. */
export function shiftsOf(result: PlanResult, planned: ReadonlyMap<string, number>): readonly Shift[] {
  const all = result.routes.flatMap((route) =>
    route.stops.map((stop): Shift => {
      const wasS = planned.get(stop.site) ?? null
      const min = wasS === null ? 0 : Math.round(stop.arrival_s / 60) - Math.round(wasS / 60)
      return { site: stop.site, name: stop.name, van: route.van, wasS, nowS: stop.arrival_s, min }
    }),
  )
  const order = (one: Shift): number => (one.wasS === null ? -Infinity : one.min)
  return all.filter((one) => one.wasS === null || one.min !== 0).sort((a, b) => order(b) - order(a))
}

export interface Sums {
  /** Stations that another van comes to, or one that nobody came to. */
  readonly moved: number
  readonly later: number
  readonly latestMin: number
  readonly left: number
  readonly risk: number
  readonly crates: number
}

export const LATE_MIN = 5 // nobody at a station waits for less

export function sumsOf(result: PlanResult, shifts: readonly Shift[], crates: readonly Crates[]): Sums {
  return {
    moved: result.moves.filter((one) => one.kind === 'van' || one.kind === 'taken_on').length,
    later: shifts.filter((one) => one.min > LATE_MIN).length,
    latestMin: Math.max(0, ...shifts.map((one) => one.min)),
    left: result.unassigned.length,
    risk: result.late_if_slower,
    crates: crates.reduce((all, one) => all + countsOf(one).n, 0),
  }
}

/** Of a committed plan the van that drives a run; '' where the plan knows none. */
export const vanOf = (plan: Plan | null, run: string): string => Object.entries(plan?.run_of_van ?? {}).find(([, name]) => name === run)?.[0] ?? ''
