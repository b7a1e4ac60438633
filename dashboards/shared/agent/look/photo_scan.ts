/** A photograph of labels, read by the station's box: works on any address and in any browser that can send a file. */

import { computed, type ComputedRef, type Ref, ref, shallowRef, type ShallowRef } from 'vue'

import type { Station } from '../station'
import { pickedFile } from './photo'
import { smaller } from '../../smaller'

export interface Code {
  readonly text: string
  readonly symbology: string
  readonly kind: 'parcel' | 'container' | 'product' | 'unknown'
  readonly fault: string
}

export interface PhotoScan {
  readonly isReading: Ref<boolean>
  /** Nothing was read off the last one. */
  readonly isEmpty: Ref<boolean>
  /** Of a photograph with several: to be chosen from. */
  readonly codes: ShallowRef<readonly Code[]>
  readonly booked: ShallowRef<ReadonlySet<string>>
  /** Labels of ours among them that are not booked yet. */
  readonly open: ComputedRef<readonly Code[]>
  readonly take: (event: Event) => Promise<void>
  readonly book: (code: Code) => void
  readonly bookAll: () => void
  readonly forget: () => void
}

const LONGEST_PX = 2000 // what the box looks at
const QUALITY = 0.9
const PATIENCE_MS = 90_000 // a Pi takes some seconds, and others may be before us

export function usePhotoScan(desk: Pick<Station, 'post' | 'book'>): PhotoScan {
  const isReading = ref(false)
  const isEmpty = ref(false)
  const codes = shallowRef<readonly Code[]>([])
  const booked = shallowRef<ReadonlySet<string>>(new Set())
  const open = computed(() => codes.value.filter((one) => one.kind !== 'unknown' && !booked.value.has(one.text)))

  function forget(): void {
    codes.value = []
    booked.value = new Set()
    isEmpty.value = false
  }

  async function take(event: Event): Promise<void> {
    const file = pickedFile(event)
    if (!file) return
    forget()
    isReading.value = true
    try {
      const answer = await desk.post('/api/photo-scan', await smaller(file, LONGEST_PX, QUALITY), PATIENCE_MS)
      if (answer) shown(answer['codes'] as readonly Code[])
    } finally {
      isReading.value = false
    }
  }

  /** One code is a scan like any other; of several somebody says which. */
  function shown(found: readonly Code[]): void {
    const [only] = found
    if (!only) isEmpty.value = true
    else if (found.length === 1) desk.book(only.text)
    else codes.value = found
  }

  function book(code: Code): void {
    booked.value = new Set([...booked.value, code.text])
    desk.book(code.text)
  }

  function bookAll(): void {
    open.value.forEach(book)
  }

  return { isReading, isEmpty, codes, booked, open, take, book, bookAll, forget }
}
