/** What a page at an agent asks of the device: to open without its agent, and to leave the screen on. Browsers give both to https and localhost only. */

import { onScopeDispose, ref, type Ref, watch } from 'vue'

export interface Keeping {
  /** Why the page needs its agent to open; '' where it does not, or that is not known yet. */
  readonly why: Ref<'' | 'insecure' | 'old' | 'refused'>
  readonly isKept: Ref<boolean>
  /** The agent has another release than this page is of. */
  readonly isNewer: Ref<boolean>
  /** Asks for the screen to stay on; a touch has to have come first on some devices. */
  readonly stayAwake: () => void
}

export function useKeeping(agent: Ref<string>): Keeping {
  const why = ref<'' | 'insecure' | 'old' | 'refused'>(window.isSecureContext ? '' : 'insecure')
  const isKept = ref(false)
  const isNewer = ref(false)
  const workers = 'serviceWorker' in navigator ? navigator.serviceWorker : null
  let isWanted = false
  let isAsked = false

  function onMessage(event: MessageEvent<unknown>): void {
    const { type } = event.data as { type?: string }
    if (type === 'kept') isKept.value = true
    if (type === 'not_kept') why.value = 'refused'
    if (type === 'newer') isNewer.value = true
  }

  async function keep(): Promise<void> {
    if (why.value === 'insecure' || !import.meta.env.PROD) return
    if (!workers) {
      why.value = 'old'
      return
    }
    try {
      await workers.register('/desk-worker.js')
      const { active } = await workers.ready
      active?.postMessage(isKept.value ? { type: 'look' } : { type: 'keep', files: ownFiles() })
    } catch {
      why.value = 'refused'
    }
  }

  function stayAwake(): void {
    isWanted = true
    if (isAsked || !('wakeLock' in navigator) || document.visibilityState !== 'visible') return
    isAsked = true
    navigator.wakeLock.request('screen').then(
      (lock) => {
        // Let go when the page is hidden.
        lock.addEventListener('release', () => {
          isAsked = false
        })
      },
      () => {
        isAsked = false // the battery is low: the screen goes dark as it always does
      },
    )
  }

  function onVisible(): void {
    if (isWanted) stayAwake()
  }

  workers?.addEventListener('message', onMessage)
  document.addEventListener('visibilitychange', onVisible)
  onScopeDispose(() => {
    workers?.removeEventListener('message', onMessage)
    document.removeEventListener('visibilitychange', onVisible)
  })
  // Only an agent's page is kept; and whenever one comes back, it may be of another release.
  watch(agent, (now) => {
    if (now === 'here') void keep()
  })
  return { why, isKept, isNewer, stayAwake }
}

function ownFiles(): readonly string[] {
  const loaded = performance.getEntriesByType('resource').map((entry) => entry.name)
  return [...new Set(loaded)].filter((name) => name.startsWith(`${location.origin}/assets/`))
}
