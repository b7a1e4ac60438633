/** Keeps the ops page current by asking every few seconds; says as of when. */

import { computed, type ComputedRef, onScopeDispose, shallowRef, type ShallowRef } from 'vue'

import { cloud, type Health, type QuarantineItem, type Site } from '../shared/api/cloud'
import { Refused } from '../shared/api/http'
import { type ClockLine, clockLine, domainNowMs } from '../shared/clock'
import type { Link } from '../shared/live/client'
import { useTicking } from '../shared/ticking'

export interface Watching {
  readonly health: ShallowRef<Health | null>
  readonly sites: ShallowRef<readonly Site[]>
  /** Null: this account may not see it. */
  readonly quarantine: ShallowRef<readonly QuarantineItem[] | null>
  readonly clock: ShallowRef<ClockLine | null>
  readonly nowMs: ComputedRef<number | null>
  readonly asOfMs: ShallowRef<number | null>
  readonly link: ShallowRef<Link>
  readonly look: () => Promise<void>
}

const EVERY_MS = 3_000

export function useWatching(onLoggedOut: () => void): Watching {
  const health = shallowRef<Health | null>(null)
  const sites = shallowRef<readonly Site[]>([])
  const quarantine = shallowRef<readonly QuarantineItem[] | null>([])
  const clock = shallowRef<ClockLine | null>(null)
  const asOfMs = shallowRef<number | null>(null)
  const link = shallowRef<Link>('connecting')
  const ticking = useTicking()
  const nowMs = computed(() => clock.value && domainNowMs(clock.value, ticking.value))
  let timer = 0
  let isOver = false

  async function look(): Promise<void> {
    window.clearTimeout(timer)
    try {
      const [said, found, kept] = await Promise.all([cloud.health(), cloud.sites(), listQuarantine()])
      health.value = said
      sites.value = found
      quarantine.value = kept
      clock.value = clockLine(said.clock, performance.now())
      asOfMs.value = said.clock.now_ms
      link.value = 'live'
    } catch (error) {
      if (error instanceof Refused && error.status === 401) onLoggedOut()
      link.value = 'reconnecting'
    }
    if (!isOver) timer = window.setTimeout(() => void look(), EVERY_MS)
  }

  void look()
  onScopeDispose(() => {
    isOver = true
    window.clearTimeout(timer)
  })
  return { health, sites, quarantine, clock, nowMs, asOfMs, link, look }
}

async function listQuarantine(): Promise<readonly QuarantineItem[] | null> {
  try {
    return await cloud.quarantine()
  } catch (error) {
    if (error instanceof Refused && error.status === 403) return null
    throw error
  }
}
