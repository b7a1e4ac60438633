/** One page at the dock: its desk, how far the dock is, and where this page works. */

import { computed, type ComputedRef, inject, type InjectionKey, provide, shallowRef, type ShallowRef, watch } from 'vue'

import type { Scan } from '../shared/agent/agent'
import { type Desk, makeDesk } from '../shared/agent/desk'
import { useKept } from '../shared/agent/kept'
import type { Json } from '../shared/live/protocol'
import { type Dock, isAt, type Mode, readArticles, readDock } from './dock'
import { seatAfter } from './seat'
import { headline, particulars, spoken } from './words'

export interface Bay extends Desk {
  readonly dock: ShallowRef<Dock | null>
  /** The newest act of the place where this page works. */
  readonly here: ComputedRef<Scan | null>
  /** Whether a scanner's acts are this page's. */
  readonly isMine: (device: string) => boolean
  readonly choose: (mode: Mode) => Promise<void>
  /** Posts what changes a place; the answer is the dock as it is then. */
  readonly change: (path: string, body: object) => Promise<void>
  readonly sit: (place: string) => Promise<void>
}

const KEY: InjectionKey<Bay> = Symbol('bay')

export function useBay(): Bay {
  const found = inject(KEY)
  if (!found) throw new Error('no bay around this component')
  return found
}

export function makeBay(): Bay {
  const dock = shallowRef<Dock | null>(null)
  const kept = useKept('tt-place') // the agent forgets its pages when it restarts

  const articles = shallowRef<ReadonlyMap<string, string>>(new Map())
  const desk = makeDesk({
    says: { headline, particulars, spoken },
    look,
    renewed,
    hears: isHere,
    named: (id) => articles.value.get(id),
  })
  const here = computed(() => desk.scans.value.find(isHere) ?? null)

  function isMine(device: string): boolean {
    const seen = dock.value
    return seen === null || isAt(seen.place.place, device, seen.device, seen.places)
  }

  function isHere(scan: Scan): boolean {
    return isMine(scan.device)
  }

  async function look(): Promise<Dock | null> {
    const seen = await readDock()
    if (seen) dock.value = seen
    return seen
  }

  async function renewed(): Promise<void> {
    articles.value = new Map((await readArticles())?.map((one) => [one.sku, one.name]))
  }

  async function change(path: string, body: object): Promise<void> {
    const answer: Json | null = await desk.post(path, body)
    if (answer) dock.value = answer as unknown as Dock
  }

  async function sit(place: string): Promise<void> {
    kept.value = place
    const answer: Json | null = await desk.post('/api/dock/sit', { place })
    if (!answer) return
    kept.value = place // what was seen meanwhile may not have had it yet
    dock.value = answer as unknown as Dock
  }

  // Where people are known, nobody can sit before somebody has logged in.
  watch([dock, desk.worker], ([seen, worker]) => {
    if (!seen) return
    const next = seatAfter(kept.value, seen.place.place, seen.places)
    if (next === 'forget') kept.value = ''
    if (next === 'sit' && (!seen.has_staff || worker)) void sit(kept.value)
  })

  const bay: Bay = {
    ...desk, dock, here, isMine, change, sit,
    choose: (mode) => change('/api/dock/mode', { mode }),
  }
  provide(KEY, bay)
  return bay
}
