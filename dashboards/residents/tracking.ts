/** Follows one order from its link: REST first, then the socket; what was last seen where neither answers. */

import { computed, type ComputedRef, onScopeDispose, shallowRef, type ShallowRef, watch } from 'vue'

import { Refused, request } from '../shared/api/http'
import { readOrder, readReminder, readTrackedOrder, type TrackedOrder } from '../shared/api/order'
import { type ClockLine, domainNowMs } from '../shared/clock'
import { backoffMs } from '../shared/live/backoff'
import { BROWSER, type Link, LiveClient, type LiveState, type Polled, wakeWithPage } from '../shared/live/client'
import { useTicking } from '../shared/ticking'
import { forget, keep, lastKept } from './kept'

/** loading: nothing to show yet; expired, unknown: the link's own fault; unreachable: no answer and nothing kept. */
export type Phase = 'loading' | 'order' | 'expired' | 'unknown' | 'unreachable'

export interface Tracking {
  readonly phase: ShallowRef<Phase>
  readonly tracked: ShallowRef<TrackedOrder | null>
  readonly link: ShallowRef<Link>
  readonly asOfMs: ShallowRef<number | null>
  readonly clock: ShallowRef<ClockLine | null>
  readonly nowMs: ComputedRef<number | null>
  readonly retry: () => void
}

const KEEP_EVERY_MS = 10_000 // how far behind the kept view's time may be

export function useTracking(token: string): Tracking {
  const phase = shallowRef<Phase>('loading')
  const tracked = shallowRef<TrackedOrder | null>(null)
  const link = shallowRef<Link>('connecting')
  const asOfMs = shallowRef<number | null>(null)
  const clock = shallowRef<ClockLine | null>(null)
  const ticking = useTicking()
  const nowMs = computed(() => clock.value && domainNowMs(clock.value, ticking.value))

  let client: LiveClient | null = null
  let letGo: (() => void) | null = null
  let attempts = 0
  let timer = 0
  let keptAtMs = -Infinity

  const kept = lastKept(localStorage, token)
  if (kept) {
    tracked.value = kept.tracked
    asOfMs.value = kept.asOfMs
    phase.value = 'order'
  }

  async function ask(): Promise<TrackedOrder> {
    const answer = readTrackedOrder(await request('GET', `/api/links/${encodeURIComponent(token)}`))
    if (!answer) throw new Error('not the view of an order')
    return answer
  }

  async function load(): Promise<void> {
    window.clearTimeout(timer)
    try {
      follow(await ask())
    } catch (error) {
      if (isLinkFault(error)) return
      link.value = 'offline'
      phase.value = tracked.value ? 'order' : 'unreachable'
      timer = window.setTimeout(() => void load(), backoffMs(attempts, Math.random()))
      attempts += 1
    }
  }

  /** True where the link itself is at fault: then nothing is kept and nothing is asked again. */
  function isLinkFault(error: unknown): boolean {
    if (!(error instanceof Refused) || ![400, 401, 403, 404, 410, 422].includes(error.status)) return false
    phase.value = error.status === 410 ? 'expired' : 'unknown'
    forget(localStorage, token)
    tracked.value = null
    leave()
    return true
  }

  function follow(first: TrackedOrder): void {
    attempts = 0
    tracked.value = first
    phase.value = 'order'
    client = new LiveClient(
      {
        url: first.liveUrl,
        token,
        rooms: [first.room],
        poll: async () => {
          try {
            return polled(await ask())
          } catch (error) {
            isLinkFault(error)
            throw error
          }
        },
        onChange: (state) => {
          show(first.room, state)
        },
        onRefusal: () => void ask().catch(isLinkFault), // the link may have expired while the page was open
      },
      BROWSER,
    )
    client.start(polled(first))
    letGo = wakeWithPage(client)
  }

  function show(room: string, state: LiveState): void {
    link.value = state.link
    clock.value = state.clock
    asOfMs.value = state.asOfMs
    const live = state.rooms[room]
    const order = readOrder(live?.entries.get('order')?.body)
    if (live && order && tracked.value && live.cursor !== tracked.value.cursor) {
      const reminder = readReminder(live.entries.get('reminder')?.body) ?? tracked.value.reminder
      tracked.value = { ...tracked.value, order, reminder, cursor: live.cursor }
    }
  }

  function leave(): void {
    letGo?.()
    client?.stop()
    client = letGo = null
  }

  function onBack(): void {
    if (!client && (phase.value === 'order' || phase.value === 'unreachable')) void load()
  }

  watch([tracked, asOfMs], ([now, asOf], [before]) => {
    if (!now || asOf === null) return
    if (now === before && performance.now() - keptAtMs < KEEP_EVERY_MS) return
    keptAtMs = performance.now()
    keep(localStorage, token, { tracked: now, asOfMs: asOf }, Date.now())
  })

  window.addEventListener('online', onBack)
  void load()
  onScopeDispose(() => {
    window.removeEventListener('online', onBack)
    window.clearTimeout(timer)
    leave()
  })

  return { phase, tracked, link, asOfMs, clock, nowMs, retry: () => void load() }
}

function polled(answer: TrackedOrder): Polled {
  const { room, cursor, order, reminder, clock } = answer
  const entries = [{ key: 'order', at: order.state_at, body: order as unknown }]
  if (reminder) entries.push({ key: 'reminder', at: reminder.at, body: reminder })
  return { clock, frames: [{ type: 'entries', room, cursor, snapshot: false, entries }] }
}
