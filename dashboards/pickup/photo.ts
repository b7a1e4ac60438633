/** A photograph for a report: taken by the device's own camera app, made smaller here, kept by the agent. Works without TLS. */

import { ref, type Ref } from 'vue'

import { Refused, request } from '../shared/api/http'
import { refusal } from './act_words'
import type { Counter } from './counter'

const LONGEST_PX = 1600 // a label on a box can still be read
const QUALITY = 0.8

export interface Photo {
  /** Under which the agent keeps it; '' while there is none. */
  readonly sha256: Ref<string>
  readonly take: (event: Event) => Promise<void>
}

export function usePhoto(counter: Counter): Photo {
  const sha256 = ref('')
  async function take(event: Event): Promise<void> {
    const field = event.target
    const file = field instanceof HTMLInputElement ? field.files?.[0] : undefined
    if (!file) return
    try {
      const answer = (await request('POST', '/api/photos', await smaller(file))) as { sha256: string }
      sha256.value = answer.sha256
    } catch (error) {
      if (error instanceof Refused && error.status === 401) counter.isLoggingIn.value = true
      counter.trouble.value = refusal(error)
    }
  }
  return { sha256, take }
}

async function smaller(file: File): Promise<Blob> {
  try {
    const whole = await createImageBitmap(file)
    const scale = Math.min(1, LONGEST_PX / Math.max(whole.width, whole.height))
    const canvas = document.createElement('canvas')
    canvas.width = Math.round(whole.width * scale)
    canvas.height = Math.round(whole.height * scale)
    canvas.getContext('2d')?.drawImage(whole, 0, 0, canvas.width, canvas.height)
    const made = await new Promise<Blob | null>((resolve) => {
      canvas.toBlob(resolve, 'image/jpeg', QUALITY)
    })
    return made ?? file
  } catch {
    return file // the agent says what is wrong with it
  }
}
