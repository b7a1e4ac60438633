/** What the phone keeps: the run as last seen, and what was said and not confirmed. By run, so that a newer link finds it too. */

import type { DriverRun, Queue, Said } from './acts'
import { KINDS } from './acts'
import { textHash } from '../shared/hash'
import { isObject } from '../shared/live/protocol'

export interface Shelf {
  readonly length: number
  key: (index: number) => string | null
  getItem: (key: string) => string | null
  setItem: (key: string, value: string) => void
  removeItem: (key: string) => void
}

const ACTS = 'tt-driver-acts-'
const RUN = 'tt-driver-run-'

/** The run's number, which the token says in front of its signature; the whole token's hash where it does not. */
export function runOf(token: string): string {
  try {
    const said: unknown = JSON.parse(atob((token.split('.')[0] ?? '').replace(/-/g, '+').replace(/_/g, '/')))
    if (Array.isArray(said) && typeof said[0] === 'string' && /^[0-9]+$/.test(said[0])) return said[0]
  } catch {
    // none of ours, or of another release
  }
  return `t${textHash(token)}`
}

export function keptRun(shelf: Shelf, run: string): DriverRun | null {
  const found = read(shelf, RUN + run)
  return isObject(found) && Array.isArray(found['stops']) && typeof found['as_of'] === 'string' ? (found as unknown as DriverRun) : null
}

export function keepRun(shelf: Shelf, run: string, view: DriverRun): void {
  try {
    for (const key of keys(shelf, RUN)) if (key !== RUN + run) shelf.removeItem(key)
    shelf.setItem(RUN + run, JSON.stringify(view))
  } catch {
    // full or forbidden: without network there is then nothing to show
  }
}

export function keptActs(shelf: Shelf, run: string): Queue {
  const found = read(shelf, ACTS + run)
  return Array.isArray(found) ? found.filter(isSaid) : []
}

/** False where the phone keeps nothing: then it lasts as long as the page. */
export function keepActs(shelf: Shelf, run: string, queue: Queue): boolean {
  try {
    if (queue.length === 0) shelf.removeItem(ACTS + run)
    else shelf.setItem(ACTS + run, JSON.stringify(queue))
    return true
  } catch {
    return queue.length === 0
  }
}

/** How much of other runs lies here unsent: it goes when their link is opened. */
export function unsentElsewhere(shelf: Shelf, run: string): number {
  return keys(shelf, ACTS)
    .filter((key) => key !== ACTS + run)
    .reduce((sum, key) => sum + keptActs(shelf, key.slice(ACTS.length)).length, 0)
}

function keys(shelf: Shelf, prefix: string): string[] {
  try {
    return Array.from({ length: shelf.length }, (_, index) => shelf.key(index) ?? '').filter((key) => key.startsWith(prefix))
  } catch {
    return []
  }
}

function read(shelf: Shelf, key: string): unknown {
  try {
    return JSON.parse(shelf.getItem(key) ?? 'null')
  } catch {
    return null
  }
}

function isSaid(value: unknown): value is Said {
  return (
    isObject(value) &&
    typeof value['key'] === 'string' &&
    typeof value['atMs'] === 'number' &&
    typeof value['site'] === 'string' &&
    typeof value['stop'] === 'number' &&
    Array.isArray(value['containers']) &&
    KINDS.some((kind) => kind === value['kind'])
  )
}
