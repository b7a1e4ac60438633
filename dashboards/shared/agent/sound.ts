/** What staff hear at once: a pattern of tones for each kind of result and each reason of a refusal. The words come after (voice/). */

import type { Scan } from './agent'

export interface Tone {
  readonly hz: number
  readonly s: number
}

const tone = (hz: number, s: number): Tone => ({ hz, s })
const REST = tone(0, 0.05)

/** Told apart by their number and their direction, for a shop is loud and speakers are small. */
export const PATTERNS: Readonly<Record<string, readonly Tone[]>> = {
  ok: [tone(1320, 0.1)],
  attention: [tone(880, 0.12), REST, tone(1320, 0.16)],
  duplicate: [tone(880, 0.08), REST, tone(880, 0.08)],
  refused: [tone(440, 0.16), REST, tone(330, 0.3)],
  unknown: [tone(330, 0.1), REST, tone(330, 0.1), REST, tone(330, 0.1)],
  error: [tone(220, 0.6)],
  alarm: [tone(990, 0.2), tone(660, 0.2), tone(990, 0.2), tone(660, 0.2)],
  identify: [tone(660, 0.08), tone(880, 0.08), tone(1100, 0.08)],
}

const NO: readonly Tone[] = [tone(440, 0.14), tone(330, 0.2), REST, REST] // every refusal begins so, and ends with its reason
const SHORT_S = 0.08
const LONG_S = 0.26
const low = (s: number): readonly Tone[] => [tone(330, s), REST]
const high = (s: number): readonly Tone[] => [tone(740, s), REST]

/** After the fall that says no: how many, how long, and which way they go. */
const REASONS: Readonly<Record<string, readonly Tone[]>> = {
  wrong_site: [tone(494, 0.12), tone(740, LONG_S)], // up and away: it belongs elsewhere
  expired: [tone(587, LONG_S), tone(494, LONG_S), tone(392, LONG_S)], // a clock that runs down
  revoked: [...low(LONG_S), ...low(LONG_S)],
  already_released: [...high(SHORT_S), ...high(SHORT_S)], // as a repeat is
  unknown_code: [...low(SHORT_S), ...low(SHORT_S), ...low(SHORT_S)], // as an unknown label is
  locked_out: [...low(LONG_S), ...low(LONG_S), ...low(LONG_S), ...low(LONG_S)],
  other_operator: [...high(LONG_S), ...low(SHORT_S)],
  wrong_zone: [...high(SHORT_S), ...low(LONG_S), ...high(SHORT_S)],
  not_ready: [...high(LONG_S)],
  wrong_parcel: [...low(SHORT_S), ...high(LONG_S)],
  wrong_container: [...high(SHORT_S), ...low(SHORT_S), ...high(SHORT_S), ...low(SHORT_S)],
  wrong_run: [...low(LONG_S), ...high(LONG_S)],
  seal_lacks: [...high(LONG_S), ...high(LONG_S)],
  not_at_cabinet: [...high(SHORT_S), ...high(LONG_S)], // a repeat's, drawn out
  too_warm: [...low(SHORT_S), tone(494, SHORT_S), REST, tone(740, LONG_S)], // it climbs, as a thermometer does
  forged: [...high(SHORT_S), ...high(SHORT_S), ...high(SHORT_S), ...high(SHORT_S)],
}

/** Reasons that ask for the same answer sound the same. */
const SOUNDS_AS: Readonly<Record<string, string>> = {
  used: 'revoked',
  unknown_tail: 'unknown_code',
  unknown_order: 'unknown_code',
  malformed: 'unknown_code',
  bad_signature: 'forged',
  left_station: 'already_released',
  handed_out_before: 'already_released',
  left_before: 'already_released',
  not_here: 'wrong_site',
  wrong_station: 'wrong_site',
  not_in_plan: 'unknown_code',
  no_plan: 'not_ready',
  no_container: 'not_ready',
  not_bound: 'not_ready',
  not_sealed: 'not_ready',
  container_busy: 'already_released',
  load_bound: 'already_released',
}

/** The tones of a result; empty for one that makes no noise. */
export function tonesOf(scan: Pick<Scan, 'sound' | 'word' | 'detail'>): readonly Tone[] {
  if (scan.sound !== 'refused') return PATTERNS[scan.sound] ?? []
  const reason = scan.word === 'refused' ? scan.detail : scan.word
  const tones = REASONS[SOUNDS_AS[reason] ?? reason]
  return tones ? [...NO, ...tones] : (PATTERNS['refused'] ?? [])
}
