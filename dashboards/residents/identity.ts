/** Whether whoever holds this phone has shown that they know the order's last four; and the code that it opened. Kept on the phone. */

import { ref, type Ref, shallowRef, type ShallowRef } from 'vue'

import { Refused } from '../shared/api/http'
import { faultText } from '../shared/i18n/faults'
import { keepCode, keepTail, type KeptCode, keptCode, keptTail } from './kept'
import { own, type Pickup } from './own'

export interface Identity {
  /** '' until it was right. */
  readonly tail: Ref<string>
  readonly code: ShallowRef<KeptCode | null>
  readonly proxies: ShallowRef<Pickup['proxies']>
  readonly trouble: Ref<string>
  readonly isBusy: Ref<boolean>
  /** The code could not be asked for again: it is the one that was last seen. */
  readonly isOld: Ref<boolean>
  /** Shows the code. */
  readonly open: (tail: string) => Promise<void>
  /** Only finds out whether the last four are right: also where nothing is left to be fetched. */
  readonly prove: (tail: string) => Promise<void>
  readonly again: () => Promise<void>
  readonly hide: () => void
}

export function useIdentity(token: string, nowMs: () => number): Identity {
  const kept = keptCode(localStorage, token)
  const tail = ref(keptTail(localStorage, token))
  const code = shallowRef<KeptCode | null>(kept)
  const proxies = shallowRef<Pickup['proxies']>([])
  const trouble = ref('')
  const isBusy = ref(false)
  const isOld = ref(kept !== null)

  function known(said: string): void {
    tail.value = said
    keepTail(localStorage, token, said)
  }

  async function trying(work: () => Promise<void>): Promise<void> {
    isBusy.value = true
    trouble.value = ''
    try {
      await work()
    } catch (error) {
      fail(error)
    } finally {
      isBusy.value = false
    }
  }

  async function open(said: string): Promise<void> {
    await trying(async () => {
      const shown = await own.pickup(token, said)
      known(said)
      isOld.value = false
      proxies.value = shown.proxies
      code.value = { code: shown.code, qrRows: shown.qr_rows, until: shown.until, asOfMs: nowMs() }
      keepCode(localStorage, token, code.value)
    })
  }

  function fail(error: unknown): void {
    if (!(error instanceof Refused)) {
      isOld.value = code.value !== null
      if (!code.value) trouble.value = faultText(error)
      return
    }
    if (error.fault.code !== 'nothing_to_fetch') trouble.value = faultText(error)
    // Collected, cancelled, taken back, or another phone now: what was shown before is good for nothing.
    if (![403, 404, 409, 410].includes(error.status)) isOld.value = code.value !== null
    else {
      if (error.fault.code === 'wrong_tail') known('')
      code.value = null
      keepCode(localStorage, token, null)
    }
  }

  return {
    tail,
    code,
    proxies,
    trouble,
    isBusy,
    isOld,
    open,
    prove: (said) =>
      trying(async () => {
        await own.casesWithWords(token, said)
        known(said)
      }),
    again: async () => {
      if (tail.value !== '') await open(tail.value)
    },
    hide: () => {
      known('')
      code.value = null
      proxies.value = []
      trouble.value = ''
      keepCode(localStorage, token, null)
    },
  }
}
