/** What the agent's acts answer (edge/http/act_forms.py). The agent serves this page: both are of one release. */

import type { Other } from '../shared/agent/agent'
import { ask } from '../shared/agent/desk'

export interface Item {
  readonly name: string
  readonly sku: string
  readonly quantity: number
  /** What one piece was declared to weigh; null: not sold by weight. */
  readonly weight_g: number | null
}

export interface Parcel {
  readonly parcel: string
  readonly state: string
  readonly place: string
  readonly zone: string
  readonly container: string
  readonly problems: readonly string[]
  readonly overdue: boolean
  readonly ready: boolean
  /** Handed out only once the resident was told. */
  readonly too_warm: boolean
  readonly items: readonly Item[]
  /** Another station (its name) scanned it in last; '' for nearly all. */
  readonly seen_at: string
  /** That station gave it to a van. */
  readonly sent_on: boolean
}

/** A parcel that lies here and is none of the day's. */
export interface Aside {
  readonly parcel: Parcel
  readonly other: Other
}

/** A person, masked, with what is theirs. */
export interface Claim {
  readonly claim: string
  readonly operator: string
  readonly name: string
  readonly deadline_ms: number
  readonly parcels: readonly Parcel[]
}

export interface Answer {
  readonly question: string
  readonly act: unknown
  readonly claims: readonly Claim[]
}

export interface Container {
  readonly container: string
  readonly zone: string
  readonly pack_mode: 'order_bag' | 'sku_bulk'
  readonly state: string
  readonly signed: boolean
  readonly counted: boolean
  readonly expected: number
  readonly received: number
  readonly missing: number
}

export interface Day {
  readonly version: number
  readonly day: string
  readonly has_staff: boolean
  /** The share of a declared weight that may lack on the scales. */
  readonly weight_tolerance: number
  readonly stock_take: string | null
  readonly containers: readonly Container[]
  readonly expected: number
  readonly received: number
  readonly released: number
  readonly missing: number
  readonly ready: number
  readonly overdue: number
  readonly aside: readonly Aside[]
}

export interface Pieces {
  readonly sku: string
  readonly name: string
  readonly expected: number
  readonly counted: number
}

export interface ContainerDetail {
  readonly container: string
  readonly is_expected: boolean
  readonly zone: string
  readonly pack_mode: 'order_bag' | 'sku_bulk'
  readonly state: string
  readonly signed: boolean
  readonly counted: boolean
  readonly parcels: readonly Parcel[]
  readonly goods: readonly Pieces[]
}

export interface Shares {
  readonly sku: string
  readonly name: string
  readonly stock: number
  readonly bags: readonly { readonly parcel: string; readonly wanted: number; readonly given: number }[]
}

/** What was received and lies nowhere yet, cold first; `slot` '': nobody knows where to. */
export interface ShelfQueue {
  readonly waiting: number
  readonly parcels: readonly { readonly parcel: Parcel; readonly slot: string }[]
}

export interface StockTake {
  readonly scope: string | null
  readonly expected: number
  readonly seen: number
  readonly left: readonly Parcel[]
}

export const readDay = (): Promise<Day | null> => ask<Day>('day')
export const readContainer = (container: string): Promise<ContainerDetail | null> => ask('container', { container })
export const readParcel = (parcel: string): Promise<Parcel | null> => ask('parcel', { parcel })
export const readStockTake = (): Promise<StockTake | null> => ask<StockTake>('stock-take')
export const readQuestion = (question: string): Promise<Answer | null> => ask(`questions/${encodeURIComponent(question)}`)

export async function readHere(): Promise<readonly Parcel[] | null> {
  return (await ask<{ parcels: readonly Parcel[] }>('here'))?.parcels ?? null
}

export const readShelfQueue = (limit: number): Promise<ShelfQueue | null> => ask('shelf-queue', { limit: String(limit) })

export async function readGoods(): Promise<readonly Shares[] | null> {
  return (await ask<{ goods: readonly Shares[] }>('goods'))?.goods ?? null
}

export async function suggestSlot(parcel: string): Promise<string> {
  return (await ask<{ slot: string }>('slot', { parcel }))?.slot ?? ''
}

/** The last digits, by which people tell labels apart; the whole label stands beside them in small. */
export function shortLabel(label: string): string {
  return label.slice(-4)
}
