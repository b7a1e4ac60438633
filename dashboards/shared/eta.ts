/** When a van comes, as every page says it: whole minutes, the window never narrower than it is. */

const MINUTE_MS = 60_000
const SILENT_MS = 5 * MINUTE_MS // longer than any tunnel

/** Ms since 1970, or ISO 8601. */
type Moment = number | string
const ms = (at: Moment): number => (typeof at === 'string' ? Date.parse(at) : at)

export interface ArrivalWindow {
  readonly earlyMs: number
  readonly lateMs: number
  /** So narrow that one time says it. */
  readonly isMoment: boolean
}

export function windowOf(early: Moment, late: Moment): ArrivalWindow {
  const earlyMs = Math.floor(ms(early) / MINUTE_MS) * MINUTE_MS
  const lateMs = Math.ceil(ms(late) / MINUTE_MS) * MINUTE_MS
  return { earlyMs, lateMs, isMoment: lateMs - earlyMs <= MINUTE_MS }
}

/** The van was not heard for a while: what is said of it may be old. */
export const isSilentSince = (heard: Moment, nowMs: number): boolean => nowMs - ms(heard) > SILENT_MS
