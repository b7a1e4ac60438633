/** One staff page: its desk, the day, and who asks for parcels. */

import { computed, type ComputedRef, inject, type InjectionKey, provide, type ShallowRef, shallowRef, watch } from 'vue'

import { type Card, readStatus, type Scan } from '../shared/agent/agent'
import { type Desk, makeDesk } from '../shared/agent/desk'
import { useKept } from '../shared/agent/kept'
import type { Sentence } from '../shared/agent/voice/sentence'
import { headline, particulars, spoken } from './act_words'
import { type Cells, makeCells } from './cells'
import { type Answer, type Claim, type Day, type Parcel, readDay, readGoods, readParcel, readQuestion, suggestSlot } from './day'

export interface Counter extends Desk {
  readonly locker: Cells
  readonly day: ShallowRef<Day | null>
  /** Who asks for parcels; null where nobody does. */
  readonly answer: ShallowRef<Answer | null>
  /** The slot for the parcel that came in last. */
  readonly suggested: ShallowRef<{ readonly parcel: string; readonly slot: string } | null>
  readonly ask: (text: string) => Promise<void>
  /** Whose cards are open at the station, by whichever page or scanner, the last one first. */
  readonly cards: ComputedRef<readonly Card[]>
  /** For somebody at this screen, who logs in first where nobody has. */
  readonly showQuestion: (question: string) => Promise<void>
  /** Nobody is served by it any more, at any page or scanner. */
  readonly close: (question: string) => Promise<void>
  /** It is closed already, or of no use: not shown here any more. */
  readonly forget: () => void
}

const KEY: InjectionKey<Counter> = Symbol('counter')
const PUT_AWAY = new Set(['shelved', 'placed', 'released', 'disposed', 'returned'])
const ARRIVED = new Set(['received', 'received_surplus', 'received_other_container', 'found', 'bag_complete'])

export function useCounter(): Counter {
  const found = inject(KEY)
  if (!found) throw new Error('no counter around this component')
  return found
}

export function makeCounter(): Counter {
  const day = shallowRef<Day | null>(null)
  const articles = shallowRef<ReadonlyMap<string, string>>(new Map())
  const answer = shallowRef<Answer | null>(null)
  const suggested = shallowRef<{ readonly parcel: string; readonly slot: string } | null>(null)
  const openQuestion = useKept('tt-question')
  const cards = computed(() => desk.status.value?.cards ?? [])

  const desk = makeDesk({
    says: {
      headline: (scan) => headline(asKnown(scan)),
      particulars: (scan, nameOf) => particulars(asKnown(scan), nameOf),
      spoken: (scan) => spoken(asKnown(scan)),
    },
    look,
    renewed,
    told,
    named: (id) => articles.value.get(id),
  })
  const locker = makeCells(desk)

  /** Whose it is may have come with a later list than the scan. */
  function asKnown(scan: Scan): Scan {
    const aside = day.value?.aside.find((one) => one.parcel.parcel === scan.parcel)
    return aside && scan.parcel !== '' && scan.other === null ? { ...scan, other: aside.other } : scan
  }

  /** What came in is said with the shelf that waits for it. */
  function told(scan: Scan): Promise<Sentence> | null {
    if (scan.kind === 'asked' && scan.question !== '') void showIfMay(scan.question)
    if (PUT_AWAY.has(scan.word) || (scan.isUndone && suggested.value?.parcel === scan.parcel)) suggested.value = null
    return ARRIVED.has(scan.word) && !scan.isUndone ? suggest(scan) : null
  }

  async function suggest(scan: Scan): Promise<Sentence> {
    const slot = await suggestSlot(scan.parcel)
    suggested.value = slot === '' ? null : { parcel: scan.parcel, slot }
    return spoken(scan, slot)
  }

  async function look(): Promise<Day | null> {
    const today = await readDay()
    if (today) day.value = today
    return today
  }

  async function renewed(): Promise<void> {
    articles.value = new Map((await readGoods())?.map((one) => [one.sku, one.name]))
  }

  async function ask(text: string): Promise<void> {
    await desk.act('/api/ask', { text })
  }

  /** Somebody tapped it: where nobody is logged in, that comes first. */
  async function showQuestion(question: string): Promise<void> {
    const isShown = await showIfMay(question)
    if (!isShown && day.value?.has_staff && !desk.worker.value) desk.nobody(() => void showQuestion(question))
  }

  /**
   * A question stays as it was asked; its parcels are shown as they stand now. Whoever asked at a scanner or another page did nothing
   * here: nobody is made to log in for that. False: the agent does not tell.
   */
  async function showIfMay(question: string): Promise<boolean> {
    const asked = await readQuestion(question)
    if (!asked) return false
    const claims = await Promise.all(asked.claims.map(asTheyStand))
    if (claims.some((claim) => claim.parcels.some((one) => one.ready))) {
      answer.value = { ...asked, claims }
      openQuestion.value = question
    } else if (openQuestion.value === question) {
      forget()
    }
    return true
  }

  async function close(question: string): Promise<void> {
    const next = readStatus(await desk.post('/api/close-question', { question }))
    if (!next) return
    desk.status.value = next
    if (openQuestion.value === question) forget()
  }

  function forget(): void {
    answer.value = null
    openQuestion.value = ''
  }

  watch(desk.changes, () => {
    if (openQuestion.value !== '') void showIfMay(openQuestion.value)
  })
  watch(cards, (now, before) => {
    const wasOpen = before.some((card) => card.question === openQuestion.value)
    if (wasOpen && !now.some((card) => card.question === openQuestion.value)) forget() // closed elsewhere, or too long ago
  })
  if (openQuestion.value !== '') void showIfMay(openQuestion.value) // a reload in front of somebody

  const counter: Counter = { ...desk, locker, day, answer, suggested, ask, cards, showQuestion, close, forget }
  provide(KEY, counter)
  return counter
}

async function asTheyStand(claim: Claim): Promise<Claim> {
  const now = await Promise.all(claim.parcels.map(async (one): Promise<Parcel> => (await readParcel(one.parcel)) ?? one))
  return { ...claim, parcels: now }
}
