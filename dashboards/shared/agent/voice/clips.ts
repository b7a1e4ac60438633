/** The clips this page speaks with: one file a language and where each clip lies in it (render.py makes both). Loading it, and saying clips. */

import type { Language } from '../../i18n/text'
import en from './clips-en.json'
import enFile from './clips-en.webm'
import zh from './clips-zh.json'
import zhFile from './clips-zh.webm'
import type { Breath } from './sentence'

/** Where a clip begins in its file and how long it is, in seconds. */
type Place = readonly number[]

export const CLIPS: Readonly<Record<Language, Readonly<Record<string, Place>>>> = { zh, en }
const FILES: Readonly<Record<Language, string>> = { zh: zhFile, en: enFile }

const RATE_HZ = 16_000 // as they were made: at a speaker's 48,000 they would take three times the memory
const AROUND_S = 0.01 // of silence before a clip; after it as much as an encoder's delay that a browser left in
const AFTER_S = 0.06
const BETWEEN_S = 0.02
const PAUSE_S = 0.12
const FADE_S = 0.015 // a word that ends at once clicks

export function hasClip(language: Language, clip: string): boolean {
  return clip in CLIPS[language]
}

/** The file's address, to be kept for when nobody answers. */
export function fileOf(language: Language): string {
  return new URL(FILES[language], location.origin).href
}

/** Fails where nobody answers, and where this browser cannot read it. */
export async function loadClips(language: Language): Promise<AudioBuffer> {
  const answer = await fetch(FILES[language])
  if (!answer.ok) throw new Error(`${FILES[language]}: ${answer.status}`)
  const sound = await new OfflineAudioContext(1, 1, RATE_HZ).decodeAudioData(await answer.arrayBuffer())
  const ends = Object.values(CLIPS[language]).map(([start = 0, length = 0]) => start + length)
  if (sound.duration < Math.max(...ends)) throw new Error(`${FILES[language]} ends early`)
  return sound
}

/** Says clips from the context's time `at` on. Returns what breaks it off. */
export function sayClips(context: AudioContext, sound: AudioBuffer, language: Language, breaths: readonly Breath[], at: number): () => void {
  const gain = context.createGain()
  gain.connect(context.destination)
  const sources: AudioBufferSourceNode[] = []
  let next = at
  for (const breath of breaths) {
    for (const clip of breath) {
      const [start = 0, length = 0] = CLIPS[language][clip] ?? []
      const source = context.createBufferSource()
      source.buffer = sound
      source.connect(gain)
      source.start(next, start - AROUND_S, AROUND_S + length + AFTER_S)
      sources.push(source)
      next += length + BETWEEN_S
    }
    next += PAUSE_S
  }
  return () => {
    const now = context.currentTime
    gain.gain.setValueAtTime(1, now)
    gain.gain.linearRampToValueAtTime(0, now + FADE_S)
    for (const source of sources) source.stop(now + FADE_S)
  }
}
