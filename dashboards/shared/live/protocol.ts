/** The frames of the live socket (cloud/live), as JSON text. Leaves what a body means to the page. */

export interface ServerClock {
  readonly now_ms: number
  readonly rate: number
  readonly simulated: boolean
}

export interface Entry {
  readonly key: string
  readonly at: string
  /** The whole new state under the key; null: it left the room. */
  readonly body: unknown
}

export interface Welcome {
  readonly type: 'welcome'
  readonly clock: ServerClock
}
export interface Entries {
  readonly type: 'entries'
  readonly room: string
  readonly cursor: number
  readonly snapshot: boolean
  readonly entries: readonly Entry[]
}
export interface Refusal {
  readonly type: 'error'
  readonly field: string
  readonly message: string
  readonly remedy: string
}
export interface Pong {
  readonly type: 'pong'
  readonly clock: ServerClock
}
/** The server itself has not been able to read anything new since then. */
export interface Stale {
  readonly type: 'stale'
  readonly since: string
}
export interface Fresh {
  readonly type: 'fresh'
}
export type ServerFrame = Welcome | Entries | Refusal | Pong | Stale | Fresh

export type ClientFrame =
  | { type: 'hello'; token: string }
  | { type: 'subscribe'; rooms: { room: string; cursor: number }[] }
  | { type: 'unsubscribe'; rooms: string[] }
  | { type: 'ping' }

export type Json = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Read a clock as the server says it; null where it is none. */
export function readClock(value: unknown): ServerClock | null {
  if (!isObject(value)) return null
  const { now_ms, rate, simulated } = value
  if (typeof now_ms !== 'number' || typeof rate !== 'number') return null
  return { now_ms, rate, simulated: simulated === true }
}

/** Read one text frame; null for what this release does not know, which is passed over. */
export function readFrame(data: string): ServerFrame | null {
  let frame: unknown
  try {
    frame = JSON.parse(data)
  } catch {
    return null
  }
  if (!isObject(frame)) return null
  switch (frame['type']) {
    case 'welcome':
    case 'pong': {
      const clock = readClock(frame['clock'])
      return clock && { type: frame['type'], clock }
    }
    case 'entries': {
      const { room, cursor, snapshot, entries } = frame
      if (typeof room !== 'string' || typeof cursor !== 'number' || !Array.isArray(entries)) return null
      return { type: 'entries', room, cursor, snapshot: snapshot === true, entries: entries.filter(isEntry) }
    }
    case 'error':
      return {
        type: 'error',
        field: text(frame['field']),
        message: text(frame['message']),
        remedy: text(frame['remedy']),
      }
    case 'stale':
      return { type: 'stale', since: text(frame['since']) }
    case 'fresh':
      return { type: 'fresh' }
    default:
      return null
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function isEntry(value: unknown): value is Entry {
  return isObject(value) && typeof value['key'] === 'string' && typeof value['at'] === 'string' && 'body' in value
}
