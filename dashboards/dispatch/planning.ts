/** The plans of a date: which there are, the one that is looked at, how its search goes, and what is decided about it. */

import { computed, type ComputedRef, onScopeDispose, ref, type Ref, shallowRef, type ShallowRef, watch } from 'vue'

import { type Comparison, type DayIn, dispatching, type Plan, type PlanHead } from '../shared/api/dispatching'
import { useTrying } from '../shared/trying'

export interface Planning {
  readonly plans: ShallowRef<readonly PlanHead[] | null>
  readonly plan: ShallowRef<Plan | null>
  readonly committed: ComputedRef<PlanHead | null>
  /** The plan looked at minus the committed one; null: there is none, or it is the same. */
  readonly comparison: ShallowRef<Comparison | null>
  readonly isSearching: ComputedRef<boolean>
  readonly isBusy: Ref<boolean>
  readonly trouble: Ref<string>
  readonly choose: (id: number) => Promise<void>
  readonly ask: (day: DayIn) => Promise<boolean>
  readonly show: (plan: Plan) => Promise<void>
  readonly stop: () => Promise<void>
  readonly decide: (what: 'commit' | 'discard') => Promise<boolean>
}

const EVERY_MS = 1_000 // as often as a solver speaks

export const isRunning = (plan: PlanHead): boolean => plan.state === 'queued' || plan.state === 'solving'

export function usePlanning(operator: Ref<string>, day: Ref<string>): Planning {
  const plans = shallowRef<readonly PlanHead[] | null>(null)
  const plan = shallowRef<Plan | null>(null)
  const comparison = shallowRef<Comparison | null>(null)
  const committed = computed(() => plans.value?.find((one) => one.state === 'committed') ?? null)
  const isSearching = computed(() => plan.value !== null && isRunning(plan.value))
  const wanted = ref(0)
  const { isBusy, trouble, trying } = useTrying()
  let timer = 0
  let isOver = false

  async function list(): Promise<void> {
    const [whose, when] = [operator.value, day.value]
    if (whose === '' || when === '') return
    const found = await trying(() => dispatching.plans(whose, when))
    if (found && whose === operator.value && when === day.value) plans.value = found
  }

  /** Shown as it is now; while it is searched for it is looked at again. */
  async function show(one: Plan): Promise<void> {
    window.clearTimeout(timer)
    wanted.value = one.id
    plan.value = one
    comparison.value = null
    if (isRunning(one)) {
      if (!isOver) timer = window.setTimeout(() => void again(one.id), EVERY_MS)
      return
    }
    await list()
    await compare(one)
  }

  async function compare(one: Plan): Promise<void> {
    const before = committed.value
    // What a plan of the rest of a day changes stands in the plan itself; beside a whole day's it would say little.
    if (before === null || before.id === one.id || one.result === null || one.base !== null || before.base !== null) return
    const found = await trying(() => dispatching.compare(before.id, one.id))
    if (found && wanted.value === one.id) comparison.value = found
  }

  async function again(id: number): Promise<void> {
    try {
      const found = await dispatching.plan(id)
      if (wanted.value === id) await show(found)
    } catch {
      if (wanted.value === id && !isOver) timer = window.setTimeout(() => void again(id), EVERY_MS)
    }
  }

  async function choose(id: number): Promise<void> {
    wanted.value = id
    const found = await trying(() => dispatching.plan(id))
    if (found && wanted.value === id) await show(found)
  }

  async function ask(wantedDay: DayIn): Promise<boolean> {
    const made = await trying(() => dispatching.ask(operator.value, wantedDay))
    if (!made) return false
    await show(made)
    const said = trouble.value
    await list()
    trouble.value ||= said
    return true
  }

  async function stop(): Promise<void> {
    const id = plan.value?.id
    if (id !== undefined) await trying(() => dispatching.stop(id))
  }

  async function decide(what: 'commit' | 'discard'): Promise<boolean> {
    const id = plan.value?.id
    if (id === undefined) return false
    const found = await trying(() => dispatching[what](id))
    if (found) await show(found)
    return found !== undefined
  }

  const firstOpen = (): PlanHead | null => plans.value?.find((one) => one.state !== 'discarded') ?? null

  async function open(): Promise<void> {
    window.clearTimeout(timer)
    plans.value = plan.value = comparison.value = null
    wanted.value = 0
    await list()
    const first = committed.value ?? firstOpen()
    if (first !== null && wanted.value === 0) await choose(first.id)
  }

  watch([operator, day], () => void open(), { immediate: true })
  onScopeDispose(() => {
    isOver = true
    window.clearTimeout(timer)
  })
  return { plans, plan, committed, comparison, isSearching, isBusy, trouble, choose, ask, show, stop, decide }
}
