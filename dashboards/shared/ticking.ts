/** The page's own second hand. */

import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'

/** performance.now(), told every second. */
export function useTicking(everyMs = 1000): ShallowRef<number> {
  const monotonicMs = shallowRef(performance.now())
  const timer = window.setInterval(() => {
    monotonicMs.value = performance.now()
  }, everyMs)
  onScopeDispose(() => {
    window.clearInterval(timer)
  })
  return monotonicMs
}
