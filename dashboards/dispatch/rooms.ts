/** What the room of an operator's vans says (cloud/store/run_rooms.py, positions.py, cloud/eta/told.py). Pure. */

import { isObject, type Json } from '../shared/live/protocol'
import type { Room } from '../shared/live/rooms'

export const VAN_QUIET_MS = 3 * 60_000 // no tunnel is longer

export interface VanSeen {
  readonly site: string
  readonly at: string
  readonly lat: number
  readonly lon: number
  readonly standingSince: string | null
}

export interface StopSeen {
  readonly stop: number
  readonly site: string
  readonly state: string
  readonly planned: string | null
  readonly arrived: string | null
  readonly departed: string | null
}

/** A run that is underway or about to be. `offRouteM` null: on its way. `silentSince` null: it is heard. */
export interface RunSeen {
  readonly id: number
  readonly name: string
  readonly vehicle: string | null
  readonly state: string
  readonly offRouteM: number | null
  readonly silentSince: string | null
  readonly stops: readonly StopSeen[]
}

const AHEAD: readonly string[] = ['pending', 'approaching', 'skipped']
/** The van was there, as its fixes say, or as its driver or the station does. */
export const isReached = (stop: StopSeen): boolean => stop.arrived !== null || !AHEAD.includes(stop.state)

export interface EtaSeen {
  readonly stop: number
  readonly early: string
  readonly expected: string
  readonly late: string
}

export interface RunEtas {
  readonly asOf: string
  readonly isEstimate: boolean
  readonly stops: ReadonlyMap<number, EtaSeen>
}

export interface Seen {
  readonly vans: readonly VanSeen[]
  readonly runs: readonly RunSeen[]
  readonly etas: ReadonlyMap<number, RunEtas>
}

export const NOTHING_SEEN: Seen = { vans: [], runs: [], etas: new Map() }

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null)
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null)
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isObject) : [])

/** What stands under one key. */
type One = { readonly van: VanSeen } | { readonly run: RunSeen } | { readonly etas: RunEtas; readonly of: number } | null

// Of five hundred vans a second moves each, and runs change by the minute: what is read once is not read again.
const read = new WeakMap<object, One>()

/** The same objects for what has not changed since the room was read before. */
export function readRoom(room: Room): Seen {
  const vans: VanSeen[] = []
  const runs: RunSeen[] = []
  const etas = new Map<number, RunEtas>()
  for (const [key, { body }] of room.entries) {
    if (!isObject(body)) continue
    let one = read.get(body)
    if (one === undefined) {
      one = oneOf(key, body)
      read.set(body, one)
    }
    if (one === null) continue
    if ('van' in one) vans.push(one.van)
    else if ('run' in one) runs.push(one.run)
    else etas.set(one.of, one.etas)
  }
  return { vans: vans.sort((a, b) => order(a.site, b.site)), runs: runs.sort((a, b) => order(a.name, b.name)), etas }
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function oneOf(key: string, body: Json): One {
  if (key.startsWith('van/')) {
    const van = vanOf(body)
    return van && { van }
  }
  if (key.startsWith('run/')) {
    const run = runOf(body)
    return run && { run }
  }
  return key.startsWith('eta/') ? etasOf(body) : null
}

function vanOf(body: Json): VanSeen | null {
  const [lat, lon] = [number(body['lat']), number(body['lon'])]
  if (lat === null || lon === null) return null
  return { site: text(body['site']), at: text(body['at']), lat, lon, standingSince: textOrNull(body['standing_since']) }
}

function runOf(body: Json): RunSeen | null {
  const id = number(body['id'])
  if (id === null) return null
  const stops = list(body['stops']).map((one) => ({
    stop: number(one['stop']) ?? 0,
    site: text(one['site']),
    state: text(one['state']),
    planned: textOrNull(one['planned_arrival']),
    arrived: textOrNull(one['arrived']),
    departed: textOrNull(one['departed']),
  }))
  return {
    id,
    name: text(body['name']),
    vehicle: textOrNull(body['vehicle']),
    state: text(body['state']),
    offRouteM: number(body['off_route_m']),
    silentSince: textOrNull(body['silent_since']),
    stops,
  }
}

function etasOf(body: Json): One {
  const run = number(body['run'])
  if (run === null) return null
  const stops = list(body['stops']).map((one) => ({
    stop: number(one['stop']) ?? 0,
    early: text(one['early']),
    expected: text(one['expected']),
    late: text(one['late']),
  }))
  const etas = { asOf: text(body['as_of']), isEstimate: body['is_estimate'] === true, stops: new Map(stops.map((one) => [one.stop, one])) }
  return { of: run, etas }
}

/** By how many minutes a stop ahead is expected after its plan; below zero: before it. Null: reached, or nobody knows. */
export function delayMin(stop: StopSeen, etas: RunEtas | undefined): number | null {
  const eta = etas?.stops.get(stop.stop)
  if (!eta || stop.planned === null || stop.arrived !== null) return null
  return Math.round((Date.parse(eta.expected) - Date.parse(stop.planned)) / 60_000)
}

const worst = new WeakMap<RunSeen, { readonly etas: RunEtas; readonly min: number }>()

/** Of the stops ahead, by how many minutes the worst is expected after its plan; 0 where none is, or nobody knows. */
export function worstDelayMin(run: RunSeen, etas: RunEtas | undefined): number {
  if (!etas) return 0
  const known = worst.get(run)
  if (known?.etas === etas) return known.min
  const min = Math.max(0, ...run.stops.map((stop) => delayMin(stop, etas) ?? 0))
  worst.set(run, { etas, min })
  return min
}

/** Loading or on its way; not one that is still to begin. */
export const isUnderWay = (run: { readonly state: string }): boolean => run.state === 'loading' || isDriving(run)
export const isDriving = (run: { readonly state: string }): boolean => run.state === 'departed' || run.state === 'paused'

/**
 * The run each vehicle is on: the one it drives, else the one it is loaded for, else the one that is planned first. Of two that it
 * drives the one that is planned later: the other is one that nobody ended.
 */
export function runsOfVans(runs: readonly RunSeen[]): ReadonlyMap<string, RunSeen> {
  const found = new Map<string, RunSeen>()
  for (const run of runs) {
    if (run.vehicle === null) continue
    const known = found.get(run.vehicle)
    if (!known || isBefore(run, known)) found.set(run.vehicle, run)
  }
  return found
}

function isBefore(one: RunSeen, other: RunSeen): boolean {
  const rank = (run: RunSeen): number => (isDriving(run) ? 0 : isUnderWay(run) ? 1 : 2)
  if (rank(one) !== rank(other)) return rank(one) < rank(other)
  const [start, otherStart] = [startMs(one), startMs(other)]
  if (!isDriving(one)) return start < otherStart
  return start !== Infinity && (start > otherStart || otherStart === Infinity)
}

/** When its first stop is planned; one without a plan comes last. */
const startMs = (run: RunSeen): number => Math.min(...run.stops.map((stop) => (stop.planned === null ? Infinity : Date.parse(stop.planned))))

/** The run whose van somebody has to look at first stands first: silent, then off its way, then by delay. */
export function byRisk(seen: Seen): readonly RunSeen[] {
  const weight = (run: RunSeen): number =>
    (run.silentSince === null ? 0 : 100_000) + (run.offRouteM === null ? 0 : 10_000) + worstDelayMin(run, seen.etas.get(run.id))
  return seen.runs
    .map((run) => ({ run, weight: weight(run) }))
    .sort((a, b) => b.weight - a.weight)
    .map(({ run }) => run)
}
