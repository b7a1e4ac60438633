/** How large dots are drawn, which lie above which, and which one somebody means who points beside it. Pure. */

import type { Marker } from './view'

const REACH_PX = 8 // a finger beside a dot means it

/** Where it is drawn, in pixels of the map. */
export interface Seen {
  readonly marker: Marker
  readonly x: number
  readonly y: number
}

export const radiusOf = (marker: Marker): number => (marker.isChosen ? 10 : marker.isSmall ? 4 : 7)
export const rankOf = (marker: Marker): number => (marker.isChosen ? 2 : marker.isSmall ? 0 : 1)

/** Of those in reach the highest, then the nearest; of those that lie on each other the one drawn last. */
export function nearestOf(seen: readonly Seen[], x: number, y: number): Marker | null {
  let best: { readonly marker: Marker; readonly away: number } | null = null
  for (const { marker, x: itsX, y: itsY } of seen) {
    const away = Math.hypot(itsX - x, itsY - y)
    if (away > radiusOf(marker) + REACH_PX) continue
    const above = best === null ? 1 : rankOf(marker) - rankOf(best.marker)
    if (above > 0 || (above === 0 && away <= (best?.away ?? Infinity))) best = { marker, away }
  }
  return best?.marker ?? null
}

/** Whether they are drawn the same, in the same order. Names of small ones are not drawn. */
export const areAlike = (before: readonly Marker[], after: readonly Marker[]): boolean =>
  before.length === after.length && before.every((one, n) => one === after[n] || isAlike(one, after[n]))

function isAlike(one: Marker, other: Marker | undefined): boolean {
  return (
    one.id === other?.id && one.lat === other.lat && one.lon === other.lon && one.tone === other.tone &&
    one.colour === other.colour && (one.isSmall ?? false) === (other.isSmall ?? false) && (one.isSmall === true || one.label === other.label)
  )
}
