/** What a move does to times, and how full vans are. Pure. */

import type { PlanResult, Zones } from '../shared/api/dispatching'

export const ZONES = ['ambient', 'chilled', 'frozen'] as const
export type Zone = (typeof ZONES)[number]

/** Arrival of each site, in seconds since midnight. */
export function arrivals(result: PlanResult): ReadonlyMap<string, number> {
  return new Map(result.routes.flatMap((route) => route.stops.map((stop) => [stop.site, stop.arrival_s] as const)))
}

/** Whole minutes later (or earlier, below zero) than before, where it is more than none; sites that are new have none. */
export function shifts(before: PlanResult, after: PlanResult): ReadonlyMap<string, number> {
  const was = arrivals(before)
  const found = new Map<string, number>()
  for (const [site, now] of arrivals(after)) {
    const then = was.get(site)
    const minutes = then === undefined ? 0 : Math.round(now / 60) - Math.round(then / 60)
    if (minutes !== 0) found.set(site, minutes)
  }
  return found
}

export const sum = (loads: readonly Zones[]): Zones => ({
  ambient: loads.reduce((all, one) => all + one.ambient, 0),
  chilled: loads.reduce((all, one) => all + one.chilled, 0),
  frozen: loads.reduce((all, one) => all + one.frozen, 0),
})

/** Of a van that loads several times: the most of each zone that any of its trips has aboard. */
export const most = (trips: readonly Zones[]): Zones => ({
  ambient: Math.max(0, ...trips.map((one) => one.ambient)),
  chilled: Math.max(0, ...trips.map((one) => one.chilled)),
  frozen: Math.max(0, ...trips.map((one) => one.frozen)),
})

/** Zones that are asked for or that there is room for, with both. */
export function fillings(load: Zones, room: Zones): readonly { zone: Zone; load: number; room: number; isOver: boolean }[] {
  return ZONES.map((zone) => ({ zone, load: load[zone], room: room[zone], isOver: load[zone] > room[zone] })).filter(
    (one) => one.load > 0 || one.room > 0,
  )
}

/** 07:05 of seconds since midnight; what is after midnight goes on counting. */
export function hourMinute(s: number): string {
  const minutes = Math.round(s / 60)
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

/** ¥1,234.50 */
export const yuan = (fen: number): string => `${fen < 0 ? '−' : ''}¥${(Math.abs(fen) / 100).toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ',')}`
export const km = (m: number): string => `${(m / 1000).toFixed(1)} km`
export const hours = (s: number): string => `${(s / 3600).toFixed(1)} h`
/** With its sign, also a plus; '±0' of what does not change as far as it is shown. */
export function signed(text: (n: number) => string, n: number): string {
  const size = text(Math.abs(n))
  if (size === text(0)) return `±${text(0)}`
  return `${n < 0 ? '−' : '+'}${size}`
}

/** The points of a step line in a box 100 wide and 100 high, cost downwards from the top; '' where there is nothing to draw. */
export function stepLine(progress: readonly { seconds: number; cost_fen: number | null }[]): string {
  const known = progress.flatMap((one) => (one.cost_fen === null ? [] : [{ at: one.seconds, fen: one.cost_fen }]))
  if (known.length < 2) return ''
  const last = Math.max(...known.map((one) => one.at), 1)
  const least = Math.min(...known.map((one) => one.fen))
  const range = Math.max(...known.map((one) => one.fen)) - least || 1
  const x = (at: number): string => ((at / last) * 100).toFixed(1)
  const y = (fen: number): string => (95 - ((fen - least) / range) * 90).toFixed(1)
  return known.map((one, index) => `${index > 0 ? `${x(one.at)},${y(known[index - 1]?.fen ?? one.fen)} ` : ''}${x(one.at)},${y(one.fen)}`).join(' ')
}
