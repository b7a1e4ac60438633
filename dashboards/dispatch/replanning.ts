/** The rest of the day planned anew: what has happened is told, two answers come, one is committed or none. */

import { computed, type ComputedRef, onScopeDispose, ref, type Ref, shallowRef, type ShallowRef, watch } from 'vue'

import { type Crates, dispatching, type Happening, type Pin, type Plan, type StationTimes } from '../shared/api/dispatching'
import { Refused } from '../shared/api/http'
import { faultText } from '../shared/i18n/faults'
import { isMet } from '../shared/transfer'
import { useTrying } from '../shared/trying'
import { isRunning } from './planning'

export type Which = 'smallest' | 'best'

/** ``crates`` null: they are being looked for. */
export interface Answer {
  readonly which: Which
  readonly plan: Plan
  readonly crates: readonly Crates[] | null
}

/** ``times``: of stations that take goods at other times than was planned. */
export interface Wanted {
  readonly event: Happening
  readonly pins: readonly Pin[]
  readonly times: readonly StationTimes[]
  readonly moreStops: boolean
}

export interface Replanning {
  /** What the day is driven by; null: nothing is committed, or nobody knows yet. */
  readonly committed: ShallowRef<Plan | null>
  readonly isLoaded: Ref<boolean>
  /** Of the committed plan: goods that change vans, with what is done. */
  readonly crates: ShallowRef<readonly Crates[]>
  readonly answers: ComputedRef<readonly Answer[]>
  /** When each stop ahead was planned to be reached as the answers were asked for, in seconds after midnight. */
  readonly planned: ShallowRef<ReadonlyMap<string, number>>
  readonly isBusy: Ref<boolean>
  readonly trouble: Ref<string>
  /** Which field of what was asked it is about, and which station; null: of none. */
  readonly refused: ShallowRef<{ readonly field: string; readonly site: string } | null>
  /** What was refused is being corrected. */
  readonly forget: () => void
  readonly ask: (wanted: Wanted, plannedNow: ReadonlyMap<string, number>) => Promise<void>
  readonly stop: () => Promise<void>
  readonly commit: (which: Which) => Promise<boolean>
  readonly discard: () => Promise<void>
}

const EVERY_MS = 1_000 // as often as a solver speaks
const LOOK_MS = 15_000
const CRATES_MS = 5_000 // while crates are handed over one by one
const MOST_TRIES = 60 // a search that is told to stop ends within seconds

export function useReplanning(operator: Ref<string>, day: Ref<string>, nameOf: (site: string) => string): Replanning {
  const committed = shallowRef<Plan | null>(null)
  const isLoaded = ref(false)
  const crates = shallowRef<readonly Crates[]>([])
  const plans = shallowRef<Partial<Record<Which, Plan>>>({})
  const known = shallowRef<ReadonlyMap<number, readonly Crates[]>>(new Map())
  const planned = shallowRef<ReadonlyMap<string, number>>(new Map())
  const refused = shallowRef<{ field: string; site: string } | null>(null)
  let asked = 0
  let isOver = false
  let looking = 0
  let polling = 0

  const { isBusy, trouble, trying } = useTrying(said)

  const answers = computed(() =>
    (['smallest', 'best'] as const).flatMap((which): Answer[] => {
      const plan = plans.value[which]
      return plan ? [{ which, plan, crates: known.value.get(plan.id) ?? null }] : []
    }),
  )

  /** People know stations by their names. */
  function said(error: unknown): string {
    refused.value = error instanceof Refused ? { field: error.fault.field, site: String(error.fault.params['site'] ?? '') } : null
    if (!(error instanceof Refused) || typeof error.fault.params['site'] !== 'string') return faultText(error)
    const { site } = error.fault.params
    return faultText(error).split(site).join(nameOf(site))
  }

  /** What is committed now, whoever did it, and how far its goods are. */
  async function look(): Promise<void> {
    window.clearTimeout(looking)
    const [whose, when] = [operator.value, day.value]
    try {
      const id = (await dispatching.plans(whose, when)).find((one) => one.state === 'committed')?.id
      const plan = id === undefined ? null : id === committed.value?.id ? committed.value : await dispatching.plan(id)
      const found = plan !== null && plan.base !== null ? await dispatching.crates(plan.id) : []
      if (whose !== operator.value || when !== day.value) return
      committed.value = plan
      crates.value = found
      isLoaded.value = true
    } catch {
      // what is shown stays; the line at the top says whether the server is there
    }
    const isHandingOver = !crates.value.every(isMet)
    if (!isOver) looking = window.setTimeout(() => void look(), isHandingOver ? CRATES_MS : LOOK_MS)
  }

  async function ask({ event, pins, times, moreStops }: Wanted, plannedNow: ReadonlyMap<string, number>): Promise<void> {
    const base = committed.value?.id
    if (base === undefined) return
    const mine = ++asked
    refused.value = null
    const made = await trying(() => dispatching.replan(base, { event, pins: [...pins], stations: [...times], lift_max_stops: moreStops, seconds: 10 }))
    if (!made || mine !== asked) return
    planned.value = plannedNow
    plans.value = { smallest: made.smallest, best: made.best }
    await follow(mine)
  }

  function forget(): void {
    refused.value = null
    trouble.value = ''
  }

  async function follow(mine: number): Promise<void> {
    window.clearTimeout(polling)
    for (const which of ['smallest', 'best'] as const) {
      const plan = plans.value[which]
      if (!plan || (!isRunning(plan) && known.value.has(plan.id))) continue
      try {
        const now = isRunning(plan) ? await dispatching.plan(plan.id) : plan
        const found = now.result && !isRunning(now) ? await dispatching.crates(now.id) : null
        if (mine !== asked) return
        plans.value = { ...plans.value, [which]: now }
        if (found) known.value = new Map([...known.value, [now.id, found]])
      } catch {
        // asked again
      }
    }
    if (mine !== asked || isOver) return
    const isOpen = answers.value.some((one) => isRunning(one.plan) || (one.plan.result !== null && one.crates === null))
    if (isOpen) polling = window.setTimeout(() => void follow(mine), EVERY_MS)
  }

  async function stop(): Promise<void> {
    const best = plans.value.best
    if (best && isRunning(best)) await trying(() => dispatching.stop(best.id))
  }

  async function commit(which: Which): Promise<boolean> {
    const [wanted, other] = [plans.value[which], plans.value[which === 'best' ? 'smallest' : 'best']]
    if (!wanted) return false
    const done = await trying(() => dispatching.commit(wanted.id))
    if (!done) return false
    dropAnswers()
    if (other) void drop(other)
    await look()
    return true
  }

  async function discard(): Promise<void> {
    const both = answers.value.map((one) => one.plan)
    dropAnswers()
    await Promise.all(both.map(drop))
  }

  function dropAnswers(): void {
    asked += 1
    window.clearTimeout(polling)
    plans.value = {}
    known.value = new Map()
  }

  /** One that is still being searched for ends first. */
  async function drop(plan: Plan): Promise<void> {
    try {
      let now = plan
      for (let tries = 0; isRunning(now) && tries < MOST_TRIES; tries++) {
        if (!now.stop_asked) await dispatching.stop(now.id)
        await new Promise((resolve) => window.setTimeout(resolve, EVERY_MS))
        now = await dispatching.plan(now.id)
      }
      if (!isRunning(now)) await dispatching.discard(now.id)
    } catch {
      // it stays in the list of plans, where it can be discarded
    }
  }

  watch(
    [operator, day],
    () => {
      dropAnswers()
      committed.value = null
      isLoaded.value = false
      crates.value = []
      trouble.value = ''
      void look()
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    isOver = true
    window.clearTimeout(looking)
    dropAnswers()
  })
  return { committed, isLoaded, crates, answers, planned, isBusy, trouble, refused, forget, ask, stop, commit, discard }
}
