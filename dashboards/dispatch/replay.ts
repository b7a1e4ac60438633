/** A vehicle's track as something to be played again. Pure. */

import type { Track } from '../shared/api/dispatching'
import type { Place } from '../shared/map/view'

interface Moment extends Place {
  readonly ms: number
}

const moments = (track: Track): readonly Moment[] =>
  track.pieces.flatMap((piece) => piece.map((point) => ({ lat: point.lat, lon: point.lon, ms: Date.parse(point.at) })))

/** From the first to the last that was heard; null: nothing was. */
export function spanOf(track: Track): { readonly fromMs: number; readonly toMs: number } | null {
  const all = moments(track)
  const [first, last] = [all[0], all[all.length - 1]]
  return first && last ? { fromMs: first.ms, toMs: last.ms } : null
}

/** Where it was then, between two that were heard on the straight line; before the first and after the last at those. */
export function pointAt(track: Track, ms: number): Place | null {
  const all = moments(track)
  const after = all.findIndex((one) => one.ms >= ms)
  const [next, before] = after < 0 ? [all[all.length - 1], undefined] : [all[after], all[after - 1]]
  if (!next) return null
  if (!before || next.ms === before.ms) return { lat: next.lat, lon: next.lon }
  const share = (ms - before.ms) / (next.ms - before.ms)
  return { lat: before.lat + share * (next.lat - before.lat), lon: before.lon + share * (next.lon - before.lon) }
}
