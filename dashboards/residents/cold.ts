/** What a resident is told of how cold their parcels were kept: the server's account read, and its chart. Pure. */

import { isObject } from '../shared/live/protocol'
import type { Band, Readings } from '../shared/chart'
import { number, readSeries } from '../shared/series'

export interface ColdParcel {
  readonly parcel: string
  readonly verdict: 'no_data' | 'in_range' | 'excursion' | 'breach'
  readonly basis: string
  readonly asOf: string
  readonly isSettled: boolean
  /** Observed ÷ expected time; null where nothing was expected. */
  readonly coverage: number | null
  /** The same of the time in which it is known where it lay: only that vouches for it. */
  readonly placed: number | null
  readonly aboveMin: number
  readonly belowMin: number
  readonly coldest: number | null
  readonly warmest: number | null
  readonly band: Band
  readonly readings: Readings
}

export interface ColdChain {
  readonly parcels: readonly ColdParcel[]
  /** Labels of those of which nothing is known yet. */
  readonly waiting: readonly string[]
}

const VERDICTS = ['no_data', 'in_range', 'excursion', 'breach'] as const

/** Null where the body is none of this: the page then keeps what it has. What cannot be read of one parcel leaves it out. */
export function readColdChain(body: unknown): ColdChain | null {
  if (!isObject(body) || !Array.isArray(body['parcels']) || !Array.isArray(body['waiting'])) return null
  return {
    parcels: body['parcels'].map(readParcel).filter((one) => one !== null),
    waiting: body['waiting'].filter((one) => typeof one === 'string'),
  }
}

function readParcel(body: unknown): ColdParcel | null {
  if (!isObject(body) || !isObject(body['limits']) || !Array.isArray(body['series'])) return null
  const verdict = VERDICTS.find((one) => one === body['verdict'])
  const { parcel, as_of } = body
  if (verdict === undefined || typeof parcel !== 'string' || typeof as_of !== 'string') return null
  const band = { low: number(body['limits']['low_c']), high: number(body['limits']['high_c']) }
  return {
    parcel,
    verdict,
    basis: String(body['basis']),
    asOf: as_of,
    isSettled: body['is_settled'] === true,
    coverage: number(body['coverage']),
    placed: share(body['placed_min'], body['expected_min']),
    aboveMin: number(body['above_min']) ?? 0,
    belowMin: number(body['below_min']) ?? 0,
    coldest: number(body['coldest_c']),
    warmest: number(body['warmest_c']),
    band,
    readings: readSeries(body['series'], band),
  }
}

function share(part: unknown, whole: unknown): number | null {
  const [minutes, of] = [number(part), number(whole)]
  return minutes === null || of === null || of <= 0 ? null : minutes / of
}

/** What may be said of it: by the zone's fridges alone nobody knows that it lay in one of them, and so nothing good is said. */
export function toldVerdict(parcel: Pick<ColdParcel, 'verdict' | 'placed'>): ColdParcel['verdict'] {
  return parcel.verdict === 'in_range' && (parcel.placed ?? 0) <= 0 ? 'no_data' : parcel.verdict
}

/** Why nothing can be told of a parcel, by where it is. */
export function untold(state: string): 'on_way' | 'unplaced' | 'no_data' {
  if (state === 'expected' || state === 'sorted' || state === 'packed') return 'on_way'
  return state === 'received' ? 'unplaced' : 'no_data'
}

/** Whole per cent, never more than there is: 99.6 % is not all. */
export function percent(coverage: number): number {
  return Math.floor(coverage * 100 + 1e-9)
}

export const MOSTLY_SEEN = 0.8 // below it "all the way" would say more than anybody knows
