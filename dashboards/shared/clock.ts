/** The server's time on this page: a line from the last reading, run at the server's rate by the page's monotonic time. */

import type { ServerClock } from './live/protocol'

export interface ClockLine {
  readonly nowMs: number
  readonly rate: number
  readonly simulated: boolean
  /** performance.now() when the reading arrived. */
  readonly readAtMs: number
}

export function clockLine(reading: ServerClock, monotonicMs: number): ClockLine {
  return { nowMs: reading.now_ms, rate: reading.rate, simulated: reading.simulated, readAtMs: monotonicMs }
}

/** Domain time in ms since 1970 at a monotonic reading. */
export function domainNowMs(line: ClockLine, monotonicMs: number): number {
  return line.nowMs + Math.max(0, monotonicMs - line.readAtMs) * line.rate
}

const SOONEST_MS = 2000 // one page asks for little, and a server answers many

/** How long to wait before asking again for what goes with the domain's time: sooner where a demo runs fast. */
export function askAgainMs(everyMs: number, rate: number): number {
  return Math.max(Math.min(everyMs, SOONEST_MS), everyMs / Math.max(1, rate))
}
