/** What a page at an agent asks of the device: to open without its agent, and to leave the screen on. Browsers give both to https and localhost only. */

import { onScopeDispose, ref, type Ref, watch } from 'vue'

import type { Station } from './station'

export interface Keeping {
  /** Why the page needs its agent to open; '' where it does not, or that is not known yet. */
  readonly why: Ref<'' | 'insecure' | 'old' | 'refused'>
  /** The agent has another release than this page is of. */
  readonly isNewer: Ref<boolean>
  /** Asks for the screen to stay on; a touch has to have come first on some devices. */
  readonly stayAwake: () => void
}

/** What this page's own text names, before it loads more: another release names others. */
const OWN: readonly string[] = [...document.querySelectorAll('script[src^="/assets/"], link[href^="/assets/"]')].map(
  (one) => one.getAttribute('src') ?? one.getAttribute('href') ?? '',
)

/** `more`: files that the page loads only when it needs them, and needs without its agent too. */
export function useKeeping({ agent, connections }: Pick<Station, 'agent' | 'connections'>, more: () => readonly string[]): Keeping {
  const why = ref<'' | 'insecure' | 'old' | 'refused'>(window.isSecureContext ? '' : 'insecure')
  const isNewer = ref(false)
  const workers = 'serviceWorker' in navigator ? navigator.serviceWorker : null
  let isKept = false
  let isWanted = false
  let isAsked = false

  function onMessage(event: MessageEvent<unknown>): void {
    const { type } = event.data as { type?: string }
    if (type === 'kept') {
      isKept = true
      why.value = ''
    }
    if (type === 'not_kept') why.value = 'refused'
  }

  async function keep(): Promise<void> {
    if (isKept || why.value === 'insecure' || !import.meta.env.PROD) return
    if (!workers) {
      why.value = 'old'
      return
    }
    try {
      await workers.register('/desk-worker.js')
      const { active } = await workers.ready
      active?.postMessage({ type: 'keep', files: [...loadedFiles(), ...more()] })
    } catch {
      why.value = 'refused'
    }
  }

  async function lookForNewer(): Promise<void> {
    try {
      const answer = await fetch('/', { cache: 'no-cache' })
      const text = answer.ok ? await answer.text() : ''
      if (text.includes('/assets/')) isNewer.value = !OWN.every((one) => text.includes(one))
    } catch {
      // the agent went away again: looked for when it is back
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
  // Only an agent's page is kept; and each time the line to one is new, it may be of another release.
  watch(() => (agent.value === 'here' ? connections.value : 0), (now) => {
    if (now === 0) return
    void keep()
    void lookForNewer()
  })
  return { why, isNewer, stayAwake }
}

function loadedFiles(): readonly string[] {
  const loaded = performance.getEntriesByType('resource').map((entry) => entry.name)
  return [...new Set(loaded)].filter((name) => name.startsWith(`${location.origin}/assets/`))
}
