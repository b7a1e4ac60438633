/** Keeps the ops page current: sites by the live socket, what no room holds by asking now and then; says as of when. */

import { computed, type ComputedRef, onScopeDispose, shallowRef, type ShallowRef } from 'vue'

import { cloud, type Health, type QuarantineItem, type Site } from '../shared/api/cloud'
import { Refused } from '../shared/api/http'
import { type ClockLine, clockLine, domainNowMs } from '../shared/clock'
import { BROWSER, type Link, LiveClient, type LiveState, type Polled, wakeWithPage } from '../shared/live/client'
import { useTicking } from '../shared/ticking'
import { withLive } from './sites'

export interface Watching {
  readonly health: ShallowRef<Health | null>
  readonly sites: ComputedRef<readonly Site[]>
  /** Null: this account may not see it. */
  readonly quarantine: ShallowRef<readonly QuarantineItem[] | null>
  readonly clock: ShallowRef<ClockLine | null>
  readonly nowMs: ComputedRef<number | null>
  readonly asOfMs: ShallowRef<number | null>
  readonly link: ShallowRef<Link>
  readonly look: () => Promise<void>
}

const EVERY_MS = 10_000 // health and quarantine have no room; a person who waits for a replay asks at once

export function useWatching(onLoggedOut: () => void): Watching {
  const health = shallowRef<Health | null>(null)
  const listed = shallowRef<readonly Site[]>([])
  const rooms = shallowRef<LiveState['rooms']>({})
  const quarantine = shallowRef<readonly QuarantineItem[] | null>([])
  const clock = shallowRef<ClockLine | null>(null)
  const asOfMs = shallowRef<number | null>(null)
  const link = shallowRef<Link>('connecting')
  const sites = computed(() => withLive(listed.value, rooms.value))
  const ticking = useTicking()
  const nowMs = computed(() => clock.value && domainNowMs(clock.value, ticking.value))
  let client: LiveClient | null = null
  let letGo: (() => void) | null = null
  let timer = 0
  let isOver = false

  async function ask(): Promise<Polled> {
    const [said, found, kept] = await Promise.all([cloud.health(), cloud.sites(), listQuarantine()])
    health.value = said
    listed.value = found
    quarantine.value = kept
    clock.value = clockLine(said.clock, performance.now())
    asOfMs.value = said.clock.now_ms
    return { clock: said.clock, frames: [] }
  }

  async function look(): Promise<void> {
    window.clearTimeout(timer)
    try {
      const polled = await ask()
      if (client === null) await follow(polled)
    } catch (error) {
      if (error instanceof Refused && error.status === 401) onLoggedOut()
      if (client === null) link.value = 'reconnecting'
    }
    if (!isOver) timer = window.setTimeout(() => void look(), EVERY_MS)
  }

  async function follow(first: Polled): Promise<void> {
    const live = await cloud.live()
    if (isOver) return
    client = new LiveClient(
      {
        url: live.url,
        token: '', // the session's cookie, which no script can read, comes with the handshake
        rooms: live.rooms,
        poll: ask,
        onChange: (state) => {
          rooms.value = state.rooms
          link.value = state.link
          if (state.clock) clock.value = state.clock
        },
        onRefusal: () => undefined, // a log-in that has ended is noticed by asking
      },
      BROWSER,
    )
    client.start(first)
    letGo = wakeWithPage(client)
  }

  void look()
  onScopeDispose(() => {
    isOver = true
    window.clearTimeout(timer)
    letGo?.()
    client?.stop()
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
