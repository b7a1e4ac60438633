/** Which vans come, in words: a window while one is under way, the plan before, and never more than is known. */

import type { ComingVan } from '../shared/agent/agent'
import { zoneWord } from '../shared/agent/said'
import { windowOf } from '../shared/eta'
import { clockTime } from '../shared/format'
import { language } from '../shared/i18n/text'
import { coming } from './coming_words'

const time = (ms: number): string => clockTime(ms, language.value)

/** By when it comes; the line that is read from a metre away. */
export function whenText(van: ComingVan): string {
  if (van.earlyMs !== null && van.lateMs !== null) {
    const { earlyMs, lateMs } = windowOf(van.earlyMs, van.lateMs)
    return coming('window', { early: time(earlyMs), late: time(lateMs) })
  }
  return van.plannedMs === null ? coming('unknown') : coming('planned', { time: time(van.plannedMs) })
}

/** How it stands with it, as far as that is worth a word. */
export function stateTexts(van: ComingVan, nowMs: number): readonly string[] {
  const isUnderway = van.state === 'departed' || van.state === 'paused'
  if (van.earlyMs === null || van.lateMs === null) return [coming(isUnderway ? 'planned.unheard' : 'planned.waits')]
  const before = van.stopsBefore
  return [
    ...(van.state === 'paused' ? [coming('paused')] : []),
    ...(nowMs > windowOf(van.earlyMs, van.lateMs).lateMs ? [coming('past')] : before === null ? [] : [before === 0 ? coming('next') : coming('before', { n: before })]),
  ]
}

/** What it brings, coldest last as the van has it. */
export function bringsText(van: ComingVan): string {
  const zones = van.containers.map(([zone, n]) => coming('zone', { zone: zoneWord(zone), n }))
  return zones.length === 0 ? coming('nothing') : zones.join(' · ')
}

/** As of when all of it is. */
export function asOfText(van: ComingVan, saidMs: number): string {
  const when = coming('asOf', { time: time(van.asOfMs ?? saidMs) })
  return van.isEstimate && van.earlyMs !== null ? `${when} · ${coming('estimate')}` : when
}
