/** Whether the order's station is offline, and as of when what is shown of it is true. The cloud is live all the same. */

import { onScopeDispose, shallowRef, type ShallowRef, watch } from 'vue'

import { request } from '../shared/api/http'
import { askAgainMs } from '../shared/clock'
import { isObject } from '../shared/live/protocol'

const EVERY_MS = 20_000 // an outage is told after half a minute anyway

/** Since when the station is not heard, ms since 1970; null where it is, or nothing is known of it. Pure. */
export function readSilence(body: unknown): number | null {
  if (!isObject(body) || body['is_silent'] !== true || typeof body['as_of'] !== 'string') return null
  const atMs = Date.parse(body['as_of'])
  return Number.isNaN(atMs) ? null : atMs
}

/** Looks while `isAwaited`, and again when the order changes: then the station was heard. */
export function useStationNews(token: string, isAwaited: () => boolean, changes: () => unknown, rate: () => number): ShallowRef<number | null> {
  const silentSinceMs = shallowRef<number | null>(null)
  let timer = 0
  let looks = 0

  async function look(): Promise<void> {
    window.clearTimeout(timer)
    const mine = ++looks
    if (!isAwaited()) {
      silentSinceMs.value = null
      return
    }
    try {
      const said = readSilence(await request('GET', `/api/links/${encodeURIComponent(token)}/station`))
      if (mine !== looks) return
      silentSinceMs.value = said
    } catch {
      if (mine !== looks) return // the page says itself that it is cut off
    }
    timer = window.setTimeout(() => void look(), askAgainMs(EVERY_MS, rate()))
  }

  watch([isAwaited, changes], () => void look(), { immediate: true })
  onScopeDispose(() => {
    looks += 1
    window.clearTimeout(timer)
  })
  return silentSinceMs
}
