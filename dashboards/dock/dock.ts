/** What the dock's agent answers (edge/http/dock_forms.py). The agent serves this page: both are of one release. */

import { ask } from '../shared/agent/desk'

export const MODES = ['sort', 'pack', 'seal', 'load', 'empties'] as const
export type Mode = (typeof MODES)[number]

/** What goes on at the shared place (''), or at a scanner's own. */
export interface Place {
  readonly place: string
  readonly mode: Mode
  readonly container: string
  readonly load: string
  readonly run: string
}

export interface Load {
  /** The plan's container. */
  readonly load: string
  /** The one that carries it, or is to. */
  readonly container: string
  readonly bound: boolean
  readonly state: string
  readonly day: string
  readonly station: string
  readonly station_name: string
  readonly zone: string
  readonly number: number
  readonly run: string
  readonly stop: number
  readonly lane: string
  readonly parcels: number
  readonly sorted: number
  readonly packed: number
  readonly lacks: readonly string[]
  /** Of one that goes by SKU: what is to be put in, and what was counted in by its EAN or by hand. */
  readonly goods: readonly Goods[]
  /** Of those that are counted; 0 where nobody counts. */
  readonly lacking_pieces: number
}

export interface Goods {
  readonly sku: string
  readonly name: string
  readonly quantity: number
  readonly counted: number
}

/** A container that was closed although something lacks. */
export interface Short {
  readonly container: string
  readonly lane: string
  readonly zone: string
  readonly number: number
  readonly lacks: number
}

/** Parcels and pieces that are not in a container; of one that is sealed or loaded they do not come any more. */
export function lacksOf(load: Pick<Load, 'lacks' | 'lacking_pieces'>): number {
  return load.lacks.length + load.lacking_pieces
}

export interface Run {
  /** Its key among all days and operators. */
  readonly run: string
  readonly name: string
  readonly day: string
  readonly containers: number
  readonly sealed: number
  readonly loaded: number
  readonly lost: number
  /** Not in the van, and waited for: what was packed and is lost is not. */
  readonly left: number
  readonly parcels: number
  readonly sorted: number
  readonly packed: number
  readonly next: string
  readonly short: readonly Short[]
}

export interface Dock {
  readonly device: string
  readonly version: number
  readonly day: string
  readonly has_staff: boolean
  readonly place: Place
  readonly places: readonly Place[]
  readonly runs: readonly Run[]
  readonly open: Load | null
  readonly unrouted: number
  readonly lost: readonly Load[]
}

export const readDock = (): Promise<Dock | null> => ask<Dock>('dock')
export const readLoad = (container: string): Promise<Load | null> => ask('dock/load', { container })

export const readArticles = async (): Promise<readonly { readonly sku: string; readonly name: string }[] | null> =>
  (await ask<{ articles: readonly { readonly sku: string; readonly name: string }[] }>('dock/articles'))?.articles ?? null

/** Of a run in the order of loading; '' are those on no route. */
export async function readLoads(run: string): Promise<readonly Load[] | null> {
  return (await ask<{ loads: readonly Load[] }>('dock/loads', { run }))?.loads ?? null
}

/** Whether an act was done at a place: by a page that works there, by its scanner, or by a scanner that has none of its own. */
export function isAt(place: string, device: string, page: string, places: readonly Pick<Place, 'place'>[]): boolean {
  if (device === page) return true
  if (place !== '') return device === place
  return !device.startsWith('page-') && !places.some((one) => one.place !== '' && one.place === device)
}
