/** What the resident page makes of an order. Pure. */

import type { OrderLine, OrderView, ParcelView, Step } from '../shared/api/order'
import type { Tone } from '../shared/tone'

const TONES: Readonly<Record<string, Tone>> = {
  partially_short: 'warn',
  in_transit: 'move',
  arrived: 'move',
  ready: 'go',
  partially_collected: 'go',
  collected: 'wait',
  overdue: 'stop',
  cancelled: 'wait',
  closed: 'wait',
}

export function toneOf(state: string): Tone {
  return TONES[state] ?? 'wait'
}

export const STAGES = [0, 1, 2, 3, 4] as const
export type Stage = (typeof STAGES)[number]

const STAGE_OF: Readonly<Record<string, Stage>> = {
  placed: 0,
  paid: 0,
  locked: 0,
  allocating: 1,
  partially_short: 1,
  in_transit: 2,
  arrived: 3,
  ready: 4,
  partially_collected: 4,
  overdue: 4,
  collected: 4,
  closed: 4,
}

/** Where on the way the order is; null where there is no way any more (cancelled) or the state is unknown. */
export function stageOf(state: string): Stage | null {
  return STAGE_OF[state] ?? null
}

export type Part =
  | { readonly kind: 'arrived'; readonly total: number; readonly here: number }
  | { readonly kind: 'collected'; readonly total: number; readonly collected: number; readonly here: number; readonly coming: number }

/** Where only some of an order's parcels are there, or were collected: how many. Null: the state says it all. */
export function partOf(order: Pick<OrderView, 'state' | 'counts'>): Part | null {
  if (order.counts === null) return null
  const { total, here, collected } = order.counts
  if (order.state === 'arrived' && here > 0 && here < total) return { kind: 'arrived', total, here }
  if (order.state !== 'partially_collected' || collected === 0 || collected >= total) return null
  return { kind: 'collected', total, collected, here, coming: Math.max(0, total - collected - here) }
}

/** How many of its parcels another station had last, and sends on. */
export function astray(order: Pick<OrderView, 'parcels'>): number {
  return order.parcels.filter((parcel) => parcel.elsewhere !== '').length
}

/** What is wrong with a parcel, as its resident is told: 多货 is staff's word for what belongs to somebody else. */
export function troubles(parcel: ParcelView): readonly string[] {
  return parcel.exceptions.filter((one) => one !== 'surplus')
}

const AT_A_STATION = new Set(['received', 'shelved', 'in_locker'])

/** What a step is called where it happened at another station than the order's: it went astray there, or was sent on from there. */
export function astrayStep(step: Step, siteName: string): 'astray' | 'sent_on' | null {
  if (step.parcel === null || step.site_name === null || step.site_name === siteName) return null
  if (AT_A_STATION.has(step.state)) return 'astray'
  return step.state === 'returned' ? 'sent_on' : null
}

export function isOver(state: string): boolean {
  return state === 'collected' || state === 'closed' || state === 'cancelled'
}

export interface Goods {
  /** Null: lines that are in no parcel yet. */
  readonly parcel: ParcelView | null
  readonly lines: readonly OrderLine[]
}

/** Lines by the parcel they are in, in the order of the parcels; what is in none comes last. */
export function goodsByParcel(order: OrderView): readonly Goods[] {
  const known = new Set(order.parcels.map((parcel) => parcel.id))
  const groups: Goods[] = order.parcels.map((parcel) => ({
    parcel,
    lines: order.lines.filter((line) => line.parcel === parcel.id),
  }))
  const loose = order.lines.filter((line) => line.parcel === null || !known.has(line.parcel))
  return loose.length > 0 ? [...groups, { parcel: null, lines: loose }] : groups
}

export function itemCount(order: OrderView): number {
  return order.lines.reduce((sum, line) => sum + line.quantity, 0)
}

/** The shelf codes to say at the counter: of what lies on a shelf now. */
export function shelfCodes(order: OrderView): readonly string[] {
  const here = order.parcels.filter((parcel) => parcel.state === 'shelved' && parcel.elsewhere === '')
  const slots = here.map((parcel) => parcel.slot).filter((slot) => slot !== '')
  return [...new Set(slots)].sort()
}

export function stepKey(step: Step): string {
  return `${step.at}|${step.state}|${step.parcel ?? ''}|${step.site_name ?? ''}`
}

/** Newest first; steps of one moment keep the server's order, reversed. */
export function newestFirst(steps: readonly Step[]): readonly Step[] {
  return steps
    .map((step, index) => ({ step, index, at: Date.parse(step.at) }))
    .sort((a, b) => b.at - a.at || b.index - a.index)
    .map(({ step }) => step)
}

export interface Gathered {
  /** The newest of them. */
  readonly step: Step
  readonly parcels: readonly string[]
  readonly keys: readonly string[]
}

const GATHER_MS = 60_000 // times are shown to the minute

/** Neighbours that say the same of several parcels within a minute are one line. Takes and gives newest first. */
export function gathered(steps: readonly Step[]): readonly Gathered[] {
  const lines: Gathered[] = []
  for (const step of steps) {
    const last = lines[lines.length - 1]
    const parcels = step.parcel === null ? [] : [step.parcel]
    if (last && step.parcel !== null && last.parcels.length > 0 && !last.parcels.includes(step.parcel) && isSame(last.step, step)) {
      lines[lines.length - 1] = { step: last.step, parcels: [...last.parcels, ...parcels], keys: [...last.keys, stepKey(step)] }
    } else {
      lines.push({ step, parcels, keys: [stepKey(step)] })
    }
  }
  return lines
}

function isSame(a: Step, b: Step): boolean {
  return a.state === b.state && a.site_name === b.site_name && Date.parse(a.at) - Date.parse(b.at) < GATHER_MS
}

/** What the second timeline has and the first had not. */
export function newSteps(before: readonly Step[], after: readonly Step[]): readonly Step[] {
  const known = new Set(before.map(stepKey))
  return after.filter((step) => !known.has(stepKey(step)))
}
