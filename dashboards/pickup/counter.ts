/** One staff page: the agent it follows, who works here, the day, who asks for parcels, and what all of that sounds like. */

import { inject, type InjectionKey, onScopeDispose, provide, type Ref, ref, shallowRef, type ShallowRef, watch } from 'vue'

import { spoken } from './act_words'
import { type Alarm, type Cold, deviceOf, makeCold, needsSomebody } from './cold'
import { alarmHeadline } from './cold_words'
import { type Answer, type Claim, type Day, type Member, type Parcel, readDay, readGoods, readParcel, readQuestion, readStaff, readWorker, suggestSlot } from './day'
import type { Scan } from './agent'
import { useKept } from './kept'
import { makeVoice, PATTERNS, tonesOf, type Voice } from './sound'
import { type Station, useStation } from './station'

export interface Counter extends Station {
  readonly voice: Voice
  readonly cold: Cold
  readonly day: ShallowRef<Day | null>
  readonly worker: ShallowRef<Member | null>
  readonly staff: ShallowRef<readonly Member[]>
  /** The log-in is open; what was refused for want of a name is done afterwards. */
  readonly isLoggingIn: Ref<boolean>
  /** Who asks for parcels; null where nobody does. */
  readonly answer: ShallowRef<Answer | null>
  /** The slot for the parcel that came in last. */
  readonly suggested: ShallowRef<{ readonly parcel: string; readonly slot: string } | null>
  /** Of a person, or of an article that is shared out here. */
  readonly nameOf: (id: string) => string
  readonly logIn: (secret: string) => Promise<void>
  readonly logOut: () => Promise<void>
  readonly closeLogIn: () => void
  readonly ask: (text: string) => Promise<void>
  readonly forget: () => void
}

const KEY: InjectionKey<Counter> = Symbol('counter')
const BADGE = /^TTB:/i
const PIN = /^[0-9]{4,8}$/
const ARRIVED = new Set(['received', 'received_surplus', 'received_other_container', 'found', 'bag_complete'])
const DAY_EVERY_MS = 60_000 // a manifest comes, a deadline passes

export function useCounter(): Counter {
  const found = inject(KEY)
  if (!found) throw new Error('no counter around this component')
  return found
}

export function makeCounter(): Counter {
  const voice = makeVoice()
  const day = shallowRef<Day | null>(null)
  const worker = shallowRef<Member | null>(null)
  const staff = shallowRef<readonly Member[]>([])
  const articles = shallowRef<ReadonlyMap<string, string>>(new Map())
  const isLoggingIn = ref(false)
  const answer = shallowRef<Answer | null>(null)
  const suggested = shallowRef<{ readonly parcel: string; readonly slot: string } | null>(null)
  const openQuestion = useKept('tt-question')
  let again: (() => void)[] = []

  const station = useStation({ divert, told, alarmed, nobody })
  const cold = makeCold(station)

  function divert(text: string): boolean {
    const isSecret = BADGE.test(text.trim()) || (isLoggingIn.value && PIN.test(text))
    if (isSecret) void logIn(text)
    return isSecret
  }

  function told(scan: Scan): void {
    if (!scan.isUndone || scan.sound === '') voice.play(scan.isUndone ? (PATTERNS['identify'] ?? []) : tonesOf(scan))
    if (scan.kind === 'asked' && scan.question !== '') void showQuestion(scan.question)
    const isIn = ARRIVED.has(scan.word) && !scan.isUndone
    if (scan.word === 'shelved' || (scan.isUndone && suggested.value?.parcel === scan.parcel)) suggested.value = null
    if (isIn) void suggest(scan)
    else voice.say(spoken(scan))
  }

  function alarmed(alarm: Alarm): void {
    cold.heard(alarm)
    if (!needsSomebody(alarm)) return
    voice.play(PATTERNS['alarm'] ?? [])
    voice.say(alarmHeadline(alarm, deviceOf(alarm.subject)))
  }

  async function suggest(scan: Scan): Promise<void> {
    const slot = await suggestSlot(scan.parcel)
    suggested.value = slot === '' ? null : { parcel: scan.parcel, slot }
    voice.say(spoken(scan, slot))
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

  async function look(): Promise<void> {
    const [today, who] = await Promise.all([readDay(), readWorker()])
    if (today && today.version !== day.value?.version) {
      staff.value = await readStaff()
      articles.value = new Map((await readGoods())?.map((one) => [one.sku, one.name]))
    }
    if (today) day.value = today
    if (who) worker.value = who.staff === '' ? null : who
  }

  function nameOf(id: string): string {
    return staff.value.find((each) => each.staff === id)?.name ?? articles.value.get(id) ?? id
  }

  async function ask(text: string): Promise<void> {
    await station.act('/api/ask', { text })
  }

  /** A question stays as it was asked; its parcels are shown as they stand now. */
  async function showQuestion(question: string): Promise<void> {
    const asked = await readQuestion(question)
    if (!asked) {
      if (day.value?.has_staff && !worker.value) nobody(() => void showQuestion(question))
      return
    }
    const claims = await Promise.all(asked.claims.map(asTheyStand))
    if (claims.some((claim) => claim.parcels.some((one) => one.ready))) {
      answer.value = { ...asked, claims }
      openQuestion.value = question
    } else if (openQuestion.value === question) {
      forget()
    }
  }

  function forget(): void {
    answer.value = null
    openQuestion.value = ''
  }

  watch(station.changes, () => {
    void look()
    if (openQuestion.value !== '') void showQuestion(openQuestion.value)
  })
  watch(station.agent, (agent) => {
    if (agent === 'here') void look()
  })
  if (openQuestion.value !== '') void showQuestion(openQuestion.value) // a reload in front of somebody
  const timer = window.setInterval(() => void look(), DAY_EVERY_MS)
  function onTouch(): void {
    voice.open()
  }
  window.addEventListener('pointerdown', onTouch, { once: true })
  onScopeDispose(() => {
    window.clearInterval(timer)
    window.removeEventListener('pointerdown', onTouch)
  })

  const counter: Counter = {
    ...station, voice, cold, day, worker, staff, isLoggingIn, answer, suggested, nameOf, logIn, logOut, closeLogIn, ask, forget,
  }
  provide(KEY, counter)
  return counter
}

async function asTheyStand(claim: Claim): Promise<Claim> {
  const now = await Promise.all(claim.parcels.map(async (one): Promise<Parcel> => (await readParcel(one.parcel)) ?? one))
  return { ...claim, parcels: now }
}

/** Reads again whatever a job shows, now and whenever something was booked. Null answers leave what was shown. */
export function useLooked<T>(counter: Counter, read: () => Promise<T | null>): ShallowRef<T | null> {
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
  watch(counter.changes, () => void look(), { immediate: true })
  return seen
}

