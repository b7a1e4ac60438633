/** What staff hear: a pattern of tones for each kind of result and each reason of a refusal, and its words where the device has a voice. */

import { onScopeDispose, ref, type Ref, watch } from 'vue'

import { language } from '../i18n/text'
import type { Scan } from './agent'

export interface Tone {
  readonly hz: number
  readonly s: number
}

const tone = (hz: number, s: number): Tone => ({ hz, s })
const REST = tone(0, 0.05)

/** Told apart by their number and their direction, for a shop is loud and speakers are small. */
export const PATTERNS: Readonly<Record<string, readonly Tone[]>> = {
  ok: [tone(1320, 0.1)],
  attention: [tone(880, 0.12), REST, tone(1320, 0.16)],
  duplicate: [tone(880, 0.08), REST, tone(880, 0.08)],
  refused: [tone(440, 0.16), REST, tone(330, 0.3)],
  unknown: [tone(330, 0.1), REST, tone(330, 0.1), REST, tone(330, 0.1)],
  error: [tone(220, 0.6)],
  alarm: [tone(990, 0.2), tone(660, 0.2), tone(990, 0.2), tone(660, 0.2)],
  identify: [tone(660, 0.08), tone(880, 0.08), tone(1100, 0.08)],
}

const NO: readonly Tone[] = [tone(440, 0.14), tone(330, 0.2), REST, REST] // every refusal begins so, and ends with its reason
const SHORT_S = 0.08
const LONG_S = 0.26
const low = (s: number): readonly Tone[] => [tone(330, s), REST]
const high = (s: number): readonly Tone[] => [tone(740, s), REST]

/** After the fall that says no: how many, how long, and which way they go. */
const REASONS: Readonly<Record<string, readonly Tone[]>> = {
  wrong_site: [tone(494, 0.12), tone(740, LONG_S)], // up and away: it belongs elsewhere
  expired: [tone(587, LONG_S), tone(494, LONG_S), tone(392, LONG_S)], // a clock that runs down
  revoked: [...low(LONG_S), ...low(LONG_S)],
  already_released: [...high(SHORT_S), ...high(SHORT_S)], // as a repeat is
  unknown_code: [...low(SHORT_S), ...low(SHORT_S), ...low(SHORT_S)], // as an unknown label is
  locked_out: [...low(LONG_S), ...low(LONG_S), ...low(LONG_S), ...low(LONG_S)],
  other_operator: [...high(LONG_S), ...low(SHORT_S)],
  wrong_zone: [...high(SHORT_S), ...low(LONG_S), ...high(SHORT_S)],
  not_ready: [...high(LONG_S)],
  wrong_parcel: [...low(SHORT_S), ...high(LONG_S)],
  wrong_container: [...high(SHORT_S), ...low(SHORT_S), ...high(SHORT_S), ...low(SHORT_S)],
  wrong_run: [...low(LONG_S), ...high(LONG_S)],
  seal_lacks: [...high(LONG_S), ...high(LONG_S)],
  not_at_cabinet: [...high(SHORT_S), ...high(LONG_S)], // a repeat's, drawn out
  too_warm: [...low(SHORT_S), tone(494, SHORT_S), REST, tone(740, LONG_S)], // it climbs, as a thermometer does
  forged: [...high(SHORT_S), ...high(SHORT_S), ...high(SHORT_S), ...high(SHORT_S)],
}

/** Reasons that ask for the same answer sound the same. */
const SOUNDS_AS: Readonly<Record<string, string>> = {
  used: 'revoked',
  unknown_tail: 'unknown_code',
  unknown_order: 'unknown_code',
  malformed: 'unknown_code',
  bad_signature: 'forged',
  left_station: 'already_released',
  handed_out_before: 'already_released',
  left_before: 'already_released',
  not_here: 'wrong_site',
  wrong_station: 'wrong_site',
  not_in_plan: 'unknown_code',
  no_plan: 'not_ready',
  no_container: 'not_ready',
  not_bound: 'not_ready',
  not_sealed: 'not_ready',
  container_busy: 'already_released',
  load_bound: 'already_released',
}

/** The tones of a result; empty for one that makes no noise. */
export function tonesOf(scan: Pick<Scan, 'sound' | 'word' | 'detail'>): readonly Tone[] {
  if (scan.sound !== 'refused') return PATTERNS[scan.sound] ?? []
  const reason = scan.word === 'refused' ? scan.detail : scan.word
  const tones = REASONS[SOUNDS_AS[reason] ?? reason]
  return tones ? [...NO, ...tones] : (PATTERNS['refused'] ?? [])
}

const MUTED_AS = 'tt-muted'
const LOUDNESS = 0.25
const VOICES_WITHIN_MS = 3_000
const EDGE_S = 0.008 // a tone that begins at once clicks

export interface Voice {
  /** A browser keeps silent until somebody has touched the page. */
  readonly isOpen: Ref<boolean>
  readonly isMuted: Ref<boolean>
  /** The device has a voice of its own for the page's language; null: it has not said yet. */
  readonly canSpeak: Ref<boolean | null>
  readonly open: () => void
  readonly toggle: () => void
  readonly play: (tones: readonly Tone[]) => void
  readonly say: (text: string) => void
}

export function makeVoice(): Voice {
  const isOpen = ref(false)
  const isMuted = ref(kept())
  const canSpeak = ref<boolean | null>(null)
  let context: AudioContext | null = null

  function lookForVoice(): void {
    canSpeak.value = findVoice() !== null
  }
  // Voices are told of late, and never where there are none.
  if ('speechSynthesis' in window) speechSynthesis.addEventListener('voiceschanged', lookForVoice)
  const asking = window.setTimeout(lookForVoice, VOICES_WITHIN_MS)
  watch(language, lookForVoice)
  onScopeDispose(() => {
    window.clearTimeout(asking)
    if ('speechSynthesis' in window) speechSynthesis.removeEventListener('voiceschanged', lookForVoice)
  })

  function open(): void {
    try {
      context ??= new AudioContext()
      void context.resume()
      isOpen.value = true
    } catch {
      // no sound on this device: everything stands on the screen too
    }
  }

  function play(tones: readonly Tone[]): void {
    if (!context || isMuted.value) return
    let at = context.currentTime + 0.01
    for (const { hz, s } of tones) {
      if (hz > 0) ring(context, hz, at, s)
      at += s
    }
  }

  function say(text: string): void {
    if (text === '' || isMuted.value || !isOpen.value) return
    const voice = findVoice()
    if (!voice) return
    const utterance = new SpeechSynthesisUtterance(text)
    utterance.voice = voice
    utterance.lang = voice.lang
    utterance.rate = 1.2
    speechSynthesis.cancel() // the newest result counts
    speechSynthesis.speak(utterance)
  }

  function toggle(): void {
    isMuted.value = !isMuted.value
    try {
      localStorage.setItem(MUTED_AS, isMuted.value ? '1' : '')
    } catch {
      // private mode: the choice lasts as long as the page
    }
  }

  return { isOpen, isMuted, canSpeak, open, toggle, play, say }
}

/** Only a voice of the device itself: others send the text to somebody, and are silent without a network. */
function findVoice(): SpeechSynthesisVoice | null {
  if (!('speechSynthesis' in window)) return null
  const wanted = language.value === 'zh' ? 'zh' : 'en'
  return speechSynthesis.getVoices().find((each) => each.localService && each.lang.toLowerCase().startsWith(wanted)) ?? null
}

function ring(context: AudioContext, hz: number, at: number, s: number): void {
  const source = context.createOscillator()
  const gain = context.createGain()
  source.frequency.value = hz
  source.type = 'square' // carries through a shop better than a sine
  gain.gain.setValueAtTime(0, at)
  gain.gain.linearRampToValueAtTime(LOUDNESS, at + EDGE_S)
  gain.gain.setValueAtTime(LOUDNESS, at + s - EDGE_S)
  gain.gain.linearRampToValueAtTime(0, at + s)
  source.connect(gain).connect(context.destination)
  source.start(at)
  source.stop(at + s)
}

function kept(): boolean {
  try {
    return localStorage.getItem(MUTED_AS) === '1'
  } catch {
    return false
  }
}
