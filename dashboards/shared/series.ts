/** Points as the server sends them ({at, low, mean, high}), made ready for a chart. Pure. */

import type { Band, Readings } from './chart'
import { isObject } from './live/protocol'

/** A step of the chart hides no excursion: where it went beyond a limit, that is what is drawn. */
export function readSeries(series: readonly unknown[], band: Band | null): Readings {
  const atMs: number[] = []
  const value: (number | null)[] = []
  for (const point of series) {
    if (!isObject(point) || typeof point['at'] !== 'string') continue
    const [low, mean, high] = [number(point['low']), number(point['mean']), number(point['high'])]
    atMs.push(Date.parse(point['at']))
    if (high !== null && band !== null && band.high !== null && high > band.high) value.push(high)
    else if (low !== null && band !== null && band.low !== null && low < band.low) value.push(low)
    else value.push(mean)
  }
  return { atMs, value }
}

export function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}
