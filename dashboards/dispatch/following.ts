/** Keeps the dispatcher's page current: an operator's vans by the live socket, sites and alarms by asking; says as of when. */

import { computed, type ComputedRef, onScopeDispose, type Ref, shallowRef, type ShallowRef, watch } from 'vue'

import { type Alarm, cloud, type Site } from '../shared/api/cloud'
import { Refused } from '../shared/api/http'
import { type ClockLine, clockLine, domainNowMs } from '../shared/clock'
import { BROWSER, type Link, LiveClient, type Polled, wakeWithPage } from '../shared/live/client'
import type { Room } from '../shared/live/rooms'
import { useTicking } from '../shared/ticking'
import { NOTHING_SEEN, readRoom, type Seen } from './rooms'

export interface Following {
  readonly seen: ShallowRef<Seen>
  readonly sites: ShallowRef<readonly Site[]>
  /** Of vans: silent, off their way. */
  readonly alarms: ShallowRef<readonly Alarm[]>
  readonly clock: ShallowRef<ClockLine | null>
  readonly nowMs: ComputedRef<number | null>
  readonly asOfMs: ShallowRef<number | null>
  readonly link: ShallowRef<Link>
  readonly look: () => Promise<void>
}

const EVERY_MS = 10_000 // alarms have rooms of their own, which this page does not need
const SITES_EVERY_MS = 60_000 // of five thousand of them it takes a while, and they seldom change
const READ_EVERY_MS = 250 // five hundred vans move in many frames a second; nobody sees more than a few
const RULES: readonly string[] = ['van_silent', 'off_route']

export function useFollowing(operator: Ref<string>, onLoggedOut: () => void): Following {
  const seen = shallowRef<Seen>(NOTHING_SEEN)
  const sites = shallowRef<readonly Site[]>([])
  const alarms = shallowRef<readonly Alarm[]>([])
  const clock = shallowRef<ClockLine | null>(null)
  const asOfMs = shallowRef<number | null>(null)
  const link = shallowRef<Link>('connecting')
  const ticking = useTicking()
  const nowMs = computed(() => clock.value && domainNowMs(clock.value, ticking.value))
  let client: LiveClient | null = null
  let letGo: (() => void) | null = null
  let timer = 0
  let isOver = false
  let followed = ''
  let latest: Room | null = null
  let reading = 0
  let sitesAtMs = -Infinity

  async function ask(): Promise<Polled> {
    const areOld = performance.now() - sitesAtMs > SITES_EVERY_MS
    const [said, found, open] = await Promise.all([cloud.health(), areOld ? cloud.sites() : null, cloud.alarms('open')])
    if (found) {
      sites.value = found
      sitesAtMs = performance.now()
    }
    alarms.value = open.alarms.filter((one) => RULES.includes(one.rule))
    clock.value = clockLine(said.clock, performance.now())
    asOfMs.value = said.clock.now_ms
    return { clock: said.clock, frames: [] }
  }

  async function look(): Promise<void> {
    window.clearTimeout(timer)
    try {
      const polled = await ask()
      if (operator.value !== '' && followed !== operator.value) await follow(polled)
    } catch (error) {
      if (error instanceof Refused && error.status === 401) onLoggedOut()
      if (client === null) link.value = 'reconnecting'
    }
    if (!isOver) timer = window.setTimeout(() => void look(), EVERY_MS)
  }

  async function follow(first: Polled): Promise<void> {
    const wanted = operator.value
    const live = await cloud.live()
    if (isOver || wanted !== operator.value) return
    leave()
    followed = wanted
    const room = `vans:${wanted}`
    client = new LiveClient(
      {
        url: live.url,
        token: '', // the session's cookie, which no script can read, comes with the handshake
        rooms: [room],
        poll: ask,
        onChange: (state) => {
          latest = state.rooms[room] ?? null
          if (!reading) reading = window.setTimeout(take, READ_EVERY_MS)
          link.value = state.link
          if (state.asOfMs !== null) asOfMs.value = state.asOfMs
          if (state.clock) clock.value = state.clock
        },
        onRefusal: () => undefined, // a log-in that has ended is noticed by asking
      },
      BROWSER,
    )
    client.start(first)
    letGo = wakeWithPage(client)
  }

  /** What came since the last time, at once. */
  function take(): void {
    reading = 0
    if (latest) seen.value = readRoom(latest)
  }

  function leave(): void {
    letGo?.()
    client?.stop()
    client = null
    latest = null
    seen.value = NOTHING_SEEN
  }

  watch(operator, () => void look(), { immediate: true })
  onScopeDispose(() => {
    isOver = true
    window.clearTimeout(timer)
    window.clearTimeout(reading)
    leave()
  })
  return { seen, sites, alarms, clock, nowMs, asOfMs, link, look }
}
