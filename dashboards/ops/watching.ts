/** Keeps the ops page current: sites by the live socket, what no room holds by asking now and then; says as of when. */

import { computed, type ComputedRef, onScopeDispose, shallowRef, type ShallowRef } from 'vue'

import { type Alarm, cloud, type Health, type QuarantineItem, type Site } from '../shared/api/cloud'
import { Refused } from '../shared/api/http'
import { type ClockLine, clockLine, domainNowMs } from '../shared/clock'
import { BROWSER, type Link, LiveClient, type LiveState, type Polled, wakeWithPage } from '../shared/live/client'
import { faultText } from '../shared/i18n/faults'
import { useTicking } from '../shared/ticking'
import { bell } from './alarms'
import { withLive } from './sites'

export interface Watching {
  readonly health: ShallowRef<Health | null>
  readonly sites: ComputedRef<readonly Site[]>
  /** Null: this account may not see it. */
  readonly quarantine: ShallowRef<readonly QuarantineItem[] | null>
  /** The open ones, the most severe first; why they are not up to date, '' while they are. */
  readonly alarms: ShallowRef<readonly Alarm[]>
  readonly alarmFault: ShallowRef<string>
  readonly lookAtAlarms: () => Promise<void>
  readonly clock: ShallowRef<ClockLine | null>
  readonly nowMs: ComputedRef<number | null>
  readonly asOfMs: ShallowRef<number | null>
  readonly link: ShallowRef<Link>
  readonly look: () => Promise<void>
}

const EVERY_MS = 10_000 // health and quarantine have no room; a person who waits for a replay asks at once

/** `mayPlan`: what is a planner's is asked for; it is refused to anybody else. */
export function useWatching(onLoggedOut: () => void, mayPlan: boolean): Watching {
  const health = shallowRef<Health | null>(null)
  const listed = shallowRef<readonly Site[]>([])
  const rooms = shallowRef<LiveState['rooms']>({})
  const quarantine = shallowRef<readonly QuarantineItem[] | null>([])
  const alarms = shallowRef<readonly Alarm[]>([])
  const alarmFault = shallowRef('')
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
  let alarmLooks = 0
  let alarmAnswer = 0

  async function ask(): Promise<Polled> {
    const [said, found, kept] = await Promise.all([cloud.health(), cloud.sites(), mayPlan ? cloud.quarantine() : null])
    health.value = said
    listed.value = found
    quarantine.value = kept
    clock.value = clockLine(said.clock, performance.now())
    asOfMs.value = said.clock.now_ms
    return { clock: said.clock, frames: [] }
  }

  /** By itself: the rest of the page does not wait for it, and it not for the rest. A late answer never replaces a newer one. */
  async function lookAtAlarms(): Promise<void> {
    const number = ++alarmLooks
    try {
      const found = await cloud.alarms('open')
      if (number < alarmAnswer) return
      alarmAnswer = number
      alarms.value = found.alarms
      alarmFault.value = ''
    } catch (error) {
      if (number >= alarmAnswer) alarmFault.value = faultText(error)
    }
  }

  async function look(): Promise<void> {
    window.clearTimeout(timer)
    void lookAtAlarms()
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
          const rang = bell(rooms.value) !== bell(state.rooms)
          rooms.value = state.rooms
          if (rang) void lookAtAlarms()
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
  return { health, sites, quarantine, alarms, alarmFault, lookAtAlarms, clock, nowMs, asOfMs, link, look }
}
