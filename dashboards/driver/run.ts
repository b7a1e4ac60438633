/** The run by its link, and the driver's acts: said at once, kept, sent in order as soon as somebody answers. */

import { computed, type ComputedRef, onScopeDispose, ref, type Ref, shallowRef, type ShallowRef } from 'vue'

import { type Fault, Refused, request } from '../shared/api/http'
import type { components } from '../shared/api/schema'
import { clockLine, type ClockLine, domainNowMs } from '../shared/clock'
import { backoffMs } from '../shared/live/backoff'
import { useTicking } from '../shared/ticking'
import {
  again, type DriverMeet, type DriverRun, type DriverStop, type Kind, type Queue, type Reason, seen, seenMeets, settled, toSend, without,
} from './acts'
import { keepActs, keepRun, keptActs, keptRun, runOf, unsentElsewhere } from './kept'

/** link: the link itself is at fault, and `linkFault` says how. */
export type Phase = 'loading' | 'run' | 'link' | 'unreachable'

export interface Act {
  readonly kind: Kind
  readonly reason?: Reason
  readonly note?: string
  readonly containers?: readonly string[]
}

export interface Driving {
  readonly phase: ShallowRef<Phase>
  readonly linkFault: ShallowRef<Fault | null>
  readonly run: ShallowRef<DriverRun | null>
  readonly stops: ComputedRef<readonly DriverStop[]>
  readonly meets: ComputedRef<readonly DriverMeet[]>
  readonly queue: ShallowRef<Queue>
  readonly isOnline: Ref<boolean>
  readonly isKept: Ref<boolean>
  readonly elsewhere: number
  readonly trouble: ShallowRef<Fault | null>
  readonly clock: ShallowRef<ClockLine | null>
  readonly nowMs: ComputedRef<number | null>
  readonly say: (stop: Pick<DriverStop, 'stop' | 'site' | 'name'>, act: Act) => void
  readonly retry: (key: string) => void
  readonly discard: (key: string) => void
  readonly refresh: () => void
}

const LOOK_MS = 15_000
const LINK_FAULTS = ['driver_link_invalid', 'driver_link_expired', 'driver_link_taken_back']

export function useRun(token: string): Driving {
  const number = runOf(token)
  const kept = keptRun(localStorage, number)
  const phase = shallowRef<Phase>(kept ? 'run' : 'loading')
  const linkFault = shallowRef<Fault | null>(null)
  const run = shallowRef<DriverRun | null>(kept)
  const queue = shallowRef<Queue>(keptActs(localStorage, number))
  const isOnline = ref(false)
  const isKept = ref(true)
  const trouble = shallowRef<Fault | null>(null)
  const clock = shallowRef<ClockLine | null>(null)
  const ticking = useTicking()
  const nowMs = computed(() => clock.value && domainNowMs(clock.value, ticking.value))
  const stops = computed(() => seen(run.value?.stops ?? [], queue.value))
  // A run that an earlier release of this page has kept has none.
  const meets = computed(() => seenMeets((run.value as Partial<DriverRun> | null)?.meets ?? [], queue.value))

  let isAsking = false
  let isWanted = false
  let attempts = 0
  let timer = 0

  /** From what is kept, not from what this page remembers: another page of the same run may have said something. */
  function change(next: (queue: Queue) => Queue): void {
    queue.value = next(isKept.value ? keptActs(localStorage, number) : queue.value)
    isKept.value = keepActs(localStorage, number, queue.value)
  }

  function show(view: DriverRun): void {
    run.value = view
    clock.value = clockLine(view.clock, performance.now())
    phase.value = 'run'
    linkFault.value = null
    keepRun(localStorage, number, view)
  }

  async function ask(): Promise<void> {
    const acts = toSend(queue.value, Date.now())
    const bearer = { authorization: `Bearer ${token}` }
    if (acts === null) {
      show((await request('GET', '/api/driver/run', undefined, undefined, bearer)) as DriverRun)
      return
    }
    const answer = (await request('POST', '/api/driver/acts', acts, undefined, bearer)) as components['schemas']['ActsOut']
    change((now) => settled(now, answer.answers))
    show(answer.run)
    isWanted ||= toSend(queue.value, 0) !== null
  }

  /** One question at a time: so acts arrive in their order. */
  async function refresh(): Promise<void> {
    isWanted = true
    if (isAsking) return
    isAsking = true
    window.clearTimeout(timer)
    let next = LOOK_MS
    try {
      while (isWanted) {
        isWanted = false
        await ask()
        isOnline.value = true
        trouble.value = null
        attempts = 0
      }
    } catch (error) {
      isWanted = false
      next = backoffMs(attempts, Math.random())
      attempts += 1
      if (error instanceof Refused && LINK_FAULTS.includes(error.fault.code)) {
        linkFault.value = error.fault
        phase.value = 'link'
        isOnline.value = true
        next = LOOK_MS * 4
      } else {
        isOnline.value = false
        trouble.value = error instanceof Refused ? error.fault : null
        if (run.value === null) phase.value = 'unreachable'
      }
    } finally {
      isAsking = false
      timer = window.setTimeout(() => void refresh(), next)
    }
  }

  function say(stop: Pick<DriverStop, 'stop' | 'site' | 'name'>, act: Act): void {
    const said = {
      key: newKey(),
      atMs: Date.now(),
      kind: act.kind,
      stop: stop.stop,
      site: stop.site,
      name: stop.name,
      reason: act.reason ?? ('' as const),
      note: act.note ?? '',
      containers: act.containers ?? [],
      fault: null,
    }
    change((now) => [...now, said])
    void refresh()
  }

  function onWake(): void {
    if (document.visibilityState === 'visible') void refresh()
  }
  function onPageShow(event: PageTransitionEvent): void {
    if (event.persisted) onWake() // else the page is opened, and has asked
  }
  function onElsewhere(): void {
    queue.value = keptActs(localStorage, number)
  }

  window.addEventListener('online', onWake)
  window.addEventListener('pageshow', onPageShow)
  window.addEventListener('storage', onElsewhere)
  document.addEventListener('visibilitychange', onWake)
  void refresh()
  onScopeDispose(() => {
    window.clearTimeout(timer)
    window.removeEventListener('online', onWake)
    window.removeEventListener('pageshow', onPageShow)
    window.removeEventListener('storage', onElsewhere)
    document.removeEventListener('visibilitychange', onWake)
  })

  return {
    phase,
    linkFault,
    run,
    stops,
    meets,
    queue,
    isOnline,
    isKept,
    elsewhere: unsentElsewhere(localStorage, number),
    trouble,
    clock,
    nowMs,
    say,
    retry: (key) => {
      change((now) => again(now, key))
      void refresh()
    },
    discard: (key) => {
      change((now) => without(now, key))
    },
    refresh: () => void refresh(),
  }
}

/** Also where the page has no secure context, and so no randomUUID. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
