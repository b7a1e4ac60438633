/** What staff hear of a page: tones at once, then words: of the page's own clips, else of the device's voice. The newest result breaks off what is still said. */

import { computed, type ComputedRef, onScopeDispose, ref, type Ref, shallowRef, watch } from 'vue'

import { language } from '../../i18n/text'
import type { Tone } from '../sound'
import { hasClip, loadClips, sayClips } from './clips'
import { readingOf, type Sentence, textOf } from './sentence'

const MUTED_AS = 'tt-muted'
const LOUDNESS = 0.25
const VOICES_WITHIN_MS = 3_000
const EDGE_S = 0.008 // a tone that begins at once clicks
const AFTER_TONES_S = 0.05

/** `clips_and_device`: what is in no clip, such as a station's name, the device's own voice says. */
export type Source = 'clips' | 'clips_and_device' | 'device' | 'tones'

export interface Voice {
  /** A browser keeps silent until somebody has touched the page. */
  readonly isOpen: Ref<boolean>
  readonly isMuted: Ref<boolean>
  /** Who says the words; null: not known yet. */
  readonly source: ComputedRef<Source | null>
  readonly open: () => void
  readonly toggle: () => void
  readonly play: (tones: readonly Tone[]) => void
  /** Breaks off what is said. A sentence that is late is said unless something newer has come. */
  readonly say: (sentence: Sentence | Promise<Sentence>) => void
}

/** `hasWords` false: only tones are wanted, and no clips are loaded. */
export function makeVoice({ hasWords } = { hasWords: true }): Voice {
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

  const sound = shallowRef<AudioBuffer | null>(null)
  const hasFailed = ref(false)
  let loading: Promise<void> | null = null
  /** Tried again with the next sentence where it failed: the agent may be back. */
  function load(): Promise<void> {
    if (sound.value || !hasWords) return Promise.resolve()
    const wanted = language.value
    const mine = (loading ??= loadClips(wanted).then(
      (loaded) => {
        if (wanted !== language.value) return
        sound.value = loaded
        hasFailed.value = false
      },
      () => {
        if (wanted !== language.value) return
        hasFailed.value = true
        loading = null
      },
    ))
    return mine
  }
  watch(language, () => {
    hush()
    lookForVoice()
    sound.value = null
    loading = null
    hasFailed.value = false
    if (isOpen.value) void load()
  })

  const source = computed((): Source | null => {
    if (sound.value) return canSpeak.value === true ? 'clips_and_device' : 'clips'
    if (!hasFailed.value || canSpeak.value === null) return null
    return canSpeak.value ? 'device' : 'tones'
  })

  function open(): void {
    try {
      context ??= new AudioContext()
      void context.resume()
      isOpen.value = true
      void load()
    } catch {
      // no sound on this device: everything stands on the screen too
    }
  }

  let tonesEnd = 0
  function play(tones: readonly Tone[]): void {
    hush()
    if (!context || isMuted.value) return
    if (context.state !== 'running') {
      void context.resume() // the device took the sound away, for a call say; what came meanwhile would sound all at once
      return
    }
    let at = context.currentTime + 0.01
    for (const { hz, s } of tones) {
      if (hz > 0) ring(context, hz, at, s)
      at += s
    }
    tonesEnd = at
  }

  let turn = 0
  let breakOff: (() => void) | null = null
  function hush(): void {
    turn += 1
    breakOff?.()
    breakOff = null
    if ('speechSynthesis' in window) speechSynthesis.cancel()
  }

  function say(sentence: Sentence | Promise<Sentence>): void {
    hush()
    if (context && !isMuted.value) void sayAsTheNewest(context, sentence, turn)
  }

  async function sayAsTheNewest(on: AudioContext, coming: Sentence | Promise<Sentence>, mine: number): Promise<void> {
    const [sentence] = await Promise.all([coming, load(), on.state === 'running' ? undefined : on.resume()])
    if (mine !== turn) return
    const voice = findVoice()
    const reading = readingOf(sentence, language.value, (clip) => sound.value !== null && hasClip(language.value, clip))
    if (!reading.isWhole && voice) speak(textOf(sentence), voice)
    else if (sound.value) {
      breakOff = sayClips(on, sound.value, language.value, reading.breaths, Math.max(on.currentTime + 0.01, tonesEnd + AFTER_TONES_S))
    }
  }

  function toggle(): void {
    isMuted.value = !isMuted.value
    if (isMuted.value) hush()
    try {
      localStorage.setItem(MUTED_AS, isMuted.value ? '1' : '')
    } catch {
      // private mode: the choice lasts as long as the page
    }
  }

  onScopeDispose(() => {
    window.clearTimeout(asking)
    hush()
    if ('speechSynthesis' in window) speechSynthesis.removeEventListener('voiceschanged', lookForVoice)
  })
  return { isOpen, isMuted, source, open, toggle, play, say }
}

/** Only a voice of the device itself: others send the text to somebody, and are silent without a network. */
function findVoice(): SpeechSynthesisVoice | null {
  if (!('speechSynthesis' in window)) return null
  const wanted = language.value === 'zh' ? 'zh' : 'en'
  return speechSynthesis.getVoices().find((each) => each.localService && each.lang.toLowerCase().startsWith(wanted)) ?? null
}

function speak(text: string, voice: SpeechSynthesisVoice): void {
  const utterance = new SpeechSynthesisUtterance(text)
  utterance.voice = voice
  utterance.lang = voice.lang
  utterance.rate = 1.2
  speechSynthesis.speak(utterance)
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
