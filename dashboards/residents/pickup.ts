/** What the clock makes of an order: whether its pickup day is ahead, today or over, and what may honestly be said of it. Pure. */

import { clockTime, daysFrom } from '../shared/format'

export type PickupTime = 'ahead' | 'today' | 'over'

/** `until`: the time of the pickup day by which to come, 21:00; null where the server does not say. */
export function pickupTime(date: string, until: string | null, nowMs: number, timeZone: string): PickupTime {
  const days = daysFrom(date, nowMs, timeZone)
  if (Number.isNaN(days) || days > 0) return 'ahead'
  if (days < 0) return 'over'
  return until !== null && clockTime(nowMs, 'en', timeZone) >= until ? 'over' : 'today'
}

/** Whether the goods came before the day on which they are handed out. */
export function isEarly(order: { readonly state: string; readonly pickup_date: string }, nowMs: number, timeZone: string): boolean {
  return ['arrived', 'ready', 'partially_collected'].includes(order.state) && isAhead(order.pickup_date, nowMs, timeZone)
}

/** A code is of no use before its day. False where no day is known. */
export function isAhead(date: string, nowMs: number, timeZone: string): boolean {
  return daysFrom(date, nowMs, timeZone) > 0
}

const UNSEEN = ['placed', 'paid', 'locked', 'allocating', 'partially_short']

/** Which sentence: mostly the state's own; where the day has come or gone without the goods, what is known and what to do. */
export function saying(state: string, time: PickupTime): string {
  if (time === 'ahead') return state
  if (UNSEEN.includes(state)) return time === 'today' ? 'unseen_today' : 'unseen_over'
  if (time === 'today') return state
  if (state === 'in_transit') return 'on_way_over'
  return state === 'ready' || state === 'partially_collected' ? 'overdue' : state
}
