/** The time zone of the operator whose vans are looked at: every time on this page is told in it, wherever its reader is. */

import { ref } from 'vue'

import { windowOf } from '../shared/eta'
import { clockSeconds, clockTime, DEFAULT_TIME_ZONE } from '../shared/format'
import { language } from '../shared/i18n/text'

export const zone = ref(DEFAULT_TIME_ZONE)

type Moment = number | string
const ms = (at: Moment): number => (typeof at === 'string' ? Date.parse(at) : at)

/** 07:32 of a moment in ms since 1970, or as ISO 8601. */
export const timeOf = (at: Moment): string => clockTime(ms(at), language.value, zone.value)
/** 07:32–07:58, in which the whole window lies. */
export function windowText(early: Moment, late: Moment): string {
  const { earlyMs, lateMs } = windowOf(early, late)
  return `${timeOf(earlyMs)}–${timeOf(lateMs)}`
}
/** 07:32:05 */
export const secondsOf = (at: Moment): string => clockSeconds(ms(at), language.value, zone.value)
