/** A site's boxes with what was measured in them, as the cloud has it: one lane a thermometer, all over the same time. */

import { type Band, openSpans, type Readings, type Span } from '../chart'
import { readSeries } from '../series'
import type { components } from './schema'

type SiteSensors = components['schemas']['SiteSensors']
type SensorReadings = components['schemas']['ReadingsOut']

/** `ask` reads an address of the cloud: who is logged in here, or a page with a session of its own. */
export type Ask = (path: string) => Promise<unknown>

export interface Lane {
  readonly sensor: string
  readonly box: string
  readonly zone: string
  readonly holds: readonly string[]
  readonly readings: Readings
  readonly band: Band | null
  readonly doors: readonly Span[]
  readonly isSilent: boolean
}

const MOST_STEPS = 240 // about as many as a narrow chart has room for
const STEP_MS = 60_000 // a sensor speaks once a minute

export async function readLanes(ask: Ask, site: string, fromMs: number, toMs: number): Promise<readonly Lane[]> {
  const part = encodeURIComponent(site)
  const said = (await ask(`/api/sites/${part}/sensor-health`)) as SiteSensors
  const stepMs = STEP_MS * Math.max(1, Math.ceil((toMs - fromMs) / STEP_MS / MOST_STEPS))
  const when = `start=${iso(fromMs, stepMs)}&end=${encodeURIComponent(new Date(toMs).toISOString())}&step_s=${stepMs / 1000}`

  async function read(sensor: string): Promise<SensorReadings> {
    return (await ask(`/api/sites/${part}/readings?sensor=${encodeURIComponent(sensor)}&${when}`)) as SensorReadings
  }

  return Promise.all(
    said.sensors
      .filter((one) => one.box !== '' && one.last_at !== null && one.sensor !== one.door && !one.sensor.endsWith('_open'))
      .map(async (one): Promise<Lane> => {
        const band = one.low_c === null && one.high_c === null ? null : { low: one.low_c, high: one.high_c }
        const hasDoor = said.sensors.some((other) => other.sensor === one.door && other.last_at !== null)
        const [own, door] = await Promise.all([read(one.sensor), hasDoor ? read(one.door) : null])
        return {
          sensor: one.sensor,
          box: one.box,
          zone: one.zone,
          holds: one.holds,
          readings: readSeries(own.buckets, band),
          band,
          doors: door ? openSpans(column(door, (bucket) => bucket.high), toMs) : [],
          isSilent: one.is_silent,
        }
      }),
  )
}

/** The beginning of a step: what two looks draw stands at the same moments. */
function iso(fromMs: number, stepMs: number): string {
  return encodeURIComponent(new Date(Math.floor(fromMs / stepMs) * stepMs).toISOString())
}

type Bucket = SensorReadings['buckets'][number]

function column(said: SensorReadings, value: (bucket: Bucket) => number | null): Readings {
  return { atMs: said.buckets.map((bucket) => Date.parse(bucket.at)), value: said.buckets.map(value) }
}
