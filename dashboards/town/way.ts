/** A scan's way as rows of a table: what was measured, hop after hop. Pure. */

import type { Hops } from './api'
import type { News } from './eyes'

export interface Hop {
  readonly name: 'sent' | 'heard' | 'booked' | 'commit' | 'socket'
  /** Ms since 1970; null: it has not come to pass, or nobody measured it. */
  readonly atMs: number | null
  readonly tookMs: number | null
}

/** Its site's epoch and number of the id `site/epoch/n`; null where nothing was booked. */
export function numberOf(event: string): number | null {
  const n = Number(event.split('/').at(-1))
  return event !== '' && Number.isInteger(n) ? n : null
}

/** The news that the scan made of its parcel: the first that was committed after it was booked. */
export function newsOf(label: string, hops: Hops, news: readonly News[]): News | null {
  const after = news.filter((one) => one.key === `parcel/${label}` && one.version / 1000 >= hops.booked_ms)
  return after.at(-1) ?? null // the newest stands first
}

export function hopsOf(hops: Hops, came: News | null): readonly Hop[] {
  const at: readonly (readonly [Hop['name'], number | null])[] = [
    ['sent', hops.sent_ms || null],
    ['heard', hops.heard_ms || null],
    ['booked', hops.booked_ms || null],
    ['commit', came === null ? null : came.version / 1000],
    ['socket', came === null ? null : came.cameMs],
  ]
  return at.map(([name, atMs], index) => {
    const before = at[index - 1]?.[1] ?? null
    return { name, atMs, tookMs: atMs === null || before === null ? null : atMs - before }
  })
}

/** The bytes as people read them: two digits each. */
export function spaced(hex: string): string {
  return hex.replace(/(..)(?=.)/g, '$1 ')
}

/** What of them is text, a dot for what is not. */
export function printable(hex: string): string {
  return (hex.match(/../g) ?? []).map((byte) => (/^(?:[2-6].|7[0-9a-e])$/.test(byte) ? String.fromCharCode(parseInt(byte, 16)) : '·')).join('')
}
