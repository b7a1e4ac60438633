/** How long a lock still holds. Pure. */

import type { Scan } from './agent'

/** Whole seconds; 0: it is over. `nowMs` and the scan's time are domain time, which runs at `rate`; the lock's seconds are real. */
export function secondsLeft(scan: Pick<Scan, 'atMs' | 'count'>, nowMs: number, rate: number): number {
  const passedS = rate > 0 ? Math.max(0, nowMs - scan.atMs) / 1000 / rate : 0
  return Math.max(0, Math.ceil(scan.count - passedS))
}
