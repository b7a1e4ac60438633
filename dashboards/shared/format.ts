/** Times and numbers as people read them, in the operator's time zone. */

import type { Language } from './i18n/text'

export const DEFAULT_TIME_ZONE = 'Asia/Shanghai'

const DAY_MS = 86_400_000
const formats = new Map<string, Intl.DateTimeFormat>()

function format(language: Language, timeZone: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language}|${timeZone}|${name}`
  let found = formats.get(key)
  if (!found) {
    found = new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', { timeZone, hourCycle: 'h23', ...options })
    formats.set(key, found)
  }
  return found
}

/** 07:32 */
export function clockTime(ms: number, language: Language, timeZone = DEFAULT_TIME_ZONE): string {
  return format(language, timeZone, 'minute', { hour: '2-digit', minute: '2-digit' }).format(ms)
}

/** 07:32:05 */
export function clockSeconds(ms: number, language: Language, timeZone = DEFAULT_TIME_ZONE): string {
  return format(language, timeZone, 'second', { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(ms)
}

/** 11月23日 周一, Mon 23 Nov */
export function dayName(ms: number, language: Language, timeZone = DEFAULT_TIME_ZONE): string {
  const parts = format(language, timeZone, 'day', { month: 'short', day: 'numeric', weekday: 'short' }).formatToParts(ms)
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? ''
  return language === 'zh'
    ? `${part('month').replace(/月$/, '')}月${part('day').replace(/日$/, '')}日 ${part('weekday')}`
    : `${part('weekday')} ${part('day')} ${part('month')}`
}

/** 11月23日 周一 07:32, Mon 23 Nov 07:32 */
export const dayTime = (ms: number, language: Language, timeZone = DEFAULT_TIME_ZONE): string =>
  `${dayName(ms, language, timeZone)} ${clockTime(ms, language, timeZone)}`

/** Noon UTC of a day of the calendar, 2026-11-23, so that its name comes out the same in any zone within 12 h of UTC. */
export const calendarDayMs = (key: string): number => Date.parse(`${key}T12:00:00Z`)

/** The name of a day of the calendar. */
export const dateName = (key: string, language: Language): string => dayName(calendarDayMs(key), language, 'UTC')

/** 2026-11-23 in that zone: equal for two moments of one day. */
export function dayKey(ms: number, timeZone = DEFAULT_TIME_ZONE): string {
  const parts = format('en', timeZone, 'key', { year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(ms)
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? ''
  return `${part('year')}-${part('month')}-${part('day')}`
}

/** When the day `key` begins there, in ms since 1970; also of a day on which clocks are put on or back. */
export function dayStart(key: string, timeZone = DEFAULT_TIME_ZONE): number {
  const asUtc = Date.parse(`${key}T00:00:00Z`)
  // What clocks there show at a moment, read as if it were UTC, is off by the zone at that moment; the second try hits it.
  const first = asUtc - offsetMs(asUtc, timeZone)
  return asUtc - offsetMs(first, timeZone)
}

/** The key of the next day of the calendar. */
export const dayAfter = (key: string): string => new Date(Date.parse(`${key}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10)

function offsetMs(ms: number, timeZone: string): number {
  return Date.parse(`${dayKey(ms, timeZone)}T${clockSeconds(ms, 'en', timeZone)}Z`) - Math.floor(ms / 1000) * 1000
}

/** How many days after `nowMs` the day `key` is (negative: before); both as days of the calendar. */
export function daysFrom(key: string, nowMs: number, timeZone = DEFAULT_TIME_ZONE): number {
  return Math.round((Date.parse(`${key}T00:00:00Z`) - Date.parse(`${dayKey(nowMs, timeZone)}T00:00:00Z`)) / DAY_MS)
}

const UNITS = { s: '秒', min: '分钟', h: '小时', d: '天' } as const

/** A length of time in its largest fitting unit: 45 秒, 12 分钟; 45 s, 12 min, 3 h, 2 d. */
export function span(ms: number, language: Language): string {
  const s = Math.max(0, Math.round(ms / 1000))
  const [count, unit] = largest(s)
  return `${count} ${language === 'zh' ? UNITS[unit] : unit}`
}

function largest(s: number): [number, keyof typeof UNITS] {
  if (s < 90) return [s, 's']
  if (s < 90 * 60) return [Math.round(s / 60), 'min']
  if (s < 48 * 3600) return [Math.round(s / 3600), 'h']
  return [Math.round(s / 86400), 'd']
}

export function byteCount(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}
