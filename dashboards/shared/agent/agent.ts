/** What the edge agent says of itself and of scans (edge/http). Reads leniently: a field it does not send is empty, never a crash. */

import { isObject, type Json, readClock, type ServerClock } from '../live/protocol'
import type { Alarm } from './cold'

export interface Fetched {
  readonly parcel: string
  readonly place: string
  readonly zone: string
  readonly isCell: boolean
}

/** Whose a parcel is that is none of the day's; `why` '': the cloud has not said yet. */
export interface Other {
  readonly why: string
  readonly station: string
  readonly day: string
}

export interface Scan {
  readonly id: string
  readonly atMs: number
  readonly text: string
  readonly parcel: string
  readonly slot: string
  readonly device: string
  readonly kind: string
  readonly sound: string
  readonly detail: string
  /** Exactly what happened: a key of this page's words, filled by what follows. */
  readonly word: string
  readonly container: string
  readonly count: number
  readonly of: number
  readonly actor: string
  readonly undoneBy: string
  /** Refused because it was handed out before: when (0: nobody knows) and by what (edge/wire/counter.py, How). */
  readonly goneMs: number
  readonly goneHow: string
  /** Of a hand-out: what is taken from which shelf or cell. */
  readonly fetched: readonly Fetched[]
  /** Under which the agent keeps who may have asked; '' where nobody did. */
  readonly question: string
  /** Null: it is of the day, or nothing is known of it. */
  readonly other: Other | null
  readonly isUndone: boolean
  readonly canUndo: boolean
}

export interface Lane {
  readonly name: string
  readonly unsent: number
  readonly oldestMs: number | null
}

export interface Device {
  readonly name: string
  readonly kind: string
  readonly state: string
  readonly detail: string
  /** In this state. */
  readonly sinceMs: number
  /** A scanner that can be told to read. */
  readonly canRead: boolean
}

/** Somebody's card that is open: what is scanned at the hand-out is theirs, until it is closed. */
export interface Card {
  readonly question: string
  readonly device: string
  readonly actor: string
  readonly openedMs: number
}

/** A van that comes here; null: not under way, or not known. `containers`: by temperature zone. */
export interface ComingVan {
  readonly run: string
  readonly state: string
  readonly plannedMs: number | null
  readonly earlyMs: number | null
  readonly lateMs: number | null
  readonly stopsBefore: number | null
  readonly asOfMs: number | null
  readonly isEstimate: boolean
  readonly containers: readonly (readonly [string, number])[]
}

/** As the cloud said it then; 0: it never said anything. */
export interface Coming {
  readonly saidMs: number
  readonly vans: readonly ComingVan[]
}

export interface Status {
  readonly site: string
  readonly name: string
  readonly version: string
  readonly mode: string
  /** The version in force; 0: none. */
  readonly manifest: number
  readonly clock: ServerClock | null
  readonly clockQuality: string
  readonly isOnline: boolean
  readonly lastSyncMs: number | null
  readonly lanes: readonly Lane[]
  readonly store: { readonly state: string; readonly detail: string }
  readonly devices: readonly Device[]
  /** The last one first. */
  readonly cards: readonly Card[]
  readonly coming: Coming
  readonly lastScan: Scan | null
}

export type LiveMessage = { type: 'status'; status: Status } | { type: 'scan'; scan: Scan } | { type: 'alarm'; alarm: Alarm }

const LANES = ['event', 'live', 'backfill'] as const

export function readScan(value: unknown): Scan | null {
  return isObject(value) ? madeScan(value) : null
}

/** What is not named is empty. */
export function madeScan(value: Json): Scan {
  return {
    id: text(value['id']),
    atMs: numberOrNull(value['at_ms']) ?? 0,
    text: text(value['text']),
    parcel: text(value['parcel']),
    slot: text(value['slot']),
    device: text(value['device']),
    kind: text(value['kind']),
    sound: text(value['sound']),
    detail: text(value['detail']),
    word: text(value['word']),
    container: text(value['container']),
    count: numberOrNull(value['count']) ?? 0,
    of: numberOrNull(value['of']) ?? 0,
    actor: text(value['actor']),
    undoneBy: text(value['undone_by']),
    goneMs: numberOrNull(value['gone_ms']) ?? 0,
    goneHow: text(value['gone_how']),
    fetched: list(value['fetched']).map((one) => ({
      parcel: text(one['parcel']),
      place: text(one['place']),
      zone: text(one['zone']),
      isCell: one['cell'] === true,
    })),
    question: text(value['question']),
    other: isObject(value['other']) ? readOther(value['other']) : null,
    isUndone: value['undone'] === true,
    canUndo: value['can_undo'] === true,
  }
}

function readOther(value: Json): Other {
  return { why: text(value['why']), station: text(value['station']), day: text(value['day']) }
}

export function readStatus(value: unknown): Status | null {
  if (!isObject(value)) return null
  const uplink = object(value['uplink'])
  const queue = object(value['queue'])
  const store = object(value['store'])
  return {
    site: text(value['site']),
    name: text(value['name']),
    version: text(value['version']),
    mode: text(value['mode']),
    manifest: numberOrNull(value['manifest']) ?? 0,
    clock: readClock(value['clock']),
    clockQuality: text(object(value['clock'])['quality']),
    isOnline: uplink['online'] === true,
    lastSyncMs: numberOrNull(uplink['last_sync_ms']),
    lanes: LANES.map((name) => ({
      name,
      unsent: numberOrNull(object(queue[name])['unsent']) ?? 0,
      oldestMs: numberOrNull(object(queue[name])['oldest_ms']),
    })),
    store: { state: text(store['state']), detail: text(store['detail']) },
    devices: list(value['devices']).map((device) => ({
      name: text(device['name']),
      kind: text(device['kind']),
      state: text(device['state']),
      detail: text(device['detail']),
      sinceMs: numberOrNull(device['since_ms']) ?? 0,
      canRead: device['can_read'] === true,
    })),
    cards: list(value['cards']).map((card) => ({
      question: text(card['question']),
      device: text(card['device']),
      actor: text(card['actor']),
      openedMs: numberOrNull(card['opened_ms']) ?? 0,
    })),
    coming: readComing(object(value['coming'])),
    lastScan: readScan(value['last_scan']),
  }
}

const ZONES = ['ambient', 'chilled', 'frozen'] as const

function readComing(value: Json): Coming {
  return {
    saidMs: numberOrNull(value['said_ms']) ?? 0,
    vans: list(value['vans']).map((van) => ({
      run: text(van['run']),
      state: text(van['state']),
      plannedMs: numberOrNull(van['planned_ms']),
      earlyMs: numberOrNull(van['early_ms']),
      lateMs: numberOrNull(van['late_ms']),
      stopsBefore: numberOrNull(van['stops_before']),
      asOfMs: numberOrNull(van['as_of_ms']),
      isEstimate: van['is_estimate'] === true,
      containers: ZONES.map((zone) => [zone, numberOrNull(object(van['containers'])[zone]) ?? 0] as const).filter(([, n]) => n > 0),
    })),
  }
}

export function readScans(value: unknown): readonly Scan[] {
  return list(object(value)['scans']).map(readScan).filter((scan) => scan !== null)
}

export function readLive(data: unknown): LiveMessage | null {
  let message: unknown
  try {
    message = typeof data === 'string' ? JSON.parse(data) : null
  } catch {
    return null
  }
  const { type, status, scan, alarm } = object(message)
  if (type === 'alarm' && isObject(alarm) && typeof alarm['id'] === 'string') return { type, alarm: alarm as unknown as Alarm }
  const readStatusOrNull = type === 'status' ? readStatus(status) : null
  if (readStatusOrNull) return { type: 'status', status: readStatusOrNull }
  const readScanOrNull = type === 'scan' ? readScan(scan) : null
  return readScanOrNull && { type: 'scan', scan: readScanOrNull }
}

const MOST_SCANS = 20

/** Names a scan; one that booked nothing has no id of its own. */
export function scanKey(scan: Scan): string {
  return scan.id === '' ? `${scan.atMs} ${scan.kind} ${scan.text}` : scan.id
}

/** The list with this scan in it: in place where it is there already (an undo, or the answer beside the live event), else first. */
export function withScan(scans: readonly Scan[], scan: Scan): readonly Scan[] {
  const key = scanKey(scan)
  const at = scans.findIndex((each) => scanKey(each) === key)
  if (at < 0) return [scan, ...scans].slice(0, MOST_SCANS)
  return scans.map((each, index) => (index === at ? scan : each))
}

/**
 * The agent's own list, with what was shown since it was asked for: the answer may be older than that. What could not be booked
 * only this page knows: it stays, by its time, so that whoever scanned it sees that it has to be scanned again.
 */
export function withRecalled(recalled: readonly Scan[], before: readonly Scan[], now: readonly Scan[]): readonly Scan[] {
  const merged = now.filter((scan) => !before.includes(scan)).reduceRight(withScan, recalled)
  const known = new Set(merged.map(scanKey))
  const unbooked = before.filter((scan) => scan.id === '' && scan.kind === 'failed' && !known.has(scanKey(scan)))
  return unbooked.reduceRight(withOlder, merged).slice(0, MOST_SCANS)
}

/** Before the first that is not newer. */
function withOlder(scans: readonly Scan[], scan: Scan): readonly Scan[] {
  const at = scans.findIndex((each) => each.atMs <= scan.atMs)
  return at < 0 ? [...scans, scan] : [...scans.slice(0, at), scan, ...scans.slice(at)]
}

function object(value: unknown): Json {
  return isObject(value) ? value : {}
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}
