/** What the room of an operator's vans says (cloud/store/run_rooms.py, positions.py, cloud/eta/told.py). Pure. */

import { isObject, type Json } from '../shared/live/protocol'
import type { Room } from '../shared/live/rooms'

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

export function readRoom(room: Room): Seen {
  const vans: VanSeen[] = []
  const runs: RunSeen[] = []
  const etas = new Map<number, RunEtas>()
  for (const [key, { body }] of room.entries) {
    if (!isObject(body)) continue
    if (key.startsWith('van/')) vans.push(...vanOf(body))
    if (key.startsWith('run/')) runs.push(...runOf(body))
    if (key.startsWith('eta/')) addEtas(etas, body)
  }
  return { vans: vans.sort((a, b) => a.site.localeCompare(b.site)), runs: runs.sort((a, b) => a.name.localeCompare(b.name)), etas }
}

function vanOf(body: Json): VanSeen[] {
  const [lat, lon] = [number(body['lat']), number(body['lon'])]
  if (lat === null || lon === null) return []
  return [{ site: text(body['site']), at: text(body['at']), lat, lon, standingSince: textOrNull(body['standing_since']) }]
}

function runOf(body: Json): RunSeen[] {
  const id = number(body['id'])
  if (id === null) return []
  const stops = list(body['stops']).map((one) => ({
    stop: number(one['stop']) ?? 0,
    site: text(one['site']),
    state: text(one['state']),
    planned: textOrNull(one['planned_arrival']),
    arrived: textOrNull(one['arrived']),
    departed: textOrNull(one['departed']),
  }))
  return [
    {
      id,
      name: text(body['name']),
      vehicle: textOrNull(body['vehicle']),
      state: text(body['state']),
      offRouteM: number(body['off_route_m']),
      silentSince: textOrNull(body['silent_since']),
      stops,
    },
  ]
}

function addEtas(into: Map<number, RunEtas>, body: Json): void {
  const run = number(body['run'])
  if (run === null) return
  const stops = list(body['stops']).map((one) => ({
    stop: number(one['stop']) ?? 0,
    early: text(one['early']),
    expected: text(one['expected']),
    late: text(one['late']),
  }))
  into.set(run, { asOf: text(body['as_of']), isEstimate: body['is_estimate'] === true, stops: new Map(stops.map((one) => [one.stop, one])) })
}

/** Of the stops ahead, by how many minutes the worst is expected after its plan; 0 where none is, or nobody knows. */
export function worstDelayMin(run: RunSeen, etas: RunEtas | undefined): number {
  const delays = run.stops.map((stop) => {
    const eta = etas?.stops.get(stop.stop)
    if (!eta || stop.planned === null || stop.arrived !== null) return 0
    return Math.round((Date.parse(eta.expected) - Date.parse(stop.planned)) / 60_000)
  })
  return Math.max(0, ...delays)
}

/** The run whose van somebody has to look at first stands first: silent, then off its way, then by delay. */
export function byRisk(seen: Seen): readonly RunSeen[] {
  const weight = (run: RunSeen): number =>
    (run.silentSince === null ? 0 : 100_000) + (run.offRouteM === null ? 0 : 10_000) + worstDelayMin(run, seen.etas.get(run.id))
  return [...seen.runs].sort((a, b) => weight(b) - weight(a))
}
