/** The town's addresses (cloud/api/town.py), which only `make run` serves. The server's word for its shapes is taken. */

import { request } from '../shared/api/http'
import type { ServerClock } from '../shared/live/protocol'

export interface StationSeen {
  readonly id: string
  readonly name: string
  readonly url: string
  readonly is_plugged: boolean
  readonly is_online: boolean
  /** Those that stand open. */
  readonly doors: readonly string[]
  readonly parcels_left: boolean
}

export interface VanSeen {
  readonly id: string
  readonly name: string
  readonly is_under_way: boolean
  readonly is_broken: boolean
}

export interface SceneSeen {
  readonly name: string
  readonly state: 'ahead' | 'done' | 'missed'
  /** 0: nobody can tell yet. */
  readonly at_ms: number
}

export interface Stage {
  readonly operator: string
  readonly pin: string
  readonly day: string
  readonly station: string
  readonly order: string
  readonly phone_tail: string
  readonly parcels: readonly string[]
  readonly stations: readonly StationSeen[]
  readonly vans: readonly VanSeen[]
  readonly scenes: readonly SceneSeen[]
  /** The clock stands until the night's work is done, and goes on by itself then. */
  readonly is_held: boolean
}

export interface Town {
  readonly clock: ServerClock
  readonly stage: Stage
  /** Path of the followed order's page; '' before the cloud knows the order. */
  readonly resident: string
  readonly live_url: string
}

/** Ms since 1970 by the machine's wall clock; 0: not measured. */
export interface Hops {
  readonly sent_hex: string
  readonly sent_ms: number
  readonly heard_ms: number
  readonly booked_ms: number
  readonly event: string
}

export interface ActDone {
  readonly done: boolean
  readonly text: string
  readonly label: string
  readonly code: string
  readonly hops: Hops | null
}

export interface ActWanted {
  readonly do: 'scan' | 'unplug' | 'replug' | 'door' | 'van' | 'pace'
  readonly site?: string
  readonly device?: string
  readonly way?: string
  readonly rate?: number
}

export type Login = 'dispatcher' | 'leader' | 'staff'

const HASTE_MS = 4000 // with one look: the next one comes soon
const SCAN_MS = 20_000 // it waits for its turn at the station's scanner

export const town = {
  look: async () => (await request('GET', '/api/town', undefined, HASTE_MS)) as Town,
  act: async (wanted: ActWanted) => (await request('POST', '/api/town/act', wanted, SCAN_MS)) as ActDone,
  kill: async () => (await request('POST', '/api/town/kill')) as { killed: Readonly<Record<string, number | null>> },
  watch: async () => ((await request('POST', '/api/town/watch')) as { token: string }).token,
  logIn: (login: Login) => request('POST', '/api/town/log-in', { login }),
}
