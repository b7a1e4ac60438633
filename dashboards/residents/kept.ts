/** The last view of an order, kept on the phone, so that a reload without network shows it with its time. */

import { readTrackedOrder, type TrackedOrder } from '../shared/api/order'
import { textHash } from '../shared/hash'
import { isObject } from '../shared/live/protocol'

export interface Kept {
  readonly tracked: TrackedOrder
  readonly asOfMs: number
}

const PREFIX = 'tt-order-'
const CODE_PREFIX = 'tt-code-'
const TAIL_PREFIX = 'tt-tail-'
const MOST = 5 // orders a household follows at a time

export interface Shelf {
  readonly length: number
  key: (index: number) => string | null
  getItem: (key: string) => string | null
  setItem: (key: string, value: string) => void
  removeItem: (key: string) => void
}

/** `savedAtMs` is the phone's own time: it only decides which view is dropped first. */
export function keep(shelf: Shelf, token: string, kept: Kept, savedAtMs: number): void {
  const { tracked } = kept
  const answer = {
    order: tracked.order,
    reminder: tracked.reminder,
    room: tracked.room,
    cursor: tracked.cursor,
    live_url: tracked.liveUrl,
    clock: tracked.clock,
    time_zone: tracked.timeZone,
    pickup_until: tracked.pickupUntil,
  }
  try {
    dropOldest(shelf, keyOf(token))
    shelf.setItem(keyOf(token), JSON.stringify({ answer, as_of_ms: kept.asOfMs, saved_at_ms: savedAtMs }))
  } catch {
    // full or forbidden: there is then nothing to show offline
  }
}

export function lastKept(shelf: Shelf, token: string): Kept | null {
  const found = read(shelf, keyOf(token))
  const tracked = readTrackedOrder(found?.['answer'])
  const asOfMs = found?.['as_of_ms']
  return tracked && typeof asOfMs === 'number' ? { tracked, asOfMs } : null
}

export function forget(shelf: Shelf, token: string): void {
  try {
    shelf.removeItem(keyOf(token))
    shelf.removeItem(keyOf(token, CODE_PREFIX))
    shelf.removeItem(keyOf(token, TAIL_PREFIX))
  } catch {
    // nothing was kept either
  }
}

/** The pickup code as it was last shown here. */
export interface KeptCode {
  readonly code: string
  readonly qrRows: readonly string[]
  readonly until: string
  /** When it was fetched, ms since 1970 of the server's clock. */
  readonly asOfMs: number
}

export function keepCode(shelf: Shelf, token: string, kept: KeptCode | null): void {
  try {
    if (kept) shelf.setItem(keyOf(token, CODE_PREFIX), JSON.stringify(kept))
    else shelf.removeItem(keyOf(token, CODE_PREFIX))
  } catch {
    // full or forbidden: it is asked for again
  }
}

export function keptCode(shelf: Shelf, token: string): KeptCode | null {
  const found = read(shelf, keyOf(token, CODE_PREFIX))
  if (!found) return null
  const { code, qrRows, until, asOfMs } = found
  const isWhole =
    typeof code === 'string' && typeof until === 'string' && typeof asOfMs === 'number' && Array.isArray(qrRows)
  return isWhole ? { code, qrRows: qrRows.map(String), until, asOfMs } : null
}

/** The last four digits that were right once: who opened the order on this phone is not asked again. */
export function keepTail(shelf: Shelf, token: string, tail: string): void {
  try {
    if (tail === '') shelf.removeItem(keyOf(token, TAIL_PREFIX))
    else shelf.setItem(keyOf(token, TAIL_PREFIX), tail)
  } catch {
    // full or forbidden: they are asked for again
  }
}

export function keptTail(shelf: Shelf, token: string): string {
  try {
    const found = shelf.getItem(keyOf(token, TAIL_PREFIX)) ?? ''
    return /^[0-9]{4}$/.test(found) ? found : ''
  } catch {
    return ''
  }
}

function dropOldest(shelf: Shelf, except: string): void {
  const kept: { key: string; savedAtMs: number }[] = []
  for (let index = 0; index < shelf.length; index += 1) {
    const key = shelf.key(index)
    if (key === null || !key.startsWith(PREFIX) || key === except) continue
    const savedAtMs = read(shelf, key)?.['saved_at_ms']
    kept.push({ key, savedAtMs: typeof savedAtMs === 'number' ? savedAtMs : 0 })
  }
  kept.sort((a, b) => b.savedAtMs - a.savedAtMs)
  for (const { key } of kept.slice(MOST - 1)) shelf.removeItem(key)
}

function read(shelf: Shelf, key: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(shelf.getItem(key) ?? 'null')
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

/** The link itself is a secret and is not written down. */
const keyOf = (token: string, prefix = PREFIX): string => prefix + textHash(token)
