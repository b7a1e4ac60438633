/** What staff hear: a pattern of tones for each kind of result, and its words where the device has a voice for them. */

import { ref, type Ref } from 'vue'

import { language } from '../shared/i18n/text'

interface Tone {
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

const MUTED_AS = 'tt-muted'
const LOUDNESS = 0.25
const EDGE_S = 0.008 // a tone that begins at once clicks

export interface Voice {
  /** A browser keeps silent until somebody has touched the page. */
  readonly isOpen: Ref<boolean>
  readonly isMuted: Ref<boolean>
  readonly open: () => void
  readonly toggle: () => void
  readonly play: (sound: string) => void
  readonly say: (text: string) => void
}

export function makeVoice(): Voice {
  const isOpen = ref(false)
  const isMuted = ref(kept())
  let context: AudioContext | null = null

  function open(): void {
    try {
      context ??= new AudioContext()
      void context.resume()
      isOpen.value = true
    } catch {
      // no sound on this device: everything stands on the screen too
    }
  }

  function play(sound: string): void {
    const pattern = PATTERNS[sound]
    if (!pattern || !context || isMuted.value) return
    let at = context.currentTime + 0.01
    for (const { hz, s } of pattern) {
      if (hz > 0) ring(context, hz, at, s)
      at += s
    }
  }

  function say(text: string): void {
    if (text === '' || isMuted.value || !isOpen.value || !('speechSynthesis' in window)) return
    const wanted = language.value === 'zh' ? 'zh' : 'en'
    const voices = speechSynthesis.getVoices().filter((each) => each.lang.toLowerCase().startsWith(wanted))
    // Only a voice of the device itself: others send the text to somebody, and are silent without a network.
    const voice = voices.find((each) => each.localService)
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

  return { isOpen, isMuted, open, toggle, play, say }
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
