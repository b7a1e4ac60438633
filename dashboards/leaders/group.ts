/** Follows a leader's group: bound by a link once, then REST and the socket; what was last seen where neither answers. */

import { computed, type ComputedRef, onScopeDispose, ref, type Ref, shallowRef, type ShallowRef } from 'vue'

import { type Fault, Refused, request } from '../shared/api/http'
import type { components } from '../shared/api/schema'
import { clockLine, type ClockLine, domainNowMs } from '../shared/clock'
import { backoffMs } from '../shared/live/backoff'
import { BROWSER, type Link, LiveClient, type LiveState, type Polled, wakeWithPage } from '../shared/live/client'
import type { Entry } from '../shared/live/protocol'
import { useTicking } from '../shared/ticking'
import { type LeaderDay, withNews } from './day'
import { bind, boundLink, keepDay, keptDay, unbind } from './kept'

type Schemas = components['schemas']

/** unbound: this phone was given no link; link: the link itself is at fault, and `linkFault` says how. */
export type Phase = 'loading' | 'group' | 'unbound' | 'link' | 'unreachable'

export interface Group {
  readonly phase: ShallowRef<Phase>
  readonly linkFault: ShallowRef<Fault | null>
  readonly day: ShallowRef<LeaderDay | null>
  readonly link: ShallowRef<Link>
  readonly asOfMs: ShallowRef<number | null>
  readonly clock: ShallowRef<ClockLine | null>
  readonly nowMs: ComputedRef<number | null>
  /** False: the phone keeps no link, and the page says so. */
  readonly isBound: Ref<boolean>
  readonly refresh: () => void
  readonly ask: (path: string) => Promise<unknown>
  readonly remind: (order: string) => Promise<Schemas['ReminderOut']>
  readonly phone: (order: string) => Promise<Schemas['PhoneOut']>
}

const LOOK_AGAIN_MS = 60_000 // what no entry tells of: shortages, reminders of another phone, a new day
const AFTER_NEWS_MS = 700 // several parcels of one hand-out come at once
const LINK_FAULTS = ['leader_link_invalid', 'leader_link_expired', 'leader_link_taken_back']

export function useGroup(given: string): Group {
  const token = given || boundLink(localStorage)
  const phase = shallowRef<Phase>(token === '' ? 'unbound' : 'loading')
  const linkFault = shallowRef<Fault | null>(null)
  const day = shallowRef<LeaderDay | null>(null)
  const link = shallowRef<Link>('connecting')
  const asOfMs = shallowRef<number | null>(null)
  const clock = shallowRef<ClockLine | null>(null)
  const isBound = ref(true)
  const ticking = useTicking()
  const nowMs = computed(() => clock.value && domainNowMs(clock.value, ticking.value))

  let client: LiveClient | null = null
  let letGo: (() => void) | null = null
  let attempts = 0
  let timer = 0
  let soon = 0
  let seen: ReadonlyMap<string, Entry> = new Map()
  let news = new Map<string, unknown>() // came since the day was last asked for
  let asking: Promise<LeaderDay> | null = null

  const kept = token === '' ? null : keptDay(localStorage, token)
  if (kept) {
    day.value = kept.day
    asOfMs.value = kept.asOfMs
    phase.value = 'group'
  }

  const bearer = { authorization: `Bearer ${token}` }
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    try {
      return await request(method, `/api/leader/${path}`, body, undefined, bearer)
    } catch (error) {
      isLinkFault(error)
      throw error
    }
  }

  /** An answer to a question that was asked after this call: one under way may not know yet what made somebody ask again. */
  async function ask(): Promise<LeaderDay> {
    if (asking) await asking.catch(() => undefined)
    if (!asking) {
      news = new Map()
      asking = (call('GET', 'day') as Promise<LeaderDay>).finally(() => {
        asking = null
      })
    }
    return asking
  }

  /** True where the link itself is at fault: then nothing is kept and nothing is shown. */
  function isLinkFault(error: unknown): boolean {
    if (!(error instanceof Refused) || !LINK_FAULTS.includes(error.fault.code)) return false
    linkFault.value = error.fault
    phase.value = 'link'
    day.value = null
    // A phone that was bound to another leader before stays so, where somebody only opened a broken link on it.
    if (boundLink(localStorage) === token || boundLink(localStorage) === '') unbind(localStorage)
    leave()
    return true
  }

  function show(next: LeaderDay): void {
    day.value = withNews(next, news)
    phase.value = 'group'
    clock.value ??= clockLine(next.clock, performance.now())
    asOfMs.value ??= Date.parse(next.as_of)
    keepDay(localStorage, token, { day: day.value, asOfMs: Math.max(asOfMs.value, Date.parse(next.as_of)) })
  }

  async function load(): Promise<void> {
    window.clearTimeout(timer)
    try {
      const first = await ask()
      attempts = 0
      show(first)
      if (!client) follow(first)
    } catch (error) {
      if (phase.value === 'link') return
      if (!client) link.value = 'offline'
      if (day.value === null) phase.value = 'unreachable'
      if (!(error instanceof Error)) throw error
      attempts += 1
      loadAfter(backoffMs(attempts - 1, Math.random()))
      return
    }
    loadAfter(LOOK_AGAIN_MS)
  }

  function loadAfter(ms: number): void {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => void load(), ms)
  }

  function follow(first: LeaderDay): void {
    isBound.value = bind(localStorage, token)
    // The link is a secret: it stands neither in the address bar nor in what is shared of it.
    if (isBound.value) history.replaceState(null, '', `/g/${location.search}`)
    asOfMs.value = Date.parse(first.as_of)
    client = new LiveClient(
      {
        url: first.live_url,
        token,
        rooms: [first.room],
        poll: async () => {
          const next = await ask()
          show(next)
          return polled(next)
        },
        onChange: (state) => {
          take(first.room, state)
        },
        onRefusal: () => void load(), // the link may have been taken back while the page was open
      },
      BROWSER,
    )
    client.start(polled(first))
    letGo = wakeWithPage(client)
  }

  function take(room: string, state: LiveState): void {
    link.value = state.link
    clock.value = state.clock
    asOfMs.value = state.asOfMs
    const entries = state.rooms[room]?.entries ?? new Map<string, Entry>()
    if (entries === seen) return
    let isNews = false
    for (const [key, entry] of entries) {
      if (seen.get(key) === entry) continue
      isNews = true
      if (key.startsWith('order/')) news.set(key.slice('order/'.length), entry.body)
    }
    isNews ||= seen.size > entries.size
    seen = entries
    if (!isNews || !day.value) return
    day.value = withNews(day.value, news)
    window.clearTimeout(soon)
    soon = window.setTimeout(() => void load(), AFTER_NEWS_MS)
  }

  function leave(): void {
    window.clearTimeout(timer)
    window.clearTimeout(soon)
    letGo?.()
    client?.stop()
    client = letGo = null
  }

  function onBack(): void {
    if (document.visibilityState === 'visible' && token !== '' && phase.value !== 'link') void load()
  }
  function onPageShow(event: PageTransitionEvent): void {
    if (event.persisted) onBack() // else the page is opened, and has asked
  }

  window.addEventListener('online', onBack)
  window.addEventListener('pageshow', onPageShow)
  document.addEventListener('visibilitychange', onBack)
  if (token !== '') void load()
  onScopeDispose(() => {
    window.removeEventListener('online', onBack)
    window.removeEventListener('pageshow', onPageShow)
    document.removeEventListener('visibilitychange', onBack)
    leave()
  })

  return {
    phase,
    linkFault,
    day,
    link,
    asOfMs,
    clock,
    nowMs,
    isBound,
    refresh: () => void load(),
    ask: (path) => call('GET', path),
    remind: async (order) => {
      const done = (await call('POST', 'reminders', { order })) as Schemas['ReminderOut']
      if (day.value) {
        const orders = day.value.orders.map((one) => (one.order === order ? { ...one, reminded_at: done.at } : one))
        day.value = { ...day.value, orders }
      }
      void load() // an answer that was asked for before this may be on its way, and does not know of it
      return done
    },
    phone: async (order) => (await call('POST', 'phone', { order })) as Schemas['PhoneOut'],
  }
}

/** REST has said it all: the socket goes on from there. */
function polled(day: LeaderDay): Polled {
  return { clock: day.clock, frames: [{ type: 'entries', room: day.room, cursor: day.cursor, snapshot: false, entries: [] }] }
}
