/** What a leader's day comes to: tiles, lists, what is said in the group chat. Pure; leaves asking to group.ts. */

import type { components } from '../shared/api/schema'
import { isSilentSince } from '../shared/eta'
import { dayKey } from '../shared/format'
import { isObject } from '../shared/live/protocol'

type Schemas = components['schemas']
export type LeaderDay = Schemas['LeaderDayOut']
export type LeaderOrder = Schemas['LeaderOrder']
export type Shortage = Schemas['Shortage']
export type CommissionSum = Schemas['CommissionSum']
export type ComingVan = Schemas['ComingVanOut']
export type LeaderBox = Schemas['LeaderBox']

/** Something lies there for its resident. The server says the same as `may_remind`; here it follows a live entry at once. */
const TO_FETCH = ['overdue', 'partially_collected', 'ready']
const CAME = ['arrived', 'ready', 'partially_collected', 'collected', 'overdue']

export interface Tiles {
  readonly came: number
  readonly expected: number
  readonly collected: number
  readonly uncollected: number
  readonly short: number
  readonly fen: number
}

/** `collected`: on this day, of whatever day it was for. `uncollected`: today's and what is left of earlier days. */
export function tilesOf(day: LeaderDay): Tiles {
  const ofToday = day.orders.filter((one) => one.pickup_date === day.today)
  const isToday = (at: string): boolean => dayKey(Date.parse(at), day.time_zone) === day.today
  return {
    came: ofToday.filter((one) => CAME.includes(one.state)).length,
    expected: ofToday.length,
    collected: day.orders.filter((one) => one.state === 'collected' && isToday(one.state_at)).length,
    uncollected: toFetch(day).length,
    short: day.shortages.filter((one) => one.pickup_date === day.today).reduce((sum, one) => sum + one.short + one.missing, 0),
    fen: day.commission.today.total_fen,
  }
}

/** Who is to come: the overdue first, then by pickup day and number. */
export function toFetch(day: Pick<LeaderDay, 'orders'>): readonly LeaderOrder[] {
  const rank = (one: LeaderOrder): number => (one.state === 'overdue' ? 0 : 1)
  return day.orders.filter((one) => TO_FETCH.includes(one.state)).sort((a, b) => rank(a) - rank(b))
}

export type When = 'before' | 'today' | 'later'
export interface StateGroup {
  readonly when: When
  readonly state: string
  readonly orders: readonly LeaderOrder[]
}

const ORDER_OF_STATES = [
  'overdue', 'ready', 'partially_collected', 'arrived', 'in_transit', 'partially_short', 'allocating', 'locked', 'paid', 'placed', 'collected', 'closed',
] // prettier-ignore

/** Orders by state, today's first. */
export function byState(day: LeaderDay): readonly StateGroup[] {
  const groups = new Map<string, { when: When; state: string; orders: LeaderOrder[] }>()
  for (const one of day.orders) {
    const when: When = one.pickup_date === day.today ? 'today' : one.pickup_date < day.today ? 'before' : 'later'
    const key = `${when} ${one.state}`
    const group = groups.get(key) ?? { when, state: one.state, orders: [] }
    group.orders.push(one)
    groups.set(key, group)
  }
  const rank = (group: StateGroup): number => {
    const place = ORDER_OF_STATES.indexOf(group.state)
    return ['today', 'before', 'later'].indexOf(group.when) * 100 + (place < 0 ? 99 : place)
  }
  return [...groups.values()].sort((a, b) => rank(a) - rank(b))
}

/** The day with what the room says of single orders since it was asked for. An order of which nothing is known waits for the next look. */
export function withNews(day: LeaderDay, news: ReadonlyMap<string, unknown>): LeaderDay {
  if (news.size === 0) return day
  const orders = day.orders.map((one) => {
    const body = news.get(one.order)
    if (!isObject(body) || typeof body['state'] !== 'string' || typeof body['state_at'] !== 'string') return one
    return { ...one, state: body['state'], state_at: body['state_at'], may_remind: TO_FETCH.includes(body['state']) }
  })
  return { ...day, orders }
}

/** By what people find themselves in the chat: the phone's last four, or those of the order where no phone is known. */
export interface Tail {
  readonly kind: 'phone' | 'order'
  readonly digits: string
  readonly orders: number
}

export function tailsOf(orders: readonly LeaderOrder[]): readonly Tail[] {
  const tails = new Map<string, Tail>()
  for (const one of orders) {
    const kind = one.phone_tail === null ? 'order' : 'phone'
    const digits = one.phone_tail ?? one.external_id.slice(-4)
    const key = `${kind} ${digits}`
    tails.set(key, { kind, digits, orders: (tails.get(key)?.orders ?? 0) + 1 })
  }
  return [...tails.values()].sort((a, b) => (a.digits < b.digits ? -1 : a.digits > b.digits ? 1 : 0))
}

export interface ChatPart {
  readonly station: string
  readonly ready: readonly Tail[]
  readonly overdue: readonly Tail[]
}

/** What is to be said in the group chat, by station. Tails only: no names, no links. */
export function chatParts(day: LeaderDay): readonly ChatPart[] {
  const waiting = toFetch(day)
  return day.stations
    .map(({ site, name }) => {
      const here = waiting.filter((one) => one.site === site)
      return {
        station: name,
        ready: tailsOf(here.filter((one) => one.state !== 'overdue')),
        overdue: tailsOf(here.filter((one) => one.state === 'overdue')),
      }
    })
    .filter((part) => part.ready.length + part.overdue.length > 0)
}

/** 150 → ¥1.50; below zero with a minus sign, not a hyphen. */
export function money(fen: number): string {
  return `${fen < 0 ? '−' : ''}¥${(Math.abs(fen) / 100).toFixed(2)}`
}

/** Whole per cent, rounded down: 99.6 % is not all. */
export function percent(share: number): string {
  return `${Math.floor(share * 100 + 1e-9)}%`
}

/** Of what should be nothing: a tenth of a per cent, rounded up, so that something never reads as nothing. */
export function rate(share: number): string {
  return share === 0 ? '0%' : `${(Math.ceil(share * 1000 - 1e-9) / 10).toFixed(1)}%`
}

/** The van was not heard for a while: what is said of it may be old. */
export function isVanSilent(van: ComingVan, nowMs: number): boolean {
  const heard = van.place?.at ?? van.window?.as_of
  return heard !== undefined && isSilentSince(heard, nowMs)
}
