/** What every page at an agent has: the agent it follows, who works here, its alarms, and what all of that sounds like. */

import { computed, inject, type InjectionKey, onScopeDispose, provide, type Ref, ref, shallowRef, type ShallowRef, watch } from 'vue'

import { request } from '../api/http'
import { language } from '../i18n/text'
import type { Scan } from './agent'
import { type Alarm, type Cold, deviceOf, makeCold, needsSomebody } from './cold'
import { alarmSpoken } from './cold_words'
import { type Keeping, useKeeping } from './keeping'
import { PATTERNS, tonesOf } from './sound'
import { type Station, useStation } from './station'
import { fileOf } from './voice/clips'
import type { Sentence } from './voice/sentence'
import { makeVoice, type Voice } from './voice/voice'

export interface Member {
  readonly staff: string
  readonly name: string
}

interface Worker extends Member {
  readonly device: string
}

const LOGGING_IN = new Set(['logged_in', 'logged_out', 'log_in_unknown', 'locked_out'])

/** Logging in or out at a page; asking for parcels is locked too, and for the whole counter: that has a reason with it. */
export function isOfAPage({ word, device, detail }: Pick<Scan, 'word' | 'device' | 'detail'>): boolean {
  return LOGGING_IN.has(word) && device.startsWith('page-') && !(word === 'locked_out' && detail !== '')
}

/** A page's own words for what happened. */
export interface Says {
  /** The one line that is read from a metre away. */
  readonly headline: (scan: Scan) => string
  /** What else there is to say; '' where nothing is. */
  readonly particulars: (scan: Scan, nameOf: (id: string) => string) => string
  /** What is said aloud. */
  readonly spoken: (scan: Scan) => Sentence
}

/** As far as every page needs it. */
export interface Manifest {
  readonly version: number
  readonly has_staff: boolean
}

export interface DeskSettings {
  readonly says: Says
  /** Looks at the page's day; null where nobody answers. */
  readonly look: () => Promise<Manifest | null>
  /** Another manifest is in force. */
  readonly renewed?: () => Promise<void>
  /** Told of each result once; what it gives is said once it is there, instead of `spoken`. */
  readonly told?: (scan: Scan) => Promise<Sentence> | null
  /** Whether a result is for this page's ears; left out: all are. */
  readonly hears?: (scan: Scan) => boolean
  /** What the page knows by another name than people are. */
  readonly named?: (id: string) => string | undefined
}

export interface Desk extends Station {
  readonly says: Says
  readonly voice: Voice
  readonly keeping: Keeping
  readonly cold: Cold
  readonly worker: ShallowRef<Member | null>
  /** Whether the manifest names staff; null: it is not known yet. */
  readonly hasStaff: Ref<boolean | null>
  /** The log-in is open; what was refused for want of a name is done afterwards. */
  readonly isLoggingIn: Ref<boolean>
  /** Why the last log-in at this page was none; null: it was one, or nobody tried. */
  readonly logInRefused: ShallowRef<Scan | null>
  readonly nameOf: (id: string) => string
  readonly logIn: (secret: string) => Promise<void>
  readonly logOut: () => Promise<void>
  readonly closeLogIn: () => void
  /** Somebody has to log in; `retry` goes on afterwards. */
  readonly nobody: (retry: () => void) => void
}

const KEY: InjectionKey<Desk> = Symbol('desk')
const BADGE = /^TTB:/i
const PIN = /^[0-9]{4,8}$/
const LOOK_EVERY_MS = 60_000 // a deadline passes

export function useDesk(): Desk {
  const found = inject(KEY)
  if (!found) throw new Error('no desk around this component')
  return found
}

export function makeDesk(settings: DeskSettings): Desk {
  const { says } = settings
  const voice = makeVoice()
  const worker = shallowRef<Member | null>(null)
  const staff = shallowRef<readonly Member[]>([])
  const hasStaff = ref<boolean | null>(null)
  const isLoggingIn = ref(false)
  const logInRefused = shallowRef<Scan | null>(null)
  const own = ref('') // this page, as the agent calls it
  let version: number | null = null
  let again: (() => void)[] = []

  const station = useStation({ divert, told, alarmed, nobody })
  const cold = makeCold(station)
  const keeping = useKeeping(station, () => [fileOf(language.value)])

  function divert(text: string): boolean {
    const isSecret = BADGE.test(text.trim()) || (isLoggingIn.value && PIN.test(text))
    if (isSecret) void logIn(text)
    return isSecret
  }

  /** What somebody did to log in at another page is no news here. */
  function isElsewhere(scan: Scan): boolean {
    return own.value !== '' && isOfAPage(scan) && scan.device !== own.value
  }

  function told(scan: Scan): void {
    if (settings.hears?.(scan) === false || isElsewhere(scan)) return
    if (!scan.isUndone || scan.sound === '') voice.play(scan.isUndone ? (PATTERNS['identify'] ?? []) : tonesOf(scan))
    voice.say(settings.told?.(scan) ?? says.spoken(scan))
  }

  function alarmed(alarm: Alarm): void {
    cold.heard(alarm)
    if (!needsSomebody(alarm)) return
    voice.play(PATTERNS['alarm'] ?? [])
    voice.say(alarmSpoken(alarm, deviceOf(alarm.subject)))
  }

  function nobody(retry: () => void): void {
    again.push(retry)
    isLoggingIn.value = true
  }

  function closeLogIn(): void {
    again = []
    isLoggingIn.value = false
  }

  async function logIn(secret: string): Promise<void> {
    const done = await station.act('/api/log-in', { secret })
    if (done) logInRefused.value = done.word === 'logged_in' ? null : done
    if (done?.word !== 'logged_in') return
    await look()
    const waiting = again
    closeLogIn()
    for (const retry of waiting) retry()
  }

  async function logOut(): Promise<void> {
    await station.act('/api/log-out', {})
    await look()
  }

  let isLooking = false
  let isStale = false
  /** One look at a time: what changes meanwhile is looked at when that is over. */
  async function look(): Promise<void> {
    if (isLooking) {
      isStale = true
      return
    }
    isLooking = true
    try {
      do {
        isStale = false
        await lookOnce()
      } while (isStale as boolean)
    } finally {
      isLooking = false
    }
  }

  async function lookOnce(): Promise<void> {
    const [manifest, who] = await Promise.all([settings.look(), ask<Worker>('worker')])
    if (manifest && manifest.version !== version) {
      staff.value = (await ask<{ staff: readonly Member[] }>('staff'))?.staff ?? []
      await settings.renewed?.()
      version = manifest.version
    }
    if (manifest) hasStaff.value = manifest.has_staff
    if (!who) return
    worker.value = who.staff === '' ? null : who
    own.value = who.device
  }

  function nameOf(id: string): string {
    return staff.value.find((each) => each.staff === id)?.name ?? settings.named?.(id) ?? id
  }

  watch(station.changes, () => void look())
  watch(() => station.status.value?.manifest, (_, before) => {
    if (before !== undefined) void look() // the first one is looked at as soon as the agent is here
  })
  watch(station.agent, (agent) => {
    if (agent === 'here') void look()
  })
  const timer = window.setInterval(() => void look(), LOOK_EVERY_MS)
  function onTouch(): void {
    voice.open()
    keeping.stayAwake()
  }
  window.addEventListener('pointerdown', onTouch, { once: true })
  onScopeDispose(() => {
    window.clearInterval(timer)
    window.removeEventListener('pointerdown', onTouch)
  })

  const last = computed(() => {
    const shown = station.status.value?.lastScan ?? null
    return station.scans.value.find((scan) => !isElsewhere(scan)) ?? (shown && isElsewhere(shown) ? null : shown)
  })
  const desk: Desk = { ...station, last, says, voice, keeping, cold, worker, hasStaff, isLoggingIn, logInRefused, nameOf, logIn, logOut, closeLogIn, nobody }
  provide(KEY, desk)
  return desk
}

/** Null where nobody answers, or the agent does not know. */
export async function ask<T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T | null> {
  try {
    return (await request('GET', `/api/${path}?${new URLSearchParams(query).toString()}`)) as T
  } catch {
    return null
  }
}

/** Reads again whatever is shown, now and whenever something was booked. Null answers leave what was shown. */
export function useLooked<T>(desk: Pick<Station, 'changes'>, read: () => Promise<T | null>): ShallowRef<T | null> {
  const seen = shallowRef<T | null>(null)
  let isReading = false
  let isStale = false
  async function look(): Promise<void> {
    if (isReading) {
      isStale = true
      return
    }
    isReading = true
    do {
      isStale = false
      const next = await read()
      if (next !== null) seen.value = next
    } while (isStale as boolean)
    isReading = false
  }
  watch(desk.changes, () => void look(), { immediate: true })
  return seen
}
