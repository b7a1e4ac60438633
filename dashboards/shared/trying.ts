/** One request at a time, and what went wrong with it in words. */

import { ref, type Ref } from 'vue'

import { faultText } from './i18n/faults'

export interface Trying {
  readonly isBusy: Ref<boolean>
  readonly trouble: Ref<string>
  /** What it came to; undefined where it failed, and then `trouble` says why. */
  readonly trying: <T>(work: () => Promise<T>) => Promise<T | undefined>
}

/** `said`: how a failure is told. */
export function useTrying(said: (error: unknown) => string = faultText): Trying {
  const isBusy = ref(false)
  const trouble = ref('')
  async function trying<T>(work: () => Promise<T>): Promise<T | undefined> {
    isBusy.value = true
    trouble.value = ''
    try {
      return await work()
    } catch (error) {
      trouble.value = said(error)
      return undefined
    } finally {
      isBusy.value = false
    }
  }
  return { isBusy, trouble, trying }
}
