/** What the leader's phone keeps: the link it was bound by, and the day as last seen. */

import { textHash } from '../shared/hash'
import { isObject } from '../shared/live/protocol'
import type { LeaderDay } from './day'

export interface Shelf {
  getItem: (key: string) => string | null
  setItem: (key: string, value: string) => void
  removeItem: (key: string) => void
}

const LINK = 'tt-leader-link'
const DAY = 'tt-leader-day'

/** The link's token; '' where this phone is bound to nobody. */
export function boundLink(shelf: Shelf): string {
  try {
    return shelf.getItem(LINK) ?? ''
  } catch {
    return ''
  }
}

/** False where the phone keeps nothing: then the link has to be opened again each time. */
export function bind(shelf: Shelf, token: string): boolean {
  try {
    shelf.setItem(LINK, token)
    return shelf.getItem(LINK) === token
  } catch {
    return false
  }
}

/** A link that is good no more, with what it showed. */
export function unbind(shelf: Shelf): void {
  try {
    shelf.removeItem(LINK)
    shelf.removeItem(DAY)
  } catch {
    // nothing was kept either
  }
}

export interface Kept {
  readonly day: LeaderDay
  readonly asOfMs: number
}

/** With whose it is, so that another leader on the same phone is not shown it. */
export function keepDay(shelf: Shelf, token: string, kept: Kept): void {
  try {
    shelf.setItem(DAY, JSON.stringify({ of: textHash(token), day: kept.day, as_of_ms: kept.asOfMs }))
  } catch {
    // full or forbidden: without network there is then nothing to show
  }
}

export function keptDay(shelf: Shelf, token: string): Kept | null {
  try {
    const found: unknown = JSON.parse(shelf.getItem(DAY) ?? 'null')
    if (!isObject(found) || found['of'] !== textHash(token) || typeof found['as_of_ms'] !== 'number') return null
    const day = found['day']
    const isWhole = isObject(day) && ['orders', 'shortages', 'stations', 'hot_items'].every((key) => Array.isArray(day[key]))
    return isWhole && isObject(day['commission']) && isObject(day['score']) ? { day: day as unknown as LeaderDay, asOfMs: found['as_of_ms'] } : null
  } catch {
    return null
  }
}
