/**
 * Moments in what a server says: it writes ISO 8601, people read their operator's clock. A time with an offset is that clock's
 * already; of one in UTC it is the default zone's. Pure.
 */

import { dayTime, DEFAULT_TIME_ZONE } from '../format'
import type { Language } from './text'

const MOMENT = /(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:\d{2})/g

/** The text with each moment as people write it: 11月28日 周六 23:00, Sat 28 Nov 23:00. */
export function withLocalMoments(text: string, language: Language): string {
  return text.replace(MOMENT, (whole, wall: string, offset: string) => {
    const isUtc = offset === 'Z' || offset === '+00:00'
    const ms = Date.parse(isUtc ? whole : `${wall}Z`)
    if (Number.isNaN(ms)) return whole
    const zone = isUtc ? DEFAULT_TIME_ZONE : 'UTC'
    return dayTime(ms, language, zone)
  })
}
