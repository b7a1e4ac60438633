/** A photograph for a report: taken by the device's own camera app, made smaller here, kept by the agent. Works without TLS. */

import { ref, type Ref } from 'vue'

import { smaller } from '../../smaller'
import type { Station } from '../station'

const LONGEST_PX = 1600 // a label on a box can still be read
const QUALITY = 0.8

export interface Photo {
  /** Under which the agent keeps it; '' while there is none. */
  readonly sha256: Ref<string>
  readonly take: (event: Event) => Promise<void>
}

export function usePhoto(desk: Pick<Station, 'post'>): Photo {
  const sha256 = ref('')
  async function take(event: Event): Promise<void> {
    const file = pickedFile(event)
    if (!file) return
    const answer = await desk.post('/api/photos', await smaller(file, LONGEST_PX, QUALITY))
    if (answer) sha256.value = answer['sha256'] as string
  }
  return { sha256, take }
}

/** What was chosen; the same file may be chosen again. */
export function pickedFile(event: Event): File | undefined {
  const field = event.target
  if (!(field instanceof HTMLInputElement)) return undefined
  const file = field.files?.[0]
  field.value = ''
  return file
}
