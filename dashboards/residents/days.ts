/** A day as a resident says it: 今天 and its neighbours by name, the others by date. */

import { clockTime, dateName, dayKey, daysFrom } from '../shared/format'
import { common } from '../shared/i18n/common'
import type { Language } from '../shared/i18n/text'

export function dayWord(ms: number, nowMs: number, language: Language, timeZone: string): string {
  return dateWord(dayKey(ms, timeZone), nowMs, language, timeZone)
}

/** The same for a day of the calendar, 2026-11-23. */
export function dateWord(date: string, nowMs: number, language: Language, timeZone: string): string {
  switch (daysFrom(date, nowMs, timeZone)) {
    case 0:
      return common('day.today')
    case 1:
      return common('day.tomorrow')
    case -1:
      return common('day.yesterday')
    default:
      return dateName(date, language)
  }
}

/** 09:32 of today, else with its day. */
export function momentText(ms: number, nowMs: number, language: Language, timeZone: string): string {
  const time = clockTime(ms, language, timeZone)
  return dayKey(ms, timeZone) === dayKey(nowMs, timeZone) ? time : `${dayWord(ms, nowMs, language, timeZone)} ${time}`
}
