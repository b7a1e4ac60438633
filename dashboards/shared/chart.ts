/** What a chart of one thermometer shows, in numbers. Pure; leaves drawing to components/TemperatureChart.vue. */

/** In columns, in order of time. A null value is a gap: nothing was measured, and nothing is filled in. */
export interface Readings {
  readonly atMs: readonly number[]
  readonly value: readonly (number | null)[]
}

/** The limits in °C; null: no such limit. */
export interface Band {
  readonly low: number | null
  readonly high: number | null
}

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

export interface Summary {
  readonly lowest: number | null
  readonly highest: number | null
  /** Time with a reading before and after it, and what of that began outside the band. */
  readonly observedMs: number
  readonly outsideMs: number
}

const ROOM_C = 1 // above and below what is drawn
const LEAST_C = 4 // a fridge's half degree is no mountain range

/** From and to of the value axis: everything measured, and the band. */
export function valueRange(readings: Readings, band: Band | null): readonly [number, number] {
  const drawn = [...measured(readings), band?.low ?? null, band?.high ?? null].filter((value) => value !== null)
  if (drawn.length === 0) return [0, LEAST_C]
  const lowest = drawn.reduce((a, b) => Math.min(a, b)) - ROOM_C
  const highest = drawn.reduce((a, b) => Math.max(a, b)) + ROOM_C
  const lacking = Math.max(0, LEAST_C - (highest - lowest)) / 2
  return [lowest - lacking, highest + lacking]
}

export function summaryOf(readings: Readings, band: Band | null): Summary {
  const values = measured(readings)
  let observedMs = 0
  let outsideMs = 0
  readings.value.forEach((value, index) => {
    const next = readings.value[index + 1]
    if (value === null || next === null || next === undefined) return
    const passedMs = (readings.atMs[index + 1] ?? 0) - (readings.atMs[index] ?? 0)
    observedMs += passedMs
    if (isOutside(value, band)) outsideMs += passedMs
  })
  return {
    lowest: values.length > 0 ? values.reduce((a, b) => Math.min(a, b)) : null,
    highest: values.length > 0 ? values.reduce((a, b) => Math.max(a, b)) : null,
    observedMs,
    outsideMs,
  }
}

export function isOutside(value: number, band: Band | null): boolean {
  return (band !== null && band.low !== null && value < band.low) || (band !== null && band.high !== null && value > band.high)
}

/**
 * When a door stood open, by a sensor that says 1 for open. A gap between two words for open was open too; into any other gap a
 * door is not called open.
 */
export function openSpans(door: Readings, toMs: number): readonly Span[] {
  const spans: Span[] = []
  let sinceMs: number | null = null
  let silentMs: number | null = null
  for (const [index, value] of door.value.entries()) {
    const atMs = door.atMs[index] ?? 0
    if (value === null) {
      silentMs ??= atMs
      continue
    }
    if (value > 0) sinceMs ??= atMs
    else if (sinceMs !== null) {
      spans.push({ fromMs: sinceMs, toMs: silentMs ?? atMs })
      sinceMs = null
    }
    silentMs = null
  }
  if (sinceMs !== null) spans.push({ fromMs: sinceMs, toMs: silentMs ?? toMs })
  return spans
}

/** Readings with a gap on either side, which no line shows. */
export function lonely(value: readonly (number | null)[]): number[] {
  const isGap = (index: number): boolean => (value[index] ?? null) === null
  return value.flatMap((one, index) => (one !== null && isGap(index - 1) && isGap(index + 1) ? [index] : []))
}

function measured(readings: Readings): number[] {
  return readings.value.filter((value) => value !== null)
}
