/** Stops moved by hand in the plan that is looked at: each move is tried on the server, kept only when somebody says so. */

import { computed, type ComputedRef, ref, type Ref, shallowRef, type ShallowRef, watch } from 'vue'

import { dispatching, type Plan, type PlanResult, type Trial } from '../shared/api/dispatching'
import { faultText } from '../shared/i18n/faults'
import { shifts } from './effect'
import { isSame, type Tours, toursOf } from './tours'

export interface Moving {
  /** As they stand now, moves and all. */
  readonly tours: ComputedRef<Tours>
  readonly isMoved: ComputedRef<boolean>
  readonly mayUndo: ComputedRef<boolean>
  /** What the moves come to; null: none yet, or they are being tried. */
  readonly trial: ShallowRef<Trial | null>
  readonly isTrying: Ref<boolean>
  readonly trouble: Ref<string>
  /** With the moves where they hold, else the plan's own. */
  readonly result: ComputedRef<PlanResult | null>
  /** Minutes by which each site's arrival changes. */
  readonly changes: ComputedRef<ReadonlyMap<string, number>>
  readonly set: (tours: Tours) => void
  readonly undo: () => void
  readonly reset: () => void
  readonly keep: () => Promise<Plan | null>
}

export function useMoving(plan: ShallowRef<Plan | null>): Moving {
  const past = shallowRef<readonly Tours[]>([])
  const trial = shallowRef<Trial | null>(null)
  const isTrying = ref(false)
  const trouble = ref('')
  const own = computed<Tours>(() => {
    const one = plan.value
    return one?.result ? toursOf(one.day.vans.map((van) => van.id), one.result) : []
  })
  const tours = computed(() => past.value[past.value.length - 1] ?? own.value)
  const isMoved = computed(() => !isSame(tours.value, own.value))
  const mayUndo = computed(() => past.value.length > 0)
  const result = computed(() => trial.value?.result ?? plan.value?.result ?? null)
  const changes = computed(() => {
    const [before, after] = [plan.value?.result, trial.value?.result]
    return before && after ? shifts(before, after) : new Map<string, number>()
  })
  let number = 0

  function set(wanted: Tours): void {
    if (isSame(wanted, tours.value)) return
    past.value = [...past.value, wanted]
    void attempt()
  }

  function undo(): void {
    past.value = past.value.slice(0, -1)
    void attempt()
  }

  function reset(): void {
    number += 1
    past.value = []
    trial.value = null
    isTrying.value = false
    trouble.value = ''
  }

  /** A late answer never replaces a newer one's. */
  async function attempt(): Promise<void> {
    const mine = ++number
    const id = plan.value?.id
    trouble.value = ''
    if (!isMoved.value || id === undefined) {
      trial.value = null
      isTrying.value = false
      return
    }
    isTrying.value = true
    try {
      const found = await dispatching.tryTours(id, [...tours.value])
      if (mine === number) trial.value = found
    } catch (error) {
      if (mine === number) trouble.value = faultText(error)
    }
    if (mine === number) isTrying.value = false
  }

  async function keep(): Promise<Plan | null> {
    const id = plan.value?.id
    if (id === undefined) return null
    isTrying.value = true
    trouble.value = ''
    try {
      return await dispatching.keepTours(id, [...tours.value])
    } catch (error) {
      trouble.value = faultText(error)
      return null
    } finally {
      isTrying.value = false
    }
  }

  watch(() => plan.value?.id, reset)
  return { tours, isMoved, mayUndo, trial, isTrying, trouble, result, changes, set, undo, reset, keep }
}
