/** What the driver said and the cloud has not confirmed yet: kept in order, sent once, taken out only by an answer. Pure. */

import type { Fault } from '../shared/api/http'
import type { components } from '../shared/api/schema'

export type DriverRun = components['schemas']['DriverRunOut']
export type DriverStop = components['schemas']['DriverStop']
export type DriverMeet = components['schemas']['DriverMeet']
export type Zones = components['schemas']['ZonesOut']
/** The coldest first: what must not wait. */
export const ZONES = ['frozen', 'chilled', 'ambient'] as const
export type ActAnswer = components['schemas']['ActAnswer']

export const KINDS = ['arrived', 'handed_over', 'dropped', 'failed', 'taken_back', 'taken_over'] as const
export type Kind = (typeof KINDS)[number]
export const REASONS = ['station_closed', 'rejected', 'no_way_in', 'other'] as const
export type Reason = (typeof REASONS)[number]

/** `atMs`: by the phone's clock. `fault`: why the cloud refused it; null: it waits to be sent. */
export interface Said {
  readonly key: string
  readonly atMs: number
  readonly kind: Kind
  readonly stop: number
  readonly site: string
  readonly name: string
  readonly reason: Reason | ''
  readonly note: string
  readonly containers: readonly string[]
  readonly fault: Fault | null
}

export type Queue = readonly Said[]

/** As many go at once as one answer over a thin network brings back in time. */
export const MOST_AT_ONCE = 50

export const waiting = (queue: Queue): Queue => queue.filter((one) => one.fault === null)
export const refused = (queue: Queue): Queue => queue.filter((one) => one.fault !== null)

/** What goes to the cloud next, oldest first. */
export function toSend(queue: Queue, sentAtMs: number): components['schemas']['ActsIn'] | null {
  const acts = waiting(queue).slice(0, MOST_AT_ONCE)
  if (acts.length === 0) return null
  return {
    sent_at_ms: sentAtMs,
    acts: acts.map((one) => ({
      key: one.key,
      at_ms: one.atMs,
      kind: one.kind,
      stop: one.stop,
      site: one.site,
      reason: one.reason,
      note: one.note,
      containers: [...one.containers],
    })),
  }
}

/** After answers: what was taken leaves, what was refused stays with its reason, what nobody answered waits on. */
export function settled(queue: Queue, answers: readonly ActAnswer[]): Queue {
  const byKey = new Map(answers.map((answer) => [answer.key, answer]))
  return queue.flatMap((one) => {
    const answer = byKey.get(one.key)
    if (!answer) return [one]
    return answer.outcome === 'refused' && answer.error ? [{ ...one, fault: answer.error }] : []
  })
}

/** A refused one waits again, under its key and in its place. */
export const again = (queue: Queue, key: string): Queue =>
  queue.map((one) => (one.key === key ? { ...one, fault: null } : one))

export const without = (queue: Queue, key: string): Queue => queue.filter((one) => one.key !== key)

const BECOMES: Partial<Record<Kind, string>> = { arrived: 'unloading', handed_over: 'signed', dropped: 'dropped', failed: 'failed' }
const OPEN = ['pending', 'approaching', 'at_stop', 'unloading']

export const isOpen = (stop: DriverStop): boolean => OPEN.includes(stop.state)

/** The stops as the driver sees them: as the cloud last told, with what is said and not sent yet. */
export function seen(stops: readonly DriverStop[], queue: Queue): readonly DriverStop[] {
  // Known by its site; the number only tells two stops at one site apart, for a new plan numbers stops anew.
  const isAbout = (one: Said, stop: DriverStop): boolean =>
    one.site === stop.site &&
    (one.stop === stop.stop || !stops.some((other) => other.site === one.site && other.stop === one.stop))
  return stops.map((stop) => waiting(queue).filter((one) => isAbout(one, stop)).reduce(after, stop))
}

function after(stop: DriverStop, one: Said): DriverStop {
  if (one.kind === 'taken_back') return { ...stop, empties: stop.empties.filter((label) => !one.containers.includes(label)) }
  if (one.kind === 'arrived' && !isOpen(stop)) return stop
  return { ...stop, state: BECOMES[one.kind] ?? stop.state }
}

/** Meetings as the driver sees them: what was said to be aboard and is not sent yet, is. */
export function seenMeets(meets: readonly DriverMeet[], queue: Queue): readonly DriverMeet[] {
  const taken = waiting(queue).filter((one) => one.kind === 'taken_over')
  const labels = new Set(taken.flatMap((one) => one.containers))
  const sites = new Set(taken.filter((one) => one.containers.length === 0).map((one) => one.site))
  return meets.map((meet) => ({
    ...meet,
    containers: meet.containers.map((one) => (labels.has(one.id) ? { ...one, is_done: true } : one)),
    // A run that an earlier release of this page has kept has none.
    unlabelled: ((meet as Partial<DriverMeet>).unlabelled ?? []).map((one) => (sites.has(one.site) ? { ...one, is_done: true } : one)),
  }))
}

/** Where the driver goes next: the first that is still to be done. */
export const nextStop = (stops: readonly DriverStop[]): DriverStop | null => stops.find(isOpen) ?? null

export const isDone = (stop: DriverStop): boolean => !isOpen(stop) && stop.state !== 'skipped'
