/** Keeps the stage current by asking, and says when nobody answers: the page outlives the server it came from. */

import { computed, type ComputedRef, onScopeDispose, ref, type Ref, shallowRef, type ShallowRef } from 'vue'

import { Refused } from '../shared/api/http'
import { type ClockLine, clockLine, domainNowMs } from '../shared/clock'
import { faultText } from '../shared/i18n/faults'
import { useTicking } from '../shared/ticking'
import { type Town, town } from './api'

export interface Stage {
  readonly seen: ShallowRef<Town | null>
  /** The followed order's page; a new link is signed at each look, and this one stays. */
  readonly resident: Ref<string>
  readonly clock: ShallowRef<ClockLine | null>
  readonly nowMs: ComputedRef<number | null>
  /** performance.now() since when nobody answers; null: somebody does. */
  readonly awaySinceMs: Ref<number | null>
  /** How long the last time was when nobody did; 0: there was none. */
  readonly wasAwayMs: Ref<number>
  /** Why this browser may not play. */
  readonly refusal: Ref<string>
  readonly monotonicMs: ShallowRef<number>
  readonly look: () => Promise<void>
}

const EVERY_MS = 1000
const AWAY_EVERY_MS = 300

export function useStage(): Stage {
  const seen = shallowRef<Town | null>(null)
  const resident = ref('')
  const clock = shallowRef<ClockLine | null>(null)
  const awaySinceMs = ref<number | null>(null)
  const wasAwayMs = ref(0)
  const refusal = ref('')
  const monotonicMs = useTicking(500)
  const nowMs = computed(() => clock.value && domainNowMs(clock.value, monotonicMs.value))
  let followed = ''
  let timer = 0
  let isOver = false

  async function look(): Promise<void> {
    window.clearTimeout(timer)
    try {
      const found = await town.look()
      seen.value = found
      refusal.value = ''
      clock.value = clockLine(found.clock, performance.now())
      if (found.resident && followed !== found.stage.order) {
        followed = found.stage.order
        resident.value = found.resident
      }
      if (awaySinceMs.value !== null) wasAwayMs.value = performance.now() - awaySinceMs.value
      awaySinceMs.value = null
    } catch (error) {
      // Not here, or not for this browser: that is no outage.
      if (error instanceof Refused && (error.status === 403 || error.status === 404)) refusal.value = faultText(error)
      else awaySinceMs.value ??= performance.now()
    }
    if (!isOver) timer = window.setTimeout(() => void look(), awaySinceMs.value === null ? EVERY_MS : AWAY_EVERY_MS)
  }

  void look()
  onScopeDispose(() => {
    isOver = true
    window.clearTimeout(timer)
  })
  return { seen, resident, clock, nowMs, awaySinceMs, wasAwayMs, refusal, monotonicMs, look }
}
