/** The resident's whole view of an order, as rooms and REST carry it. */

import { isObject, readClock, type ServerClock } from '../live/protocol'

export type Zone = 'ambient' | 'chilled' | 'frozen'

export interface OrderView {
  readonly order_id: string
  readonly external_id: string
  readonly state: string
  readonly state_at: string
  readonly site: { readonly id: string; readonly name: string; readonly address: string }
  readonly pickup_date: string
  readonly lines: readonly OrderLine[]
  readonly parcels: readonly ParcelView[]
  readonly timeline: readonly Step[]
  /** Null: kept by a release that did not count. */
  readonly counts: Counts | null
}

/** Of the parcels that were or are still to be handed out: how many lie at the station, and how many were collected. */
export interface Counts {
  readonly total: number
  readonly here: number
  readonly collected: number
}

export interface OrderLine {
  readonly name: string
  readonly quantity: number
  readonly zone: string | null
  readonly parcel: string | null
}

export interface ParcelView {
  readonly id: string
  readonly zone: string | null
  readonly state: string
  readonly slot: string
  readonly exceptions: readonly string[]
  /** The other station that had it last, from where it is sent on; '' for nearly all. */
  readonly elsewhere: string
}

export interface Step {
  readonly at: string
  readonly state: string
  readonly site_name: string | null
  readonly parcel: string | null
}

/** The leader has asked the resident to come. */
export interface Reminder {
  readonly at: string
  /** The operator's day on which. */
  readonly day: string
  readonly by: string
}

export interface TrackedOrder {
  readonly order: OrderView
  /** The last one; null: none. */
  readonly reminder: Reminder | null
  readonly room: string
  readonly cursor: number
  readonly liveUrl: string
  readonly clock: ServerClock
  readonly timeZone: string
  /** The time of the pickup day by which to come, 21:00; null where the server does not say. */
  readonly pickupUntil: string | null
}

/** Null where the body is not an order's view: the page then keeps what it has. */
export function readOrder(body: unknown): OrderView | null {
  if (!isObject(body)) return null
  const { order_id, external_id, state, state_at, site, pickup_date, lines, parcels, timeline } = body
  if (typeof order_id !== 'string' || typeof state !== 'string' || !isObject(site)) return null
  if (!Array.isArray(lines) || !Array.isArray(parcels) || !Array.isArray(timeline)) return null
  return {
    order_id,
    external_id: text(external_id),
    state,
    state_at: text(state_at),
    site: { id: text(site['id']), name: text(site['name']), address: text(site['address']) },
    pickup_date: text(pickup_date),
    lines: lines.filter(isObject).map((line) => ({
      name: text(line['name']),
      quantity: typeof line['quantity'] === 'number' ? line['quantity'] : 1,
      zone: textOrNull(line['zone']),
      parcel: textOrNull(line['parcel']),
    })),
    parcels: parcels.filter(isObject).map((parcel) => ({
      id: text(parcel['id']),
      zone: textOrNull(parcel['zone']),
      state: text(parcel['state']),
      slot: text(parcel['slot']),
      exceptions: Array.isArray(parcel['exceptions']) ? parcel['exceptions'].map(String) : [],
      elsewhere: text(parcel['elsewhere']),
    })),
    timeline: timeline.filter(isObject).map((step) => ({
      at: text(step['at']),
      state: text(step['state']),
      site_name: textOrNull(step['site_name']),
      parcel: textOrNull(step['parcel']),
    })),
    counts: readCounts(body['counts']),
  }
}

export function readReminder(body: unknown): Reminder | null {
  if (!isObject(body)) return null
  const { at, day, by } = body
  return typeof at === 'string' && typeof day === 'string' && typeof by === 'string' ? { at, day, by } : null
}

function readCounts(body: unknown): Counts | null {
  if (!isObject(body)) return null
  const { total, here, collected } = body
  return typeof total === 'number' && typeof here === 'number' && typeof collected === 'number' ? { total, here, collected } : null
}

/** Null where the answer is not that of GET /api/links/{token}. */
export function readTrackedOrder(answer: unknown): TrackedOrder | null {
  if (!isObject(answer)) return null
  const order = readOrder(answer['order'])
  const clock = readClock(answer['clock'])
  const { room, cursor, live_url, time_zone, pickup_until } = answer
  if (!order || !clock || typeof room !== 'string' || typeof cursor !== 'number' || typeof live_url !== 'string') return null
  return {
    order,
    reminder: readReminder(answer['reminder']),
    room,
    cursor,
    liveUrl: live_url,
    clock,
    timeZone: text(time_zone) || 'Asia/Shanghai',
    pickupUntil: textOrNull(pickup_until),
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
