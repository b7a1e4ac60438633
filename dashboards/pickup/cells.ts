/** The station's locker cells on its page: what the books say of each, what its door and its sensor say, and what may be done. */

import { computed, type ComputedRef, onScopeDispose, type Ref, ref, shallowRef, type ShallowRef, watch } from 'vue'

import { Refused, request } from '../shared/api/http'
import type { Scan } from '../shared/agent/agent'
import type { Station } from '../shared/agent/station'

export interface Cell {
  readonly cell: string
  readonly zone: string
  readonly size: string
  readonly state: 'free' | 'reserved' | 'occupied' | 'open' | 'fault' | 'blocked'
  readonly cause: '' | 'door_left_open' | 'open_failed' | 'cell_mismatch' | 'staff'
  readonly parcel: string
  readonly overdue: boolean
  readonly door: 'open' | 'closed' | 'unknown'
  readonly article: 'present' | 'absent' | 'unknown'
  readonly lock: boolean
}

/** Something at a cell that a person has to see to; a key of the page's words. */
export type CellTrouble = 'open_failed' | 'door_left_open' | 'cell_mismatch' | 'not_fetched' | 'empty' | 'filled' | 'ajar' | 'no_lock'
export type RemovedFor = 'expired' | 'mistake' | 'fault' | 'moved'

export interface Cells {
  readonly cells: ShallowRef<readonly Cell[]>
  readonly hasFree: ComputedRef<boolean>
  /** Somebody looks at the cabinet: boards are asked, too. */
  readonly isWatched: Ref<boolean>
  readonly reserve: (parcel: string) => Promise<Scan | null>
  /** A reserved cell, for the parcel that goes in. */
  readonly openToPlace: (cell: string, parcel: string) => Promise<Scan | null>
  readonly openToRemove: (cell: Cell, reason: RemovedFor) => Promise<Scan | null>
  readonly openToLook: (cell: string) => Promise<Scan | null>
  readonly setBlocked: (cell: string, isBlocked: boolean) => Promise<Scan | null>
}

const WATCHED_EVERY_MS = 5_000

/** What is wrong at a cell, the worst first: the books' own word, then where its sensors contradict them. */
export function troublesOf(cell: Cell): readonly CellTrouble[] {
  const found: CellTrouble[] = []
  if (cell.cause !== '' && cell.cause !== 'staff') found.push(cell.cause)
  if (cell.overdue) found.push('not_fetched')
  if (cell.state === 'occupied' && cell.article === 'absent') found.push('empty')
  if (cell.state === 'free' && cell.article === 'present') found.push('filled')
  if (cell.door === 'open' && cell.cause !== 'door_left_open') found.push('ajar')
  if (!cell.lock) found.push('no_lock')
  return found
}

export function makeCells(station: Pick<Station, 'act' | 'agent' | 'changes'>): Cells {
  const cells = shallowRef<readonly Cell[]>([])
  const isWatched = ref(false)
  const hasFree = computed(() => cells.value.some((one) => one.state === 'free' && one.lock))

  let wanted = 0
  let isAsking = false

  async function listed(asksBoards: boolean): Promise<readonly Cell[]> {
    try {
      const answer = await request('GET', `/api/cells?look=${String(asksBoards)}`)
      return (answer as { cells: readonly Cell[] }).cells
    } catch (error) {
      const isNobodyHere = error instanceof Refused && error.status === 401
      if (asksBoards && isNobodyHere) return listed(false) // boards are asked for people only; the books are shown to any
      throw error
    }
  }

  /** One question at a time; what changes meanwhile is asked about once more. */
  async function look(): Promise<void> {
    wanted += 1
    if (isAsking) return
    isAsking = true
    for (let asked = 0; asked !== wanted; ) {
      asked = wanted
      try {
        cells.value = await listed(isWatched.value)
      } catch {
        // what was shown stands until the agent answers again
      }
    }
    isAsking = false
  }

  watch([station.changes, isWatched], () => void look())
  watch(station.agent, (agent) => {
    if (agent === 'here') void look()
  })
  const timer = window.setInterval(() => {
    if (isWatched.value && !isAsking) void look()
  }, WATCHED_EVERY_MS)
  onScopeDispose(() => {
    window.clearInterval(timer)
  })

  const open = (body: object): Promise<Scan | null> => station.act('/api/cells/open', body)
  return {
    cells, hasFree, isWatched,
    reserve: (parcel) => station.act('/api/cells/reserve', { parcel }),
    openToPlace: (cell, parcel) => open({ cell, parcel, purpose: 'placing' }),
    openToRemove: ({ cell, parcel }, reason) => open({ cell, parcel, purpose: 'removal', reason }),
    openToLook: (cell) => open({ cell, purpose: 'check' }),
    setBlocked: (cell, blocked) => station.act('/api/cells/use', { cell, blocked }),
  }
}
