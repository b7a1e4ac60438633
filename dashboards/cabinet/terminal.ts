/** The cabinet's state as this screen has it: asked for every second, and what somebody does here. */

import { computed, type ComputedRef, onScopeDispose, ref, type Ref, shallowRef, type ShallowRef, watch } from 'vue'

import { tonesOf } from '../shared/agent/sound'
import { makeVoice } from '../shared/agent/voice/voice'
import { EMPTY_WEDGE, press } from '../shared/agent/wedge'
import { request } from '../shared/api/http'
import { type ClockLine, clockLine } from '../shared/clock'
import { language, setLanguage } from '../shared/i18n/text'
import { isObject } from '../shared/live/protocol'
import { useTicking } from '../shared/ticking'
import { type Cabinet, clearsAfterS, newsOf, type Pickup, readCabinet } from './cabinet'

const LOOK_MS = 700 // a door that closes is seen before its resident has turned away
const AWAY_AFTER = 4 // looks without an answer: the agent starts anew in less
const LONGEST_MS = 300_000 // a person's doors, one after another
const IDLE_MS = 30_000 // half a code, and nobody goes on typing it

export interface Terminal {
  readonly cabinet: ShallowRef<Cabinet | null>
  readonly isAway: Ref<boolean>
  readonly pickup: ComputedRef<Pickup | null>
  readonly clock: ShallowRef<ClockLine | null>
  readonly digits: Ref<string>
  /** Seconds until the screen clears itself; null while it does not. */
  readonly clearsIn: ComputedRef<number | null>
  /** Seconds until somebody is answered again; null: nobody has to wait. */
  readonly waitsFor: ComputedRef<number | null>
  readonly monotonicMs: ShallowRef<number>
  readonly ask: (text: string) => Promise<void>
  readonly clear: () => void
  readonly look: () => Promise<void>
}

/** `typed`: takes what a scanner that types has read while it is not a resident's turn; false: nobody did. */
export function useTerminal(typed: (text: string) => boolean): Terminal {
  const cabinet = shallowRef<Cabinet | null>(null)
  const isAway = ref(false)
  const clock = shallowRef<ClockLine | null>(null)
  const digits = ref('')
  const isAsking = ref(false)
  const cleared = ref(0) // the number of the pickup that was cleared away
  const saidMs = ref(0) // when there was last news of the pickup
  const monotonicMs = useTicking(500)
  const voice = makeVoice({ hasWords: false })
  const home = language.value
  let missed = 0
  let isLooking = false

  const pickup = computed((): Pickup | null => {
    const seen = cabinet.value?.pickup ?? null
    return seen && seen.number !== cleared.value ? seen : null
  })

  async function look(): Promise<void> {
    if (isLooking) return
    isLooking = true
    try {
      const read = readCabinet(await request('GET', '/api/cabinet'))
      missed = 0
      if (isAway.value) location.reload() // it may have come back as another release
      isAway.value = false
      cabinet.value = read
      clock.value = read?.clock ? clockLine(read.clock, performance.now()) : null
    } catch {
      missed += 1
      if (missed >= AWAY_AFTER) isAway.value = true
    } finally {
      isLooking = false
    }
  }

  /** A pickup's end is looked for as any news is: where the agent goes away meanwhile, the page says that. */
  async function ask(text: string): Promise<void> {
    if (isAsking.value) return
    isAsking.value = true
    digits.value = ''
    try {
      const asking = request('POST', '/api/cabinet', { text }, LONGEST_MS)
      void look()
      await asking
    } catch {
      // refused as unpaired, or nobody answered: the next look says which
    } finally {
      isAsking.value = false
      void look()
    }
  }

  function clear(): void {
    if (pickup.value) cleared.value = pickup.value.number
    digits.value = ''
    if (language.value !== home) setLanguage(home)
    request('POST', '/api/cabinet/done', {}).catch(() => undefined) // it is forgotten by itself a little later
  }

  watch(
    () => (pickup.value ? newsOf(pickup.value) : ''),
    () => {
      saidMs.value = performance.now()
      if (pickup.value && pickup.value.word !== '') voice.play(tonesOf(heard(pickup.value)))
    },
  )
  const isSettled = computed(() => pickup.value !== null && clearsAfterS(pickup.value) !== null)
  watch(isSettled, () => {
    saidMs.value = performance.now()
  })
  watch(digits, () => {
    saidMs.value = performance.now()
  })

  const waitsFor = computed(() => {
    const seen = pickup.value
    if (seen?.word !== 'locked_out') return null
    return Math.max(0, Math.ceil(seen.waitS - (monotonicMs.value - saidMs.value) / 1000))
  })
  const clearsIn = computed(() => {
    const afterS = pickup.value ? clearsAfterS(pickup.value) : null
    return afterS === null ? null : Math.max(0, Math.ceil(afterS - (monotonicMs.value - saidMs.value) / 1000))
  })
  watch(clearsIn, (left) => {
    if (left === 0) clear()
  })
  watch(monotonicMs, (now) => {
    if (!pickup.value && digits.value !== '' && now - saidMs.value > IDLE_MS) clear()
  })

  let wedge = EMPTY_WEDGE
  function onKey(event: KeyboardEvent): void {
    const { code, key, shiftKey: shift, ctrlKey: ctrl, timeStamp: atMs } = event
    const pressed = press(wedge, { code, key, shift, ctrl, atMs })
    wedge = pressed.wedge
    if (pressed.isTyping || pressed.scan !== '') event.preventDefault()
    if (pressed.scan === '') return
    if (!typed(pressed.scan)) void ask(pressed.scan)
  }
  function onTouch(): void {
    if (!voice.isOpen.value) voice.open()
  }
  window.addEventListener('keydown', onKey, true)
  window.addEventListener('pointerdown', onTouch)
  const timer = window.setInterval(() => void look(), LOOK_MS)
  onScopeDispose(() => {
    window.removeEventListener('keydown', onKey, true)
    window.removeEventListener('pointerdown', onTouch)
    window.clearInterval(timer)
  })
  void look()

  return { cabinet, isAway, pickup, clock, digits, clearsIn, waitsFor, monotonicMs, ask, clear, look }
}

/** Pairs this screen. '' : it is; else the agent's word for why not, with how long to wait. */
export async function pair(secret: string): Promise<{ readonly word: string; readonly waitS: number }> {
  const answer = await request('POST', '/api/cabinet/pair', { secret })
  const act = isObject(answer) && isObject(answer['act']) ? answer['act'] : {}
  const said = typeof act['word'] === 'string' ? act['word'] : ''
  return { word: said === 'logged_in' ? '' : said, waitS: typeof act['count'] === 'number' ? act['count'] : 0 }
}

function heard(pickup: Pickup): { sound: string; word: string; detail: string } {
  const isRight = pickup.opened.length === 0 ? pickup.word === 'ask_matches' : pickup.opened[pickup.opened.length - 1]?.word === 'released'
  return { sound: isRight ? 'ok' : pickup.opened.length > 0 ? 'error' : 'refused', word: pickup.word, detail: pickup.detail }
}
