/** What a card asks for again and again while it is shown. */

import { onScopeDispose, ref, type Ref, shallowRef, type ShallowRef } from 'vue'

export interface Looking<T> {
  /** What was said last, also where the last question was not answered; null: nothing yet. */
  readonly said: ShallowRef<T | null>
  readonly isFaulty: Ref<boolean>
}

export function useLooking<T>(ask: () => Promise<T>, everyMs: () => number): Looking<T> {
  const said = shallowRef<T | null>(null)
  const isFaulty = ref(false)
  let timer = 0
  let isOver = false

  async function look(): Promise<void> {
    try {
      said.value = await ask()
      isFaulty.value = false
    } catch {
      isFaulty.value = true // what is shown stays, with its time
    }
    if (!isOver) timer = window.setTimeout(() => void look(), everyMs())
  }

  void look()
  onScopeDispose(() => {
    isOver = true
    window.clearTimeout(timer)
  })
  return { said, isFaulty }
}
